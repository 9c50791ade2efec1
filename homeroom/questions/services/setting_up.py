"""A school's routes and reply times."""

from __future__ import annotations

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import Actor, require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.questions import access
from homeroom.questions.models import Circle, Route, ServiceLevel, TopicLevel
from homeroom.school.models import Grade, School, Subject, Topic

HOURS = _("Between half an hour and 400 hours.")


@transaction.atomic
def set_route(
    *,
    actor: Actor,
    school: School,
    topic: Topic,
    grade: Grade | None,
    circle: str,
    person: Person | None = None,
    subject: Subject | None = None,
) -> Route:
    """Whom a topic goes to, in one grade or in all. A complaint's way is fixed. Raises Invalid.

    To the subject teacher: of `subject`, or of the one the family names in its question.
    """
    require(access.can_set_up(actor, school.pk))
    fields: dict[str, str | Promise] = {}
    if circle not in Circle.values:
        fields["circle"] = _("Choose who should answer.")
    if topic.is_complaint or topic.school_id != school.pk:
        fields["topic"] = _("Complaints always go to the school's leaders.")
    if circle == Circle.PERSON and (person is None or person.school_id != school.pk or not person.current_roles):
        fields["person"] = _("Choose a member of staff.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    route, _made = Route.objects.update_or_create(
        school=school,
        topic=topic,
        grade=grade,
        defaults={
            "circle": circle,
            "person": person if circle == Circle.PERSON else None,
            "subject": subject if circle == Circle.SUBJECT_TEACHER else None,
        },
    )
    audit.record(actor=actor, action="question_route.set", target=route, circle=circle)
    return route


@transaction.atomic
def unset_route(*, actor: Actor, route: Route) -> None:
    """Let the topic go to the class teacher again."""
    require(access.can_set_up(actor, route.school_id))
    audit.record(actor=actor, action="question_route.unset", target=route)
    route.delete()


@transaction.atomic
def set_levels(*, actor: Actor, school: School, hours: dict[str, float | None], warn_at: int | None) -> ServiceLevel:
    """Reply times in working hours. Questions that run already take them over when their clock is next looked at."""
    require(access.can_set_up(actor, school.pk))
    names = ("first_reply", "next_reply", "resolution", "close_after")
    fields: dict[str, str | Promise] = {
        name: HOURS for name in names if hours.get(name) is None or not 0.5 <= (hours[name] or 0) <= 400
    }
    if warn_at is None or not 10 <= warn_at <= 95:
        fields["warn_at"] = _("Between 10 and 95 per cent.")
    if fields or warn_at is None:
        raise Invalid(next(iter(fields.values())), fields=fields)
    values = {name: round((hours[name] or 0) * 60) for name in names}
    level, _made = ServiceLevel.objects.update_or_create(school=school, defaults={**values, "warn_at": warn_at})
    audit.record(actor=actor, action="service_level.set", target=level, school_id=school.pk, **values)
    return level


@transaction.atomic
def set_topic_level(*, actor: Actor, school: School, topic: Topic, hours: dict[str, float | None]) -> TopicLevel:
    """Other reply times for one topic and those under it, in working hours. Raises Invalid."""
    require(access.can_set_up(actor, school.pk))
    names = ("first_reply", "next_reply", "resolution")
    fields: dict[str, str | Promise] = {
        f"topic_{name}": HOURS for name in names if hours.get(name) is None or not 0.5 <= (hours[name] or 0) <= 400
    }
    if topic.school_id != school.pk:
        fields["level_topic"] = _("Choose a topic.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    values = {name: round((hours[name] or 0) * 60) for name in names}
    level, _made = TopicLevel.objects.update_or_create(school=school, topic=topic, defaults=values)
    audit.record(actor=actor, action="topic_level.set", target=level, **values)
    return level


@transaction.atomic
def unset_topic_level(*, actor: Actor, level: TopicLevel) -> None:
    """Let the topic have the school's reply times again."""
    require(access.can_set_up(actor, level.school_id))
    audit.record(actor=actor, action="topic_level.unset", target=level)
    level.delete()
