"""Whose word counts about who asked."""

from __future__ import annotations

import pytest

from homeroom.kit.proxies import is_trusted, real_client, real_scheme, settle_environ


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "::1"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),  # a stranger may write what it likes
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),  # the client wrote 6.6.6.6 itself
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),  # two proxies of ours
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("::1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("::1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9", "203.0.113.9"),  # a Unix socket: only this machine's proxy reaches it
    ],
)
def test_the_client_is_the_last_address_no_trusted_proxy_stands_for(peer, forwarded, client):
    assert real_client(peer, forwarded) == client


@pytest.mark.parametrize(
    ("peer", "told", "scheme"),
    [
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "http, https", "https"),
        ("10.0.0.1", "gopher", "http"),
        ("6.6.6.6", "https", "http"),
    ],
)
def test_the_scheme_is_told_by_trusted_proxies_only(peer, told, scheme):
    assert real_scheme(peer, "http", told) == scheme


def test_an_address_that_is_none_is_not_trusted():
    assert not is_trusted("unknown")


def test_what_a_stranger_claims_never_reaches_a_view():
    environ = {
        "REMOTE_ADDR": "6.6.6.6",
        "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_FOR": "10.0.0.1",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "elsewhere.example",
        "HTTP_X_REQUEST_ID": "chosen-by-a-stranger",
    }
    settle_environ(environ)
    assert environ == {
        "REMOTE_ADDR": "6.6.6.6",
        "homeroom.peer": "6.6.6.6",
        "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_PROTO": "http",
    }
