"""What taking the file in would change: the plan, from rows and adults that are all told apart."""

from __future__ import annotations

from collections import defaultdict

from cryptography.fernet import InvalidToken

from homeroom.kit.encryption import decrypt, encrypt
from homeroom.people.public import id_number_key, phone_key, pinyin_of
from homeroom.roster.plan import EdgePlan, Gone, PersonPlan, Plan
from homeroom.roster.present import Present, PresentEdge
from homeroom.roster.reading.classes import class_words
from homeroom.roster.reading.rows import GuardianRow, Reading
from homeroom.roster.remarks import Place, Remark

from .adults import Adult, is_ended_by_hand
from .classes import Classes
from .pupils import PupilMatch, TakenPupil
from .questions import Questions

MANY_GONE = 5  # and a fifth of the classes: then the file is more likely incomplete than the pupils gone


class Difference:
    """The plan of one comparison."""

    def __init__(
        self,
        reading: Reading,
        present: Present,
        classes: Classes,
        questions: Questions,
        pupils: PupilMatch,
        *,
        keep_gone: bool,
    ) -> None:
        self.reading = reading
        self.present = present
        self.classes = classes
        self.questions = questions
        self.pupils = pupils.taken
        self.spoken_for = pupils.spoken_for
        self.keep_gone = keep_gone
        self.adults = list(dict.fromkeys(adult for pupil in self.pupils for adult, _guardian in pupil.links))
        self.edge = {(edge.guardian_id, edge.student_id): edge for edge in present.edges}
        self.edges_to: dict[int, list[PresentEdge]] = defaultdict(list)  # by student
        for edge in present.edges:
            self.edges_to[edge.student_id].append(edge)

    def plan(self) -> Plan:
        plan = Plan(version=self.present.version, sheets=self.reading.sheets, kind=self.reading.kind)
        for number, adult in enumerate((each for each in self.adults if each.present is None), start=1):
            adult.ref = -number
        new = 0
        for pupil in self.pupils:
            if pupil.present is None:
                new += 1
            pupil.ref = pupil.present.id if pupil.present else -new
            plan.pupils.append(self._pupil_plan(pupil))
        plan.adults = [_adult_plan(adult) for adult in self.adults]
        touched: set[int] = set()
        for pupil in self.pupils:
            for order, (adult, guardian) in enumerate(pupil.links, start=1):
                edge = self._edge_plan(pupil, adult, guardian, order)
                plan.edges.append(edge)
                touched.add(edge.edge_id)
        self._find_gone(plan, touched)
        plan.classes = self.classes.new
        named = {class_words(pupil.row.school_class) for pupil in self.pupils if pupil.row.school_class}
        plan.class_names = sorted(named)
        plan.rejected, plan.doubts = self.questions.rejected, self.questions.doubts
        return plan

    def _pupil_plan(self, pupil: TakenPupil) -> PersonPlan:
        row, present = pupil.row, pupil.present
        plan = PersonPlan(pupil.ref, row.name, "new", sheet=row.place.sheet, row=row.place.row)
        values: dict[str, str | None] = {}
        if present is None or row.name != present.name:
            values |= {"name": row.name, "pinyin": pinyin_of(row.name)}
        if row.student_number and (present is None or row.student_number != present.student_number):
            values["student_number"] = row.student_number
        if row.sex and (present is None or row.sex != present.sex):
            values["sex"] = row.sex
        if row.born_on and (present is None or row.born_on != present.born_on):
            values["born_on"] = row.born_on.isoformat()
        _encrypted(values, "phone", row.phone, phone_key(row.phone), present.phone_key if present else "")
        id_key = id_number_key(row.id_number)
        if id_key:
            _encrypted(values, "id_number", row.id_number, id_key, present.id_number_key if present else "")
        elif row.id_number and present is None:
            values["id_number"] = encrypt(row.id_number)
        for name, text in (("address", row.address), ("email", row.email)):
            if text and (present is None or _decrypted(getattr(present, name)) != text):
                values[name] = encrypt(text)
        if row.school_class:
            plan.class_ref, plan.class_words = self.classes.ref(row.school_class), class_words(row.school_class)
            plan.moves = present is None or present.class_id != plan.class_ref
        plan.values = values
        if present is not None:
            plan.class_before = self.classes.name_of(present.class_id)
            plan.restored = present.archived
            shown = {"name": present.name, "student_number": present.student_number, "sex": present.sex}
            shown["born_on"] = str(present.born_on or "")
            plan.before = {name: shown.get(name, "") for name in values}
            plan.state = "changed" if values or plan.moves or plan.restored else "same"
        return plan

    def _edge_plan(self, pupil: TakenPupil, adult: Adult, guardian: GuardianRow, order: int) -> EdgePlan:
        relation = guardian.relation or "other"
        edge = None
        if pupil.present and adult.present:
            edge = self.edge.get((adult.present.id, pupil.present.id))
        if edge is None:
            return EdgePlan(pupil.ref, adult.ref, "new", relation, order)
        plan = EdgePlan(pupil.ref, adult.ref, "same", edge.relation, order, edge.id, edge.relation)
        if is_ended_by_hand(edge):
            place = pupil.row.guardian_at(guardian, "name")
            self.questions.note(Remark("edge_ended", place, {"name": adult.name, "child": pupil.row.name}))
            return plan
        plan.reopened = not edge.live
        if relation != "other":
            plan.relation = relation
        plan.state = "changed" if plan.reopened or plan.relation != edge.relation else "same"
        return plan

    def _find_gone(self, plan: Plan, touched: set[int]) -> None:
        names = {each.id: each.name for each in self.present.adults}
        if self.reading.has_guardians:
            for pupil in self.pupils:
                if pupil.present is None or pupil.incomplete or not pupil.links:
                    continue  # a row that names no guardian says nothing about them
                for edge in self.edges_to[pupil.present.id]:
                    if edge.live and edge.from_roster and edge.id not in touched:
                        plan.gone_edges.append(Gone(edge.id, names.get(edge.guardian_id, "?"), pupil.row.name))
        ended = {gone.id for gone in plan.gone_edges}
        left = {edge.guardian_id for edge in self.present.edges if edge.live and edge.id not in ended}
        in_file = {adult.ref for adult in self.adults}
        leaving = dict.fromkeys(edge.guardian_id for edge in self.present.edges if edge.id in ended)
        plan.gone_adults = [
            Gone(each, names.get(each, "?")) for each in leaving if each not in left and each not in in_file
        ]
        in_classes = {plan.class_ref for plan in plan.pupils if plan.class_ref > 0}
        there = [p for p in self.present.pupils if p.class_id in in_classes and not p.archived]
        gone = [p for p in there if p.id not in self.spoken_for]
        plan.gone_pupils = [Gone(p.id, p.name, self.classes.name_of(p.class_id)) for p in gone]
        plan.ends_gone = not self.keep_gone
        if not self.keep_gone and len(gone) >= MANY_GONE and len(gone) * 5 > len(there):
            answer = self.questions.answers.get("many_gone", "")
            plan.ends_gone = answer == "end"
            if answer not in {"end", "keep"}:
                place = Place(self.reading.sheets[0].name if self.reading.sheets else "", 1)
                values = {"count": str(len(gone)), "total": str(len(there))}
                self.questions.note(Remark("many_gone", place, values, "many_gone", ["end", "keep"]))


def _encrypted(values: dict[str, str | None], name: str, text: str, key: str, present_key: str) -> None:
    if text and key and key != present_key:
        values[name] = encrypt(text)
        values[f"{name}_key"] = key


def _decrypted(token: str) -> str:
    try:
        return decrypt(token) if token else ""
    except InvalidToken:
        return ""


def _adult_plan(adult: Adult) -> PersonPlan:
    present = adult.present
    plan = PersonPlan(adult.ref, adult.name, "new")
    values: dict[str, str | None] = {}
    if present is None or adult.name != present.name:
        values |= {"name": adult.name, "pinyin": pinyin_of(adult.name)}
    _encrypted(values, "phone", adult.phone, phone_key(adult.phone), present.phone_key if present else "")
    id_key = id_number_key(adult.id_number)
    _encrypted(values, "id_number", adult.id_number, id_key, present.id_number_key if present else "")
    if adult.email and (present is None or _decrypted(present.email) != adult.email):
        values["email"] = encrypt(adult.email)
    if present is None:
        sexes = {"mother": "f", "father": "m", "grandmother_p": "f", "grandfather_p": "m", "grandmother_m": "f",
                 "grandfather_m": "m", "stepmother": "f", "stepfather": "m"}  # fmt: skip
        relations = [guardian.relation for guardian in adult.links.values()]
        told = {sexes[relation] for relation in relations if relation in sexes}
        if len(told) == 1:
            values["sex"] = told.pop()
    plan.values = values
    if present is not None:
        plan.before = {"name": present.name} if "name" in values else {}
        plan.state = "changed" if values else "same"
    return plan
