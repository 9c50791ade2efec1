"""The log over plain HTTP, for a page whose socket does not open: the same frames, asked for every half minute."""

from __future__ import annotations

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Router

from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.people.public import without_second_factor
from homeroom.people.requests import SignedInRequest
from homeroom.realtime import frames
from homeroom.realtime.missed import read_missed

router = Router()


@router.get("/stream", operation_id="stream_read")
def read_stream(request: SignedInRequest, after: str = "{}") -> HttpResponse:
    """What the account's streams hold after the numbers in `after` (`{"p12": 42}`), and the numbers to ask with next.

    A stream that `after` does not name starts now. The frames are those of the socket: docs/contract/socket.md.
    """
    try:
        numbers = msgspec.json.decode(after, type=dict[str, int])
    except msgspec.DecodeError as error:
        raise Invalid(_("Some of what was sent cannot be used.")) from error
    persons: QuerySet[Person, int] = Person.objects.filter(
        account_id=request.account.pk, archived_at__isnull=True
    ).values_list("id", flat=True)
    mine = set(persons)
    mine -= without_second_factor(mine)
    places = {f"p{person_id}": numbers.get(f"p{person_id}") for person_id in mine}
    (caught,) = read_missed([places])
    made = []
    for stream, missed in caught.items():
        head = frames.stream_head(stream)
        if missed.reload:
            made.append(b'%b%d,"a":0%b' % (head, missed.last, frames.RELOAD_TAIL))
        made.extend(b'%b%d,"a":%d%b' % (head, number, about, tail) for number, about, tail in missed.entries)
    streams = frames.encode({stream: missed.last for stream, missed in caught.items()})
    body = b'{"v":%d,"streams":%b,"frames":[%b]}' % (frames.VERSION, streams, b",".join(made))
    return HttpResponse(body, content_type="application/json", headers={"Cache-Control": "no-store"})
