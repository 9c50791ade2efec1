"""A message as other modules cite it, and what they offer to do with one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.files import public as files_of
from homeroom.people.models import Person
from homeroom.people.public import label

from . import access, markup
from .models import Membership, Message, Side

MESSAGE = "message"
# (viewer, the message's uuid, the guardian who wrote it) → words, icon, address; without an address only the words.
MakeWays = Callable[[Person, UUID, int | None], Iterable[tuple[str | Promise, str, str]]]
_ways: list[MakeWays] = []


@dataclass(frozen=True, slots=True)
class Cited:
    """A message for one viewer; without a title when they cannot read it, or it was withdrawn.

    What a guardian wrote also carries who they are, the text, the files and the child the conversation is about.
    """

    label: str | Promise
    title: str = ""
    note: str = ""
    link: str = ""
    author_id: int | None = None
    text: str = ""
    student: UUID | None = None
    files: tuple[UUID, ...] = ()

    @property
    def hidden(self) -> bool:
        return not self.title


def cite(uuid: UUID, viewer: Person) -> Cited:
    """A message as `viewer` may see it."""
    found = (
        access.readable(viewer, now=timezone.now())
        .filter(uuid=uuid, withdrawn_at__isnull=True)
        .select_related("conversation__student", "author__school")
        .first()
    )
    if found is None:
        return Cited(_("A message of a conversation"))
    title = markup.one_line(found.text) or str(_("A picture or a file"))
    link = f"{reverse('conversations:thread', args=[found.conversation.uuid])}#m{found.number}"
    guardian = author_of_family(found)
    if guardian is None:
        return Cited(_("A message of a conversation"), title, label(found.author), link)
    attached = files_of.attached(MESSAGE, [found.pk]).get(found.pk, []) if found.has_files else []
    student = found.conversation.student
    return Cited(
        label=_("A message of a conversation"),
        title=title,
        note=label(found.author),
        link=link,
        author_id=guardian,
        text=found.text,
        student=student.uuid if student is not None else None,
        files=tuple(UUID(file.uuid) for file in attached),
    )


def author_of_family(message: Message) -> int | None:
    """Who wrote it, when they wrote it as family."""
    of_family = Membership.objects.filter(
        conversation_id=message.conversation_id, person_id=message.author_id, side=Side.FAMILY
    )
    return message.author_id if of_family.exists() else None


def register_message_way(make: MakeWays) -> None:
    """Ask `make` what can be done with a message besides what conversations do themselves."""
    if make not in _ways:
        _ways.append(make)


def ways_for(viewer: Person, message: Message) -> list[tuple[str | Promise, str, str]]:
    """The ways on from one message."""
    if message.withdrawn_at is not None or not _ways:
        return []
    guardian = author_of_family(message)
    return [way for make in _ways for way in make(viewer, message.uuid, guardian)]
