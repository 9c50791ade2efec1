"""Turns at work that is slow on purpose: nobody's guessing of passwords may take the threads the pages need.

A password is hashed for a fifth of a second. So of the few threads one always stays for pages, and of the others one
address never has all: a school behind one address gets in one after the other, quickly, and a flood from elsewhere
only waits for itself. Waiting happens in the event loop and costs no thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict, deque
from ipaddress import IPv6Address, ip_address

WAITING_AT_MOST = 300  # of one address: a parents' evening
WAIT_AT_MOST = 20.0  # seconds; then the page says to try again


def place_of(address: str) -> str:
    """What counts as one address: of IPv6 the 64 bits a network is given, because all others are the client's own."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Address(int(parsed) >> 64 << 64)) if isinstance(parsed, IPv6Address) else address


class Seats:
    """How many are at it now, in all and of one address. Safe between threads."""

    def __init__(self, threads: int) -> None:
        self.in_all = max(threads - 1, 1)
        self.of_one = max(self.in_all - 1, 1)
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, place: str) -> bool:
        """Whether there was a free seat; it is taken then."""
        with self._lock:
            if self._taken.total() >= self.in_all or self._taken[place] >= self.of_one:
                return False
            self._taken[place] += 1
            return True

    def leave(self, place: str) -> None:
        with self._lock:
            self._taken[place] -= 1
            if not self._taken[place]:
                del self._taken[place]


class Turns:
    """Who waits for a seat: a queue for each address, and the addresses one after the other. For one event loop."""

    def __init__(self, threads: int) -> None:
        self.seats = Seats(threads)
        self.refused = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, place: str) -> bool:
        """Wait for a seat. False, and none taken, when too many of the address wait already or it takes too long."""
        if place not in self._waiting and self.seats.take(place):
            return True
        queue = self._waiting.setdefault(place, deque())
        if len(queue) >= WAITING_AT_MOST:
            self.refused += 1
            return False
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(called)
        try:
            async with asyncio.timeout(WAIT_AT_MOST):
                await called
        except BaseException as error:
            if called.done() and not called.cancelled():
                self.leave(place)  # called in the moment of giving up
            else:
                self._forget(place, called)
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def leave(self, place: str) -> None:
        """Give the seat back and call whoever is next."""
        self.seats.leave(place)
        for waiting in list(self._waiting):
            if not self.seats.take(waiting):
                continue
            queue = self._waiting[waiting]
            queue.popleft().set_result(None)
            self._waiting.move_to_end(waiting)
            if not queue:
                del self._waiting[waiting]
            return

    def _forget(self, place: str, called: asyncio.Future[None]) -> None:
        queue = self._waiting.get(place)
        if queue is not None and called in queue:
            queue.remove(called)
            if not queue:
                del self._waiting[place]
