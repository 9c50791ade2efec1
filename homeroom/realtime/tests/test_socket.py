"""A socket by its protocol, over a real server: who may open it, what it gets, and when it is closed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import websocket
from django.contrib.auth.hashers import make_password
from django.db import transaction

from homeroom.demo.cast import Cast
from homeroom.eventlog import announcing
from homeroom.people.models import Account, Session
from homeroom.realtime import public, registries
from homeroom.realtime.tests.live import Live, happen, live_gateway, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live(transactional_db: None) -> Iterator[Live]:
    with live_gateway() as gateway:
        yield gateway


@pytest.fixture(autouse=True)
def frames_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        registries._frames, "test.happened", lambda events: {event.id: {"title": "班会"} for event in events}
    )


@pytest.fixture
def mother(school: Cast) -> tuple[Account, str]:
    account = school.mother.account
    assert account is not None
    return account, f"p{school.mother.pk}"


def test_a_page_gets_what_is_committed_after_it_came(live: Live, school: Cast, mother: tuple[Account, str]) -> None:
    account, stream = mother
    happen(school.mother.pk)
    page = live.page(sign_in(account)).hello()
    assert page.next() == {"t": "ready", "v": 1, "beat": 25, "streams": {stream: 1}}
    happen(school.mother.pk, about=7)
    frame = page.next()
    assert frame.pop("at").endswith("Z")
    assert frame == {"t": "event", "s": stream, "n": 2, "a": 7, "e": "test.happened", "d": {"title": "班会"}}


def test_a_commit_nobody_told_of_is_found(
    live: Live, school: Cast, mother: tuple[Account, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process' commit: SQLite shows that the file changed, PostgreSQL notifies."""
    account, _stream = mother
    monkeypatch.setattr(announcing, "_wakes", [])
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    happen(school.mother.pk)
    assert page.next()["n"] == 1
    happen(school.mother.pk)
    assert page.next()["n"] == 2


def test_what_was_missed_comes_first_and_once(live: Live, school: Cast, mother: tuple[Account, str]) -> None:
    account, stream = mother
    for _count in range(5):
        happen(school.mother.pk)
    page = live.page(sign_in(account)).hello(**{stream: 2})
    assert [frame.get("n") for frame in page.until("ready")] == [3, 4, 5, None]
    happen(school.mother.pk)
    assert page.next()["n"] == 6


def test_two_pages_of_one_person_get_the_same(live: Live, school: Cast, mother: tuple[Account, str]) -> None:
    account, stream = mother
    key = sign_in(account)
    pages = [live.page(key).hello(), live.page(key).hello()]
    for page in pages:
        page.until("ready")
    for _count in range(3):
        happen(school.mother.pk)
    for page in pages:
        assert page.numbers(3) == [(stream, 1), (stream, 2), (stream, 3)]


def test_an_event_about_two_children_is_two_entries(live: Live, school: Cast, mother: tuple[Account, str]) -> None:
    account, _stream = mother
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    happen(school.mother.pk, school.mother.pk)
    assert [page.next()["n"], page.next()["n"]] == [1, 2]


def test_nobody_else_hears_it(live: Live, school: Cast, mother: tuple[Account, str]) -> None:
    account, _stream = mother
    father = school.father.account
    assert father is not None
    page, other = live.page(sign_in(account)).hello(), live.page(sign_in(father)).hello()
    page.until("ready")
    other.until("ready")
    happen(school.mother.pk)
    happen(school.father.pk)
    assert other.next()["s"] == f"p{school.father.pk}"
    assert page.next()["s"] == f"p{school.mother.pk}"


def test_a_stream_of_somebody_else_cannot_be_asked_for(live: Live, school: Cast, mother: tuple[Account, str]) -> None:
    account, stream = mother
    happen(school.father.pk)
    page = live.page(sign_in(account)).hello(**{f"p{school.father.pk}": 0})
    assert page.next()["streams"] == {stream: 0}


def test_who_missed_too_much_loads_afresh(
    live: Live, school: Cast, mother: tuple[Account, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account, stream = mother
    monkeypatch.setattr("homeroom.realtime.missed.AT_MOST", 3)
    for _count in range(5):
        happen(school.mother.pk)
    page = live.page(sign_in(account)).hello(**{stream: 0})
    assert page.next() == {"t": "reload", "s": stream, "n": 5, "a": 0}
    assert page.next()["streams"] == {stream: 5}


def test_a_number_from_the_future_loads_afresh(live: Live, school: Cast, mother: tuple[Account, str]) -> None:
    """After a restored backup a client may have seen more than there is."""
    account, stream = mother
    happen(school.mother.pk)
    page = live.page(sign_in(account)).hello(**{stream: 9})
    assert page.next() == {"t": "reload", "s": stream, "n": 1, "a": 0}


def test_an_event_no_longer_to_be_shown_keeps_its_number(
    live: Live, school: Cast, mother: tuple[Account, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account, _stream = mother
    monkeypatch.setitem(registries._frames, "test.happened", lambda events: dict.fromkeys([e.id for e in events]))
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    happen(school.mother.pk)
    frame = page.next()
    assert (frame["n"], frame["d"]) == (1, None)


def test_an_event_that_cannot_be_made_loads_afresh(
    live: Live, school: Cast, mother: tuple[Account, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account, stream = mother
    monkeypatch.setitem(registries._frames, "test.happened", lambda events: 1 / 0)
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    happen(school.mother.pk)
    assert page.next() == {"t": "reload", "s": stream, "n": 1, "a": 0}


# --- who may open one


def refused(live: Live, session_key: str, **options: object) -> int:
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        live.page(session_key, **options)
    return int(refusal.value.status_code)


def test_a_stranger_may_not_open_a_socket(live: Live) -> None:
    assert refused(live, "") == 401
    assert refused(live, "x" * 32) == 401
    assert refused(live, "' OR 1=1 --") == 401


def test_an_inactive_account_may_not_open_a_socket(live: Live, mother: tuple[Account, str]) -> None:
    account, _stream = mother
    key = sign_in(account)
    Account.objects.filter(pk=account.pk).update(is_active=False)
    assert refused(live, key) == 401


def test_a_session_from_before_the_password_changed_is_refused(live: Live, mother: tuple[Account, str]) -> None:
    account, _stream = mother
    key = sign_in(account)
    Account.objects.filter(pk=account.pk).update(password=make_password("another"))
    assert refused(live, key) == 401


def test_an_expired_session_is_refused(live: Live, mother: tuple[Account, str]) -> None:
    account, _stream = mother
    key = sign_in(account)
    Session.objects.filter(session_key=key).update(expire_date="2020-01-01T00:00:00Z")
    assert refused(live, key) == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://"])
def test_a_page_of_another_site_may_not_open_a_socket(live: Live, mother: tuple[Account, str], origin: str) -> None:
    assert refused(live, sign_in(mother[0]), origin=origin) == 403


def test_our_own_page_may_open_a_socket(live: Live, mother: tuple[Account, str]) -> None:
    page = live.page(sign_in(mother[0]), origin=f"http://127.0.0.1:{live.port}").hello()
    assert page.next()["t"] == "ready"


# --- what clients may send


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "nonsense", '{"t":"hello","v":2}', '{"t":"ping"}', '{"t":"hello","after":{"p1":"x"}}', '{"t":7}'],
)
def test_what_is_not_understood_closes_the_socket(live: Live, mother: tuple[Account, str], text: str) -> None:
    page = live.page(sign_in(mother[0]))
    page.socket.send(text)
    assert page.next() == {"closed": 4400}


def test_an_unknown_kind_closes_the_socket(live: Live, mother: tuple[Account, str]) -> None:
    page = live.page(sign_in(mother[0])).hello()
    page.until("ready")
    page.send(t="shout")
    assert page.next() == {"closed": 4400}


def test_bytes_close_the_socket(live: Live, mother: tuple[Account, str]) -> None:
    page = live.page(sign_in(mother[0])).hello()
    page.until("ready")
    page.socket.send_binary(b"x")
    assert page.next() == {"closed": 1003}


def test_an_oversized_frame_closes_the_socket(live: Live, mother: tuple[Account, str]) -> None:
    page = live.page(sign_in(mother[0]))
    page.send(t="hello", v=1, after={f"p{number}": number for number in range(2000)})
    assert page.next() == {"closed": 1009}


def test_too_many_frames_close_the_socket(live: Live, mother: tuple[Account, str]) -> None:
    page = live.page(sign_in(mother[0])).hello()
    page.until("ready")
    for _count in range(120):
        page.send(t="ping")
    frames = [page.next()]
    while "closed" not in frames[-1]:
        frames.append(page.next())
    assert frames[0] == {"t": "pong"}
    assert frames[-1] == {"closed": 4429}


def test_a_frame_in_pieces_is_one_frame(live: Live, mother: tuple[Account, str]) -> None:
    page = live.page(sign_in(mother[0]))
    ABNF = websocket.ABNF
    page.socket.send_frame(ABNF.create_frame('{"t":"hel', ABNF.OPCODE_TEXT, 0))
    page.socket.send_frame(ABNF.create_frame('lo","v":1}', ABNF.OPCODE_CONT, 1))
    assert page.next()["t"] == "ready"


def test_one_session_has_a_bounded_number_of_sockets(live: Live, mother: tuple[Account, str]) -> None:
    key = sign_in(mother[0])
    for _count in range(20):
        live.page(key).hello().until("ready")
    assert refused(live, key) == 429


# --- when rights go


def test_a_session_that_ends_loses_its_sockets_before_the_service_returns(
    live: Live, school: Cast, mother: tuple[Account, str]
) -> None:
    account, _stream = mother
    key, other_key = sign_in(account), sign_in(account)
    page, other = live.page(key).hello(), live.page(other_key).hello()
    page.until("ready")
    other.until("ready")
    with transaction.atomic():
        Session.objects.filter(session_key=key).delete()
        public.cut(session_key=key)
    happen(school.mother.pk)
    assert page.next() == {"closed": 4401}
    assert other.next()["n"] == 1
    assert refused(live, key) == 401


def test_a_person_whose_rights_shrink_comes_back_with_what_is_left(
    live: Live, school: Cast, mother: tuple[Account, str]
) -> None:
    account, stream = mother
    key = sign_in(account)
    page = live.page(key).hello()
    page.until("ready")
    with transaction.atomic():
        public.cut(person_id=school.mother.pk)
    assert page.next() == {"closed": 4403}
    assert live.page(key).hello().next()["streams"] == {stream: 0}


def test_nothing_is_cut_when_the_change_is_rolled_back(live: Live, mother: tuple[Account, str], school: Cast) -> None:
    account, _stream = mother
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    with transaction.atomic():
        public.cut(account_id=account.pk)
        transaction.set_rollback(True)
    happen(school.mother.pk)
    assert page.next()["n"] == 1


# --- hints and topics


def test_a_topic_shows_at_once_and_again_when_it_changes(
    live: Live, mother: tuple[Account, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account, _stream = mother
    count = {"done": 3}
    monkeypatch.setitem(
        registries._topics,
        "funnel",
        registries._Topic(lambda keys: {key: dict(count) for key in keys}, lambda key, persons: True),
    )
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    page.send(t="watch", k=[public.topic_token("funnel:1", account_id=account.pk)])
    assert page.next() == {"t": "hint", "d": {"funnel:1": {"done": 3}}}
    count["done"] = 4
    public.touch(["funnel:1"])
    assert page.next() == {"t": "hint", "d": {"funnel:1": {"done": 4}}}


@pytest.mark.parametrize("whose", ["another account's", "forged", "not allowed"])
def test_a_topic_needs_its_own_token(
    live: Live, school: Cast, mother: tuple[Account, str], monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    account, _stream = mother
    monkeypatch.setitem(
        registries._topics,
        "funnel",
        registries._Topic(lambda keys: {key: {} for key in keys}, lambda key, persons: whose != "not allowed"),
    )
    token = {
        "another account's": public.topic_token("funnel:1", account_id=account.pk + 1),
        "forged": "funnel:1:abc:def",
        "not allowed": public.topic_token("funnel:1", account_id=account.pk),
    }[whose]
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    page.send(t="watch", k=[token])
    assert page.next() == {"t": "unwatched", "k": [token]}


def test_hints_are_gathered_to_two_a_second(live: Live, school: Cast, mother: tuple[Account, str]) -> None:
    account, stream = mother
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    for count in range(50):
        public.hint([stream], {"typing": count})
    first = page.next()
    assert first["t"] == "hint"
    assert page.next() == {"t": "hint", "d": {stream: {"typing": 49}}}


def test_an_acknowledged_entry_is_reported_as_arrived(
    live: Live, school: Cast, mother: tuple[Account, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    account, stream = mother
    told: list[tuple[str, int, int]] = []
    done = threading.Event()
    monkeypatch.setattr(registries, "_arrivals", [lambda entries: (told.extend(entries), done.set())])
    page = live.page(sign_in(account)).hello()
    page.until("ready")
    happen(school.mother.pk)
    happen(school.mother.pk)
    page.numbers(2)
    page.send(t="ack", s=stream, n=99)  # never sent: not believed
    page.send(t="ack", s=f"p{school.father.pk}", n=1)
    page.send(t="ack", s=stream, n=1)
    page.send(t="ack", s=stream, n=2)
    assert done.wait(5)
    assert told == [(stream, 0, 2)]
