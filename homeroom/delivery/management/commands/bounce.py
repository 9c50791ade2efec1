"""`homeroom bounce`: take a mail that came back, as a mail server hands it over."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from email import message_from_bytes, policy
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from homeroom.delivery.channels.email.bounces import take_bounce

LARGEST = 5 * 2**20


class Command(BaseCommand):
    help = "Take one returned mail on standard input: an alias of the mail server pipes bounces+…@ here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", default="", help="the address it was sent to, when the mail server knows it")

    def handle(self, *args: Any, to: str, **options: Any) -> None:
        """Read the mail, note whose address no longer works."""
        raw = sys.stdin.buffer.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise CommandError("The mail is larger than 5 MiB.")
        taken = take_bounce(message_from_bytes(raw, policy=policy.default), envelope_to=to)
        self.stdout.write({True: "Noted.", False: "Only delayed, nothing noted.", None: "Not one of our mails."}[taken])
