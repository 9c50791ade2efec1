"""Live counts: a hint to those who watch an item. Not in the log; the page asks the funnel again when it likes."""

from __future__ import annotations

from .models import Item


def topic(item_uuid: object) -> str:
    """What a page watches to hear that an item's counts moved."""
    return f"item:{item_uuid}"


def counts_moved(item: Item) -> None:
    """Tell the item's watchers, after the commit, that somebody read or did it."""
