"""What other modules may call: announce an event, register who reacts, read streams."""

from __future__ import annotations

from homeroom.eventlog.announcing import NOTIFY_CHANNEL, Event, announce, register_wake, same_transaction
from homeroom.eventlog.readers import prune, register_reader, run_readers
from homeroom.eventlog.reading import (
    EventRecord,
    StreamEntry,
    StreamState,
    events_after,
    events_by_id,
    last_event_id,
    last_numbers,
    read_after,
    read_stream,
    read_streams,
    stream_states,
)

__all__ = [
    "NOTIFY_CHANNEL",
    "Event",
    "EventRecord",
    "StreamEntry",
    "StreamState",
    "announce",
    "events_after",
    "events_by_id",
    "last_event_id",
    "last_numbers",
    "prune",
    "read_after",
    "read_stream",
    "read_streams",
    "register_reader",
    "register_wake",
    "run_readers",
    "same_transaction",
    "stream_states",
]
