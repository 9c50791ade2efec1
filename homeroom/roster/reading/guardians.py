"""The adults of a row: each named column group, the columns without an owner, and who stands there twice."""

from __future__ import annotations

from homeroom.roster.remarks import Place, Remark

from . import cells
from .cells import Unreadable
from .grid import letter
from .rows import GuardianRow
from .sheet import Sheet

MAX_GUARDIANS = 4
_RELATION_SLOTS = {"father", "mother", "grandfather_p", "grandmother_p", "grandfather_m", "grandmother_m"}


def guardians_of_row(sheet: Sheet, row: int, wrong: list[Remark]) -> list[GuardianRow]:
    slots = dict.fromkeys(name.split(".")[1] for name in sheet.columns if name.startswith("guardian."))
    found: list[GuardianRow] = []
    loose: list[tuple[str, Place]] = []
    for slot in slots:
        if slot == "bare":
            continue
        found += _slot_guardians(sheet, row, slot, wrong)
    if "bare" in slots:
        relation = cells.relation_of(sheet.cell(row, "guardian.bare.relation"))
        place = sheet.place(row, "guardian.bare.phone")
        try:
            numbers = cells.phones_of(sheet.cell(row, "guardian.bare.phone"))
        except Unreadable as trouble:
            wrong.append(Remark(trouble.code, place, trouble.values))
            numbers = []
        for guardian in found:
            if relation and not guardian.relation:
                guardian.relation = relation
                break
        loose = [(number, place) for number in numbers if number not in {guardian.phone for guardian in found}]
        _place_loose(sheet, loose, found, relation)
    found = without_repeats(found)
    for extra in found[MAX_GUARDIANS:]:
        place = Place(sheet.grid.name, row + 1, next(iter(extra.columns.values()), ""))
        sheet.reading.doubts.append(Remark("five_guardians", place, {"value": extra.name or extra.phone}))
    return found[:MAX_GUARDIANS]


def _place_loose(sheet: Sheet, loose: list[tuple[str, Place]], found: list[GuardianRow], relation: str) -> None:
    """Numbers of a column without an owner go to the guardians without one, in order; a first may stand alone."""
    without = [guardian for guardian in found if not guardian.phone]
    for number, place in loose:
        if without:
            guardian = without.pop(0)
            guardian.phone = number
            guardian.columns["phone"] = place.column
        elif not found:
            found.append(GuardianRow(phone=number, relation=relation or "other", columns={"phone": place.column}))
        else:
            sheet.reading.doubts.append(Remark("phone_left_over", place, {"value": cells.masked(number)}))


def _slot_guardians(sheet: Sheet, row: int, slot: str, wrong: list[Remark]) -> list[GuardianRow]:
    """The guardian of one slot; two when the cell names two."""

    def column(attribute: str) -> str:
        return f"guardian.{slot}.{attribute}"

    columns = {
        name.rsplit(".", 1)[1]: letter(position)
        for name, position in sheet.columns.items()
        if name.startswith(f"guardian.{slot}.")
    }
    raw_name = sheet.cell(row, column("name"))
    try:
        named = cells.guardian_names(raw_name)
        late = not named and any(word in cells.text_of(raw_name) for word in cells.LATE_WORDS)
        if late:
            return []
    except Unreadable as trouble:
        wrong.append(Remark(trouble.code, sheet.place(row, column("name")), trouble.values))
        return []
    try:
        phones = cells.phones_of(sheet.cell(row, column("phone")))
    except Unreadable as trouble:
        wrong.append(Remark(trouble.code, sheet.place(row, column("phone")), trouble.values))
        return []
    try:
        id_number = cells.id_number_of(sheet.cell(row, column("id_number")))
    except Unreadable as trouble:
        wrong.append(Remark(trouble.code, sheet.place(row, column("id_number")), trouble.values))
        return []
    relation = slot if slot in _RELATION_SLOTS else cells.relation_of(sheet.cell(row, column("relation")))
    if not named and not phones:
        return []
    guardians = [
        GuardianRow(name, own or (relation if len(named) == 1 or own else "") or "other", phone, columns=dict(columns))
        for name, own, phone in named or [("", "", "")]
    ]
    guardians[0].id_number = id_number
    guardians[0].email = cells.plain(sheet.cell(row, column("email")))[:200]
    if relation and guardians[0].relation == "other":
        guardians[0].relation = relation
    without = [guardian for guardian in guardians if not guardian.phone]
    for number in phones:
        if number in {guardian.phone for guardian in guardians}:
            continue
        if without:
            without.pop(0).phone = number
        else:
            place = sheet.place(row, column("phone"))
            sheet.reading.doubts.append(Remark("two_phones", place, {"value": cells.masked(guardians[0].phone)}))
            break
    return guardians


def without_repeats(guardians: list[GuardianRow]) -> list[GuardianRow]:
    """家长1 and 父亲 may be the same man: same name, or a nameless number that another guardian has."""
    kept: list[GuardianRow] = []
    for guardian in guardians:
        twin = next(
            (
                other
                for other in kept
                if (
                    guardian.name
                    and guardian.name == other.name
                    and (not guardian.phone or not other.phone or guardian.phone == other.phone)
                )
                or (guardian.phone and guardian.phone == other.phone and (not guardian.name or not other.name))
            ),
            None,
        )
        if twin is None:
            kept.append(guardian)
            continue
        twin.name = twin.name or guardian.name
        twin.phone = twin.phone or guardian.phone
        twin.id_number = twin.id_number or guardian.id_number
        twin.email = twin.email or guardian.email
        if twin.relation in {"", "other"}:
            twin.relation = guardian.relation or twin.relation
    # A number that has found its name may be the one an earlier name lacked.
    return kept if len(kept) == len(guardians) else without_repeats(kept)
