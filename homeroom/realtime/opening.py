"""Opening a socket: which requests become one. A refusal is an HTTP answer, before any WebSocket exists.

uvicorn parses the request once, with llhttp. Its own way is to write it out again for a second parser and to start an
ASGI task, which costs more than everything else in opening a socket: a school's pages all come back after a restart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from homeroom.realtime import gateway
from homeroom.realtime.identity import Identity, origin_is_ours, session_key_in
from homeroom.realtime.protocol import GatewayProtocol

PATH = b"/socket"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # Source: RFC 6455, section 1.3


class UpgradingHttp(HttpToolsProtocol):
    """uvicorn's HTTP, handing whoever asks for a socket to the gateway together with the request it has parsed."""

    def _should_upgrade_to_ws(self) -> bool:
        return True

    def handle_websocket_upgrade(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()  # asked before its previous request was answered: two would write at once
            return
        self.connections.discard(self)
        protocol = GatewayProtocol(self.transport, self.connections, self.loop)
        self.transport.set_protocol(protocol)
        headers = dict(self.headers)
        path = self.url.partition(b"?")[0]
        if path != PATH:
            protocol.refuse(404)
        elif self.scope["method"] != "GET":
            protocol.refuse(405, b"Allow: GET\r\n")
        elif headers.get(b"sec-websocket-version") != b"13":
            protocol.refuse(426, b"Sec-WebSocket-Version: 13\r\n")
        elif self.scope["http_version"] != "1.1" or _has_body(headers):
            protocol.refuse(400)
        else:
            _open(protocol, headers)


def _has_body(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def accept_for(key: bytes) -> bytes:
    """What proves that we understood the client's key, or nothing when it is none. Source: RFC 6455, section 4.2.2."""
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            return b""
    except binascii.Error:
        return b""
    return base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 (the protocol's own choice)


def _open(protocol: GatewayProtocol, headers: Mapping[bytes, bytes]) -> None:
    """Our own page, signed in, and not with too many already."""
    accept = accept_for(headers.get(b"sec-websocket-key", b""))
    running = gateway.running()
    session_key = session_key_in(headers)
    if not accept:
        protocol.refuse(400)
    elif running is None:
        protocol.refuse(503)
    elif not origin_is_ours(headers):
        protocol.refuse(403)
    elif not session_key:
        protocol.refuse(401)
    else:
        _sign_in(running, protocol, session_key, accept)


def _sign_in(running: gateway.Gateway, protocol: GatewayProtocol, session_key: str, accept: bytes) -> None:
    hub = running.hub
    cuts = hub.cuts

    def answered(identity: Identity | None, *, failed: bool = False) -> None:
        if failed:
            protocol.refuse(503)
        elif hub.cuts != cuts:  # rights were taken away meanwhile, and the answer may be too old
            _sign_in(running, protocol, session_key, accept)
        elif identity is None:
            protocol.refuse(401)
        elif not hub.has_room(session_key):
            protocol.refuse(429)
        else:
            protocol.hand_over(hub, identity, accept)

    running.source.sign_in(session_key, answered)
