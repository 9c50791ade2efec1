"""`homeroom init`: an empty installation, its first school, and a one-time way in for its first administrator."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from homeroom.kit.access import SystemActor
from homeroom.kit.errors import Trouble
from homeroom.people.models import Person, Role
from homeroom.people.services import Issued, add_staff, create_invitations, give_role
from homeroom.school.models import School, Stage
from homeroom.school.public import create_school

INIT = SystemActor("init")
LINK_FOR = timedelta(days=3)


class Command(BaseCommand):
    help = "Make an empty installation with its first school, and a one-time link for its first administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default="", help="the school's name; asked for when missing")
        parser.add_argument("--short-name", default="", help="the signature on outgoing text")
        stages = ", ".join(Stage.values)
        parser.add_argument(
            "--stage", action="append", default=[], choices=Stage.values, help=f"once or more: {stages}"
        )
        parser.add_argument("--administrator", default="", help="name of the first IT administrator")
        parser.add_argument("--link", action="store_true", help="only a new link for an administrator already there")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *arguments: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        try:
            school, issued = self.relink(options) if options["link"] else self.found(options)
        except Trouble as trouble:
            raise CommandError(str(trouble)) from trouble
        if options["json"]:
            told = {
                "school": school.name, "administrator": issued.person.name, "url": issued.url, "code": issued.code,
                "expires_at": issued.expires_at.isoformat(),
            }  # fmt: skip
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self.stdout.write("")
        self.stdout.write(_("%(school)s is ready.") % {"school": school.name})
        self.stdout.write(_("Open this link once, within three days, as %(name)s (IT administrator):") % {
            "name": issued.person.name
        })  # fmt: skip
        self.stdout.write(f"\n    {issued.url}\n")
        self.stdout.write(_("It works when the server runs: homeroom serve"))

    @transaction.atomic
    def found(self, options: dict[str, Any]) -> tuple[School, Issued]:
        """A new school with its administrator."""
        name = options["name"] or self.ask(_("Name of the school: "), "--name")
        stages = [Stage(value) for value in options["stage"]] or self.ask_stages()
        school = create_school(actor=INIT, name=name, short_name=options["short_name"], stages=stages)
        person = add_staff(actor=INIT, school=school, name=options["administrator"] or _("IT administrator"))
        give_role(actor=INIT, person=person, kind=Role.Kind.IT_ADMINISTRATOR)
        return school, self.link(person)

    @transaction.atomic
    def relink(self, options: dict[str, Any]) -> tuple[School, Issued]:
        """A way back in for an administrator who has lost it."""
        roles = Role.objects.in_force(timezone.localdate()).filter(kind=Role.Kind.IT_ADMINISTRATOR)
        if options["name"]:
            roles = roles.filter(school__name=options["name"])
        if options["administrator"]:
            roles = roles.filter(person__name=options["administrator"])
        found = list(roles.select_related("person__school").order_by("id")[:2])
        if not found:
            raise CommandError(_("There is no such administrator."))
        if len(found) > 1:
            raise CommandError(_("There are several; say which with --name and --administrator."))
        return found[0].person.school, self.link(found[0].person)

    @staticmethod
    def link(person: Person) -> Issued:
        [issued] = create_invitations(actor=INIT, person_ids=[person.pk], now=timezone.now(), valid_for=LINK_FOR)
        return issued

    @staticmethod
    def ask(question: str, option: str) -> str:
        if not sys.stdin.isatty():
            raise CommandError(_("%(option)s is missing.") % {"option": option})
        return input(question).strip()

    def ask_stages(self) -> list[Stage]:
        for number, stage in enumerate(Stage, 1):
            self.stdout.write(f"  {number}  {stage.label}")
        typed = self.ask(_("Stages (numbers, several with spaces): "), "--stage")
        every = list(Stage)
        try:
            return [every[int(part) - 1] for part in typed.replace(",", " ").split() if int(part) > 0]
        except (ValueError, IndexError):
            raise CommandError(_("These are not numbers of the list.")) from None
