"""What goes over the wire: one event is encoded once, and each receiver's copy differs in a head of constant width.

A delivery is a WebSocket text frame `{"s":"p12","n":42,"a":7          ,"t":"event",…}`: stream, number and about are
padded with spaces (JSON allows them there), so the frame's length, and with it the frame header, is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

VERSION = 1
HEAD_WIDTH = 72  # `{"s":"p` + 19 digits + `","n":` + 12 digits + `,"a":` + 19 digits, and a little to spare
SHORT_HEAD = HEAD_WIDTH - 12 - len(',"a":') - 19  # with such a `stream_head` no head is too wide
LARGEST_FROM_CLIENT = 16 * 1024
BEAT_SECONDS = 25

# Close codes: 4000 + the HTTP status that says the same.
BAD_FRAME = 4400
SIGNED_OUT = 4401
RIGHTS_CHANGED = 4403
NO_HELLO = 4408
TOO_MANY_FRAMES = 4429
UNSUPPORTED_DATA = 1003
GOING_AWAY = 1001

PING = b"\x89\x00"

encode = msgspec.json.Encoder().encode


class ClientFrame(msgspec.Struct):
    """Any frame a client may send; `t` says which fields count."""

    t: str
    v: int = VERSION
    after: dict[str, int] = {}
    s: str = ""
    n: int = 0
    k: list[str] = []
    id: str = ""
    do: str = ""
    d: msgspec.Raw = msgspec.Raw(b"{}")


decode_client = msgspec.json.Decoder(ClientFrame).decode


def text_frame(payload: bytes) -> bytes:
    """`payload` as one unmasked, unfragmented text frame. Source: RFC 6455, section 5.2."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


TEXT, PONG = 0x81, 0x8A  # first bytes of a whole frame. Source: RFC 6455, section 5.2


def simple_frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """First byte, payload and end of the whole, masked text frame or pong at this place; None when there is none."""
    have = len(data) - at
    if have < 6 or data[at] not in {TEXT, PONG}:
        return None
    size, start = data[at + 1] - 128, at + 2
    if size == 126:
        size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
    if not 0 <= size <= LARGEST_FROM_CLIENT or (data[at + 1] == 255):
        return None
    end = start + 4 + size
    if end > len(data):
        return None
    mask, payload = data[start : start + 4], data[start + 4 : end]
    if mask != b"\0\0\0\0":
        whole = int.from_bytes(payload, "little") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "little")
        payload = whole.to_bytes(size, "little")
    return data[at], payload, end


def may_become_simple(data: bytes) -> bool:
    """Whether this is nothing, or the beginning of such a frame."""
    if not data:
        return True
    if data[0] not in {TEXT, PONG}:
        return False
    if len(data) < 4:
        return len(data) < 2 or 128 <= data[1] < 255
    size = data[1] - 128
    if size == 126:
        size = int.from_bytes(data[2:4], "big")
    return 0 <= size <= LARGEST_FROM_CLIENT and data[1] != 255


def control(kind: str, **fields: Any) -> bytes:
    """A frame of the gateway's own, such as `ready` or `pong`."""
    return text_frame(encode({"t": kind, **fields}))


def event_tail(name: str, created_at: datetime, payload: Mapping[str, Any] | msgspec.Struct | None) -> bytes:
    """The bytes all receivers of an event share. `payload` None: not for showing (taken back, or no longer there)."""
    at = created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return b"," + encode({"t": "event", "e": name, "at": at, "d": payload})[1:]


RELOAD_TAIL = b',"t":"reload"}'


def stream_head(stream: str) -> bytes:
    """The beginning of every head of a stream: what `delivery` continues with number and about."""
    return b'{"s":%b,"n":' % encode(stream)


class Delivery:
    """Makes the frame of one event for each receiver."""

    __slots__ = ("_tail", "template")

    def __init__(self, tail: bytes) -> None:
        self._tail = tail
        header = text_frame(bytes(HEAD_WIDTH + len(tail)))[: -HEAD_WIDTH - len(tail)]
        self.template = header.replace(b"%", b"%%") + b"%%-%db" % HEAD_WIDTH + tail.replace(b"%", b"%%")

    def to(self, head: bytes, number: int, about: int) -> bytes:
        """The whole frame for an entry of the stream with this head."""
        start = b'%b%d,"a":%d' % (head, number, about)
        if len(start) > HEAD_WIDTH:
            return text_frame(start + self._tail)
        return self.template % start
