"""A reading beside the school as it is: who is new, changed, moved, gone, the same; and what has to be asked.

`distinct` joins the rows of one pupil, `pupils` finds each at the school, `guardians` finds the adults of their rows,
`difference` says what that would change. Where two answers are left the question is put and what depends on it waits:
nothing is guessed, and nothing already at the school is overwritten by a blank.

Who is who is decided from what stands after the import, so that the same file once more finds what it made.
"""

from __future__ import annotations

from collections.abc import Mapping

from homeroom.roster.plan import Plan
from homeroom.roster.present import Present
from homeroom.roster.reading.rows import Reading

from .adults import Adults
from .classes import Classes
from .difference import Difference
from .distinct import distinct_rows
from .guardians import GuardianMatch
from .pupils import PupilMatch
from .questions import Questions

__all__ = ["compare"]


def compare(reading: Reading, present: Present, *, answers: Mapping[str, str], keep_gone: bool = False) -> Plan:
    """What importing `reading` would do to the school."""
    in_file = Questions(answers, list(reading.doubts), list(reading.rejected))
    rows, not_taken = distinct_rows(reading, in_file)
    phones = [Adults(present, {}).phones()]
    while True:
        questions = Questions(answers, list(in_file.doubts), list(in_file.rejected))
        classes = Classes(present)
        pupils = PupilMatch(present, classes, questions, phones[-1])
        pupils.match(rows, not_taken)
        guardians = GuardianMatch(present, pupils.taken, questions)
        guardians.match()
        # A guardian's new number may tell whose row another one is, which would otherwise be seen at the next import.
        after = guardians.adults.phones()
        if not pupils.asks or after in phones:
            return Difference(reading, present, classes, questions, pupils, keep_gone=keep_gone).plan()
        phones.append(after)
