"""Ways to reach somebody. Each is a folder with a `channel` object, switched on by one line in DELIVERY_CHANNELS.

`inapp` is the inbox itself: the row is the message, the socket only hurries. Every other channel leaves the platform
and gets its messages as dispatches, one after the other in the order of the setting: the item over the first way that
reaches a person, each reminder over the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.utils.functional import Promise


class Result(StrEnum):
    SENT = "sent"  # accepted by whoever carries it on; not proof that anybody saw it
    LATER = "later"  # a temporary trouble: tried again with growing pauses
    UNREACHABLE = "unreachable"  # permanent: this address will not work


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message. `code` is the channel's own short word, never an address."""

    result: Result
    code: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person, in words that may leave the platform (no pupil's data beyond 张同学)."""

    key: str  # the same when the same message is tried again
    person_id: int
    school_name: str
    subject: str
    lines: tuple[str, ...]
    link: str
    link_label: str


class Channel(Protocol):
    name: str
    label: str | Promise
    leaves_platform: bool

    def is_on(self) -> bool:
        """Whether the installation has configured it."""
        ...

    def reachable(self, person_ids: Sequence[int]) -> frozenset[int]:
        """Those with a working address; one statement for any number."""
        ...

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Hand over each message; an outcome for each, in order. Must not raise for a message's own trouble."""
        ...


@lru_cache(maxsize=4)
def _loaded(paths: tuple[str, ...]) -> dict[str, Channel]:
    found = [cast("Channel", import_module(path).channel) for path in paths]
    return {channel.name: channel for channel in found}


def all_channels() -> dict[str, Channel]:
    """Every channel of the settings, in their order."""
    return _loaded(tuple(settings.DELIVERY_CHANNELS))


def outside_channels() -> list[Channel]:
    """Those that leave the platform and are configured."""
    return [channel for channel in all_channels().values() if channel.leaves_platform and channel.is_on()]
