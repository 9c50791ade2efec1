"""OneRoster CSV bundles, 1.1 and 1.2, as an archive or a folder.

Source: 1EdTech OneRoster 1.1 and 1.2 CSV binding. Real exports differ from it in the case of file and column names,
in `agents` for `agentSourcedIds`, `birthdate` for `birthDate`, `grade` for `grades`; all are read. A class is the
pupil's homeroom when there is one, else the only class the pupil sits in.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from homeroom.roster.remarks import Place, Refused, Remark

from . import cells
from .cells import Unreadable
from .classes import ClassName, GradeName, Hints, class_of, stages_in
from .grid import MAX_ROWS, Cell, Grid, letter
from .rows import ColumnUse, GuardianRow, PupilRow, Reading, SheetUse
from .sniff import MAX_INFLATED, inflated
from .text import decoded, delimiter_of

_GUARDIANS = {"parent", "guardian", "relative"}
WHICH_SCHOOL = "school"  # the key of the question which of several schools is meant
_FILES = ("orgs", "users", "roles", "classes", "enrollments", "demographics")


@dataclass(slots=True)
class _Record:
    """A line of a file; columns are found whatever their case."""

    file: str
    row: int
    values: dict[str, str]
    names: dict[str, str]

    def get(self, *columns: str) -> str:
        for column in columns:
            if value := self.values.get(column.lower(), "").strip():
                return value
        return ""

    def listed(self, *columns: str) -> list[str]:
        return [part.strip() for part in self.get(*columns).split(",") if part.strip()]

    def place(self, *columns: str) -> Place:
        for column in columns:
            if column.lower() in self.names:
                name = self.names[column.lower()]
                return Place(self.file, self.row, name, name)
        return Place(self.file, self.row)

    @property
    def is_live(self) -> bool:
        return self.get("status").lower() not in {"tobedeleted", "inactive"}


@dataclass(slots=True)
class _Bundle:
    files: dict[str, list[_Record]] = field(default_factory=dict)

    def live(self, name: str) -> list[_Record]:
        return [record for record in self.files.get(name, []) if record.is_live]


@dataclass(slots=True)
class Meant:
    """What a person says about a bundle: classes by hand (title to 三年级2班), and which of its schools is meant."""

    classes: Mapping[str, str]
    school_name: str = ""
    org: str = ""  # a school's sourcedId; before that, the only one of this name or with pupils


def read_bundle(path: Path, reading: Reading, hints: Hints, meant: Meant) -> None:
    """Add a bundle's pupils and guardians to `reading`.

    Raises Refused.
    """
    bundle = _Bundle()
    for name, file, raw in _contents(path):
        rows, bundle.files[name] = _records(file, raw)
        reading.grids.append(Grid(file, rows))
        columns = [
            ColumnUse(letter(column), str(text), "", None) for column, text in enumerate(rows[0] if rows else [])
        ]
        reading.sheets.append(SheetUse(file, "read", 1, columns))
    if "users" not in bundle.files:
        raise Refused("zip_without_roster")
    users = {record.get("sourcedId"): record for record in bundle.live("users")}
    roles = _roles(bundle, users)
    orgs = {record.get("sourcedId"): record for record in bundle.live("orgs")}
    org = _one_school(bundle, users, roles, orgs, reading, meant)
    reading.school_name = orgs[org].get("name") if org in orgs else ""
    if not hints.stages and reading.school_name:
        hints = Hints(stages_in(reading.school_name), hints.today)
    homes = _homes(bundle, users, reading)
    demographics = {record.get("sourcedId", "userSourcedId"): record for record in bundle.live("demographics")}
    demographics |= {r.get("userSourcedId"): r for r in bundle.live("demographics") if r.get("userSourcedId")}
    guardians_of = _guardian_edges(users, roles, reading)
    reading.has_guardians = any(role in _GUARDIANS for found in roles.values() for role in found)
    for identifier, user in users.items():
        if "student" not in roles[identifier] or (org is not None and not _belongs(user, org, bundle)):
            continue
        pupil = _pupil(user, demographics.get(identifier), reading)
        if pupil is None:
            continue
        pupil.school_class = _class_of(user, homes.get(identifier, []), hints, meant.classes, reading, pupil)
        for position, guardian_id in enumerate(guardians_of.get(identifier, [])):
            guardian = _guardian(users[guardian_id], roles[guardian_id], demographics.get(guardian_id), reading)
            if guardian and position < 4:
                pupil.guardians.append(guardian)
        reading.pupils.append(pupil)
    counts = {use.name: use for use in reading.sheets}
    counts[bundle.files["users"][0].file if bundle.files["users"] else reading.sheets[0].name].pupils = len(
        reading.pupils
    )


def _contents(path: Path) -> Iterable[tuple[str, str, bytes]]:
    """(name, file name, content) of the files that matter."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            stem = file.stem.lower()
            if file.suffix.lower() == ".csv" and stem in _FILES:
                if file.stat().st_size > MAX_INFLATED:
                    raise Refused("bomb")
                yield stem, file.name, file.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            base = entry.filename.replace("\\", "/").rsplit("/", 1)[-1]
            stem, _, suffix = base.lower().rpartition(".")
            if suffix == "csv" and stem in _FILES:
                yield stem, base, b"".join(inflated(archive, entry.filename))


def _records(file: str, raw: bytes) -> tuple[list[list[Cell]], list[_Record]]:
    """A file's rows as they stand, and its records."""
    text = decoded(raw)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text.partition("\n")[0]))
    rows: list[list[Cell]] = []
    found = []
    names: dict[str, str] = {}
    try:
        for number, row in enumerate(lines, start=1):
            if number > MAX_ROWS * 10:
                raise Refused("too_many_rows", sheet=file, limit=MAX_ROWS * 10)
            rows.append([*row])
            if number == 1:
                names = {re.sub(r"\s", "", name).lower(): name.strip() for name in row}
            elif any(row):
                found.append(_Record(file, number, dict(zip(names, row, strict=False)), names))
    except csv.Error as wrong:
        raise Refused("damaged") from wrong
    if rows and "sourcedid" not in names and "usersourcedid" not in names:
        raise Refused("oneroster_column", file=file, column="sourcedId")
    return rows, found


def _roles(bundle: _Bundle, users: Mapping[str, _Record]) -> dict[str, set[str]]:
    """Each user's roles: a column of users in 1.1, a file of their own in 1.2."""
    roles = {identifier: {user.get("role").lower()} - {""} for identifier, user in users.items()}
    for record in bundle.live("roles"):
        if record.get("userSourcedId") in roles and record.get("role"):
            roles[record.get("userSourcedId")].add(record.get("role").lower())
    for enrolment in bundle.live("enrollments"):
        user = enrolment.get("userSourcedId")
        if user in roles and not roles[user] and enrolment.get("role"):
            roles[user].add(enrolment.get("role").lower())
    return roles


def _orgs_of(user: _Record, bundle: _Bundle) -> set[str]:
    identifier = user.get("sourcedId")
    found = set(user.listed("orgSourcedIds", "primaryOrgSourcedId", "orgSourcedId"))
    if found:
        return found
    found = {r.get("orgSourcedId") for r in bundle.live("roles") if r.get("userSourcedId") == identifier}
    return (
        found or {r.get("schoolSourcedId") for r in bundle.live("enrollments") if r.get("userSourcedId") == identifier}
    ) - {""}


def _belongs(user: _Record, org: str, bundle: _Bundle) -> bool:
    orgs = _orgs_of(user, bundle)
    return not orgs or org in orgs


def _one_school(  # noqa: PLR0917
    bundle: _Bundle,
    users: Mapping[str, _Record],
    roles: Mapping[str, set[str]],
    orgs: Mapping[str, _Record],
    reading: Reading,
    meant: Meant,
) -> str | None:
    """The bundle's school that is meant; nobody belongs to "", which stands for an open question."""
    pupils: Counter[str] = Counter()
    for identifier, user in users.items():
        if "student" in roles[identifier]:
            pupils.update(_orgs_of(user, bundle))
    schools = [org for org in pupils if org in orgs and orgs[org].get("type").lower() == "school"]
    choices = schools or list(pupils)  # a pupil may belong to the district beside the school
    if meant.org in choices:
        return meant.org
    names = {org: orgs[org].get("name") if org in orgs else org for org in choices}
    named = [org for org, name in names.items() if name == meant.school_name]
    if len(named) == 1:
        return named[0]
    if len(choices) <= 1:
        return next(iter(choices), None)
    first = next(iter(orgs.values()), None) or next(iter(users.values()))
    labels = {org: f"{name} ({pupils[org]})" for org, name in names.items()}
    remark = Remark("several_schools", first.place("name"), {"value": "、".join(labels.values())}, WHICH_SCHOOL)
    remark.choices, remark.names, remark.held = [f"school:{org}" for org in choices], labels, True
    reading.doubts.append(remark)
    return ""


def _homes(bundle: _Bundle, users: Mapping[str, _Record], reading: Reading) -> dict[str, list[_Record]]:
    """User to the classes the pupil sits in."""
    classes = {record.get("sourcedId"): record for record in bundle.live("classes")}
    gone = {record.get("sourcedId") for record in bundle.files.get("classes", [])} - classes.keys()
    gone_users = {record.get("sourcedId") for record in bundle.files.get("users", [])} - users.keys()
    homes: dict[str, list[_Record]] = defaultdict(list)
    for enrolment in bundle.live("enrollments"):
        user, school_class = enrolment.get("userSourcedId"), enrolment.get("classSourcedId")
        if enrolment.get("role").lower() != "student":
            continue
        if user not in users:
            if user not in gone_users:
                place = enrolment.place("userSourcedId")
                reading.rejected.append(Remark("user_missing", place, {"value": user}))
        elif school_class in classes:
            homes[user].append(classes[school_class])
        elif school_class not in gone:
            reading.rejected.append(
                Remark("class_id_missing", enrolment.place("classSourcedId"), {"value": school_class})
            )
    return homes


def _guardian_edges(
    users: Mapping[str, _Record], roles: Mapping[str, set[str]], reading: Reading
) -> dict[str, list[str]]:
    """Pupil to guardians. An agent may stand on either side: some systems list it at the guardian."""
    edges: dict[str, list[str]] = defaultdict(list)
    for identifier, user in users.items():
        for agent in user.listed("agentSourcedIds", "agents", "agentSourcedId"):
            if agent not in users:
                if "student" in roles[identifier]:
                    place = user.place("agentSourcedIds", "agents")
                    reading.doubts.append(Remark("agent_missing", place, {"value": agent}))
                continue
            pupil, guardian = (identifier, agent) if "student" in roles[identifier] else (agent, identifier)
            if "student" not in roles[pupil]:
                continue
            if not roles[guardian] & _GUARDIANS:
                role = ", ".join(sorted(roles[guardian])) or "?"
                values = {"value": _name(users[guardian]), "role": role}
                reading.doubts.append(Remark("agent_not_guardian", user.place("agentSourcedIds", "agents"), values))
            elif guardian not in edges[pupil]:
                edges[pupil].append(guardian)
    return edges


def _name(user: _Record) -> str:
    """王小明 for Chinese names, given name first for others; the preferred name when there is one (1.2)."""
    given = user.get("preferredGivenName", "givenName")
    family = user.get("preferredFamilyName", "familyName")
    if re.search("[㐀-鿿]", given + family):
        return cells.name_of(family + given)
    return cells.name_of(" ".join(part for part in (given, user.get("middleName"), family) if part))


def _pupil(user: _Record, demographic: _Record | None, reading: Reading) -> PupilRow | None:
    wrong: list[Remark] = []
    pupil = PupilRow(user.place(), "")
    pupil.columns = {name: user.place(column).column for name, column in _COLUMNS.items()}
    pupil.headers = {column: column for column in pupil.columns.values()}
    try:
        pupil.name = _name(user)
        if not pupil.name:
            wrong.append(Remark("name_missing", user.place("givenName")))
    except Unreadable as trouble:
        wrong.append(Remark(trouble.code, user.place("givenName"), trouble.values))
    for candidate in (
        user.get("identifier"),
        user.get("userMasterIdentifier"),
        user.get("username"),
        user.get("sourcedId"),
    ):
        if candidate and len(candidate) <= 30:
            pupil.student_number = candidate
            break
    pupil.email = user.get("email")[:200]
    pupil.phone = _phone(user, wrong)
    if demographic:
        try:
            pupil.born_on = cells.date_of(demographic.get("birthDate")[:10])
            pupil.sex = (
                cells.sex_of_cell(demographic.get("sex"))
                if demographic.get("sex").lower() in {"male", "female", "m", "f"}
                else ""
            )
        except Unreadable as trouble:
            wrong.append(Remark(trouble.code, demographic.place("birthDate"), trouble.values))
    if wrong:
        reading.rejected += wrong
        reading.bad_pupils.append(pupil)
        return None
    return pupil


_COLUMNS = {
    "name": "givenName",
    "student_number": "identifier",
    "phone": "phone",
    "email": "email",
    "class": "sourcedId",
}


def _phone(user: _Record, wrong: list[Remark]) -> str:
    for column in ("sms", "phone"):
        if user.get(column):
            try:
                return cells.phones_of(user.get(column))[0]
            except (Unreadable, IndexError):
                digits = re.sub(r"\D", "", user.get(column))
                if 7 <= len(digits) <= 15 and not re.fullmatch(r"1\d*", digits):
                    return digits
                wrong.append(Remark("phone_wrong", user.place(column), {"value": user.get(column)[:30]}))
                return ""
    return ""


def _guardian(user: _Record, roles: set[str], demographic: _Record | None, reading: Reading) -> GuardianRow | None:
    wrong: list[Remark] = []
    try:
        name = _name(user)
    except Unreadable as trouble:
        reading.rejected.append(Remark(trouble.code, user.place("givenName"), trouble.values))
        return None
    phone = _phone(user, wrong)
    if wrong:
        known = {(remark.place.sheet, remark.place.row, remark.place.column) for remark in reading.rejected}
        reading.rejected += [r for r in wrong if (r.place.sheet, r.place.row, r.place.column) not in known]
        return None
    relation = "relative" if "relative" in roles else "other"
    if "parent" in roles and demographic:
        relation = {"female": "mother", "male": "father"}.get(demographic.get("sex").lower(), relation)
    if told := user.get("relationship", "metadata.relationship", "metadata.relation"):
        relation = cells.relation_of(told)
    columns = {"name": user.place("givenName").column, "phone": user.place("sms").column}
    return GuardianRow(
        name, relation, phone, email=user.get("email")[:200], source_id=user.get("sourcedId"), columns=columns
    )


def _grade(codes: list[str], hints: Hints) -> GradeName | None:
    """A grade by its CEDS code: KG, 01 … 12."""
    for code in codes:
        if code.upper() in {"KG", "TK", "K"}:
            return GradeName("kindergarten", 3)
        if code.upper() in {"PK", "PR"}:
            return GradeName("kindergarten", 2)
        if code.isdigit() and 1 <= int(code) <= 12:
            number = int(code)
            return (
                GradeName("primary", number)
                if number <= 6
                else GradeName("junior" if number <= 9 else "senior", number - (6 if number <= 9 else 9))
            )
        try:
            from .classes import grade_of

            return grade_of(code, hints)
        except Unreadable:
            continue
    return None


def _class_of(  # noqa: PLR0917
    user: _Record, homes: list[_Record], hints: Hints, classes: Mapping[str, str], reading: Reading, pupil: PupilRow
) -> ClassName | None:
    """The pupil's class, or a doubt when nothing says which of several it is, or which grade it belongs to.

    A lesson everybody goes to (Introduction to Physics) is no class, unless its name is one's (三年级2班).
    """
    rooms = [record for record in homes if record.get("classType").lower() == "homeroom"]
    own = _grade(user.listed("grades", "grade"), hints)
    title = ""
    if len({record.get("sourcedId") for record in rooms or homes}) == 1:
        record = (rooms or homes)[0]
        title = record.get("title") or record.get("classCode")
        grades = record.listed("grades", "grade")
        grade = own if own and len(grades) != 1 else _grade(grades, hints) or own
        for text in (classes.get(title), title, record.get("classCode")):
            try:
                found = class_of(text, grade, hints) if text else None
            except Unreadable:
                continue
            if found and (rooms or found.number or text == classes.get(title)):
                return found
        if grade and title and rooms:
            return ClassName(grade, 0, title[:20])
    remark = Remark("no_class_pupil", pupil.place, {"name": pupil.name, "value": title})
    remark.key = f"class:{title}" if title else ""
    reading.doubts.append(remark)
    return None
