"""How a move looks on the wire: which question and its state, nothing it says.

A frame is the same for all who get the event, and is made again when somebody resumes. So the events from before a
question became the leaders' alone, which teachers have in their streams, say from then on only that something moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import OuterRef, Subquery

from homeroom.eventlog.public import EventRecord

from .models import Circle, Question, QuestionEvent
from .states import Act

SOMETHING = {"question": None, "state": None, "act": "moved"}


def moved(events: Sequence[EventRecord]) -> Mapping[int, Mapping[str, Any] | None]:
    """Of each event the question as it stands now; one query."""
    closed_by = QuestionEvent.objects.filter(question_id=OuterRef("pk"), act=Act.ROUTE, detail=Circle.LEADERS).order_by(
        "-pk"
    )
    rows = (
        Question.objects.filter(pk__in={event.body["question_id"] for event in events})
        .annotate(closed_by=Subquery(closed_by.values("pk")[:1]))
        .values_list("pk", "uuid", "state", "closed_by")
    )
    found = {pk: ({"question": str(uuid), "state": state}, closed or 0) for pk, uuid, state, closed in rows}
    return {event.id: _frame(event, *found.get(event.body["question_id"], (None, 0))) for event in events}


def _frame(event: EventRecord, shown: dict[str, str] | None, closed_by: int) -> dict[str, Any] | None:
    if shown is None:
        return None
    if event.body["event_id"] <= closed_by:
        return SOMETHING
    return {**shown, "act": event.body["act"]}
