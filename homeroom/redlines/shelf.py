"""The words of each school, ready to be looked for, in this process.

Whoever checks a text takes what is on the shelf and waits for nobody. Every two seconds somebody's check lets a thread
look whether the school has changed its words, here or in another process; until the new automaton stands, the old one
answers. Only a process that has not looked for a while looks before it answers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from . import packs
from .categories import CATEGORIES, Action
from .folding import folded
from .matching import Checker, Hit, Rule, Wordlist, longest
from .models import Ruleset, WordList

log = logging.getLogger(__name__)
LOOK_EVERY = 2.0
COLD_AFTER = 60.0
SCHOOLS = 200  # kept at a time


@dataclass(slots=True)
class Rules:
    """What one school looks for."""

    stamp: UUID | None
    actions: dict[str, Action]
    own: Checker | None
    looked_at: float = field(default=0.0)

    def hits(self, text: str, *, by_staff: bool) -> list[Hit]:
        """What the school minds in a text, from left to right."""
        plain = folded(text)
        found, _allowed = packs.checker().look(text, plain)
        innocent: list[tuple[int, int]] = []
        if self.own is not None:
            own, innocent = self.own.look(text, plain)
            if own:
                found = longest([*found, *own])
        kept = []
        for hit in found:
            rule = hit.rule
            if rule.by_staff and not by_staff:
                continue
            action = self.actions.get(rule.key, rule.action)
            if action == Action.OFF or any(low <= hit.start and hit.end <= high for low, high in innocent):
                continue
            kept.append(hit if action == rule.action else hit.under(action))
        return kept


_shelf: OrderedDict[int, Rules] = OrderedDict()
_guard = threading.Lock()


def rules_for(school_id: int) -> Rules:
    """The school's rules as this process knows them."""
    rules = _shelf.get(school_id)
    now = time.monotonic()
    # Inside a transaction the school may have changed its words itself.
    if rules is None or now - rules.looked_at > COLD_AFTER or connection.in_atomic_block:
        return look(school_id)
    if now - rules.looked_at > LOOK_EVERY:
        rules.looked_at = now  # nobody else looks meanwhile
        look_soon(school_id)
    return rules


def known_rules(school_id: int) -> Rules | None:
    """The school's rules when this process has looked at them lately; None otherwise, and it looks meanwhile."""
    rules = _shelf.get(school_id)
    now = time.monotonic()
    if rules is not None and now - rules.looked_at > LOOK_EVERY:
        cold = now - rules.looked_at > COLD_AFTER
        rules.looked_at = now
        look_soon(school_id)
        return None if cold else rules
    return rules


def look_soon(school_id: int) -> None:
    """Look in a thread of its own."""
    threading.Thread(target=_look_aside, args=(school_id,), name="redlines", daemon=True).start()


def look(school_id: int) -> Rules:
    """Compare with what is stored, and read the words again when it moved."""
    stored = Ruleset.objects.filter(school_id=school_id).values_list("stamp", "actions").first()
    stamp, actions = stored if stored is not None else (None, {})
    known = _shelf.get(school_id)
    if known is not None and known.stamp == stamp:
        known.looked_at = time.monotonic()
        return known
    rules = Rules(stamp, _decided(actions), _own(school_id) if stamp is not None else None, time.monotonic())
    with _guard:
        _shelf[school_id] = rules
        _shelf.move_to_end(school_id)
        while len(_shelf) > SCHOOLS:
            _shelf.popitem(last=False)
    return rules


def forget() -> None:
    """Empty the shelf."""
    with _guard:
        _shelf.clear()


def _look_aside(school_id: int) -> None:
    try:
        look(school_id)
    except Exception:
        log.exception("a school's words could not be read again; the former ones stay")
    finally:
        connection.close()


def _decided(actions: dict[str, str]) -> dict[str, Action]:
    return {key: Action(action) for key, action in actions.items() if key in CATEGORIES and action in Action.values}


def _own(school_id: int) -> Checker | None:
    lists = [
        Wordlist(Rule(f"own:{row.pk}", row.name, row.why, Action(row.action)), row.words)
        if row.action
        else Wordlist(Rule(f"own:{row.pk}", row.name, "", Action.OFF), "", row.words)
        for row in WordList.objects.filter(school_id=school_id)
    ]
    return Checker(lists) if lists else None
