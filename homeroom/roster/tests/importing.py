"""Importing rows in a test without a child process: read, compare, apply, as the services do it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.utils import timezone

from homeroom.kit.access import SystemActor
from homeroom.roster import services
from homeroom.roster.compare import compare
from homeroom.roster.models import ImportRun
from homeroom.roster.plan import Plan, unpacked
from homeroom.roster.present import Present, present_of, today_at
from homeroom.roster.reading import Options, read_roster
from homeroom.school.models import School

from .files import TODAY, csv_text

ACTOR = SystemActor("test")
HEADER = ["学号", "姓名", "性别", "出生日期", "班级", "母亲姓名", "母亲电话", "父亲姓名", "父亲电话"]


def row(  # noqa: PLR0917
    number="",
    name="",
    school_class="三年级2班",
    mother="",
    mother_phone="",
    father="",
    father_phone="",
    sex="",
    born="",
):
    return [number, name, sex, born, school_class, mother, mother_phone, father, father_phone]


def plan_of(
    rows: Sequence[Sequence[Any]], school: School | None, *, header: Sequence[str] = HEADER, **options: Any
) -> Plan:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "名单.csv"  # the quickest to make
        path.write_text(csv_text([header, *rows]), encoding="utf-8")
        told = Options(
            today_at(school) if school else TODAY,
            stages=tuple(school.stages) if school else ("primary",),
            mapping=options.get("mapping", {}),
        )
        reading = read_roster(path, path.name, told)
    present = present_of(school) if school else Present(TODAY)
    plan = compare(reading, present, answers=options.get("answers", {}), keep_gone=options.get("keep_gone", False))
    plan.school_name, plan.school_is_new = school.name if school else "春晖小学", school is None
    plan.stages = plan.stages or ["primary"]
    return unpacked(plan.packed())


def put(rows: Sequence[Sequence[Any]], school: School | None, **options: Any) -> ImportRun:
    """Import the rows at once."""
    return services.import_at_once(
        actor=ACTOR, plan=plan_of(rows, school, **options), school=school, filename="list.xlsx", options={},
        now=timezone.now(),
    )  # fmt: skip


def figures(plan: Plan) -> dict[str, tuple[int, int, int, int]]:
    """(new, changed, gone, same) of each kind."""
    return {
        kind: (counts["new"], counts["changed"], counts["gone"], counts["same"])
        for kind, counts in plan.counts().items()
    }
