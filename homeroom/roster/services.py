"""Every change an import makes to what is stored: start, prepare, answer, apply, roll back, discard."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.eventlog.public import announce
from homeroom.kit import child, jobs
from homeroom.kit.access import Actor, SystemActor, require
from homeroom.kit.errors import Invalid, Stale, Trouble
from homeroom.kit.statistics import count_again
from homeroom.people.events import GuardianshipChanged
from homeroom.people.models import Enrolment, Guardianship, Person
from homeroom.school.models import School
from homeroom.school.public import create_school, roster_moved

from . import access, sheets
from .apply import Undo, Writer, chunks, in_use, take_back
from .events import RosterImported, RosterRolledBack
from .models import CLAIM_LASTS, ImportRun, RememberedColumn, RunPart, remembered
from .plan import Plan, unpacked
from .present import Present, present_of, today_at
from .reading import WHICH_SCHOOL, Options
from .reading.sniff import MAX_BYTES
from .remarks import Refused
from .sealing import sealed
from .work import MEMORY_MIB, TIMEOUT, Order, prepare

log = structlog.get_logger("homeroom.roster")
State, Wanted = ImportRun.State, ImportRun.Wanted
MANY = 500  # pupils of one import; after so many what the database knows of its tables is wrong
KEPT_FOR = timedelta(days=30)  # the file and what undoes it; the summary stays


class RosterMoved(Stale):
    """The school's people changed after the file was compared."""

    code = "roster_moved"
    default_message = _("The roster has changed since this file was compared. Nothing was written: compare it again.")


class NothingToRollBack(Stale):
    code = "nothing_to_roll_back"
    default_message = _("Only the last import can be rolled back, and only while nothing has changed since.")


class RowsHeldBack(Invalid):
    code = "rows_held_back"
    default_message = _(
        "You asked for all or nothing, and some rows are wrong or wait for an answer. Nothing was written."
    )


def plan_for(
    path: Path,
    filename: str,
    *,
    school: School | None,
    school_name: str,
    options: Mapping[str, Any],
    on_progress: Callable[[float], None] = lambda _: None,
) -> Plan:
    """What importing a file into `school` (None: a new one of that name) would do. Writes nothing.

    Raises Refused when the file cannot be taken, ChildTrouble when reading it had to be stopped.
    """
    today = today_at(school) if school else timezone.localdate()
    present = present_of(school) if school else Present(today)
    mapping = {**(remembered(school.pk) if school else {}), **options.get("mapping", {})}
    stages = tuple(options.get("stages") or present.stages)
    answers = dict(options.get("answers", {}))
    org = answers.get(WHICH_SCHOOL, "").removeprefix("school:")
    told = Options(today, mapping, dict(options.get("classes", {})), stages, school_name, org)
    order = Order(str(path), filename, told, present, answers, bool(options.get("keep_gone")))
    try:
        packed = child.run(
            prepare,
            pickle.dumps(order),
            timeout=TIMEOUT,
            memory_mib=MEMORY_MIB,
            on_progress=on_progress,
            with_django=True,
        )  # fmt: skip
    except (child.NeededTooMuchMemory, child.TookTooLong) as trouble:
        raise Refused("memory") from trouble
    except child.ChildTrouble as trouble:
        raise Refused("damaged") from trouble
    plan = unpacked(packed)
    plan.school_is_new = school is None
    plan.school_name = school_name
    return plan


# --- a run's steps


def start_import(
    *, actor: Person, school: School, filename: str, content: bytes, options: Mapping[str, Any] | None = None
) -> ImportRun:
    """Take in a file; it is read and compared in the background.

    Raises NotAllowed unless `actor` keeps the roster, Invalid when the file is empty or too large.
    """
    require(access.can_import(actor, school.pk))
    if not content or len(content) > MAX_BYTES:
        refused = Refused("too_large", limit=MAX_BYTES // 2**20) if content else Refused("empty")
        raise Invalid(refused.reason, fields={"file": refused.reason})
    packed = sealed(content)  # before the write lock: a large file takes a while
    with transaction.atomic():
        run = ImportRun.objects.create(
            school=school, person=actor, filename=Path(filename).name[:200], options=dict(options or {})
        )
        RunPart.objects.create(run=run, name=RunPart.Name.FILE, content=packed)
        audit.record(actor=actor, action="roster.uploaded", target=run, bytes=len(content))
        jobs.wake("roster.carry_runs")
    return run


@transaction.atomic
def compare_again(*, actor: Person, run: ImportRun, options: Mapping[str, Any], remember: bool = True) -> None:
    """Read and compare once more: with answers, a mapping, or because the roster moved.

    What a person said about the school's own headers is remembered for the next file.
    """
    require(access.can_import(actor, run.school_id))
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state not in {State.UPLOADED, State.COMPARED, State.FAILED}:
        raise Stale(_("This import is finished. Upload the file again to import it once more."))
    merged = dict(run.options)
    for name, value in options.items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
    run.options, run.state, run.wanted = merged, State.UPLOADED, Wanted.COMPARE
    run.claimed_at, run.progress, run.trouble = None, 0, {}
    run.save()
    if remember:
        for header, name in options.get("mapping", {}).items():
            RememberedColumn.objects.update_or_create(
                school_id=run.school_id, header=header[:120], defaults={"field": name[:40]}
            )
    jobs.wake("roster.carry_runs")


@transaction.atomic
def ask_to_apply(*, actor: Person, run: ImportRun, options: Mapping[str, Any]) -> None:
    """Let the background apply a compared run. Raises Stale when there is nothing to apply any more."""
    require(access.can_import(actor, run.school_id))
    changed = ImportRun.objects.filter(pk=run.pk, state=State.COMPARED, wanted=Wanted.NOTHING).update(
        wanted=Wanted.APPLY, claimed_at=None, progress=0, options={**run.options, **options}, trouble={}
    )
    if not changed:
        raise Stale
    audit.record(actor=actor, action="roster.apply_asked", target=run)
    jobs.wake("roster.carry_runs")


@transaction.atomic
def discard(*, actor: Person, run: ImportRun) -> None:
    """Forget a file that was not applied."""
    require(access.can_import(actor, run.school_id))
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state in {State.APPLIED, State.ROLLED_BACK}:
        raise Stale
    audit.record(actor=actor, action="roster.discarded", target=run)
    run.delete()


def carry_out(run: ImportRun) -> None:
    """Do the step a run waits for. What goes wrong is written on the run for its page to show."""
    try:
        if run.wanted == Wanted.COMPARE:
            _prepare(run)
        elif run.wanted == Wanted.APPLY:
            actor: Actor = run.person or SystemActor("roster")
            apply_run(actor=actor, run=run, now=timezone.now())
    except Refused as refused:
        _stop(run, State.FAILED, {"refused": refused.code, "values": refused.values})
    except Trouble as trouble:
        state = State.FAILED if run.wanted == Wanted.COMPARE else State.COMPARED
        _stop(run, state, {"code": trouble.code})
    except Exception:
        log.exception("import_failed", run=run.pk)
        _stop(run, State.FAILED if run.wanted == Wanted.COMPARE else State.COMPARED, {"code": "trouble"})


def _stop(run: ImportRun, state: str, trouble: dict[str, Any]) -> None:
    ImportRun.objects.filter(pk=run.pk).update(state=state, wanted="", claimed_at=None, trouble=trouble)


def _prepare(run: ImportRun) -> None:
    content = run.part(RunPart.Name.FILE)
    if content is None:
        raise Refused("damaged")
    shown = timezone.now()

    def show(done: float) -> None:
        nonlocal shown
        now = timezone.now()
        if now - shown > timedelta(seconds=0.7):
            shown = now
            ImportRun.objects.filter(pk=run.pk).update(progress=done, claimed_at=now)

    with tempfile.TemporaryDirectory(prefix="homeroom-roster-") as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        plan = plan_for(
            path, run.filename, school=run.school, school_name=run.school.name, options=run.options, on_progress=show
        )
    packed = sealed(plan.packed())
    with transaction.atomic():
        RunPart.objects.update_or_create(run=run, name=RunPart.Name.PLAN, defaults={"content": packed})
        ImportRun.objects.filter(pk=run.pk, wanted=Wanted.COMPARE).update(
            state=State.COMPARED, wanted="", claimed_at=None, progress=1, trouble={},
            roster_version=plan.version, summary=summary_of(plan),
        )  # fmt: skip


def summary_of(plan: Plan) -> dict[str, Any]:
    """The figures of a run, without names."""
    return {
        **plan.counts(),
        "rejected": len(plan.rejected),
        "doubts": len(plan.doubts),
        "open": len(plan.open_doubts),
        "moved": len(plan.moved),
        "classes": len(plan.classes),
        "ends_gone": plan.ends_gone,
        "nothing": plan.changes_nothing,
    }


def apply_run(*, actor: Actor, run: ImportRun, now: datetime) -> None:
    """Write a compared run into the school: all of it in one transaction, or nothing.

    Raises NotAllowed, RosterMoved when the school changed since the comparison, Stale when the run was applied already,
    RowsHeldBack when rows are wrong or open and the run asks for all or nothing.
    """
    require(access.can_import(actor, run.school_id))
    content = run.part(RunPart.Name.PLAN)
    if content is None:
        raise Stale
    plan = unpacked(content)
    if run.options.get("all_or_nothing") and (plan.rejected or plan.open_doubts):
        raise RowsHeldBack
    writer = Writer(plan, run.school, today=today_at(run.school), now=now)
    with transaction.atomic():
        _apply(actor, run, plan, writer, now)


def _apply(actor: Actor, run: ImportRun, plan: Plan, writer: Writer, now: datetime) -> None:
    school = School.objects.select_for_update().get(pk=run.school_id)
    if ImportRun.objects.select_for_update().get(pk=run.pk).state != State.COMPARED:
        raise Stale
    if school.roster_version != plan.version:
        raise RosterMoved
    undo = writer.write()
    if len(plan.pupils) > MANY:
        count_again(Person, Enrolment, Guardianship)
    if not plan.changes_nothing:
        roster_moved(school.pk)
    version = School.objects.values_list("roster_version", flat=True).get(pk=school.pk)
    RunPart.objects.create(run=run, name=RunPart.Name.UNDO, content=sealed(msgspec.msgpack.encode(undo)))
    ImportRun.objects.filter(pk=run.pk).update(
        state=State.APPLIED, wanted="", claimed_at=None, progress=1, applied_at=now, roster_version=version
    )
    audit.record(actor=actor, action="roster.imported", target=run, counts=plan.counts())
    _announce_edges(plan, writer, school.pk)
    announce(RosterImported(school_id=school.pk, run_id=run.pk))


def _announce_edges(plan: Plan, writer: Writer, school_id: int) -> None:
    """Tell those with an open page whose rights moved; whoever was made just now has none."""
    moved = {gone.id for gone in plan.gone_edges}
    moved |= {edge.edge_id for edge in plan.edges if edge.state == "changed"}
    moved |= set(writer.undo.edges) if any(edge.state == "new" and edge.adult > 0 for edge in plan.edges) else set()
    _announce_moved(_with_an_account(moved), school_id)


def _with_an_account(edge_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Guardian and child of the links whose guardian can sign in."""
    found: list[tuple[int, int]] = []
    for ids in chunks(sorted(edge_ids)):
        rows = Guardianship.objects.filter(pk__in=ids, guardian__account__isnull=False)
        found += rows.values_list("guardian_id", "student_id")
    return found


def _announce_moved(pairs: Iterable[tuple[int, int]], school_id: int) -> None:
    for guardian_id, student_id in pairs:
        announce(GuardianshipChanged(school_id=school_id, person_id=guardian_id, student_id=student_id))


@transaction.atomic
def import_at_once(
    *,
    actor: Actor,
    plan: Plan,
    school: School | None,
    filename: str,
    options: Mapping[str, Any],
    now: datetime,
    is_trial: bool = False,
) -> ImportRun:
    """Apply a plan made just now by `plan_for`, making the school first when it is new.

    Raises Invalid when a new school's stages are not told by the file or the options, and as `apply_run` does.
    """
    if options.get("all_or_nothing") and (plan.rejected or plan.open_doubts):
        raise RowsHeldBack
    if school is None:
        stages: list[Any] = list(plan.stages)
        if not stages:
            raise Invalid(_("The file does not tell the school's stage (primary, junior …). Say it with --stage."))
        school = create_school(actor=actor, name=plan.school_name, stages=stages, is_trial=is_trial)
        plan.version = school.roster_version
    require(access.can_import(actor, school.pk))
    writer = Writer(plan, school, today=today_at(school), now=now)
    run = ImportRun.objects.create(
        school=school, person=actor if isinstance(actor, Person) else None, filename=filename[:200],
        state=State.COMPARED, wanted="", options=dict(options), summary=summary_of(plan),
    )  # fmt: skip
    RunPart.objects.create(run=run, name=RunPart.Name.PLAN, content=sealed(plan.packed()))
    _apply(actor, run, plan, writer, now)
    run.refresh_from_db()
    return run


def last_applied(school_id: int) -> ImportRun | None:
    """The import that a roll-back would undo."""
    return (
        ImportRun.objects.filter(school_id=school_id, applied_at__isnull=False).order_by("-applied_at", "-id").first()
    )


def roll_back(*, actor: Actor, run: ImportRun, now: datetime) -> None:
    """Undo the last import: delete what it made, restore what it changed.

    Raises NotAllowed; NothingToRollBack when it is not the last one, or the roster moved since, or somebody it made has
    joined or been written to.
    """
    require(access.can_import(actor, run.school_id))
    content = run.part(RunPart.Name.UNDO)
    if content is None:
        raise NothingToRollBack
    undo = msgspec.msgpack.decode(content, type=Undo)
    try:
        with transaction.atomic():
            school = School.objects.select_for_update().get(pk=run.school_id)
            run = ImportRun.objects.select_for_update().get(pk=run.pk)
            last = last_applied(school.pk)
            if run.state != State.APPLIED or last is None or last.pk != run.pk:
                raise NothingToRollBack
            if school.roster_version != run.roster_version or in_use(undo):
                raise NothingToRollBack
            moved = _with_an_account(undo.moved_edges)  # before: some of them will not be there any more
            take_back(undo)
            roster_moved(school.pk)
            run.parts.filter(name=RunPart.Name.UNDO).delete()
            ImportRun.objects.filter(pk=run.pk).update(state=State.ROLLED_BACK, rolled_back_at=now)
            audit.record(actor=actor, action="roster.rolled_back", target=run)
            _announce_moved(moved, school.pk)
            announce(RosterRolledBack(school_id=school.pk, run_id=run.pk))
    except IntegrityError as wrong:
        raise NothingToRollBack from wrong


# --- the background


def claim_next(now: datetime) -> ImportRun | None:
    """A run that waits for a step and is nobody's at the moment, now ours for a minute."""
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - CLAIM_LASTS)
    for pk in ImportRun.objects.filter(free).exclude(wanted="").order_by("id").values_list("pk", flat=True)[:20]:
        if ImportRun.objects.filter(free, pk=pk).exclude(wanted="").update(claimed_at=now):
            return ImportRun.objects.select_related("school", "person").get(pk=pk)
    return None


def forget_old_files(now: datetime) -> int:
    """Drop the files and plans of finished runs: they are full of people and have done their work."""
    old = RunPart.objects.filter(run__created_at__lt=now - KEPT_FOR)
    count, _rows = old.delete()
    return count


@transaction.atomic
def export_roster(*, actor: Actor, school: School, with_id_numbers: bool = False) -> bytes:
    """The school's roster as a workbook. It leaves the platform with phones and addresses, so who took it is recorded.

    Raises NotAllowed.
    """
    require(access.can_import(actor, school.pk))
    audit.record(actor=actor, action="roster.exported", target=school, school_id=school.pk, id_numbers=with_id_numbers)
    return sheets.roster(school, with_id_numbers=with_id_numbers)
