"""What other modules may call: one check before a text goes to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from homeroom.kit.errors import Trouble

from .categories import WEIGHT, Action
from .matching import Hit
from .shelf import known_rules, rules_for

__all__ = ["Action", "Findings", "Hit", "WordsFound", "check", "needs_a_look"]


@dataclass(frozen=True, slots=True)
class Findings:
    """What hit in a text; empty when nothing did. The gravest hit says what becomes of the text."""

    hits: Sequence[Hit] = ()

    def __bool__(self) -> bool:
        return bool(self.hits)

    @property
    def action(self) -> Action:
        """OFF when nothing hit."""
        return max((hit.action for hit in self.hits), key=WEIGHT.__getitem__, default=Action.OFF)

    def reasons(self) -> list[tuple[str, str, list[str]]]:
        """(what is the matter, why it matters, the words as they were typed), each matter once."""
        found: dict[str, tuple[str, str, list[str]]] = {}
        for hit in self.hits:
            _label, _why, words = found.setdefault(hit.rule.key, (str(hit.rule.label), str(hit.rule.why), []))
            if hit.typed not in words:
                words.append(hit.typed)
        return list(found.values())

    def as_json(self) -> list[dict[str, Any]]:
        """For a page or another client."""
        return [{"label": label, "why": why, "words": words} for label, why, words in self.reasons()]

    def in_words(self) -> str:
        """One sentence for each matter."""
        return " ".join(
            _("“%(words)s” (%(label)s): %(why)s") % {"words": "”、“".join(words), "label": label, "why": why}
            for label, why, words in self.reasons()
        )


NOTHING = Findings()


def check(text: str, school_id: int, *, by_staff: bool = False) -> Findings:
    """What the school minds in `text`; nothing is stored and nobody is told.

    Some microseconds, and no statement outside a transaction but for the first text in a minute. `by_staff` also looks
    for what binds the school only, such as ranks.
    """
    hits = rules_for(school_id).hits(text, by_staff=by_staff)
    return Findings(hits) if hits else NOTHING


def needs_a_look(school_id: int, text: str) -> bool:
    """Whether a service has to ask `check` before this is sent; asks no database, so it may run on an event loop.

    True also while this process does not know the school's words.
    """
    rules = known_rules(school_id)
    return rules is None or bool(rules.hits(text, by_staff=True))


class WordsFound(Trouble):
    """The text was not sent: it says which words hit, and what the sender can do."""

    status = 422
    code = "words_found"

    def __init__(self, findings: Findings, message: str | None = None) -> None:
        self.findings = findings
        super().__init__(message or _message(findings), fields={"action": findings.action.value})


def _message(findings: Findings) -> str:
    what = {
        Action.WARN: _("Please read it once more; you can change it or send it as it is."),
        Action.HOLD: _("Change it, or let a moderator read it first."),
    }.get(findings.action, _("This cannot be sent. Change it, or ask for it to be looked at."))
    return f"{findings.in_words()} {what}"
