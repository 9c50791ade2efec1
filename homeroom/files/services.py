"""Every change of files."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit import child
from homeroom.kit.access import require
from homeroom.kit.errors import NotAllowed, Trouble
from homeroom.kit.ids import new_id
from homeroom.people.models import Person

from . import access, pictures, sniffing, sound
from .kinds import Kind, Refused
from .models import Attachment, StoredFile

MEGABYTE = 1 << 20
PICTURE_AT_MOST = 30 * MEGABYTE
FILE_AT_MOST = 50 * MEGABYTE
A_BREATH = timedelta(seconds=2)  # a browser stops a little after it is told to
KEPT_UNCLAIMED = timedelta(days=2)
IN_AN_HOUR = 200  # files of one person
BYTES_IN_AN_HOUR = 2 << 30


class NoRoom(Trouble):
    """The disk is full or cannot be written."""

    status = 507
    code = "no_room"
    default_message = _("The file could not be stored because the server has no room. Nothing else was lost.")


class TooManyFiles(Trouble):
    """More in an hour than a person uploads; whoever may upload could otherwise fill the disk."""

    status = 429
    code = "too_many_files"
    default_message = _("You have uploaded very many files in the last hour. Wait a while and go on; nothing is lost.")


def store_upload(*, actor: Person, name: str, content: IO[bytes], size: int, now: datetime) -> StoredFile:
    """Keep `content` as a file of the actor's school, attached to nothing yet.

    The bytes are written before the row, so a row never points at nothing; what a stop in between leaves behind has no
    row and is not served. Raises NotAllowed, Refused, TooManyFiles, NoRoom.
    """
    require(access.can_upload(actor))
    _check_pace(actor, size, now)
    if size > FILE_AT_MOST:
        raise Refused(_("The file is larger than %(most)d MB.") % {"most": FILE_AT_MOST // MEGABYTE})
    type_ = sniffing.recognise(content, size)
    shown = sniffing.safe_name(name, type_)
    storage = storages["default"]
    uuid = new_id()
    folder = f"{now:%Y/%m}/{uuid}"
    written: list[str] = []
    try:
        made = _redrawn(content, size) if type_.kind == Kind.PICTURE else None
        if made is not None:
            kept: File[bytes] = ContentFile(made.data)
            shown = f"{shown.rpartition('.')[0]}.{made.ending}"
        else:
            kept = File(content)
        kept.seek(0)
        duration = sound.length_ms(content, type_.media_type) if type_.kind == Kind.SOUND else None
        kept.seek(0)
        digest = hashlib.sha256()
        for chunk in kept.chunks():
            digest.update(chunk)
        path = storage.save(folder, kept)
        written.append(path)
        thumbnail = ""
        if made is not None:
            thumbnail = storage.save(f"{folder}.thumb", ContentFile(made.thumbnail))
            written.append(thumbnail)
        with transaction.atomic():
            file = StoredFile.objects.create(
                uuid=uuid,
                school_id=actor.school_id,
                uploader=actor,
                name=shown,
                kind=type_.kind,
                media_type=made.media_type if made else sniffing.media_type(shown, type_),
                size=kept.size,
                sha256=digest.hexdigest(),
                path=path,
                thumbnail=thumbnail,
                width=made.width if made else None,
                height=made.height if made else None,
                duration_ms=duration,
                created_at=now,
            )
            audit.record(actor=actor, action="file.stored", target=file, size=file.size, kind=file.kind)
    except BaseException as wrong:
        for left in written:
            storage.delete(left)
        if isinstance(wrong, OSError):
            raise NoRoom from wrong
        raise
    return file


def store_recording(
    *, actor: Person, name: str, content: IO[bytes], size: int, longest: timedelta, now: datetime
) -> StoredFile:
    """Keep a recording that is no longer than `longest`, by its bytes. Raises as `store_upload`."""
    require(access.can_upload(actor))
    _check_pace(actor, size, now)
    type_ = sniffing.recognise(content, size)
    length = sound.length_ms(content, type_.media_type) if type_.kind == Kind.SOUND else None
    if length is None:
        raise Refused(_("This is no recording that can be played. Record it again."))
    if length > (longest + A_BREATH) / timedelta(milliseconds=1):
        most = int(longest.total_seconds())
        raise Refused(_("A recording has at most %(most)d seconds. Send it in parts.") % {"most": most})
    return store_upload(actor=actor, name=name, content=content, size=size, now=now)


def _check_pace(actor: Person, size: int, now: datetime) -> None:
    lately = StoredFile.objects.filter(uploader=actor, created_at__gt=now - timedelta(hours=1))
    stored = lately.aggregate(files=Count("id"), bytes=Coalesce(Sum("size"), 0))
    if stored["files"] >= IN_AN_HOUR or stored["bytes"] + size > BYTES_IN_AN_HOUR:
        raise TooManyFiles


def _redrawn(content: IO[bytes], size: int) -> pictures.Redrawn:
    if size > PICTURE_AT_MOST:
        raise Refused(_("The picture is larger than %(most)d MB.") % {"most": PICTURE_AT_MOST // MEGABYTE})
    with tempfile.NamedTemporaryFile(prefix="homeroom-picture-") as passed:  # the child opens it by name
        content.seek(0)
        while block := content.read(MEGABYTE):
            passed.write(block)
        passed.flush()
        try:
            return child.run(pictures.redraw, passed.name, timeout=30, memory_mib=700)
        except child.ChildTrouble as wrong:
            raise Refused(_("The picture could not be read. It may be damaged or too large.")) from wrong


@transaction.atomic
def attach(*, actor: Person, owner_kind: str, owner_id: int, files: Sequence[UUID]) -> list[StoredFile]:
    """Make `files`, in this order, the attachments of a thing; the caller has asked whether the actor may change it.

    Files may be the actor's own or be there already. Raises NotAllowed for any other, and nothing changes.
    """
    here = Attachment.objects.filter(owner_kind=owner_kind, owner_id=owner_id)
    already = set(here.values_list("file_id", flat=True))
    found = {file.uuid: file for file in StoredFile.objects.filter(school_id=actor.school_id, uuid__in=files)}
    wanted = [found[uuid] for uuid in dict.fromkeys(files) if uuid in found]
    if len(wanted) != len(set(files)) or any(
        file.uploader_id != actor.pk and file.pk not in already for file in wanted
    ):
        raise NotAllowed(_("You can attach only files you have uploaded yourself."))
    if [file.pk for file in wanted] == list(here.order_by("position", "id").values_list("file_id", flat=True)):
        return wanted
    here.delete()
    Attachment.objects.bulk_create(
        [
            Attachment(file=file, owner_kind=owner_kind, owner_id=owner_id, position=position)
            for position, file in enumerate(wanted)
        ]
    )
    return wanted


@transaction.atomic
def attach_same(*, owner_kind: str, from_id: int, to_id: int) -> None:
    """Give one thing the attachments of another of its kind, as when a notice is used again."""
    Attachment.objects.bulk_create(
        [
            Attachment(file_id=file_id, owner_kind=owner_kind, owner_id=to_id, position=position)
            for file_id, position in Attachment.objects.filter(owner_kind=owner_kind, owner_id=from_id).values_list(
                "file_id", "position"
            )
        ]
    )


def detach_all(*, owner_kind: str, owner_ids: Iterable[int]) -> None:
    """Let go of everything attached to things that are deleted."""
    Attachment.objects.filter(owner_kind=owner_kind, owner_id__in=list(owner_ids)).delete()


def remove_unclaimed(*, now: datetime, at_most: int = 500) -> int:
    """Delete files that nothing has claimed for two days; returns how many."""
    claimed = Attachment.objects.filter(file_id=OuterRef("pk"))
    old = StoredFile.objects.filter(~Exists(claimed), created_at__lt=now - KEPT_UNCLAIMED)
    removed = 0
    storage = storages["default"]
    for file in list(old.order_by("created_at")[:at_most]):
        with transaction.atomic():  # asked again: it may have been claimed meanwhile
            gone, _rows = StoredFile.objects.filter(~Exists(claimed), pk=file.pk).delete()
        if gone:
            removed += 1
            for path in filter(None, (file.path, file.thumbnail)):
                storage.delete(path)
    return removed
