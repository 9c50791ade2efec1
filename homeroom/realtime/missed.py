"""What somebody has missed: entries after their numbers, with what each shows now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from homeroom.eventlog.public import StreamEntry, StreamState, events_by_id, read_streams, stream_states
from homeroom.people.public import guardian_pairs
from homeroom.realtime import logs, registries

AT_MOST = 500  # entries of one stream; whoever missed more loads the page afresh

Places = Mapping[str, int | None]  # stream → the last number somebody has; None: from now on


@dataclass(frozen=True, slots=True)
class Caught:
    """What the table holds of one stream after a number.

    `reload`: too much, or no longer kept, so load afresh. `fresh`: no number was named, it starts now.
    """

    last: int
    entries: Sequence[tuple[int, int, bytes]] = ()  # (number, about, tail)
    reload: bool = False
    fresh: bool = False


def read_missed(asked: Sequence[Places]) -> list[dict[str, Caught]]:
    """For each of `asked`, what it missed of each of its streams.

    Three queries, two for the children it is about, and those that make the frames.
    """
    named = {stream for places in asked for stream in places}
    of_logs = {stream for stream in named if logs.is_of_a_log(stream)}
    states = stream_states(named - of_logs) | (logs.stream_states(of_logs) if of_logs else {})
    after: dict[str, int] = {}
    for places in asked:
        for stream, number in places.items():
            if number is not None and _is_kept(states[stream], number):
                after[stream] = min(number, after.get(stream, number))
    entries: dict[str, list[StreamEntry]] = {}
    rows: dict[str, list[logs.LogEntry]] = {}
    if of_logs:
        for row in logs.read_streams({key: after.pop(key) for key in of_logs & after.keys()}, AT_MOST + 1):
            rows.setdefault(row.stream, []).append(row)
    for entry in read_streams(after, AT_MOST + 1):
        entries.setdefault(entry.stream, []).append(entry)
    events = {entry.event_id for same in entries.values() for entry in same}
    tails = registries.tails(events_by_id(events)) if events else {}
    gone = _no_longer_theirs(entries)
    return [
        {
            stream: _caught_rows(states[stream], number, rows.get(stream, ()), sparse=logs.is_sparse(stream))
            if stream in of_logs
            else _caught(states[stream], number, entries.get(stream, ()), tails, gone)
            for stream, number in places.items()
        }
        for places in asked
    ]


def _no_longer_theirs(entries: Mapping[str, Sequence[StreamEntry]]) -> Collection[tuple[str, int]]:
    """(stream, student) of people who do not answer for the child today: frames show what is true now, not then."""
    pairs = {(entry.stream, entry.about_id) for same in entries.values() for entry in same if entry.about_id}
    if not pairs:
        return ()
    held = guardian_pairs({student_id for _stream, student_id in pairs}, on=timezone.localdate())
    return pairs - {(f"p{pair.person_id}", pair.student_id) for pair in held}


def _is_kept(state: StreamState, after: int) -> bool:
    return state.pruned_number <= after <= state.last_number


def _caught(
    state: StreamState,
    after: int | None,
    entries: Sequence[StreamEntry],
    tails: Mapping[int, bytes],
    gone: Collection[tuple[str, int]],
) -> Caught:
    if after is None:
        return Caught(state.last_number, fresh=True)
    if not _is_kept(state, after):
        return Caught(state.last_number, reload=True)
    missed = [entry for entry in entries if entry.number > after]
    last = missed[-1].number if missed else after  # more may have been committed since the state was read
    complete = len(missed) <= AT_MOST and last >= state.last_number
    if not complete or any(entry.event_id not in tails for entry in missed):
        return Caught(max(state.last_number, last), reload=True)
    if any((entry.stream, entry.about_id) in gone for entry in missed):
        return Caught(max(state.last_number, last), reload=True)
    return Caught(last, [(entry.number, entry.about_id, tails[entry.event_id]) for entry in missed])


def _caught_rows(state: StreamState, after: int | None, rows: Sequence[logs.LogEntry], *, sparse: bool) -> Caught:
    """The same of a stream of a log. In one with gaps everything up to the newest number is told by what was read."""
    if after is None:
        return Caught(state.last_number, fresh=True)
    missed = [row for row in rows if row.number > after]
    last = max(missed[-1].number if missed else after, state.last_number if sparse else 0)
    too_many = last - after > AT_MOST if sparse else len(missed) > AT_MOST or last < state.last_number
    if after > state.last_number and not missed:  # a number from the future
        return Caught(state.last_number, reload=True)
    if too_many:
        return Caught(max(last, state.last_number), reload=True)
    return Caught(last, [(row.number, row.about, row.tail) for row in missed])
