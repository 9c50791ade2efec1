"""Who really asked: a proxy's `X-Forwarded-*` headers count only when the connection came from a trusted proxy.

Trusted are the addresses and networks in the setting TRUSTED_PROXIES. Anyone else can write these headers too, and a
lock-out by address or an https-only cookie must not hang on what a stranger wrote.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings

UNTRUSTED_HEADERS = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_X_REQUEST_ID",
)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip().strip('"')
    if text.startswith("["):  # [2001:db8::1]:4711
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:4711
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=4096)
def _trusted(text: str, networks: tuple[str, ...]) -> bool:
    if not text:  # a Unix socket has no address: only a proxy on this machine reaches it
        return True
    address = _parsed(text)
    return address is not None and any(address in ip_network(network, strict=False) for network in networks)


def is_trusted(peer: str) -> bool:
    """Whether a connection from `peer` may speak for others."""
    return _trusted(peer, tuple(settings.TRUSTED_PROXIES))


def real_client(peer: str, forwarded_for: str) -> str:
    """The client's address: the last one in `forwarded_for` that no trusted proxy stands for, else `peer`.

    Read from the right, because each proxy appends what it saw and a client can only write on the left.
    """
    address = peer
    for part in reversed(forwarded_for.split(",")):
        if not is_trusted(address):
            break
        parsed = _parsed(part)
        if parsed is None:
            break
        address = str(parsed)
    return address


def real_scheme(peer: str, own: str, forwarded_proto: str) -> str:
    """`https` or `http` as the client sees it."""
    if is_trusted(peer):
        told = forwarded_proto.rpartition(",")[2].strip().lower()
        if told in {"http", "https", "ws", "wss"}:
            return {"ws": "http", "wss": "https"}.get(told, told)
    return own


def settle_environ(environ: dict[str, Any]) -> None:
    """Make a WSGI environ tell the real client and scheme, and drop what a stranger claimed about them."""
    peer = environ.get("REMOTE_ADDR", "")
    scheme = real_scheme(peer, environ["wsgi.url_scheme"], environ.get("HTTP_X_FORWARDED_PROTO", ""))
    client = real_client(peer, environ.get("HTTP_X_FORWARDED_FOR", ""))
    if not is_trusted(peer):
        for name in UNTRUSTED_HEADERS:
            environ.pop(name, None)
    environ["REMOTE_ADDR"] = client
    environ["homeroom.peer"] = peer
    environ["wsgi.url_scheme"] = scheme
    # Django's SECURE_PROXY_SSL_HEADER reads this one; from here on it is our own word.
    environ["HTTP_X_FORWARDED_PROTO"] = scheme
