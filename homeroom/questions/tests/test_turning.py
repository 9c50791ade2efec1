"""From a message to a question, by the guardian who wrote it or by a teacher with the guardian's word."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from homeroom.conversations.models import Message
from homeroom.conversations.public import open_family_thread, post_message
from homeroom.conversations.services import change_rules, open_channel
from homeroom.delivery.models import Recipient
from homeroom.files import public as files
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible, Stale
from homeroom.kit.ids import new_id
from homeroom.questions import services
from homeroom.questions.models import Proposal, Question
from homeroom.questions.services import proposing
from homeroom.questions.turning import ways_from_message

WROTE = "老师好，孩子的数学练习册丢了一本，还能再领吗？"


@pytest.fixture
def message(school, now) -> Message:
    """The mother writes to the class teacher, with a file."""
    thread = open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=now)
    upload = SimpleUploadedFile("封面.txt", "数学练习册".encode())
    stored = files.store_upload(actor=school.mother, name="封面.txt", content=upload, size=upload.size, now=now)
    sent = post_message(
        actor=school.mother, conversation=thread, text=WROTE, client_key=new_id(), now=now, files=[stored.uuid]
    )
    return Message.objects.select_related("conversation").get(pk=sent.id)


@pytest.fixture
def propose(school, message, topic, nine):
    def put(*, by=None, under: str = "作业", **more) -> Proposal:
        given = {"student": school.child_a.uuid, "topic": topic(under).uuid, "text": "数学练习册能再领一本吗？"} | more
        return services.propose_question(
            actor=by or school.class_teacher, about_kind="message", about_uuid=message.uuid, now=nine, **given
        )

    return put


def turned(client, message, **more) -> Question:
    page = client.get(f"/questions/ask/?about=message:{message.uuid}").content.decode()
    form = {
        "about": f"message:{message.uuid}", "text": WROTE, "key": str(new_id()),
        "files": [part.split('"')[0] for part in page.split('name="files" value="')[1:]],
        "student": page.split('name="student" value="')[1].split('"')[0],
    }  # fmt: skip
    client.post("/questions/ask/", form | more)
    return Question.objects.order_by("-pk")[0]


def test_the_form_opens_with_what_was_written_its_file_and_its_child(school, message, topic, client_for) -> None:
    client = client_for(school.mother)
    page = client.get(f"/questions/ask/?about=message:{message.uuid}").content.decode()
    assert WROTE in page
    assert "封面.txt" in page
    assert topic("作业").name in page
    question = turned(client, message, topic=str(topic("作业").uuid))
    assert (question.student, question.about_uuid) == (school.child_a, message.uuid)
    attached = files.attached("question_line", [question.lines.get().pk])
    assert [file.name for rows in attached.values() for file in rows] == ["封面.txt"]


def test_the_question_and_the_message_lead_to_each_other(school, message, topic, client_for) -> None:
    question = turned(client_for(school.mother), message, topic=str(topic("作业").uuid))
    here = f"/conversations/messages/{message.uuid}/"
    for who in (school.mother, school.class_teacher):
        assert f"/questions/{question.uuid}/" in client_for(who).get(here).content.decode()
        assert f"#m{message.number}" in client_for(who).get(f"/questions/{question.uuid}/").content.decode()


def test_who_may_see_the_question_and_not_the_message_learns_only_that_there_is_one(
    school, message, topic, client_for
) -> None:
    question = turned(client_for(school.mother), message, topic=str(topic("作业").uuid), circle="office")
    page = client_for(school.office).get(f"/questions/{question.uuid}/").content.decode()
    assert f"#m{message.number}" not in page
    assert f"/conversations/messages/{message.uuid}" not in page


def test_a_complaint_out_of_a_message_is_unknown_to_the_teacher_it_was_written_to(
    school, message, topic, client_for
) -> None:
    question = turned(client_for(school.mother), message, topic=str(topic("投诉建议").uuid))
    assert question.circle == "leaders"
    assert str(question.uuid) not in client_for(school.class_teacher).get(
        f"/conversations/messages/{message.uuid}/"
    ).content.decode()  # fmt: skip
    (way,) = ways_from_message(school.class_teacher, message.uuid, school.mother.pk)
    assert "propose" in way[2]  # as if nothing had been asked


def test_a_teacher_proposes_and_the_guardian_asks(school, message, propose, client_for) -> None:
    proposal = propose()
    assert not Question.objects.exists()
    assert Recipient.objects.filter(item__kind="question_proposal", person=school.mother).count() == 1
    mother = client_for(school.mother)
    page = mother.get(f"/questions/proposals/{proposal.uuid}/").content.decode()
    assert "数学练习册能再领一本吗？" in page
    mother.post(
        "/questions/ask/",
        {
            "about": f"message:{message.uuid}", "proposal": str(proposal.uuid), "text": proposal.text,
            "student": str(school.child_a.uuid), "topic": str(proposal.topic.uuid), "key": str(new_id()),
        },
    )  # fmt: skip
    question = Question.objects.get()
    proposal.refresh_from_db()
    assert (proposal.state, proposal.question, question.asker) == ("asked", question, school.mother)
    assert mother.get(f"/questions/proposals/{proposal.uuid}/").url == f"/questions/{question.uuid}/"


def test_the_guardian_may_say_no_once(school, propose, nine) -> None:
    proposal = propose()
    services.decline_proposal(actor=school.mother, proposal=proposal, now=nine)
    with pytest.raises(Stale):
        services.decline_proposal(actor=school.mother, proposal=proposal, now=nine)
    assert not Question.objects.exists()
    assert Proposal.objects.get().state == "declined"


def test_proposing_twice_asks_the_family_once(school, propose) -> None:
    assert propose() == propose()
    assert Recipient.objects.filter(item__kind="question_proposal").count() == 1


def test_two_who_propose_at_once_make_one_proposal(school, propose, monkeypatch) -> None:
    def meanwhile(text, wrong):
        monkeypatch.undo()
        propose(text="另一位老师先提的")
        return text

    monkeypatch.setattr(proposing, "checked_text", meanwhile)
    assert propose().text == "另一位老师先提的"
    assert Recipient.objects.filter(item__kind="question_proposal").count() == 1


def test_after_the_family_has_decided_nobody_proposes_it_again(school, message, propose, nine, client_for) -> None:
    services.decline_proposal(actor=school.mother, proposal=propose(), now=nine)
    with pytest.raises(proposing.DecidedAlready):
        propose(text="换一种说法再问一次")
    page = client_for(school.class_teacher).post(
        f"/questions/propose/?about=message:{message.uuid}", {"about": f"message:{message.uuid}", "text": "再问"}
    )
    assert (page.status_code, "家长已经" in page.content.decode()) == (422, True)
    assert [row.state for row in Proposal.objects.all()] == ["declined"]
    assert Recipient.objects.filter(item__kind="question_proposal").count() == 1
    assert ways_from_message(school.subject_teacher, message.uuid, school.mother.pk) == []


def test_proposing_tells_nobody_of_a_familys_other_children(school, topic, now, nine, client_for) -> None:
    change_rules(actor=school.leader, school=school.school, open_replies=True, duty_phone="", now=now)
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=now)
    sent = post_message(actor=school.guardian_of_two, conversation=channel, text=WROTE, client_key=new_id(), now=now)
    said = Message.objects.get(pk=sent.id)
    page = client_for(school.class_teacher).get(f"/questions/propose/?about=message:{said.uuid}").content.decode()
    assert str(school.sibling_a.uuid) in page
    assert str(school.sibling_c.uuid) not in page
    assert school.sibling_c.name not in page
    given = {"topic": topic("作业").uuid, "text": "还能再领吗？", "about_kind": "message", "about_uuid": said.uuid}
    with pytest.raises(Invalid):
        services.propose_question(actor=school.class_teacher, student=school.sibling_c.uuid, now=nine, **given)
    assert not Proposal.objects.exists()
    services.propose_question(actor=school.class_teacher, student=school.sibling_a.uuid, now=nine, **given)
    assert Proposal.objects.get().student == school.sibling_a


@pytest.mark.parametrize(
    ("who", "trouble"),
    [("father", NotAllowed), ("office", NotVisible), ("other_class_teacher", NotVisible), ("leader", NotVisible),
     ("leader_elsewhere", NotVisible)],
)  # fmt: skip
def test_these_people_propose_nothing(school, propose, who, trouble) -> None:
    with pytest.raises(trouble):
        propose(by=getattr(school, who))
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("given", [{"under": "投诉建议"}, {"text": " "}, {"student": new_id()}])
def test_no_complaint_no_empty_words_no_other_child_is_proposed(propose, given) -> None:
    with pytest.raises(Invalid):
        propose(**given)
    assert not Proposal.objects.exists()


def test_what_the_teacher_wrote_is_no_question_of_the_family(school, message, now) -> None:
    sent = post_message(
        actor=school.class_teacher, conversation=message.conversation, text="可以", client_key=new_id(), now=now
    )
    said = Message.objects.get(pk=sent.id)
    assert ways_from_message(school.mother, said.uuid, None) == []


@pytest.mark.parametrize("who", ["father", "class_teacher", "guardian_elsewhere"])
def test_a_proposal_is_for_the_one_it_was_made_to(school, propose, client_for, who) -> None:
    proposal = propose()
    address = f"/questions/proposals/{proposal.uuid}/"
    assert client_for(getattr(school, who)).get(address).status_code == 404
    assert client_for(getattr(school, who)).post(f"{address}decline/").status_code == 404
    assert Proposal.objects.get().state == "offered"
