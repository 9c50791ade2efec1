"""`homeroom demo`: make the invented school, or take it away again."""

from __future__ import annotations

import json
import time
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from homeroom.demo.build import RealSchoolHere, build_demonstration
from homeroom.demo.cast import PASSWORD
from homeroom.demo.models import Member
from homeroom.demo.reset import delete_demonstration

SHOWN = [  # whom the terminal suggests, and as what
    ("class_teacher", "class teacher"),
    ("guardian_of_two", "mother of two"),
    ("mother", "mother of one"),
    ("father", "father of the same child"),
    ("subject_teacher", "mathematics teacher"),
    ("leader", "school leader"),
    ("office", "school office"),
]
STEPS = {"people": "Pupils, families and staff", "notices": "A term of notices"}


class Command(BaseCommand):
    help = "Make the invented school: two schools, 1,200 pupils, a term of ordinary life."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", action="store_true", help="delete the invented schools and every trial school")
        parser.add_argument("--json", action="store_true", help="print one object for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        self.json = bool(options["json"])
        if options["reset"]:
            self.reset()
        else:
            self.build()

    def reset(self) -> None:
        schools = delete_demonstration()
        if self.json:
            self.stdout.write(json.dumps({"schools_deleted": schools}))
        elif schools:
            self.stdout.write(f"Deleted {schools} schools of the demonstration.")
        else:
            self.stdout.write("There is no demonstration in this database.")

    def build(self) -> None:
        console = Console(stderr=True, quiet=self.json)
        started = time.monotonic()
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=console, disable=self.json) as bars:
            tasks: dict[str, TaskID] = {}  # none while nothing is made: the schools may be here already

            def show(step: str, done: int, of: int) -> None:
                if step not in tasks:
                    tasks[step] = bars.add_task(STEPS[step])
                bars.update(tasks[step], completed=done, total=of)

            try:
                population = build_demonstration(now=timezone.now(), progress=show)
            except RealSchoolHere:
                raise CommandError(
                    "This database holds a school that is not invented, and the two must not mix. "
                    "Give the demonstration a folder of its own: HOMEROOM_DATA=var-demo homeroom demo"
                ) from None
        members = {member.key: member for member in Member.objects.select_related("person__account", "person__school")}
        people = [(members[key], role) for key, role in SHOWN if key in members]
        if self.json:
            result = {
                "built": population is not None,
                "seconds": round(time.monotonic() - started, 1),
                "password": PASSWORD,
                "sign_in": {m.key: m.person.account.username for m, _role in people if m.person.account},
            }
            if population is not None:
                result |= {"pupils": population.pupils, "guardians": population.guardians, "staff": population.staff}
            self.stdout.write(json.dumps(result))
            return
        self._say(population, people)

    def _say(self, population: Any, people: list[tuple[Member, str]]) -> None:
        if population is None:
            self.stdout.write("The invented school is here already.")
        else:
            figures = (
                f"{population.pupils} pupils, {population.guardians} guardians, {population.staff} members of staff"
            )
            self.stdout.write(f"Made 2 schools with {figures}.")
        table = Table(title=f"Sign in as (everyone's password: {PASSWORD})", title_justify="left")
        for heading in ("name", "who", "school", "sign-in name"):
            table.add_column(heading)
        for member, role in people:
            account = member.person.account
            table.add_row(member.person.name, role, member.person.school.name, account.username if account else "")
        Console(file=cast("IO[str]", self.stdout)).print(table)
        self.stdout.write("Or open /demo/ and become anyone with one click.")
