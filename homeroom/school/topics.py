"""The school's own tree of topics: every change of it, and the reading."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import Actor, require
from homeroom.kit.errors import Invalid

from . import access
from .models import School, Topic
from .presets import TOPICS, TopicPreset

WORDS_AT_MOST = 60


def topics_of(school_id: int) -> list[Topic]:
    """The topics offered, each followed by those under it; one query."""
    rows = list(Topic.objects.filter(school_id=school_id, archived_at__isnull=True))
    return [
        topic
        for first in rows
        if first.parent_id is None
        for topic in (first, *(row for row in rows if row.parent_id == first.pk))
    ]


def give_usual(school: School) -> int:
    """Give `school` the usual topics; a name it has already, also an archived one, stays as it is. Returns how many."""
    taken = set(school.topics.values_list("name", flat=True))
    position = (school.topics.aggregate(last=Max("position"))["last"] or 0) + 1

    def new(preset: TopicPreset, place: int, parent: Topic | None) -> Topic:
        return Topic(
            school=school, parent=parent, name=preset.name, words=list(preset.words), position=place,
            is_complaint=preset.is_complaint,
        )  # fmt: skip

    first = {preset: new(preset, position + n, None) for n, preset in enumerate(TOPICS) if preset.name not in taken}
    Topic.objects.bulk_create(first.values())
    second = [
        new(below, place, above)
        for preset, above in first.items()
        for place, below in enumerate(preset.under)
        if below.name not in taken
    ]
    Topic.objects.bulk_create(second)
    return len(first) + len(second)


@transaction.atomic
def add_usual_topics(*, actor: Actor, school: School) -> int:
    """As `give_usual`, by those who shape the school."""
    require(access.can_shape_school(actor, school.pk))
    added = give_usual(school)
    audit.record(actor=actor, action="topics.usual_added", target=school, school_id=school.pk, topics=added)
    return added


@transaction.atomic
def save_topic(
    *,
    actor: Actor,
    school: School,
    topic: Topic | None,
    name: str,
    words: list[str],
    parent: Topic | None = None,
    is_complaint: bool = False,
) -> Topic:
    """Add a topic, or change one. Whatever stands under a complaint is one too.

    Raises Invalid for an empty or taken name, a third level, or a topic with topics under it that would move down.
    """
    require(access.can_shape_school(actor, school.pk))
    name = name.strip()
    fields: dict[str, str | Promise] = {}
    if not 1 <= len(name) <= 20:
        fields["name"] = _("Enter a name of at most 20 characters.")
    elif school.topics.filter(name=name, archived_at=None).exclude(pk=topic.pk if topic else 0).exists():
        fields["name"] = _("There is already a topic with this name.")
    if parent is not None and (parent.parent_id is not None or parent.school_id != school.pk or parent == topic):
        fields["parent"] = _("Choose a topic of the first level.")
    elif parent is not None and topic is not None and topic.children.filter(archived_at=None).exists():
        fields["parent"] = _("There are topics under this one; it stays on the first level.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    if topic is None:
        last = school.topics.aggregate(last=Max("position"))["last"] or 0
        topic = Topic(school=school, position=last + 1)
    topic.name, topic.parent = name, parent
    topic.words = list(dict.fromkeys(word.strip()[:20] for word in words if word.strip()))[:WORDS_AT_MOST]
    topic.is_complaint = is_complaint or (parent is not None and parent.is_complaint)
    topic.save()
    if topic.is_complaint:
        topic.children.update(is_complaint=True)
    audit.record(actor=actor, action="topic.saved", target=topic)
    return topic


@transaction.atomic
def archive_topic(*, actor: Actor, topic: Topic, now: datetime) -> None:
    """Offer a topic, and those under it, no longer. What was asked under it keeps it."""
    require(access.can_shape_school(actor, topic.school_id))
    Topic.objects.filter(pk__in=[topic.pk, *topic.children.values_list("pk", flat=True)]).update(archived_at=now)
    audit.record(actor=actor, action="topic.archived", target=topic)
