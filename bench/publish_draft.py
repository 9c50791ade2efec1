"""What `homeroom bench publish` does beside the server: a grade leader with drafts, and one publication counted."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench.prepare import bench_school, sign_in
from homeroom.groups.public import Audience
from homeroom.kit.ids import new_id
from homeroom.notices.public import Draft, Notice, publish_notice, save_draft
from homeroom.people.models import Account, Person, Role
from homeroom.school.models import Grade

WRITER = "bench-grade-leader"


def writer() -> Person:
    """Somebody who may write to the whole grade, made when they are not there."""
    school = bench_school()
    found = Person.objects.filter(school=school, account__username=WRITER).first()
    if found is None:
        account = Account.objects.create(username=WRITER, password="!bench")
        found = Person.objects.create(school=school, account=account, name="年级组长")
        grade = Grade.objects.filter(school=school).order_by("number").first()
        Role.objects.create(school=school, person=found, kind=Role.Kind.GRADE_LEADER, grade=grade)
    return found


def draft(actor: Person) -> Notice:
    """A notice to every family of the grade, ready to go out."""
    now = timezone.now()
    content = Draft(
        title="关于秋季研学活动的通知",
        text="<p>{{孩子}}家长您好：周五研学，请为孩子准备水壶、帽子和舒适的鞋。</p>",
        audience=Audience.of(["grade:primary-1"]),
        level="confirm",
    )
    return save_draft(actor=actor, draft=content, client_key=new_id(), now=now)


def counted(actor: Person, notice: Notice) -> dict[str, Any]:
    """Publish here and count the statements sent to the database, those of the transaction included."""
    statements = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    started = time.monotonic()
    with connection.execute_wrapper(count):
        publish_notice(actor=actor, notice=notice, now=timezone.now())
    return {"statements": statements, "seconds": time.monotonic() - started}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--drafts", type=int, default=0)
    parser.add_argument("--publish", default="")
    options = parser.parse_args(argv)
    actor = Person.objects.select_related("school", "account").get(pk=writer().pk)
    if options.publish:
        notice = Notice.objects.get(uuid=UUID(options.publish))
        print(json.dumps(counted(actor, notice)))
        return 0
    key = sign_in([actor])[actor.pk]
    notices = [str(draft(actor).uuid) for _one in range(options.drafts)]
    print(json.dumps({"cookie": f"{settings.SESSION_COOKIE_NAME}={key}", "notices": notices}))
    return 0
