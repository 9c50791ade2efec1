"""`homeroom init`: an empty installation, and a way in for whoever runs it."""

from __future__ import annotations

import io
import json
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from homeroom.people.models import Account, Person, Role
from homeroom.school.models import School


def init(*arguments: str) -> dict[str, str]:
    out = io.StringIO()
    call_command("init", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_link_makes_the_first_administrator(db: None) -> None:
    told = init("--name", "春风小学", "--stage", "primary", "--administrator", "高宇航")
    browser = Client()
    browser.get(urlsplit(told["url"]).path)
    typed = {"action": "password", "password": "a quiet morning", "username": "gao"}
    assert browser.post("/join/welcome/", typed).status_code == 302
    account = Account.objects.get()
    assert account.runs_installation
    assert Role.objects.get(person__account=account).kind == Role.Kind.IT_ADMINISTRATOR
    assert browser.get("/school/").url.startswith("/me/security/app/")  # the second factor comes first


def test_a_second_school_does_not_make_a_second_owner(db: None) -> None:
    for n, name in enumerate(["春风小学", "夏雨中学"]):
        told = init("--name", name, "--stage", "primary")
        browser = Client()
        browser.get(urlsplit(told["url"]).path)
        browser.post("/join/welcome/", {"action": "password", "password": "a quiet morning", "username": f"it-{n}"})
    assert list(Account.objects.order_by("id").values_list("runs_installation", flat=True)) == [True, False]


def test_a_new_link_for_an_administrator_who_lost_the_way_in(db: None) -> None:
    init("--name", "春风小学", "--stage", "primary")
    again = init("--link", "--name", "春风小学")
    browser = Client()
    browser.get(urlsplit(again["url"]).path)
    assert browser.get("/join/welcome/").status_code == 200
    assert Person.objects.count() == 1


@pytest.mark.parametrize("arguments", [["--name", "春风小学", "--stage", "primary"], ["--link", "--name", "无此学校"]])
def test_what_cannot_be_done_is_said_and_changes_nothing(db: None, arguments: list[str]) -> None:
    init("--name", "春风小学", "--stage", "primary")
    with pytest.raises(CommandError):
        init(*arguments)
    assert School.objects.count() == 1
