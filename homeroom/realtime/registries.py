"""What other modules enter: how an event looks on the wire, what a topic shows, who wants to know of arrivals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeroom.eventlog.public import EventRecord
from homeroom.realtime import frames
from homeroom.realtime.connection import Connection

log = logging.getLogger(__name__)

Payload = Mapping[str, Any]
MakeFrames = Callable[[Sequence[EventRecord]], Mapping[int, Payload | None]]
MakeTopic = Callable[[Sequence[str]], Mapping[str, Payload]]
MayWatch = Callable[[str, Collection[int]], bool]
Greet = Callable[[Collection[int]], Mapping[int, Mapping[str, Payload]]]
Arrived = Callable[[Sequence[tuple[str, int, int]]], None]


@dataclass(frozen=True, slots=True)
class _Topic:
    make: MakeTopic
    may_watch: MayWatch


_frames: dict[str, MakeFrames] = {}
_topics: dict[str, _Topic] = {}
_arrivals: list[Arrived] = []
_greetings: list[Greet] = []


def register_frames(event_name: str, make: MakeFrames) -> None:
    """`make(events)` gives the payload of each event by its id, made from the rows with one query for all.

    It is called when the event is sent and again whenever somebody catches up, so it must tell what is true now: None
    for an event that must no longer be shown. It is the same for every receiver: nothing in it may depend on who reads.
    """
    _frames[event_name] = make


def register_topic(kind: str, make: MakeTopic, may_watch: MayWatch) -> None:
    """A live count: `make(keys)` gives what each topic `kind:…` shows now, `may_watch(key, person_ids)` who may see it.

    Both run on the gateway's thread: a few milliseconds at the most.
    """
    _topics[kind] = _Topic(make, may_watch)


def register_arrivals(arrived: Arrived) -> None:
    """`arrived([(stream, after, up_to), …])`: clients have these entries on screen. At least once, in batches."""
    if arrived not in _arrivals:
        _arrivals.append(arrived)


def tails(events: Sequence[EventRecord]) -> dict[int, bytes]:
    """The shared bytes of each event by id. An event whose payload cannot be made tells the page to load afresh."""
    by_name: dict[str, list[EventRecord]] = {}
    for event in events:
        by_name.setdefault(event.name, []).append(event)
    made: dict[int, bytes] = {}
    for name, same in by_name.items():
        make = _frames.get(name)
        try:
            payloads: Mapping[int, Payload | None] = make(same) if make else {}
        except Exception:
            log.exception("no frames could be made for %s", name)
            made |= {event.id: frames.RELOAD_TAIL for event in same}
            continue
        for event in same:
            made[event.id] = frames.event_tail(name, event.created_at, payloads.get(event.id))
    return made


def topic_payloads(keys: Collection[str]) -> dict[str, Payload]:
    """What each of the topics shows now; one that fails or is unknown is left out."""
    by_kind: dict[str, list[str]] = {}
    for key in keys:
        by_kind.setdefault(key.partition(":")[0], []).append(key)
    shown: dict[str, Payload] = {}
    for kind, same in by_kind.items():
        topic = _topics.get(kind)
        if topic is None:
            continue
        try:
            shown.update(topic.make(same))
        except Exception:
            log.exception("topic %s could not be made", kind)
    return shown


def may_watch(key: str, person_ids: Collection[int]) -> bool:
    """Whether any of these persons may see the topic now."""
    topic = _topics.get(key.partition(":")[0])
    return topic is not None and topic.may_watch(key, person_ids)


def tell_arrivals(entries: Sequence[tuple[str, int, int]]) -> None:
    """Hand acknowledged entries to whoever wants to know."""
    for arrived in _arrivals:
        try:
            arrived(entries)
        except Exception:
            log.exception("arrivals were not recorded")


def wants_arrivals() -> bool:
    """Whether anybody asked for arrivals."""
    return bool(_arrivals)


def register_greeting(greet: Greet) -> None:
    """`greet(person_ids)` gives hints for pages that have just come, by person: one query for any number of them."""
    if greet not in _greetings:
        _greetings.append(greet)


def greetings(connections: Sequence[Connection]) -> list[tuple[Connection, dict[str, bytes]]]:
    """The hints each of these connections is to be greeted with."""
    persons = {person_id for connection in connections for person_id in connection.identity.person_ids}
    made: dict[int, dict[str, bytes]] = {}
    for greet in _greetings if persons else ():
        try:
            for person_id, hints in greet(persons).items():
                made.setdefault(person_id, {}).update({key: frames.encode(one) for key, one in hints.items()})
        except Exception:
            log.exception("pages were not greeted")
    found = []
    for connection in connections:
        mine: dict[str, bytes] = {}
        for person_id in connection.identity.person_ids:
            mine.update(made.get(person_id, {}))
        if mine:
            found.append((connection, mine))
    return found
