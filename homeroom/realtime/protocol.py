"""uvicorn's sans-IO WebSocket, handing accepted sockets of /socket to the hub.

After the hand-over there is no ASGI task, no queue and no per-connection timer: text frames go straight to the hub and
the hub writes straight to the transport. Everything before it, and the parsing, stays uvicorn's and websockets'.
"""

from __future__ import annotations

import logging
import socket
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from homeroom.realtime import frames
from homeroom.realtime.hub import SEND_BUFFER, Connection, Hub
from homeroom.realtime.identity import Identity

log = logging.getLogger(__name__)

EXTENSION = "homeroom.gateway"
CLOSE_WITHIN = 3.0


class _Nobody:
    """Stands in for the queue nobody reads after the hand-over."""

    def put_nowait(self, message: object) -> None:
        pass

    def empty(self) -> bool:
        return True


_NOBODY = _Nobody()


class GatewayProtocol(WebSocketsSansIOProtocol):
    """A WebSocket of this server; `scope["extensions"]["homeroom.gateway"]` is the protocol itself."""

    close_sent: bool
    handshake_complete: bool
    response: Any
    scope: Any
    hub: Hub | None = None
    connection: Connection | None = None

    def handle_connect(self, event: Request) -> None:
        # Bounded before anything is read: nobody is signed in yet.
        self.conn.max_message_size = frames.LARGEST_FROM_CLIENT
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            self.scope["extensions"][EXTENSION] = self

    def hand_over(self, hub: Hub, identity: Identity) -> None:
        """Accept the socket; from here on it is the hub's. The request's objects are let go: sockets stay for hours."""
        if self.disconnected or self.transport.is_closing():  # gone while the database was asked
            return
        del self.response.headers["Date"]
        self.handshake_complete = True
        self.conn.send_response(self.response)
        self.transport.write(b"".join(self.conn.data_to_send()))
        sock = self.transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.transport.set_write_buffer_limits(high=0)
        self.hub = hub
        self.connection = hub.join(self, identity)
        self.queue = _NOBODY
        self.request = self.response = self.scope = None
        self.conn.request = self.conn.response = None

    async def run_asgi(self) -> None:
        """As uvicorn's, but an application that handed the socket over has finished without ending it."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except Exception:
            log.exception("a socket could not be opened")
            self.send_500_response()
        if self.connection is None and self.close_timer is None:
            self.transport.close()

    def handle_text(self, event: Frame) -> None:
        if self.connection is None or self.hub is None:
            super().handle_text(event)
        elif event.fin:
            self.hub.received(self.connection, bytes(event.data))
        else:
            self.frames = [bytes(event.data)]

    def handle_cont(self, event: Frame) -> None:
        if self.connection is None or self.hub is None:
            super().handle_cont(event)
            return
        self.frames.append(bytes(event.data))
        if event.fin:
            data, self.frames = b"".join(self.frames), []
            self.hub.received(self.connection, data)

    def handle_bytes(self, event: Frame) -> None:
        if self.connection is None or self.hub is None:
            super().handle_bytes(event)
        else:
            self.hub.forget(self.connection)
            self.close_with(frames.UNSUPPORTED_DATA, "text only")

    def handle_pong(self, event: Frame) -> None:
        if self.connection is not None and self.hub is not None:
            self.hub.heard(self.connection)

    def start_keepalive(self) -> None:
        """The hub beats for all sockets with one timer."""

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.connection is not None and self.hub is not None:
            self.hub.blocked(self.connection, is_blocked=True)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.connection is not None and self.hub is not None:
            self.hub.blocked(self.connection, is_blocked=False)

    def close_with(self, code: int, reason: str) -> None:
        """Send a close frame and end the connection once it is answered, or after three seconds."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(CLOSE_WITHIN, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.connection is not None and self.hub is not None:
            self.hub.forget(self.connection)
            self.connection = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self.connection is None:
            super().shutdown()
        elif self.hub is not None:
            self.hub.forget(self.connection)
            self.close_with(frames.GOING_AWAY, "restart")
            self.transport.close()


def gateway_protocol(scope: dict[str, Any]) -> GatewayProtocol | None:
    """The protocol behind an ASGI scope; None under another server, which cannot hold gateway sockets."""
    protocol = scope.get("extensions", {}).get(EXTENSION)
    return protocol if isinstance(protocol, GatewayProtocol) else None
