"""Whatever a household does in whatever order, some things hold of each recipient."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from homeroom.delivery import due
from homeroom.delivery.models import Recipient
from homeroom.delivery.public import (
    ReminderPolicy,
    confirm,
    correct_item,
    feed,
    mark_read,
    recall_item,
    remind_unfinished,
    reply,
    send_item,
    sign,
    snooze,
    todo,
)
from homeroom.demo.cast import nine_o_clock
from homeroom.kit.errors import Trouble

from .conftest import everyone_about

PEOPLE = ("guardian_of_two", "father_of_two", "mother", "father", "delegate")
STEPS = ("queued_at", "sent_at", "delivered_at", "read_at", "confirmed_at", "signed_at", "replied_at", "done_at")


@pytest.mark.django_db(transaction=False)
def test_a_household_in_any_order(school):
    class Household(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.savepoint = transaction.savepoint()
            self.now = nine_o_clock()
            self.recalled = False
            self.asked_again = False
            self.before = {}

        def teardown(self):
            transaction.savepoint_rollback(self.savepoint)

        @initialize(
            level=st.sampled_from(["read", "confirm", "sign", "reply"]), household_rule=st.sampled_from(["any", "each"])
        )
        def sent(self, level, household_rule):
            self.item = send_item(
                actor=school.class_teacher,
                school=school.school,
                kind="plain",
                source_id=None,
                sender=school.class_teacher,
                title="通知",
                lead="内容",
                level=level,
                household_rule=household_rule,
                recipients=everyone_about(school, school.child_a, school.sibling_a, school.sibling_c),
                policy=ReminderPolicy(first_after=timedelta(hours=2)),
                now=self.now,
            )

        def act(self, service, **values):
            self.now += timedelta(minutes=7)
            self.asked_again = False
            try:
                with transaction.atomic():
                    service(item=self.item, now=self.now, **values)
            except Trouble:
                pass

        who = st.sampled_from(PEOPLE)

        @rule(who=who)
        def reads(self, who):
            self.act(mark_read, actor=getattr(school, who))

        @rule(who=who, only_first=st.booleans())
        def confirms(self, who, only_first):
            chosen = [school.sibling_a.pk] if only_first and "two" in who else None
            self.act(confirm, actor=getattr(school, who), student_ids=chosen)

        @rule(who=who)
        def signs(self, who):
            actor = getattr(school, who)
            self.item.refresh_from_db()
            self.act(sign, actor=actor, typed_name=actor.name, text_version=self.item.text_version)

        @rule(who=who)
        def replies(self, who):
            self.act(reply, actor=getattr(school, who), text="收到")

        @rule(who=who, hours=st.integers(1, 48))
        def puts_away(self, who, hours):
            until = self.now + timedelta(hours=hours)
            self.act(snooze, actor=getattr(school, who), until=until, reason="time")

        @rule()
        def teacher_reminds(self):
            self.act(remind_unfinished, actor=school.class_teacher)

        @rule(hours=st.integers(1, 30))
        def time_passes(self, hours):
            self.now += timedelta(hours=hours)
            due.remind(now=self.now)
            due.return_snoozed(now=self.now)

        @rule(again=st.booleans())
        def teacher_corrects(self, again):
            self.act(correct_item, actor=school.class_teacher, title="更正", lead="新内容", ask_again=again)
            self.asked_again = again

        @rule()
        def teacher_recalls(self):
            self.act(recall_item, actor=school.class_teacher)
            self.recalled = True

        @invariant()
        def holds(self):
            if not hasattr(self, "item"):
                return
            self.item.refresh_from_db()
            copies = list(Recipient.objects.filter(item=self.item))
            for copy in copies:
                self.steps_are_in_order(copy)
                self.done_means_what_the_level_asks(copy)
            self.a_step_is_never_taken_back(copies)
            self.the_household_rule_settles(copies)
            for name in PEOPLE:
                self.one_card_each(getattr(school, name))

        def steps_are_in_order(self, copy):
            assert copy.sent_at >= copy.queued_at
            if copy.read_at:
                assert copy.delivered_at <= copy.read_at
            if copy.done_at and not self.recalled:
                assert copy.read_at
                assert copy.settled_at
                assert copy.asks

        def done_means_what_the_level_asks(self, copy):
            fact = {
                "read": copy.read_at,
                "confirm": copy.confirmed_at,
                "sign": copy.signed_at,
                "reply": copy.replied_at,
            }
            if copy.done_at:
                assert fact[self.item.level]

        def a_step_is_never_taken_back(self, copies):
            now = {copy.pk: {name: getattr(copy, name) for name in STEPS} for copy in copies}
            if not self.asked_again:
                for pk, steps in self.before.items():
                    assert all(now[pk][name] is not None for name, at in steps.items() if at is not None)
            self.before = now

        def the_household_rule_settles(self, copies):
            for copy in copies:
                if self.item.household_rule == "any":
                    someone = any(other.done_at for other in copies if other.student_id == copy.student_id)
                    assert bool(copy.settled_at) == someone
                else:
                    assert bool(copy.settled_at) == bool(copy.done_at)

        def one_card_each(self, person):
            cards = feed(person, now=self.now).cards
            assert len(cards) <= 1
            if self.recalled:
                assert todo(person, now=self.now) == []

    run_state_machine_as_test(
        Household,
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
