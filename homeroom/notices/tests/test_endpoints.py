"""The JSON door: the same rules as the pages."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from homeroom.notices.models import Notice

from .test_services import published


@pytest.fixture
def now():
    """The endpoints go by the clock."""
    return timezone.now()


def post(browser, path: str, **body):
    return browser.post(path, json.dumps(body), content_type="application/json")


def test_from_draft_to_reminder(school, client_for):
    browser = client_for(school.class_teacher)
    made = post(
        browser,
        "/api/v1/notices",
        title="秋游",
        text="<p>周五秋游<script>x</script></p>",
        audience={"any": [{"kind": "class", "id": str(school.class_a.uuid)}]},
        level="confirm",
    )
    assert made.status_code == 201, made.content
    uuid = made.json()["uuid"]
    assert "script" not in Notice.objects.get().text
    assert post(browser, f"/api/v1/notices/{uuid}/publish").json()["state"] == "published"
    funnel = browser.get(f"/api/v1/notices/{uuid}/funnel").json()
    assert funnel["whole"]["children"] == len(school.pupils_a)
    waiting = browser.get(f"/api/v1/notices/{uuid}/recipients", {"waiting": "true"}).json()["recipients"]
    assert school.child_a.name in {row["child"] for row in waiting}
    assert post(browser, f"/api/v1/notices/{uuid}/reminders").json()["people_reminded"] > 0
    assert browser.get("/api/v1/notices").json()["notices"][0]["children"] == len(school.pupils_a)


def test_a_draft_for_others_classes_is_not_published(school, client_for):
    browser = client_for(school.class_teacher)
    made = post(browser, "/api/v1/notices", title="x", text="x", audience={"any": [{"kind": "school"}]}).json()
    refused = post(browser, f"/api/v1/notices/{made['uuid']}/publish")
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "not_allowed"
    assert Notice.objects.get().state == "draft"


def test_strangers_learn_nothing(school, now, client_for):
    notice = published(school, now)
    for person in (school.mother, school.other_class_teacher, school.teacher_elsewhere):
        browser = client_for(person)
        for path in ("funnel", "recipients"):
            assert browser.get(f"/api/v1/notices/{notice.uuid}/{path}").status_code == 404
        assert post(browser, f"/api/v1/notices/{notice.uuid}/reminders").status_code == 404
    assert client_for(school.mother).get("/api/v1/notices").status_code == 403


def test_nonsense_is_refused_with_a_reason(school, client_for):
    browser = client_for(school.class_teacher)
    for body in ({"audience": {"any": [{"kind": "all"}]}}, {"level": "shout"}, {"fee_amount": "many"}):
        refused = post(browser, "/api/v1/notices", title="x", **body)
        assert refused.status_code == 422
        assert "error" in refused.json()
    assert not Notice.objects.exists()
