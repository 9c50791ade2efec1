"""What other modules may call, and what the site enters at lower modules."""

from __future__ import annotations

from django.utils import timezone

from homeroom.delivery.public import register_own_page
from homeroom.eventlog.public import EventRecord
from homeroom.people.models import Person
from homeroom.people.public import children_of, current_classes
from homeroom.realtime.public import register_frames

from . import frames, telling
from .about import Card, ask_about_item, register_about
from .about_child import about_child
from .access import may_see_files
from .cards import question_cards
from .events import QuestionMoved
from .menu import MENU
from .metrics import DECLARED
from .models import Question
from .services import release_owners
from .services.moving import OWNER_KIND
from .showing import open_questions
from .turning import ways_from_message


def wire() -> None:
    """Enter frames and the kinds of items whose page is the question's; called by the site."""
    register_frames(QuestionMoved.name, frames.moved)
    register_own_page(telling.TO_STAFF)
    register_own_page(telling.TO_ASKER)
    register_own_page(telling.PROPOSED)


def role_moved(event: EventRecord) -> None:
    """A duty began, ended or moved: what its holder owns goes to whoever has it now."""
    release_owners(now=timezone.now(), person_id=event.body["person_id"])


def may_upload(person: Person) -> bool:
    """Whoever can ask about a child may send a picture with it."""
    return bool(children_of(person)) or person.pk in current_classes([person.pk])


__all__ = [
    "DECLARED", "MENU", "OWNER_KIND", "Card", "Question", "about_child", "ask_about_item", "may_see_files",
    "may_upload", "open_questions", "question_cards", "register_about", "role_moved", "ways_from_message", "wire",
]  # fmt: skip
