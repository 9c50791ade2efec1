"""Who speaks in a conversation, as frames show it: the same for every reader, in each language at once.

A label depends on the conversation (a mother is 张小雨妈妈 in one, 张小雪妈妈 in another) and on the reader's language,
but on nothing else, so it is made for all of them and kept for two minutes.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.utils import translation

from homeroom.people.models import Enrolment, Person
from homeroom.people.public import labels
from homeroom.school.models import School
from homeroom.ui.jinja import initials, tone

from .models import Conversation, Membership, Side
from .queries import family_labels

KEPT_FOR = 120.0  # seconds
AT_MOST = 50_000

Pair = tuple[int, int]  # conversation, person


@dataclass(frozen=True, slots=True)
class Face:
    """One person in one conversation; `who` is JSON: language → [label, initials, tone]."""

    uuid: str
    side: str
    who: msgspec.Raw
    zone: ZoneInfo
    made_at: float


_kept: dict[Pair, Face] = {}
_guard = threading.Lock()


def faces(pairs: Collection[Pair]) -> dict[Pair, Face]:
    """The face of each (conversation, person); a fixed number of statements for those not known lately."""
    oldest = time.monotonic() - KEPT_FOR
    found = {pair: face for pair in pairs if (face := _kept.get(pair)) is not None and face.made_at > oldest}
    missing = set(pairs) - found.keys()
    if missing:
        made = _made(missing)
        found |= made
        with _guard:
            if len(_kept) > AT_MOST:
                _kept.clear()
            _kept.update(made)
    return found


def forget() -> None:
    """Make every face anew."""
    with _guard:
        _kept.clear()


def _made(pairs: Collection[Pair]) -> dict[Pair, Face]:
    places = Conversation.objects.in_bulk({conversation_id for conversation_id, _person in pairs})
    person_ids = {person_id for _conversation, person_id in pairs}
    uuids = dict(Person.objects.filter(pk__in=person_ids).values_list("pk", "uuid"))
    zones = dict(
        School.objects.filter(pk__in={place.school_id for place in places.values()}).values_list("pk", "time_zone")
    )
    sides: dict[Pair, str] = {
        (conversation_id, person_id): side
        for conversation_id, person_id, side in Membership.objects.filter(
            conversation_id__in=places, person_id__in=person_ids
        )
        .order_by("pk")
        .values_list("conversation_id", "person_id", "side")
    }
    words: dict[Pair, dict[str, list[str | int]]] = defaultdict(dict)
    children = _children(places)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for pair, label in _labels(pairs, sides, children).items():
                words[pair][language] = [label, initials(label), tone(label)]
    now = time.monotonic()
    return {
        (conversation_id, person_id): Face(
            uuid=str(uuids.get(person_id, "")),
            side=sides.get((conversation_id, person_id), Side.STAFF),
            who=msgspec.Raw(msgspec.json.encode(words[conversation_id, person_id])),
            zone=ZoneInfo(zones[places[conversation_id].school_id]),
            made_at=now,
        )
        for conversation_id, person_id in pairs
        if conversation_id in places
    }


def _children(places: Mapping[int, Conversation]) -> dict[int, set[int]]:
    """conversation → the children its families are called after."""
    classes = {place.school_class_id for place in places.values() if place.school_class_id is not None}
    by_class: dict[int, set[int]] = defaultdict(set)
    if classes:
        enrolled = Enrolment.objects.filter(school_class_id__in=classes)
        for class_id, student_id in enrolled.values_list("school_class_id", "student_id"):
            by_class[class_id].add(student_id)
    return {
        pk: {place.student_id} if place.student_id is not None else by_class.get(place.school_class_id or 0, set())
        for pk, place in places.items()
        if place.kind != Conversation.Kind.STAFF
    }


def _labels(pairs: Collection[Pair], sides: Mapping[Pair, str], children: Mapping[int, set[int]]) -> dict[Pair, str]:
    person_ids = {person_id for _conversation, person_id in pairs}
    named = labels(person_ids)
    students = set().union(*children.values()) if children else set()
    of_family: dict[int, dict[int, str]] = defaultdict(dict)
    if students:
        for (person_id, student_id), label in family_labels(person_ids, students).items():
            of_family[person_id][student_id] = label
    found: dict[Pair, str] = {}
    for conversation_id, person_id in pairs:
        label = named.get(person_id, "")
        mine = of_family.get(person_id, {})
        here = sorted(mine.keys() & children.get(conversation_id, set()))
        if here and sides.get((conversation_id, person_id)) == Side.FAMILY:
            label = mine[here[0]]
        found[conversation_id, person_id] = label
    return found
