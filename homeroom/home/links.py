"""Quick ways from a member of staff's home to what they do most."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person, Role

TEACHING = (Role.Kind.CLASS_TEACHER, Role.Kind.SUBJECT_TEACHER, Role.Kind.GRADE_LEADER)
RUNNING = (Role.Kind.OFFICE, Role.Kind.IT_ADMINISTRATOR, Role.Kind.SCHOOL_LEADER)


@dataclass(frozen=True, slots=True)
class Link:
    """An address by name; left out where the module behind it is not installed."""

    label: str | Promise
    icon: str
    url_name: str
    roles: tuple[str, ...]


LINKS = (
    Link(_("Write a notice"), "speakerphone", "notices:new", (*TEACHING, *RUNNING)),
    Link(_("Sent notices"), "send", "notices:list", (*TEACHING, *RUNNING)),
    Link(_("Groups"), "users-group", "groups:list", TEACHING),
    Link(_("Import the roster"), "table-import", "roster:upload", RUNNING),
    Link(_("Invite families"), "qrcode", "people:invitations", (Role.Kind.CLASS_TEACHER, *RUNNING)),
    Link(_("Set up the school"), "checklist", "people:setup", RUNNING),
)


def links_for(person: Person) -> list[tuple[Link, str]]:
    """The links of this person's roles, with their addresses; at most six."""
    found = []
    for link in LINKS:
        if not person.has_role(*link.roles):
            continue
        try:
            found.append((link, reverse(link.url_name)))
        except NoReverseMatch:
            continue
    return found[:6]
