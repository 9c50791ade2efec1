"""What `homeroom bench import` does beside the server: an office with a session, and items for guardians to confirm."""

from __future__ import annotations

import argparse
import json

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils import timezone

from bench.prepare import ACTOR, bench_school, edges_of, sign_in
from homeroom.delivery import public as delivery
from homeroom.people.models import Account, Person, Role

OFFICE = "bench-office"


def office() -> Person:
    """Somebody who keeps the roster, with the second factor this takes."""
    school = bench_school()
    found = Person.objects.filter(school=school, account__username=OFFICE).first()
    if found is None:
        account = Account.objects.create(username=OFFICE, password="!bench")
        Authenticator.objects.create(user=account, type=Authenticator.Type.TOTP, data={"secret": "bench"})
        found = Person.objects.create(school=school, account=account, name="教务处")
        Role.objects.create(school=school, person=found, kind=Role.Kind.OFFICE)
    return found


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--guardians", type=int, default=40)
    parser.add_argument("--items", type=int, default=40)
    options = parser.parse_args(argv)
    school = bench_school()
    recipients = [delivery.Asked(*edge) for edge in edges_of(school, options.guardians)]
    items = [
        delivery.send_item(
            actor=ACTOR, school=school, kind="notice", source_id=None, sender=None, title=f"请确认 {number}", lead="",
            level="confirm", recipients=recipients, now=timezone.now(),
        )
        for number in range(options.items)
    ]  # fmt: skip
    actor = Person.objects.select_related("school", "account").get(pk=office().pk)
    key = sign_in([actor])[actor.pk]
    print(
        json.dumps(
            {
                "cookie": f"{settings.SESSION_COOKIE_NAME}={key}",
                "items": [str(item.uuid) for item in items],
                "database": str(settings.DATABASES["default"]["NAME"]) if settings.SQLITE else "",
            }
        )
    )
    return 0
