"""Lists that leave the page: a table for a spreadsheet, names to copy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from homeroom.kit import sheets
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person

from . import access
from .models import FeeMark, Notice
from .queries import Household, households


def state_words() -> dict[str, str]:
    """The state of one guardian's copy."""
    return {
        "done": _("Done"),
        "settled": _("Settled by another guardian"),
        "read": _("Read, not done"),
        "delivered": _("Delivered, not read"),
        "sent": _("Not delivered yet"),
        "unreachable": _("Cannot be reached"),
    }


def table(notice: Notice, listed: Sequence[Household]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows, one for each guardian × child."""
    header = [
        _("Class"), _("Child"), _("Recipient"), _("Name"), _("State"), _("Sent"), _("Delivered"), _("Read"),
        _("Done"), _("Reminders"), _("Last reminded"),
    ]  # fmt: skip
    if notice.asks_money:
        header.append(_("Payment"))
    words = state_words()
    fees = dict(FeeMark.State.choices)
    rows: list[list[Any]] = []
    for household in listed:
        for copy in household.copies:
            one = copy.recipient
            child = household.person.name if one.student_id else ""
            row: list[Any] = [
                household.class_name, child, copy.label, one.person.name, words[copy.state], one.sent_at,
                one.delivered_at, one.read_at, one.done_at, one.reminders, one.reminded_at,
            ]  # fmt: skip
            if notice.asks_money:
                row.append(str(fees.get(household.fee, "")))
            rows.append(row)
    return header, rows


def as_text(row: Sequence[Any], zone: str) -> list[Any]:
    """A row for CSV: instants as the school's clocks show them."""
    return [
        value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else value
        for value in row
    ]


def file_of(notice_id: int, person_id: int, form: str) -> bytes:
    """Everyone `person` may follow, as xlsx or CSV. Top of the module: a large one is made in a child process."""
    notice = Notice.objects.select_related("item", "school").get(pk=notice_id)
    person = Person.objects.select_related("school").get(pk=person_id)
    if notice.item is None:
        raise NotVisible
    rows_of = households(notice, access.followed_copies(person, notice.item))
    header, rows = table(notice, rows_of)
    zone = notice.school.time_zone
    if form == "csv":
        return sheets.csv_bytes(header, [as_text(row, zone) for row in rows])
    return sheets.xlsx_bytes([sheets.Sheet(_("Recipients"), header, rows, title=notice.title)], time_zone=zone)


def names_text(listed: Sequence[Household]) -> str:
    """The children who still have something to do, a line for each class, for a message or a slip of paper."""
    by_class: dict[str, list[str]] = {}
    for household in listed:
        if household.waiting:
            by_class.setdefault(household.class_name, []).append(household.person.name)
    line = _("%(class)s (%(n)d): %(names)s")
    return "\n".join(
        line % {"class": name, "n": len(names), "names": _(", ").join(names)} for name, names in by_class.items()
    )


def trigger(event: str, **detail: str) -> str:
    """An HX-Trigger header: ASCII, as headers must be."""
    return json.dumps({event: detail or True})
