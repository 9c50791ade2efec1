"""What owner modules enter: the full body of their kind of item, and texts in a person's search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from django.db import models
from django.utils.functional import Promise

from homeroom.people.models import Person

from .models import Item


class RenderBody(Protocol):
    """The whole text of an item as safe HTML, for one reader. `student_ids` are the children it is about for them."""

    def __call__(self, item: Item, viewer: Person, student_ids: tuple[int, ...]) -> str: ...


FindItems = Callable[[Person, str], "list[int]"]  # (whose inbox, words) → item ids

WayOn = Callable[[Person, Item], "tuple[str | Promise, str] | None"]  # (reader, item) → label and address

bodies: dict[str, RenderBody] = {}
own_pages: set[str] = set()
ways_on: list[WayOn] = []
_ways_on_sent: list[WayOn] = []
overviews: dict[str, tuple[type[models.Model], str]] = {}
finders: dict[str, FindItems] = {}


def register_body(kind: str, render: RenderBody) -> None:
    """Show items of this kind with what `render` gives; without one the item page shows the lead."""
    bodies[kind] = render


def register_own_page(kind: str) -> None:
    """Items of this kind open at their own link, where there is something to do; opening is reading all the same."""
    own_pages.add(kind)


def register_way_on(way_on: WayOn) -> None:
    """Offer one more thing to do on every item's page; `way_on` gives None where it does not apply."""
    if way_on not in ways_on:
        ways_on.append(way_on)


def register_way_on_sent(way_on: WayOn) -> None:
    """Offer one more thing to do to those who follow an item, on the owner's page."""
    if way_on not in _ways_on_sent:
        _ways_on_sent.append(way_on)


def ways_on_sent(person: Person, item: Item) -> list[tuple[str | Promise, str]]:
    """What is offered to somebody who follows an item."""
    return [offer for way_on in _ways_on_sent if (offer := way_on(person, item)) is not None]


def register_overview(kind: str, model: type[models.Model], url_name: str) -> None:
    """Who follows an item of this kind goes to its owner's page: `model` has the uuid that `url_name` takes."""
    overviews[kind] = (model, url_name)


def followed_kinds() -> frozenset[str]:
    """The kinds whose senders watch the answers come in; what tells one person of a step is not among them."""
    return frozenset(overviews)


def register_search(kind: str, find: FindItems) -> None:
    """Let the owner of a kind find its items by their full text, with its own index."""
    finders[kind] = find
