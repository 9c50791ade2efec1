"""What a comparison has to ask, with the answers given so far, and what it cannot take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from homeroom.roster.remarks import Place, Remark


class Questions:
    """Remarks as they come up: `doubts` are asked, `rejected` has to be corrected in the file."""

    def __init__(self, answers: Mapping[str, str], doubts: list[Remark], rejected: list[Remark]) -> None:
        self.answers = answers
        self.doubts = doubts
        self.rejected = rejected

    def answer(self, key: str, choices: Sequence[str]) -> str:
        """What was answered; "" while the question is open or when the answer is none of the choices any more."""
        answer = self.answers.get(key, "")
        return answer if answer in choices else ""

    def ask(
        self, code: str, place: Place, key: str, choices: Iterable[str], names: Mapping[str, str], **values: str
    ) -> str:
        """Put a question, unless it is answered: the answer, or "" while it is open (the row is then held)."""
        choices = list(choices)
        if answer := self.answer(key, choices):
            return answer
        self.doubts.append(Remark(code, place, values, key, choices, dict(names), held=True))
        return ""

    def reject(self, remark: Remark) -> None:
        self.rejected.append(remark)

    def note(self, remark: Remark) -> None:
        """Something worth knowing that holds nothing back."""
        self.doubts.append(remark)
