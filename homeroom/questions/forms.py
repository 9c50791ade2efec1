"""Reading what the pages send. Nothing is judged here but whether it can be read at all."""

from __future__ import annotations

from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from homeroom.files import public as files
from homeroom.kit.errors import Invalid, Trouble
from homeroom.kit.ids import new_id
from homeroom.people.requests import SignedInRequest
from homeroom.school.models import School

from .services import Asking

FILES_AT_MOST = 9


def uuid_of(value: str) -> UUID | None:
    """A uuid as a form sends it; None for anything else."""
    try:
        return UUID(value)
    except ValueError:
        return None


def named(value: str) -> UUID:
    """A uuid to look something up by; one that names nothing for what is none."""
    return uuid_of(value) or UUID(int=0)


def number_of(value: str) -> int | None:
    """A whole number as a form sends it; None for anything else."""
    return int(value) if value.isdecimal() and len(value) < 18 else None


def hours_of(value: str) -> float | None:
    try:
        return float(value.strip())
    except ValueError:
        return None


def date_of(value: str) -> date | None:
    try:
        return parse_date(value.strip())
    except ValueError:
        return None


def moment_of(value: str, school: School) -> datetime | None:
    """A day, or a day and a time, at the school; a day alone ends at six in the evening."""
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if not 2000 <= at.year <= 2200:  # at the ends of the calendar no day can be reckoned from another
        return None
    if len(value.strip()) <= 10:
        at = datetime.combine(at.date(), time(18))
    return at.replace(tzinfo=ZoneInfo(school.time_zone))


def store_files(request: SignedInRequest) -> tuple[UUID, ...]:
    """Keep the files a form carries; returns their ids with those kept before. Raises Invalid at the field `file`."""
    kept = [uuid for value in request.POST.getlist("files") if (uuid := uuid_of(value)) is not None]
    given = request.FILES.getlist("file")
    if len(kept) + len(given) > FILES_AT_MOST:
        raise Invalid(fields={"file": _("At most %(n)d files.") % {"n": FILES_AT_MOST}})
    for one in given:
        try:
            stored = files.store_upload(
                actor=request.person, name=one.name or "", content=one, size=one.size or 0, now=timezone.now()
            )
        except Trouble as wrong:
            raise Invalid(wrong.message, fields={"file": wrong.message}) from wrong
        kept.append(stored.uuid)
    return tuple(kept)


def asking_from(data: QueryDict, *, about: tuple[str, UUID | None], stored: tuple[UUID, ...]) -> Asking:
    """What the form for asking holds."""
    return Asking(
        student=uuid_of(data.get("student", "")),
        topic=uuid_of(data.get("topic", "")),
        text=data.get("text", ""),
        key=uuid_of(data.get("key", "")) or new_id(),
        circle=data.get("circle", ""),
        subject=number_of(data.get("subject", "")),
        about_kind=about[0],
        about_uuid=about[1],
        files=stored,
        proposal=uuid_of(data.get("proposal", "")),
    )


def errors_of(wrong: Trouble) -> dict[str, str]:
    """What is wrong by field, for a form that is shown again."""
    return {name: str(text) for name, text in wrong.fields.items()} or {"text": str(wrong)}


def view_of(request: SignedInRequest) -> str:
    """From which queue of the desk a page was opened."""
    view = request.GET.get("from") or request.POST.get("from") or "mine"
    return view if view in {"mine", "team", "late", "waiting", "watched", "over"} else "mine"
