"""Voice: a recording of at most a minute, and what it says in writing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import IO

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.conversations import access
from homeroom.conversations.civil import require_clean
from homeroom.conversations.models import Message, Transcript
from homeroom.files import public as files_of
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person

from .changing import _changed as changed
from .changing import _locked as locked
from .changing import _place as place_in
from .posting import OWNER, cleaned

LONGEST = timedelta(seconds=60)
LONGEST_TRANSCRIPT = 1000


def keep_recording(*, actor: Person, content: IO[bytes], size: int, now: datetime) -> files_of.StoredFile:
    """Keep a recording for a message that is not sent yet.

    Raises NotAllowed for who writes nowhere, Refused for what is no sound or longer than a minute.
    """
    return files_of.store_recording(
        actor=actor, name=str(_("Voice message")), content=content, size=size, longest=LONGEST, now=now
    )


@transaction.atomic
def write_transcript(*, actor: Person, message: Message, text: str, now: datetime) -> None:
    """Put in writing what a recording says; written again it replaces what stood there.

    Raises NotVisible, NotAllowed for who neither spoke nor teaches, Invalid for an empty or too long text or a message
    without a recording.
    """
    message = locked(message)
    membership = place_in(actor, message, now)
    require(access.can_transcribe(actor, message, membership))
    attached = files_of.attached(OWNER, [message.pk]).get(message.pk, []) if message.has_files else []
    require(access.can_speak(membership))
    text = cleaned(text)
    if not text or len(text) > LONGEST_TRANSCRIPT or not any(file.is_sound for file in attached):
        wrong = _("Write between 1 and %(most)d characters.") % {"most": LONGEST_TRANSCRIPT}
        raise Invalid(wrong, fields={"transcript": wrong})
    require_clean(text, membership)
    Transcript.objects.update_or_create(
        message=message, defaults={"text": text, "transcribed_by": actor, "written_at": now}
    )
    audit.record(actor=actor, action="message.transcribed", target=message, conversation_id=message.conversation_id)
    changed(message)
