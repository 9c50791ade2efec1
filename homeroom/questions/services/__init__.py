"""Every change of questions."""

from __future__ import annotations

from .answering import answer, ask_back, assign, close, merge, note, reopen, reroute, resume, stop_watching, wait, watch
from .asking import Asking, add_line, ask_question, confirm, take_up, withdraw
from .knowledge import archive_answer, helped, save_answer, show_answers
from .moving import locked
from .proposing import decline_proposal, proposal_for, propose_question
from .rating import rate, remark
from .releasing import release_owners
from .setting_up import set_levels, set_route, set_topic_level, unset_route, unset_topic_level
from .tasks import add_task, drop_task, end_task, take_over_promise

__all__ = [
    "Asking", "add_line", "add_task", "answer", "archive_answer", "ask_back", "ask_question", "assign", "close",
    "confirm", "decline_proposal", "drop_task", "end_task", "helped", "locked", "merge", "note", "proposal_for",
    "propose_question", "rate", "release_owners", "remark", "reopen", "reroute", "resume", "save_answer", "set_levels",
    "set_route", "set_topic_level", "show_answers", "stop_watching", "take_over_promise", "take_up", "unset_route",
    "unset_topic_level", "wait", "watch", "withdraw",
]  # fmt: skip
