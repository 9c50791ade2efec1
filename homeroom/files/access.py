"""Who may upload, and who may see a file."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Decision, denied
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person

from . import registry
from .models import Attachment, StoredFile


def can_upload(actor: Person) -> Decision:
    """Staff, and whoever another module lets write something that files hang on."""
    if actor.current_roles or any(may_upload(actor) for may_upload in registry.uploaders):
        return ALLOWED
    return denied(_("Only staff, and families in a conversation, can attach files."))


def may_see(person: Person, file: StoredFile) -> bool:
    """The uploader while they may upload, or whoever the owner of one of its attachments lets see it."""
    if person.school_id != file.school_id:
        return False
    if file.uploader_id == person.pk and can_upload(person):
        return True
    places = Attachment.objects.filter(file=file).values_list("owner_kind", "owner_id")
    return any(kind in registry.owners and registry.owners[kind](person, owner_id) for kind, owner_id in places)


def get_file_for(person: Person, uuid: UUID) -> StoredFile:
    """The file, or NotVisible."""
    file = StoredFile.objects.filter(uuid=uuid, school_id=person.school_id).first()
    if file is None or not may_see(person, file):
        raise NotVisible
    return file
