"""The group pages and the picker's fragments."""

from __future__ import annotations

from homeroom.groups.models import SavedGroup


def test_a_teacher_makes_and_removes_a_group(school, client_for):
    browser = client_for(school.class_teacher)
    page = browser.get("/groups/new/").content.decode()
    assert school.child_a.name in page
    assert school.child_b.name not in page
    answer = browser.post("/groups/new/", {"name": "合唱团", "kind": "club", "members": [str(school.child_a.uuid)]})
    assert answer.status_code == 302
    group = SavedGroup.objects.get()
    assert "合唱团" in browser.get("/groups/").content.decode()
    browser.post(f"/groups/{group.uuid}/archive/")
    assert "合唱团" not in browser.get("/groups/").content.decode()


def test_what_was_typed_is_kept_when_something_is_wrong(school, client_for):
    browser = client_for(school.class_teacher)
    answer = browser.post("/groups/new/", {"name": "<b>x</b>", "kind": "club"})
    assert answer.status_code == 422
    assert "&lt;b&gt;x&lt;/b&gt;" in answer.content.decode()
    assert not SavedGroup.objects.exists()


def test_a_group_of_somebody_else_does_not_exist(school, client_for):
    client_for(school.class_teacher).post(
        "/groups/new/", {"name": "合唱团", "kind": "club", "members": [str(school.child_a.uuid)]}
    )
    group = SavedGroup.objects.get()
    for person in (school.other_class_teacher, school.mother, school.leader_elsewhere):
        browser = client_for(person)
        assert browser.get(f"/groups/{group.uuid}/").status_code in {403, 404}
        assert browser.post(f"/groups/{group.uuid}/archive/").status_code == 404
    group.refresh_from_db()
    assert group.archived_at is None


def test_the_preview_counts_guardians_and_children(school, client_for):
    page = client_for(school.class_teacher).post("/groups/audience/preview/", {"any": [f"class:{school.class_a.uuid}"]})
    text = page.content.decode()
    assert school.class_a.name in text
    assert school.sms_only_child.name in text


def test_the_preview_says_why_not(school, client_for):
    page = client_for(school.class_teacher).post("/groups/audience/preview/", {"any": ["school"]})
    assert page.status_code == 200
    assert 'class="alert bad"' in page.content.decode()


def test_a_guardian_finds_nobody(school, client_for):
    page = client_for(school.mother).get("/groups/audience/find/", {"q": school.child_a.name[:1]})
    assert school.child_a.name not in page.content.decode()
