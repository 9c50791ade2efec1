"""What is counted of questions.

The steps are events: each `QuestionEvent` is written once, with its working minutes, and never again. A question and a
rating are states; of them only what does not depend on when one looks is counted by the day they began.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from homeroom.semantics.public import Column, Dimension, Fact, Grain, Kind, Metric, SeenBy, Unit

from .models import Circle, Question, QuestionEvent, Rating
from .states import Act, State

GUARDIANS = 5  # a figure of fewer families would speak of one of them
QUESTION = Dimension("questions.question", pgettext_lazy("dimension", "Question"), ("提问单",), seen_by=SeenBy.NOBODY)


def _questions() -> QuerySet[Question]:
    reopened = QuestionEvent.objects.filter(question_id=OuterRef("pk"), act=Act.REOPEN)
    return Question.objects.annotate(was_reopened=Exists(reopened))


STEPS = Fact(
    name="questions.steps",
    label=_("Steps of questions"),
    one_row=_("One thing that happened to one question, or an asking that a ready answer settled."),
    grain=Grain.EVENTS,
    rows=QuestionEvent.objects.all,
    happened="at",
    columns={
        "at": Column("at", Kind.INSTANT),
        "act": Column("act", Kind.CODE, frozenset(Act.values)),
        "detail": Column("detail", Kind.CODE),
        "role": Column("role", Kind.CODE),
        "from_state": Column("from_state", Kind.CODE, frozenset(["", *State.values])),
        "to_state": Column("to_state", Kind.CODE, frozenset(["", *State.values])),
        "question": Column("question_id"),
        "asker": Column("question__asker_id"),
        "person": Column("person_id"),
        "owner": Column("owner_id"),
        "student": Column("student_id"),
        "school_class": Column("class_id"),
        "topic": Column("topic_id"),
        "working_minutes": Column("working_minutes", Kind.WORKING_MINUTES),
        "reply_minutes": Column("reply_minutes", Kind.WORKING_MINUTES),
        "is_first_reply": Column("is_first_reply", Kind.YES_NO),
        "matter_minutes": Column("matter_minutes", Kind.WORKING_MINUTES),
    },
    dimensions={
        QUESTION.name: "question",
        "people.teacher": "owner",  # who owed the step, also where Homeroom or a leader did it
        "people.student": "student",
        "people.guardian": "asker",
        "school.class": "school_class",
        "school.topic": "topic",
    },
)
QUESTIONS = Fact(
    name="questions.questions",
    label=_("Questions of families"),
    one_row=_("One question as it stands now, on the day it was asked."),
    grain=Grain.STATES,
    rows=_questions,
    happened="asked_at",
    columns={
        "asked_at": Column("asked_at", Kind.INSTANT),
        "question": Column("pk"),
        "asker": Column("asker_id"),
        "student": Column("student_id"),
        "owner": Column("owner_id"),
        "school_class": Column("school_class_id"),
        "grade": Column("grade_id"),
        "topic": Column("topic_id"),
        "subject": Column("subject_id"),
        "circle": Column("circle", Kind.CODE, frozenset(Circle.values)),
        "state": Column("state", Kind.CODE, frozenset(State.values)),
        "answered_at": Column("answered_at", Kind.INSTANT),
        "over_at": Column("over_at", Kind.INSTANT),
        "was_reopened": Column("was_reopened", Kind.YES_NO),
    },
    dimensions={
        QUESTION.name: "question",
        "people.teacher": "owner",
        "people.student": "student",
        "people.guardian": "asker",
        "school.class": "school_class",
        "school.grade": "grade",
        "school.subject": "subject",
        "school.topic": "topic",
    },
)
RATINGS = Fact(
    name="questions.ratings",
    label=_("Ratings asked for"),
    one_row=_("One family asked once how an answer was, whether it said so or not."),
    grain=Grain.STATES,
    rows=Rating.objects.all,
    happened="asked_at",
    columns={
        "asked_at": Column("asked_at", Kind.INSTANT),
        "rated_at": Column("rated_at", Kind.INSTANT),
        "score": Column("score", Kind.NUMBER),
        "question": Column("question_id"),
        "guardian": Column("person_id"),
        "student": Column("student_id"),
        "teacher": Column("teacher_id"),
        "topic": Column("question__topic_id"),
        "school_class": Column("question__school_class_id"),
    },
    dimensions={
        QUESTION.name: "question",
        "people.teacher": "teacher",
        "people.student": "student",
        "people.guardian": "guardian",
        "school.class": "school_class",
        "school.topic": "topic",
    },
)
ASKED = Metric(
    name="questions.asked",
    label=_("Questions asked"),
    meaning=_("How many questions families put to a person. A question sent twice counts once."),
    fact=STEPS,
    expression='count_if(act == "ask")',
    unit=Unit.COUNT,
    synonyms=("提问数", "咨询量"),
)
FIRST_REPLY = Metric(
    name="questions.first_reply_time",
    label=_("First reply, working time"),
    meaning=_(
        "Half of the first replies came within this working time after the question. Nights, weekends, holidays and"
        " breaks do not count. By the day of the reply."
    ),
    fact=STEPS,
    where="is_first_reply",
    expression="median(reply_minutes)",
    unit=Unit.WORKING_MINUTES,
    synonyms=("首次响应时长", "首次答复时间"),
    smallest_group=GUARDIANS,
    group="asker",
    more_is="worse",
)
RESOLUTION = Metric(
    name="questions.resolution_time",
    label=_("Whole matter, working time"),
    meaning=_(
        "Half of the questions that ended took the school this working time at most. Waiting for the family does not"
        " count, nor do questions that were withdrawn or merged. By the day of the end."
    ),
    fact=STEPS,
    where='act == "close"',
    expression="median(matter_minutes)",
    unit=Unit.WORKING_MINUTES,
    synonyms=("解决时长", "办结时长"),
    smallest_group=GUARDIANS,
    group="asker",
    more_is="worse",
)
AUTO_ANSWERED = Metric(
    name="questions.auto_answer_rate",
    label=_("Settled by a ready answer"),
    meaning=_(
        "Of everything families wanted to know here, the share that one of the school's approved answers settled"
        " without a person. Only what the family said was settled counts."
    ),
    fact=STEPS,
    where='act in ("ask", "auto_answer")',
    expression='count_if(act == "auto_answer") / count(*)',
    unit=Unit.RATIO,
    synonyms=("自动答复率", "机器人解决率"),
    smallest_group=GUARDIANS,
    group="person",
    more_is="better",
)
REOPENED = Metric(
    name="questions.reopened_rate",
    label=_("Share taken up again"),
    meaning=_(
        "Of the questions asked in this time that have been answered, the share that was taken up again since, because"
        " the answer was none yet."
    ),
    fact=QUESTIONS,
    where="answered_at is not null",
    expression="count_if(was_reopened) / count(*)",
    unit=Unit.RATIO,
    synonyms=("重开率", "返工率"),
    smallest_group=GUARDIANS,
    group="asker",
    more_is="worse",
)
SATISFACTION = Metric(
    name="questions.satisfaction",
    label=_("Satisfaction, of 5"),
    meaning=_(
        "The mean of the faces families gave, from 1 to 5. A family is asked at most once a month, after a person"
        " answered. Whoever answered sees a rating at once, leaders a week later. Read it with the share that answered."
    ),
    fact=RATINGS,
    expression="mean(score)",
    unit=Unit.SCORE,
    synonyms=("满意度", "评分"),
    smallest_group=GUARDIANS,
    group="guardian",
    others_after_days=7,
    more_is="better",
)
RATED = Metric(
    name="questions.rating_response_rate",
    label=_("Families asked who gave a rating"),
    meaning=_("Of the families asked how an answer was, the share that said so."),
    fact=RATINGS,
    expression="count_if(score is not null) / count(*)",
    unit=Unit.RATIO,
    synonyms=("评价率", "评分回收率"),
    smallest_group=GUARDIANS,
    group="guardian",
    others_after_days=7,
    more_is="better",
)
METRICS = (ASKED, FIRST_REPLY, RESOLUTION, AUTO_ANSWERED, REOPENED, SATISFACTION, RATED)
DECLARED = (QUESTION, STEPS, QUESTIONS, RATINGS, *METRICS)
