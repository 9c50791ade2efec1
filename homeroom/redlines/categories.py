"""The categories of words in the packs: what is the matter with them, and what usually becomes of a text."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Action(models.TextChoices):
    """In the order of their weight: the gravest of a text's hits decides."""

    OFF = "off", _("Let through")
    WARN = "warn", _("Warn the sender")
    HOLD = "hold", _("Hold until a moderator has read it")
    REFUSE = "refuse", _("Refuse")


WEIGHT = {action: weight for weight, action in enumerate(Action.values)}


@dataclass(frozen=True, slots=True)
class Category:
    """`by_staff`: only what staff write is looked at, because the rule binds the school and not the families."""

    key: str
    label: str | Promise
    why: str | Promise
    usual: Action
    by_staff: bool = False


CATEGORIES = {
    category.key: category
    for category in (
        Category("insult", _("Insults"), _("It hurts people, and nothing gets solved by it."), Action.HOLD),
        Category("harsh", _("Harsh words"), _("It may sound harsher than you mean it."), Action.WARN),
        Category("threat", _("Threats"), _("A threat frightens people and may be against the law."), Action.HOLD),
        Category("porn", _("Sexual content"), _("It has no place where children are at home."), Action.REFUSE),
        Category("drugs", _("Drugs"), _("Trade with drugs is against the law."), Action.HOLD),
        Category("weapons", _("Weapons"), _("Trade with weapons and explosives is against the law."), Action.REFUSE),
        Category("fraud", _("Fraud and gambling"), _("This is how swindlers write."), Action.HOLD),
        Category("selling", _("Selling and soliciting"), _("A school is no market-place."), Action.WARN),
        Category(
            "rank", _("Scores and ranks"),
            _("Scores and ranks of pupils are not made known to other families. Tell each family their own."),
            Action.WARN, by_staff=True,
        ),
        Category(
            "homework", _("Homework for parents"),
            _("Parents are not asked to mark homework or to check in for it every day."), Action.WARN, by_staff=True,
        ),
        Category(
            "votes", _("Votes and red packets"),
            _("Schools do not ask families for votes, likes, gifts or red packets."), Action.WARN, by_staff=True,
        ),
        Category(
            "numbers", _("Identity numbers"),
            _("Whoever reads an identity number can misuse it. Tell it to one person, not in a message."), Action.WARN,
        ),
    )
}  # fmt: skip
