"""How a move looks on the wire: which question and its state, nothing it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from homeroom.eventlog.public import EventRecord

from .models import Question


def moved(events: Sequence[EventRecord]) -> Mapping[int, Mapping[str, Any] | None]:
    """Of each event the question as it stands now; one query."""
    rows = Question.objects.filter(pk__in={event.body["question_id"] for event in events}).values_list(
        "pk", "uuid", "state"
    )
    found = {pk: {"question": str(uuid), "state": state} for pk, uuid, state in rows}
    return {
        event.id: {**found[event.body["question_id"]], "act": event.body["act"]}
        if event.body["question_id"] in found
        else None
        for event in events
    }
