"""Every change of a school's red lines. Each ends with a new stamp, by which other processes notice it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import IO

from charset_normalizer import from_bytes
from django.db import transaction
from django.db.models import F, QuerySet, Sum, Value
from django.db.models.functions import Length, Replace
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid
from homeroom.kit.ids import new_id
from homeroom.people.models import Person

from . import access, shelf
from .categories import CATEGORIES, Action
from .folding import folded
from .matching import SHORTEST
from .models import Ruleset, WordList

WORDS_AT_MOST = 200_000
LONGEST_WORD = 60
FILE_AT_MOST = 8  # megabytes


@transaction.atomic
def decide(*, actor: Person, actions: Mapping[str, str]) -> None:
    """Say what becomes of a text in which words of each category stand. Raises NotAllowed, Invalid."""
    require(access.can_change_words(actor, actor.school_id))
    if any(key not in CATEGORIES or action not in Action.values for key, action in actions.items()):
        raise Invalid(_("Choose one of the actions."))
    rules = _locked(actor.school_id)
    rules.actions = {
        key: action for key, action in {**rules.actions, **actions}.items() if CATEGORIES[key].usual != action
    }
    _moved(rules)
    audit.record(actor=actor, action="redlines.decided", target=rules, **dict(rules.actions))


@transaction.atomic
def save_list(
    *,
    actor: Person,
    name: str,
    why: str,
    action: str,
    words: Iterable[str],
    now: datetime,
    known: WordList | None = None,
) -> WordList:
    """Keep a list of the school's own words, or with no `action` of words that are always allowed.

    A word in several spellings is one entry, parted by bars. Raises NotAllowed, and Invalid for a list without name or
    reason, a name there already is, or more words than the school may have.
    """
    require(access.can_change_words(actor, actor.school_id))
    name, why = name.strip()[:40], why.strip()[:200]
    wrong: dict[str, str] = {}
    if not name:
        wrong["name"] = str(_("Give the list a name."))
    if action and action not in {Action.WARN, Action.HOLD, Action.REFUSE}:
        wrong["action"] = str(_("Choose one of the actions."))
    if action and not why:
        wrong["why"] = str(_("Say why: whoever writes such a word reads it."))
    rules = _locked(actor.school_id)  # before the count: of two lists at once the second sees the first
    others = WordList.objects.filter(school_id=actor.school_id)
    if known is not None:
        others = others.exclude(pk=known.pk)
    if others.filter(name=name).exists():
        wrong["name"] = str(_("There is a list of this name already."))
    entries = clean(words)
    if _spellings(others) + sum(entry.count("|") + 1 for entry in entries) > WORDS_AT_MOST:
        most = {"most": WORDS_AT_MOST}
        wrong["words"] = str(_("A school keeps at most %(most)d words of its own; each spelling counts.") % most)
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=dict(wrong))
    made = known or WordList(school_id=actor.school_id)
    made.name, made.why, made.action, made.changed_at = name, why, action, now
    made.words, made.count = "\n".join(entries), len(entries)
    made.save()
    _moved(rules)
    audit.record(actor=actor, action="redlines.list_saved", target=rules, list_id=made.pk, words=made.count)
    return made


@transaction.atomic
def remove_list(*, actor: Person, known: WordList) -> None:
    """Look for these words no more. Raises NotAllowed."""
    require(access.can_change_words(actor, actor.school_id))
    rules = _locked(actor.school_id)
    audit.record(actor=actor, action="redlines.list_removed", target=rules, list_id=known.pk, words=known.count)
    known.delete()
    _moved(rules)


def clean(words: Iterable[str]) -> list[str]:
    """Entries that can be looked for, each once, in the order they were given."""
    kept: dict[str, None] = {}
    for line in words:
        spellings = [part.strip()[:LONGEST_WORD] for part in line.replace("\x00", "").split("|")]
        entry = "|".join(part for part in spellings if len(part) >= SHORTEST and len(folded(part)) >= SHORTEST)
        if entry:
            kept[entry] = None
    return list(kept)


def words_in(file: IO[bytes]) -> list[str]:
    """The entries of a text or CSV file: one a line; further columns are other ways of writing the same word.

    Raises Invalid when it is no text.
    """
    content = file.read()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        best = from_bytes(content).best()
        if best is None:
            raise Invalid(_("This file is no text. Save it as a text or CSV file."))
        text = str(best)
    if "\x00" in text:
        raise Invalid(_("This file is no text. Save it as a text or CSV file."))
    if "," not in text and "\t" not in text:
        return [line for line in text.splitlines() if not line.startswith("#")]
    rows = csv.reader(io.StringIO(text), delimiter="\t" if "\t" in text else ",")
    try:
        return ["|".join(cell.strip() for cell in row if cell.strip()) for row in rows]
    except csv.Error as wrong:
        raise Invalid(_("This file is no text. Save it as a text or CSV file.")) from wrong


def _locked(school_id: int) -> Ruleset:
    """The school's row, locked: changes of its words have an order."""
    Ruleset.objects.get_or_create(school_id=school_id)
    return Ruleset.objects.select_for_update().get(school_id=school_id)


def _spellings(lists: QuerySet[WordList]) -> int:
    """How many words are looked for: an entry has one more spelling than bars. The words stay in the database."""
    bars = Length("words") - Length(Replace("words", Value("|"), Value("")))
    return lists.aggregate(total=Sum(F("count") + bars))["total"] or 0


def _moved(rules: Ruleset) -> None:
    """Give the row a new stamp; the automaton is built again outside the request."""
    rules.stamp = new_id()
    rules.save(update_fields=["stamp", "actions"])
    school_id = rules.school_id
    transaction.on_commit(lambda: shelf.look_soon(school_id))
