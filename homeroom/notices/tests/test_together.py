"""Two people, or one person's two devices, at the same moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from homeroom.delivery.public import Item, Recipient
from homeroom.demo.cast import build_cast, nine_o_clock
from homeroom.notices import services

from .test_services import written


@pytest.fixture
def shared(transactional_db):
    return build_cast()


def at_once(*acts: Callable[[], object]) -> list[Exception]:
    """Run each on a thread with its own connection; returns what they raised."""
    start = Barrier(len(acts))
    raised: list[Exception] = []

    def run(act: Callable[[], object]) -> None:
        try:
            start.wait(10)
            act()
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def test_the_teacher_and_her_substitute_publish_once(shared):
    now = nine_o_clock()
    notice = written(shared, now)
    raised = at_once(
        lambda: services.publish_notice(actor=shared.class_teacher, notice=notice, now=now),
        lambda: services.publish_notice(actor=shared.substitute, notice=notice, now=now),
        lambda: services.publish_notice(actor=shared.class_teacher, notice=notice, now=now),
    )
    assert raised == []
    assert Item.objects.count() == 1


def test_two_schedulers_publish_once(shared):
    now = nine_o_clock()
    notice = written(shared, now)
    services.schedule_notice(actor=shared.class_teacher, notice=notice, at=now.replace(hour=10), now=now)
    later = now.replace(hour=11)
    raised = at_once(lambda: services.publish_due(now=later), lambda: services.publish_due(now=later))
    assert raised == []
    assert Item.objects.filter(kind="notice").count() == 1


def test_a_recall_beside_a_correction_leaves_a_recalled_notice(shared):
    now = nine_o_clock()
    notice = written(shared, now)
    notice = services.publish_notice(actor=shared.class_teacher, notice=notice, now=now)
    at_once(
        lambda: services.recall_notice(actor=shared.leader, notice=notice, reason="", now=now),
        lambda: services.correct_notice(
            actor=shared.class_teacher, notice=notice, title="改", text="<p>改</p>", note="改", now=now
        ),
    )
    notice.refresh_from_db()
    assert notice.state == "recalled"
    assert Item.objects.get().recalled_at is not None


@pytest.mark.sqlite  # PostgreSQL waits for rows, not for the file
def test_a_database_that_stays_locked_loses_nothing(shared, client_for):
    now = nine_o_clock()
    notice = written(shared, now)
    browser = client_for(shared.class_teacher)
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 300")
        other.execute("BEGIN IMMEDIATE")
        page = f"/notices/{notice.uuid}/check/"
        assert browser.post(page, {"do": "publish"}).status_code == 503
        saved = browser.post(
            "/notices/save/",
            {
                "notice": str(notice.uuid),
                "client_key": str(notice.client_key),
                "title": "改",
                "text": "<p>写了很久</p>",
            },
        )
        assert saved.status_code == 503
        assert "写了很久" in saved.content.decode()
        other.execute("ROLLBACK")
        assert not Item.objects.exists()
        assert browser.post(page, {"do": "publish"}).status_code == 302
        assert Item.objects.count() == 1
    finally:
        other.close()
        connection.close()


@pytest.mark.sqlite  # PostgreSQL waits for rows, not for the file
def test_a_full_disk_loses_nothing(shared, client_for):
    now = nine_o_clock()
    notice = written(shared, now, text="<p>" + "字" * 19_000 + "</p>")
    browser = client_for(shared.class_teacher)
    page = f"/notices/{notice.uuid}/check/"
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")  # no free page left inside the file
            cursor.execute("PRAGMA page_count")
            pages = cursor.fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages}")
        assert browser.post(page, {"do": "publish"}).status_code == 503
        assert not Item.objects.exists()
        notice.refresh_from_db()
        assert notice.state == "draft"
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1000000")
        assert browser.post(page, {"do": "publish"}).status_code == 302
        assert Item.objects.count() == 1
    finally:
        connection.close()


def test_publishing_to_many_takes_no_more_statements(shared):
    """The same count with twenty times the families, on whichever database the tests run."""
    from homeroom.groups.public import Audience
    from homeroom.people.models import Enrolment, Guardianship, Person

    now = nine_o_clock()
    counts = []
    for _size in range(2):
        notice = written(shared, now, actor=shared.office, audience=Audience.of(["school"]))
        with CaptureQueriesContext(connection) as statements:
            services.publish_notice(actor=shared.office, notice=notice, now=now)
        counts.append((len(statements), Recipient.objects.filter(item__source_id=notice.pk).count()))
        pupils = Person.objects.bulk_create([Person(school=shared.school, name=f"生{n}") for n in range(700)])
        adults = Person.objects.bulk_create([Person(school=shared.school, name=f"长{n}") for n in range(700)])
        Enrolment.objects.bulk_create(
            Enrolment(school=shared.school, student=one, school_class=shared.class_a, starts_on=shared.today)
            for one in pupils
        )
        Guardianship.objects.bulk_create(
            Guardianship(school=shared.school, guardian=adult, student=pupil)
            for adult, pupil in zip(adults, pupils, strict=True)
        )
    assert counts[0][0] == counts[1][0] <= 40
    assert counts[1][1] == counts[0][1] + 700
