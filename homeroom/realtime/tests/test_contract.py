"""The frames of docs/contract/socket.md, byte by byte: a change here is a change of the protocol."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Opcode
from websockets.protocol import CLIENT, Protocol

from homeroom.realtime import frames

CONTRACT = Path(__file__).resolve().parents[3] / "docs" / "contract" / "socket.md"
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

EVENT = frames.Delivery(frames.event_tail("notice.published", AT, {"title": "班会"}))
SNAPSHOTS = {
    "event": EVENT.to(frames.stream_head("p12"), 43, 77),
    "reload": frames.Delivery(frames.RELOAD_TAIL).to(frames.stream_head("p12"), 90, 0),
    "ready": frames.control("ready", v=1, beat=25, streams={"p12": 43}),
    "hint": frames.control("hint", d={"item:0190…": msgspec.Raw(b'{"read":12,"done":8}')}),
    "unwatched": frames.control("unwatched", k=["item:0190…:1vNTxA:4Yc…"]),
    "pong": frames.control("pong"),
    "refused": frames.control("refused", id="7", why="http"),
}


def parsed(data: bytes) -> list[tuple[Opcode, bytes]]:
    """What a client's WebSocket library makes of these bytes."""
    client = Protocol(CLIENT)
    client.receive_data(data)
    return [(frame.opcode, bytes(frame.data)) for frame in client.events_received()]


def examples() -> list[str]:
    return [line.strip() for line in CONTRACT.read_text(encoding="utf-8").splitlines() if line.startswith("    {")]


@pytest.mark.parametrize("kind", SNAPSHOTS)
def test_the_gateway_sends_what_the_contract_shows(kind: str) -> None:
    ((opcode, payload),) = parsed(SNAPSHOTS[kind])
    assert opcode == Opcode.TEXT
    text = payload.decode()
    shown = [example for example in examples() if json.loads(example).get("t") == kind]
    squeezed = [re.sub(r" +,", ",", example) for example in shown]
    assert re.sub(r" +,", ",", text) in squeezed


@pytest.mark.parametrize("kind", ["hello", "ack", "watch", "unwatch", "ping", "act"])
def test_the_gateway_understands_what_the_contract_shows(kind: str) -> None:
    shown = [example for example in examples() if json.loads(example).get("t") == kind]
    assert shown
    for example in shown:
        assert frames.decode_client(example).t == kind


def test_the_contract_names_every_close_code() -> None:
    text = CONTRACT.read_text(encoding="utf-8")
    for code in (
        frames.BAD_FRAME,
        frames.SIGNED_OUT,
        frames.RIGHTS_CHANGED,
        frames.NO_HELLO,
        frames.TOO_MANY_FRAMES,
        frames.UNSUPPORTED_DATA,
        frames.GOING_AWAY,
    ):
        assert f"| {code} |" in text
    assert f"most {frames.LARGEST_FROM_CLIENT // 1024} KiB" in text


@given(
    person=st.integers(1, 2**63 - 1),
    number=st.integers(1, 2**63 - 1),
    about=st.integers(0, 2**63 - 1),
    payload=st.dictionaries(st.text(max_size=20), st.text(max_size=400) | st.integers(-(2**53), 2**53), max_size=8),
)
def test_any_head_makes_one_frame_that_says_what_went_in(
    person: int, number: int, about: int, payload: dict[str, object]
) -> None:
    delivery = frames.Delivery(frames.event_tail("test.happened", AT, payload))
    ((opcode, data),) = parsed(delivery.to(frames.stream_head(f"p{person}"), number, about))
    assert opcode == Opcode.TEXT
    frame = json.loads(data)
    assert (frame["s"], frame["n"], frame["a"], frame["d"]) == (f"p{person}", number, about, payload)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_every_receiver_gets_as_many_bytes(one: int, other: int) -> None:
    sizes = {len(EVENT.to(frames.stream_head(f"p{person}"), person, 7 * person)) for person in (one, other)}
    assert len(sizes) == 1


@given(st.integers(0, 200_000))
def test_frames_of_any_size_are_read(size: int) -> None:
    ((_opcode, data),) = parsed(frames.text_frame(b"x" * size))
    assert len(data) == size
