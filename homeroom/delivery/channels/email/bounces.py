"""Mails that come back. Whom one is about stands in the address it came back to; why, in its delivery status."""

from __future__ import annotations

from email.message import Message

from .channel import mark_unreachable, person_of_bounce

ADDRESSES = ("Delivered-To", "X-Original-To", "To")


def take_bounce(mail: Message, *, envelope_to: str = "") -> bool | None:
    """Note a permanent failure. True when one was noted, False when it is only a delay, None when it is not ours."""
    addresses = [envelope_to, *(str(value) for name in ADDRESSES for value in mail.get_all(name, []))]
    person_id = next((found for address in addresses if (found := person_of_bounce(address)) is not None), None)
    if person_id is None:
        return None
    if not is_permanent(mail):
        return False
    mark_unreachable(person_id)
    return True


def is_permanent(mail: Message) -> bool:
    """Whether the delivery status says that the address failed for good. Source: RFC 3464 (action), RFC 3463 (5.x.x).

    A mail without a delivery status is no bounce that can be relied on: an absence note, say.
    """
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in part.walk():
            action = str(block.get("Action", "")).strip().lower()
            status = str(block.get("Status", "")).strip()
            if action == "failed" and (not status or status.startswith("5")):
                return True
    return False
