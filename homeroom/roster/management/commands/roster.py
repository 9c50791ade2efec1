"""`homeroom roster import|export|template`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from homeroom.audit import public as audit
from homeroom.kit.access import SystemActor
from homeroom.kit.errors import Trouble
from homeroom.roster import services, sheets
from homeroom.roster.plan import Plan
from homeroom.roster.reading import WHICH_SCHOOL
from homeroom.roster.remarks import Refused
from homeroom.school.models import School, Stage

ACTOR = SystemActor("command")
SHOWN = 20  # remarks on the screen; --json and the workbook have them all


class Command(BaseCommand):
    help = "Import, export or prepare a school's list of pupils, classes and guardians."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, parser_class=type(parser))
        imports = actions.add_parser(
            "import", help="Read a list (.xlsx, .xls, .csv, OneRoster .zip or folder) into a school."
        )
        imports.add_argument("file", type=Path)
        imports.add_argument(
            "--school", required=True, help="The school's name; a new one is proposed when it is not there."
        )
        imports.add_argument("--dry-run", action="store_true", help="Show what would change; write nothing.")
        imports.add_argument("--json", action="store_true", help="Print one object instead of tables.")
        imports.add_argument("--yes", action="store_true", help="Apply without asking.")
        imports.add_argument(
            "--stage", action="append", default=[], choices=Stage.values, help="Stage of a new school."
        )
        imports.add_argument(
            "--trial", action="store_true", help="Make a new school a trial one, which goes with the demo."
        )
        imports.add_argument("--keep-gone", action="store_true", help="Leave pupils enrolled whom the file leaves out.")
        imports.add_argument(
            "--answer",
            action="append",
            default=[],
            metavar="KEY=CHOICE",
            help="Answer a doubt; keys and choices are in --json.",
        )
        imports.add_argument(
            "--class", action="append", default=[], metavar="SHEET=CLASS", dest="classes", help="The class of a sheet."
        )
        imports.add_argument(
            "--map", action="append", default=[], metavar="HEADER=FIELD", dest="mapping", help="What a header means."
        )
        imports.add_argument(
            "--corrections", type=Path, metavar="FILE.xlsx", help="Write the rows to correct, annotated."
        )
        imports.add_argument(
            "--org",
            default="",
            metavar="SCHOOL",
            help="Which of a bundle's schools, by name or sourcedId.",
        )
        rows = imports.add_mutually_exclusive_group()
        rows.add_argument(
            "--only-good", action="store_true", help="Import the good rows, leave out the others (default)."
        )
        rows.add_argument("--all-or-nothing", action="store_true", help="Import only when every row is good.")
        exports = actions.add_parser("export", help="Write a school's roster as .xlsx.")
        exports.add_argument("file", type=Path)
        exports.add_argument("--school", required=True)
        exports.add_argument("--id-numbers", action="store_true", help="Include the pupils' ID numbers.")
        template = actions.add_parser("template", help="Write an empty list to fill in, with instructions.")
        template.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(translation.get_language() or "zh-hans"):
            getattr(self, f"do_{options['action']}")(options)

    def do_template(self, options: dict[str, Any]) -> None:
        options["file"].write_bytes(sheets.template())
        self.stdout.write(str(options["file"]))

    def do_export(self, options: dict[str, Any]) -> None:
        from django.db import transaction

        school = School.objects.filter(name=options["school"]).first()
        if school is None:
            raise CommandError(_("There is no school of this name."))
        content = sheets.roster(school, with_id_numbers=options["id_numbers"])
        with transaction.atomic():
            audit.record(actor=ACTOR, action="roster.exported", target=school, school_id=school.pk)
        options["file"].write_bytes(content)
        self.stdout.write(str(options["file"]))

    def do_import(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        if not path.exists():
            raise CommandError(_("%(file)s does not exist.") % {"file": path})
        school = School.objects.filter(name=options["school"]).first()
        told = {
            "answers": _pairs(options["answer"]),
            "classes": _pairs(options["classes"]),
            "mapping": _pairs(options["mapping"]),
            "stages": options["stage"],
            "keep_gone": options["keep_gone"],
            "all_or_nothing": options["all_or_nothing"],
        }
        try:
            plan = self._of_one_school(self._plan(path, school, options, told), path, school, options, told)
        except Refused as refused:
            self._refuse(refused, options["json"])
        if options["corrections"]:
            options["corrections"].write_bytes(sheets.to_correct(plan))
        if options["dry_run"]:
            self._show(plan, as_json=options["json"])
            return
        if not options["json"]:
            self._show(plan)
        if not plan.changes_nothing and not options["yes"] and not self._confirmed():
            raise CommandError(_("Nothing was written. Repeat with --yes to apply."))
        try:
            run = services.import_at_once(
                actor=ACTOR, plan=plan, school=school, filename=path.name, options=told, now=timezone.now(),
                is_trial=options["trial"],
            )  # fmt: skip
        except Trouble as trouble:
            raise CommandError(str(trouble)) from trouble
        if options["json"]:
            self.stdout.write(json.dumps({**plan.as_dict(), "applied": True, "run": str(run.uuid)}, ensure_ascii=False))
        else:
            self.stdout.write(
                self.style.SUCCESS(_("Done. Roll it back on the school's import page if something is wrong."))
            )

    def _plan(self, path: Path, school: School | None, options: dict[str, Any], told: dict[str, Any]) -> Plan:
        if options["json"] or not sys.stderr.isatty():
            return services.plan_for(path, path.name, school=school, school_name=options["school"], options=told)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(_("Reading %(file)s") % {"file": path.name}, total=1.0)
            return services.plan_for(
                path, path.name, school=school, school_name=options["school"], options=told,
                on_progress=lambda done: progress.update(task, completed=done),
            )  # fmt: skip

    def _of_one_school(
        self, plan: Plan, path: Path, school: School | None, options: dict[str, Any], told: dict[str, Any]
    ) -> Plan:
        """With several schools in the file: the plan of the one that `--org` says or that is chosen now."""
        question = next((doubt for doubt in plan.doubts if doubt.key == WHICH_SCHOOL), None)
        if question is None:
            return plan
        by_label = {f"school:{org}": label for org, label in question.names.items()}
        wanted = options["org"]
        if not wanted and sys.stdin.isatty() and not options["json"]:
            self.stdout.write(_("The file holds several schools:"))
            for number, label in enumerate(by_label.values(), start=1):
                self.stdout.write(f"  {number}  {label}")
            typed = input(_("Which one is this? ")).strip()
            chosen = list(by_label)[int(typed) - 1 : int(typed)] if typed.isdigit() else []
        else:
            chosen = [
                key
                for key, label in by_label.items()
                if wanted and wanted in {key.removeprefix("school:"), label.rpartition(" (")[0]}
            ]
        if len(chosen) == 1:
            told["answers"][WHICH_SCHOOL] = chosen[0]
            return self._plan(path, school, options, told)
        if options["json"] and options["dry_run"]:
            return plan  # the question is among the doubts, with its choices
        text = _("The file holds several schools: %(names)s. Say which with --org.")
        raise CommandError(text % {"names": "、".join(by_label.values())})

    def _refuse(self, refused: Refused, as_json: bool) -> None:
        if as_json:
            none = {"new": 0, "changed": 0, "gone": 0, "same": 0}
            found = {"pupils": none, "guardians": none, "links": none, "rejected": [], "doubts": []}
            refusal = {"code": refused.code, "reason": refused.reason}
            self.stdout.write(json.dumps({**found, "refused": refusal}, ensure_ascii=False))
            raise SystemExit(1)
        raise CommandError(refused.reason)

    def _confirmed(self) -> bool:
        if not sys.stdin.isatty():
            return False
        return input(_("Apply this? [y/N] ")).strip().lower() in {"y", "yes", "是"}

    def _show(self, plan: Plan, *, as_json: bool = False) -> None:
        if as_json:
            self.stdout.write(json.dumps(plan.as_dict(), ensure_ascii=False))
            return
        console = Console(highlight=False)
        if plan.school_is_new:
            names = ", ".join(str(Stage(stage).label) for stage in plan.stages) or "?"
            console.print(_("New school: %(name)s (%(stages)s)") % {"name": plan.school_name, "stages": names})
        table = Table(box=None)
        for title in ("", _("New"), _("Changed"), _("Gone"), _("The same")):
            table.add_column(title, justify="right" if title else "left")
        for title, key in ((_("Pupils"), "pupils"), (_("Guardians"), "guardians"), (_("Links"), "links")):
            counts = plan.counts()[key]
            table.add_row(title, *(str(counts[state]) for state in ("new", "changed", "gone", "same")))
        console.print(table)
        if plan.moved:
            console.print(_("%(count)s pupils move to another class.") % {"count": len(plan.moved)})
        for title, remarks in ((_("Not taken"), plan.rejected), (_("Questions"), plan.doubts)):
            if remarks:
                console.print(f"\n{title} ({len(remarks)})")
            for remark in remarks[:SHOWN]:
                cell = f"{remark.place.sheet} {remark.place.column}{remark.place.row}"
                console.print(f"  {cell}  {remark.reason}", markup=False)


def _pairs(texts: list[str]) -> dict[str, str]:
    return dict(text.split("=", 1) for text in texts if "=" in text)
