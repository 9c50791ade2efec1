"""The clock of a question: how much working time a reply and the whole matter may take, and what is due next.

It counts the school's working minutes only. Every deadline is worked out anew from the instant it counts from, so a
holiday entered later, or a clock set back, moves the deadline and never lets one fire early.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from homeroom.school.models import School
from homeroom.school.public import Calendar

from .models import Question, ServiceLevel, TopicLevel
from .states import Act, State

OWED = frozenset({State.OPEN, State.ASSIGNED, State.REOPENED, State.WAITING_OTHER})  # the school owes a step
REPLIES = frozenset({Act.ANSWER, Act.ASK_BACK, Act.WAIT})


class Step(IntEnum):
    """How high a reply that is missing went."""

    NOBODY = 0
    OWNER = 1  # warned before the time is up
    GRADE = 2  # when it is up
    SCHOOL = 3  # when half as much again has passed


SHARE = {Step.GRADE: 1.0, Step.SCHOOL: 1.5}


@dataclass(frozen=True, slots=True)
class Clock:
    """A school's calendar with its service levels; four queries, then asked often."""

    calendar: Calendar
    level: ServiceLevel
    by_topic: dict[int, TopicLevel]

    @classmethod
    def of(cls, school: School) -> Clock:
        level = ServiceLevel.objects.filter(school=school).first() or ServiceLevel(school=school)
        return cls(Calendar.of(school), level, {one.topic_id: one for one in TopicLevel.objects.filter(school=school)})

    def level_of(self, question: Question) -> ServiceLevel | TopicLevel:
        """The times of its topic, else of the topic above, else the school's."""
        topic = question.topic
        return self.by_topic.get(topic.pk) or self.by_topic.get(topic.parent_id or 0) or self.level

    def reply_limit(self, question: Question) -> int:
        """The working minutes for the reply that is owed."""
        level = self.level_of(question)
        return level.next_reply if question.first_reply_at else level.first_reply

    def share_of(self, step: Step) -> float:
        return self.level.warn_at / 100 if step == Step.OWNER else SHARE[step]

    def move(self, question: Question, act: Act, now: datetime) -> None:
        """Set the clock after `act` brought the question to its state; `set_due` follows."""
        owed = question.state in OWED
        if act in REPLIES and question.first_reply_at is None:
            question.first_reply_at = now
        if not owed:
            question.reply_since, question.told = None, Step.NOBODY
        elif question.reply_since is None or act in {Act.WAIT, Act.REOPEN}:
            question.reply_since, question.told = now, Step.NOBODY
        if owed and question.resolve_since is None:
            question.resolve_since = now
        elif not owed and question.resolve_since is not None:
            question.resolve_minutes_used += self.calendar.working_minutes(question.resolve_since, now)
            question.resolve_since = None

    def set_due(self, question: Question) -> None:
        """Work out the deadlines and the next instant at which something is to be done."""
        after = self.calendar.after_working_minutes
        question.reply_due_at = question.resolve_due_at = None
        wanted: list[datetime | None] = []
        if question.reply_since is not None:
            limit = self.reply_limit(question)
            question.reply_due_at = after(question.reply_since, limit)
            if question.told < Step.SCHOOL:
                wanted.append(after(question.reply_since, limit * self.share_of(Step(question.told + 1))))
        if question.resolve_since is not None:
            left = self.level_of(question).resolution - question.resolve_minutes_used
            question.resolve_due_at = after(question.resolve_since, left)
            if not question.resolve_told:
                wanted.append(question.resolve_due_at)
        if question.state == State.ANSWERED and question.answered_at is not None:
            wanted.append(after(question.answered_at, self.level.close_after))
        question.check_at = min((instant for instant in wanted if instant is not None), default=None)

    def step_due(self, question: Question, now: datetime) -> Step:
        """The highest step whose time has come."""
        if question.reply_since is None:
            return Step.NOBODY
        waited, limit = self.calendar.working_minutes(question.reply_since, now), self.reply_limit(question)
        due = [step for step in (Step.OWNER, Step.GRADE, Step.SCHOOL) if _reached(waited, limit * self.share_of(step))]
        return max(due, default=Step.NOBODY)

    def resolution_is_over(self, question: Question, now: datetime) -> bool:
        if question.resolve_since is None:
            return False
        used = question.resolve_minutes_used + self.calendar.working_minutes(question.resolve_since, now)
        return _reached(used, self.level_of(question).resolution)

    def may_close(self, question: Question, now: datetime) -> bool:
        """Whether nobody objected to the answer for as long as the school waits."""
        if question.state != State.ANSWERED or question.answered_at is None:
            return False
        return _reached(self.calendar.working_minutes(question.answered_at, now), self.level.close_after)


def _reached(minutes: float, limit: float) -> bool:
    """Instants are stored to the microsecond, so a deadline worked out from minutes may lie a hair beyond them."""
    return minutes >= limit - 1e-4
