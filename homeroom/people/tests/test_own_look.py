"""No page of the sign-in library keeps its own look: every template it can reach is one of ours."""

from __future__ import annotations

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.template.loader import get_template
from django.test import Client
from django.urls import get_resolver, reverse

from homeroom.demo.cast import PASSWORD, Cast
from homeroom.people.urls import library

LIBRARY_PAGES = [pattern.name for pattern in library]


def test_only_the_listed_views_of_the_library_have_an_address() -> None:
    def walk(patterns, found):
        for one in patterns:
            if hasattr(one, "url_patterns"):
                walk(one.url_patterns, found)
            elif getattr(one.callback, "__module__", "").startswith(("allauth", "axes")):
                found.add(one.name)
        return found

    assert walk(get_resolver().url_patterns, set()) <= set(LIBRARY_PAGES)


@pytest.mark.parametrize(
    "name",
    [
        "account/login.html", "account/account_inactive.html", "account/reauthenticate.html", "mfa/authenticate.html",
        "mfa/reauthenticate.html", "mfa/totp/activate_form.html", "mfa/totp/deactivate_form.html",
        "mfa/recovery_codes/index.html", "mfa/recovery_codes/generate.html", "mfa/recovery_codes/download.txt",
        "429.html",
    ],
)  # fmt: skip
def test_each_template_of_the_library_is_ours(name: str) -> None:
    template = get_template(name)
    assert "/homeroom/people/templates/" in str(template.origin.name)  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("state", ["stranger", "setting up", "has a key"])
def test_every_address_of_the_library_shows_our_page(school: Cast, state: str, language: str) -> None:
    """As a stranger, as somebody who must set up a second factor, and as somebody who has one."""
    cache.clear()
    browser = Client()
    browser.cookies["homeroom_language"] = language
    account = school.leader.account
    if state != "stranger":
        browser.post("/sign-in/", {"login": account.username, "password": PASSWORD})
    if state == "has a key":
        TOTP.activate(account, generate_totp_secret())
        RecoveryCodes.activate(account)
    shown = 0
    for page in LIBRARY_PAGES:
        response = browser.get(reverse(page), follow=True)
        if response.status_code in {403, 404}:
            continue
        assert response.status_code == 200, page
        if response["Content-Type"].startswith("text/html"):
            text = response.content.decode()
            assert "ui/app" in text, page  # our style sheet
            assert "Menu:" not in text, page  # the library's navigation
            assert "<main" in text, page
            shown += 1
    assert shown >= 5
