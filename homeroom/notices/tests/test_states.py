"""Whatever is done to a notice, in whatever order: its state is one of four, and families hear of it at most once."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeroom.delivery.public import Item, Recipient
from homeroom.kit.errors import Trouble
from homeroom.notices import services
from homeroom.notices.models import Notice

from .test_services import draft_for, written

# state → action → state afterwards; what is not listed is refused and changes nothing
MOVES = {
    "draft": {"save": "draft", "schedule": "scheduled", "cancel": "draft", "publish": "published", "due": "draft"},
    "scheduled": {
        "save": "scheduled",
        "schedule": "scheduled",
        "cancel": "draft",
        "publish": "published",
        "due": "published",
    },
    "published": {"publish": "published", "recall": "recalled", "correct": "published", "due": "published"},
    "recalled": {"recall": "recalled", "due": "recalled"},
}
ACTIONS = sorted({action for moves in MOVES.values() for action in moves})


def act(school, notice: Notice, action: str, now) -> None:
    who = school.class_teacher
    if action == "save":
        services.save_draft(actor=who, draft=draft_for(school), client_key=notice.client_key, now=now, notice=notice)
    elif action == "schedule":
        services.schedule_notice(actor=who, notice=notice, at=now + timedelta(minutes=30), now=now)
    elif action == "cancel":
        services.cancel_schedule(actor=who, notice=notice, now=now)
    elif action == "publish":
        services.publish_notice(actor=who, notice=notice, now=now)
    elif action == "due":
        services.publish_due(now=now + timedelta(minutes=45))
    elif action == "recall":
        services.recall_notice(actor=who, notice=notice, reason="", now=now)
    elif action == "correct":
        services.correct_notice(actor=who, notice=notice, title="改", text="<p>改</p>", note="改", now=now)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=8))
def test_any_order_of_acts_keeps_the_promises(school, now, actions):
    with transaction.atomic():
        notice = written(school, now)
        state = "draft"
        sent_to = None
        for hour, action in enumerate(actions):
            refused = False
            try:
                act(school, notice, action, now + timedelta(hours=hour))
            except Trouble:
                refused = True
            notice.refresh_from_db()
            assert refused is (action not in MOVES[state]), (state, action)
            state = MOVES[state].get(action, state)
            assert notice.state == state
            assert (notice.item_id is not None) is (state in {"published", "recalled"})
            assert Item.objects.count() == (1 if notice.item_id else 0)
            copies = set(Recipient.objects.values_list("person_id", "student_id"))
            if sent_to is not None:
                assert copies == sent_to
            sent_to = copies if notice.item_id else None
        transaction.set_rollback(True)
