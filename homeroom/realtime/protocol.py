"""A WebSocket of the hub: frames are parsed by websockets' sans-I/O protocol, everything written goes to the transport.

Whole text frames and pongs, nearly all that clients send, need no parser: it takes many times as long for them. The
first frame that is anything else goes to it, and everything after that. There is no ASGI in it, no task, no queue and
no per-connection timer: text frames go straight to the hub and the hub writes straight to the transport. `opening`
decides whether a request becomes one of these.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from http import HTTPStatus
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol

from homeroom.realtime import frames
from homeroom.realtime.connection import Connection
from homeroom.realtime.hub import SEND_BUFFER, Hub
from homeroom.realtime.identity import Identity

log = logging.getLogger("websockets.server")

CLOSE_WITHIN = 3.0


class GatewayProtocol(asyncio.Protocol):
    """A client that asked for a socket: refused with an HTTP answer, or handed over to the hub.

    `others` is uvicorn's set of everything it has to wait for when it stops.
    """

    __slots__ = (
        "_close_timer", "_closing", "_loop", "_others", "_parser", "_pieces", "_rest", "_whole", "connection", "hub",
        "transport",
    )  # fmt: skip

    def __init__(self, transport: asyncio.Transport, others: set[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self.hub: Hub | None = None
        self.connection: Connection | None = None
        self._loop = loop
        self._others = others
        self._parser: Protocol | None = None
        self._pieces: list[bytes] = []
        self._rest = b""  # the beginning of a frame
        self._whole = True  # whether the parser stands between two messages
        self._closing = False
        self._close_timer: asyncio.TimerHandle | None = None
        others.add(self)

    # --- the answer to the request

    def refuse(self, status: int, headers: bytes = b"") -> None:
        """Answer the request over HTTP and end the connection."""
        if self.transport.is_closing():
            return
        phrase = HTTPStatus(status).phrase.encode()
        self.transport.write(
            b"HTTP/1.1 %d %b\r\n%bContent-Length: 0\r\nConnection: close\r\n\r\n" % (status, phrase, headers)
        )
        self._end()

    def hand_over(self, hub: Hub, identity: Identity, accept: bytes) -> None:
        """Accept the socket; from here on it is the hub's."""
        if self.transport.is_closing():  # gone while the database was asked
            return
        self._parser = Protocol(SERVER, max_size=frames.LARGEST_FROM_CLIENT, logger=log)
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
        )
        sock = self.transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.transport.set_write_buffer_limits(high=0)
        self.hub = hub
        self.connection = hub.join(self, identity)

    # --- what the client sends

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self.connection is None or self.hub is None:
            self.transport.abort()  # it speaks before it was answered
            return
        if self._whole and not self._closing:
            data = self._rest + data if self._rest else data
            at = 0
            while (frame := frames.simple_frame(data, at)) is not None:
                opcode, payload, at = frame
                if opcode == frames.TEXT:
                    self.hub.received(self.connection, payload)
                else:
                    self.hub.heard(self.connection)
            self._rest, data = data[at:], data[at:]
            if frames.may_become_simple(data):
                return
            self._rest, self._whole = b"", False
        self._parser.receive_data(data)
        for event in self._parser.events_received():
            if isinstance(event, Frame):
                self._frame(self.hub, self.connection, event)
        if self._parser.parser_exc is not None and not self._closing:
            self.hub.forget(self.connection)
            self.transport.write(b"".join(self._parser.data_to_send()))
            self._end()

    def _frame(self, hub: Hub, connection: Connection, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            hub.received(connection, bytes(frame.data))
        elif frame.opcode is Opcode.TEXT:
            self._pieces = [bytes(frame.data)]
        elif frame.opcode is Opcode.CONT:
            self._pieces.append(bytes(frame.data))
            if frame.fin:
                data, self._pieces = b"".join(self._pieces), []
                hub.received(connection, data)
        elif frame.opcode is Opcode.PONG:
            hub.heard(connection)
        elif frame.opcode is Opcode.PING:
            hub.write(connection, self._answers())
        elif frame.opcode is Opcode.CLOSE:
            hub.forget(connection)
            self.transport.write(self._answers())
            self._end()
        else:
            hub.forget(connection)
            self.close_with(frames.UNSUPPORTED_DATA, "text only")

    def _answers(self) -> bytes:
        """What the parser itself has to say: pongs and the echo of a close."""
        return b"".join(self._parser.data_to_send()) if self._parser is not None else b""

    # --- what becomes of the connection

    def pause_writing(self) -> None:
        if self.connection is not None and self.hub is not None:
            self.hub.blocked(self.connection, is_blocked=True)

    def resume_writing(self) -> None:
        if self.connection is not None and self.hub is not None:
            self.hub.blocked(self.connection, is_blocked=False)

    def close_with(self, code: int, reason: str) -> None:
        """Send a close frame and end the connection once it is answered, or after three seconds."""
        if self._closing or self._parser is None or self.transport.is_closing():
            return
        self._parser.send_close(code, reason)
        self.transport.write(b"".join(self._parser.data_to_send()))
        self._closing = True
        self._close_timer = self._loop.call_later(CLOSE_WITHIN, self.transport.abort)

    def _end(self) -> None:
        """Close once everything is written; a client that takes nothing is dropped after three seconds."""
        self._closing = True
        if self._close_timer is None:
            self._close_timer = self._loop.call_later(CLOSE_WITHIN, self.transport.abort)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.connection is not None and self.hub is not None:
            self.hub.forget(self.connection)
        self.connection = None
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None
        self._others.discard(self)

    def shutdown(self) -> None:
        """uvicorn stops: everybody is sent away."""
        if self.connection is None or self.hub is None:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self.hub.forget(self.connection)
            self.close_with(frames.GOING_AWAY, "restart")
            self._end()
