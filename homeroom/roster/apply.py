"""Writing a plan: every row is made before the write lock is taken, and written set-based while it is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import Max, TextField
from django.db.models.functions import Cast

from homeroom.kit.encryption import Sealed
from homeroom.people.models import Enrolment, Guardianship, Invitation, Person
from homeroom.school.models import Grade, School, SchoolClass, Stage
from homeroom.school.public import add_stage

from .models import RosterEdge
from .plan import PersonPlan, Plan

ENCRYPTED = {"phone", "id_number", "address", "email"}
_COLUMNS = {
    "name", "pinyin", "student_number", "sex", "born_on", "phone", "phone_key", "id_number", "id_number_key",
    "address", "email",
}  # fmt: skip
CHUNK = 900  # ids in one IN (…); SQLite before 3.32 takes 999 variables
_Item = TypeVar("_Item")


@dataclass(slots=True)
class Undo:
    """What takes an import back: ids of what it made, and the former values of what it changed."""

    classes: list[int] = field(default_factory=list)
    persons: list[int] = field(default_factory=list)
    enrolments: list[int] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    values: dict[int, dict[str, str | None]] = field(default_factory=dict)  # person to former columns, as stored
    archived: dict[int, str | None] = field(default_factory=dict)
    ended_enrolments: list[int] = field(default_factory=list)
    relations: dict[int, str] = field(default_factory=dict)  # edge to the former relation
    ended_edges: list[int] = field(default_factory=list)
    reopened_edges: dict[int, str | None] = field(default_factory=dict)  # edge to its former end

    @property
    def moved_edges(self) -> set[int]:
        """Every link the import made, ended, reopened or named otherwise."""
        return {*self.edges, *self.ended_edges, *self.reopened_edges, *self.relations}


def chunks(items: Sequence[_Item], size: int = CHUNK) -> Iterable[Sequence[_Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


class Writer:
    """One plan on its way into one school. Make it outside the transaction, call `write` inside."""

    def __init__(self, plan: Plan, school: School, *, today: date, now: datetime) -> None:
        self.plan, self.school, self.today, self.now = plan, school, today, now
        self.undo = Undo()
        self.new_persons: list[tuple[PersonPlan, bool, Person]] = []
        for is_pupil, rows in ((True, plan.pupils), (False, plan.adults)):
            for row in rows:
                if row.ref < 0:
                    self.new_persons.append((row, is_pupil, self._person(row)))
        self.person_rows = rows_of(Person, [person for _, _, person in self.new_persons])
        self.pupil_ids: dict[int, int] = {}
        self.adult_ids: dict[int, int] = {}

    def _person(self, row: PersonPlan) -> Person:
        values: dict[str, Any] = {
            name: Sealed(value) if name in ENCRYPTED and value else value for name, value in row.values.items()
        }
        if born_on := values.get("born_on"):
            values["born_on"] = date.fromisoformat(born_on)
        values.setdefault("name", row.name)
        return Person(school=self.school, **values)

    def write(self) -> Undo:
        """Everything, in the caller's transaction."""
        classes = self._make_classes()
        self._make_persons()
        self._change_persons()
        self._place_pupils(classes)
        self._write_edges()
        self._end_what_is_gone()
        return self.undo

    def _make_classes(self) -> dict[int, int]:
        """Reference to id, for new classes."""
        if not self.plan.classes:
            return {}
        grades = {(grade.stage, grade.number): grade for grade in self.school.grades.all()}
        for stage in {new.stage for new in self.plan.classes}:
            if not any(known == stage for known, _ in grades) or stage not in self.school.stages:
                add_stage(self.school, Stage(stage))
        grades = {(grade.stage, grade.number): grade for grade in Grade.objects.filter(school=self.school)}
        highest: dict[int, int] = {
            row["grade"]: row["highest"]
            for row in SchoolClass.objects.filter(school=self.school, archived_at__isnull=True)
            .values("grade")
            .annotate(highest=Max("number"))
        }
        made = []
        for new in self.plan.classes:
            grade = grades[new.stage, new.grade]
            number = new.number
            if not number:  # known by its name alone: numbers from 101 are nobody's
                number = max(100, highest.get(grade.pk, 0)) + 1
                highest[grade.pk] = number
            made.append(
                SchoolClass(school=self.school, grade=grade, number=number, name=new.name, entry_year=new.entry_year)
            )
        SchoolClass.objects.bulk_create(made)
        self.undo.classes = [each.pk for each in made]
        return {-position: each.pk for position, each in enumerate(made, start=1)}

    def _make_persons(self) -> None:
        ids = insert(Person, self.person_rows)
        for pk, (row, is_pupil, _person) in zip(ids, self.new_persons, strict=True):
            (self.pupil_ids if is_pupil else self.adult_ids)[row.ref] = pk
        self.undo.persons = ids

    def _change_persons(self) -> None:
        changed = [row for row in (*self.plan.pupils, *self.plan.adults) if row.ref > 0 and row.values]
        by_columns: dict[tuple[str, ...], list[PersonPlan]] = defaultdict(list)
        for row in changed:
            by_columns[tuple(sorted(row.values))].append(row)
        for columns, rows in by_columns.items():
            if not set(columns) <= _COLUMNS:
                raise ValueError(f"an import does not write {set(columns) - _COLUMNS}")
            self._remember_values(columns, [row.ref for row in rows])
            _update_each(Person, columns, [(row.ref, [row.values[column] for column in columns]) for row in rows])
        restored = [row.ref for row in self.plan.pupils if row.restored]
        for ids in chunks(restored):
            for pk, archived_at in Person.objects.filter(pk__in=ids).values_list("pk", "archived_at"):
                self.undo.archived[pk] = archived_at.isoformat() if archived_at else None
            Person.objects.filter(pk__in=ids).update(archived_at=None)

    def _remember_values(self, columns: Sequence[str], ids: list[int]) -> None:
        """The former values as stored: encrypted columns stay encrypted."""
        raw = {f"raw_{column}": Cast(column, TextField()) for column in columns}
        for part in chunks(ids):
            for pk, *values in Person.objects.filter(pk__in=part).annotate(**raw).values_list("pk", *raw):
                self.undo.values[pk] = dict(zip(columns, values, strict=True))

    def _place_pupils(self, classes: dict[int, int]) -> None:
        moving = [row for row in self.plan.pupils if row.moves and row.class_ref]
        for ids in chunks([row.ref for row in moving if row.ref > 0]):
            current = Enrolment.objects.filter(student_id__in=ids, ends_on__isnull=True)
            self.undo.ended_enrolments += current.values_list("pk", flat=True)
            current.update(ends_on=self.today)
        self.undo.enrolments = insert(
            Enrolment,
            rows_like(
                Enrolment(school=self.school, starts_on=self.today),
                ("student_id", "school_class_id"),
                [
                    (
                        row.ref if row.ref > 0 else self.pupil_ids[row.ref],
                        row.class_ref if row.class_ref > 0 else classes[row.class_ref],
                    )
                    for row in moving
                ],
            ),
        )

    def _write_edges(self) -> None:
        new = [edge for edge in self.plan.edges if edge.state == "new"]
        self.undo.edges = insert(
            Guardianship,
            rows_like(
                Guardianship(school=self.school),
                ("guardian_id", "student_id", "relation", "contact_order"),
                [
                    (
                        edge.adult if edge.adult > 0 else self.adult_ids[edge.adult],
                        edge.pupil if edge.pupil > 0 else self.pupil_ids[edge.pupil],
                        edge.relation,
                        edge.order,
                    )
                    for edge in new
                ],
            ),
        )
        ours = [(pk,) for pk in self.undo.edges]
        insert(RosterEdge, rows_like(RosterEdge(school=self.school), ("guardianship_id",), ours))
        changed = [edge for edge in self.plan.edges if edge.state == "changed"]
        other = [edge for edge in changed if edge.relation != edge.relation_before]
        self.undo.relations = {edge.edge_id: edge.relation_before for edge in other}
        _update_each(Guardianship, ["relation"], [(edge.edge_id, [edge.relation]) for edge in other])
        for ids in chunks([edge.edge_id for edge in changed if edge.reopened]):
            rows = Guardianship.objects.filter(pk__in=ids)
            for pk, ends_on in rows.values_list("pk", "ends_on"):
                self.undo.reopened_edges[pk] = ends_on.isoformat() if ends_on else None
            rows.update(ends_on=None)
            RosterEdge.objects.filter(guardianship_id__in=ids).update(ended=False)

    def _end_what_is_gone(self) -> None:
        yesterday = self.today - timedelta(days=1)  # the last day of an edge is one on which it holds
        self.undo.ended_edges = [gone.id for gone in self.plan.gone_edges]
        for ids in chunks(self.undo.ended_edges):
            Guardianship.objects.filter(pk__in=ids).update(ends_on=yesterday)
            RosterEdge.objects.filter(guardianship_id__in=ids).update(ended=True)
        if not self.plan.ends_gone:
            return
        for ids in chunks([gone.id for gone in self.plan.gone_pupils]):
            current = Enrolment.objects.filter(student_id__in=ids, ends_on__isnull=True)
            self.undo.ended_enrolments += current.values_list("pk", flat=True)
            current.update(ends_on=self.today)
            Person.objects.filter(pk__in=ids).update(archived_at=self.now)
            self.undo.archived |= dict.fromkeys(ids)


# --- many rows at once. `bulk_create` spends 40 µs a row on the object while the write lock is held; these spend 4.


def rows_of(model: type[models.Model], made: Sequence[models.Model]) -> list[list[Any]]:
    """What the database is to hold for each object, in the order of the model's columns without the id."""
    fields = _fields(model)
    return [[field.get_db_prep_save(field.pre_save(each, True), connection) for field in fields] for each in made]


def rows_like(sample: models.Model, columns: Sequence[str], values: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows that are like `sample` but for some plain columns."""
    names = [field.column for field in _fields(type(sample))]
    (row,) = rows_of(type(sample), [sample])
    places = [names.index(column) for column in columns]
    found = []
    for own in values:
        copy = row.copy()
        for place, value in zip(places, own, strict=True):
            copy[place] = value
        found.append(copy)
    return found


def _fields(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def insert(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> list[int]:
    """Insert rows as `rows_of` makes them; returns their ids. A unique `uuid` must differ between them."""
    if not rows:
        return []
    ids = _reserve_ids(model, len(rows))
    quote = connection.ops.quote_name
    columns = ["id", *(field.column for field in _fields(model))]
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(quote, columns))})"  # noqa: S608 (names of our own)
        f" VALUES ({', '.join(['%s'] * len(columns))})"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(pk, *row) for pk, row in zip(ids, rows, strict=True)])
    return ids


def _reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """Ids nobody else gets: from the sequence, or on SQLite the next ones, for nobody else writes now."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
            )
            return sorted(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
        return list(range(first, first + count))


def _update_each(model: type[models.Model], columns: Sequence[str], rows: Sequence[tuple[int, Sequence[Any]]]) -> None:
    """One prepared statement for many rows. The columns are names from this module, never from a file."""
    if not rows:
        return
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(column)} = %s" for column in columns)
    statement = f"UPDATE {quote(model._meta.db_table)} SET {assignments} WHERE id = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[*values, pk] for pk, values in rows])


def take_back(undo: Undo) -> None:
    """Restore what an import changed and delete what it made, in the caller's transaction."""
    for pk, ends_on in undo.reopened_edges.items():
        Guardianship.objects.filter(pk=pk).update(ends_on=ends_on)
        RosterEdge.objects.filter(guardianship_id=pk).update(ended=True)
    for edge_ids in chunks(undo.ended_edges):
        Guardianship.objects.filter(pk__in=edge_ids).update(ends_on=None)
        RosterEdge.objects.filter(guardianship_id__in=edge_ids).update(ended=False)
    _update_each(Guardianship, ["relation"], [(pk, [relation]) for pk, relation in undo.relations.items()])
    _delete(RosterEdge, "guardianship_id", undo.edges)
    _delete(Guardianship, "id", undo.edges)
    _delete(Enrolment, "id", undo.enrolments)
    for enrolment_ids in chunks(undo.ended_enrolments):
        Enrolment.objects.filter(pk__in=enrolment_ids).update(ends_on=None)
    by_columns: dict[tuple[str, ...], list[tuple[int, list[str | None]]]] = defaultdict(list)
    for pk, values in undo.values.items():
        by_columns[tuple(values)].append((pk, list(values.values())))
    for columns, rows in by_columns.items():
        _update_each(Person, columns, rows)
    for pk, archived_at in undo.archived.items():
        Person.objects.filter(pk=pk).update(archived_at=archived_at)
    _delete(Invitation, "person_id", undo.persons)
    for relation in _relations(Person):
        if _follows_roster(relation.related_model):
            _delete(relation.related_model, relation.field.attname, undo.persons)
    _delete(Person, "id", undo.persons)
    _delete(SchoolClass, "id", undo.classes)


def _delete(model: type[models.Model], column: str, ids: Sequence[int]) -> None:
    """Without looking for dependants: whatever still points here makes the database refuse the whole roll-back."""
    for part in chunks(ids):
        rows = model._default_manager.filter(**{f"{column}__in": part})
        rows._raw_delete(rows.db)


def _relations(model: type[models.Model]) -> list[Any]:
    """Every way in which rows of other tables point to a row of `model`."""
    relations: list[Any] = list(model._meta.get_fields(include_hidden=True))
    return [one for one in relations if (one.one_to_many or one.one_to_one) and one.auto_created]


def _follows_roster(model: type[models.Model]) -> bool:
    """Whether rows of `model` only repeat what the roster says: an import makes them come, and its undoing go."""
    return bool(getattr(model, "follows_roster", False))


def in_use(undo: Undo) -> bool:
    """Whether anything but the import's own rows points to the people or classes it made, or one of them has joined."""
    own = {Enrolment, Guardianship, Invitation}
    for model, ids in ((Person, undo.persons), (SchoolClass, undo.classes)):
        for relation in _relations(model):
            other = relation.related_model
            if other in own or other._meta.auto_created or _follows_roster(other):
                continue
            name = relation.field.name
            if any(other._default_manager.filter(**{f"{name}__in": part}).exists() for part in chunks(ids)):
                return True
    if any(Person.objects.filter(pk__in=part, account__isnull=False).exists() for part in chunks(undo.persons)):
        return True
    made = set(undo.edges)
    for part in chunks(undo.persons):
        edges = Guardianship.objects.filter(guardian_id__in=part).values_list("pk", flat=True)
        if any(pk not in made for pk in edges):
            return True
    return False
