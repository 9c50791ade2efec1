"""Trouble is told in the reader's words and in the form the asker can use; pages carry the strict policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from homeroom.kit.errors import Invalid, NotAllowed, NotVisible, Stale
from homeroom.site.pages import Busy, OurFault, PageTooOld
from homeroom.site.urls import *  # noqa: F403
from homeroom.site.urls import urlpatterns as usual

KINDS = {
    "not_allowed": NotAllowed("只有班主任可以这样做。"),
    "not_found": NotVisible(),
    "invalid": Invalid("请填写标题。", fields={"title": "不能为空"}),
    "stale": Stale(),
    "locked": OperationalError("database is locked"),
    "full": OSError(28, "No space left on device"),
    "defect": RuntimeError("13800138000"),
}


def raise_it(request: HttpRequest, kind: str) -> HttpResponse:
    raise KINDS[kind]


urlpatterns = [path("trouble/<kind>", raise_it), path("api/v1/trouble/<kind>", raise_it), *usual]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
EXPECTED = [
    ("not_allowed", 403, "只有班主任可以这样做。"),
    ("not_found", 404, NotVisible.default_message),
    ("invalid", 422, "请填写标题。"),
    ("stale", 409, Stale.default_message),
    ("locked", 503, Busy.default_message),
    ("full", 503, Busy.default_message),
    ("defect", 500, OurFault.default_message),
]


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(("kind", "status", "words"), EXPECTED)
def test_a_page_says_what_happened_with_the_right_status(browser, kind, status, words):
    response = browser.get(f"/trouble/{kind}")
    assert response.status_code == status
    assert str(words) in response.content.decode()
    assert "<h1" in response.content.decode()
    assert "13800138000" not in response.content.decode()
    assert response["Cache-Control"] == "no-store"
    assert ("Retry-After" in response) == (status == 503)


@pytest.mark.parametrize(("kind", "status", "words"), EXPECTED)
def test_the_api_says_the_same_as_json(browser, kind, status, words):
    response = browser.get(f"/api/v1/trouble/{kind}")
    error: dict[str, Any] = json.loads(response.content)["error"]
    assert response.status_code == status
    assert str(words) in error["message"]
    assert error["fields"] == ({"title": "不能为空"} if kind == "invalid" else {})


def test_htmx_gets_a_fragment_for_what_was_entered_and_a_toast_for_the_rest(browser):
    fragment = browser.get("/trouble/invalid", headers={"HX-Request": "true"})
    assert fragment.status_code == 422
    assert "<html" not in fragment.content.decode()
    assert "不能为空" in fragment.content.decode()
    toast = browser.get("/trouble/locked", headers={"HX-Request": "true"})
    assert json.loads(toast.content) == {"message": str(Busy.default_message)}


def test_who_asks_the_api_without_signing_in_is_told_so_as_json(browser):
    response = browser.get("/api/v1/nothing-here")
    assert response.status_code == 404
    assert json.loads(response.content)["error"]["code"] == "not_found"


def test_a_request_that_says_it_is_too_large_is_refused_before_it_is_read(browser):
    response = browser.post("/trouble/defect", data=b"x" * (3 * 2**20), content_type="text/plain")
    assert response.status_code == 413
    assert "2 MB" in response.content.decode()


def test_every_answer_carries_a_strict_policy_and_its_request_id(browser):
    response = browser.get("/trouble/not_found")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "'nonce-" in script
    assert len(response["X-Request-ID"]) == 32
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_form_whose_token_is_old_gets_a_page_that_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {"login": "a"})
    assert response.status_code == 403
    assert str(PageTooOld.default_message) in response.content.decode()


def test_a_zero_byte_in_an_address_is_refused_in_words(browser):
    answer = browser.get("/sign-in/?next=%00")
    assert answer.status_code == 422
    assert "提交的内容有误" in answer.content.decode()
