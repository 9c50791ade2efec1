"""What a file can be, and the trouble of one that is not taken. Free of models, for the child process."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from homeroom.kit.errors import Invalid


class Kind(TextChoices):
    PICTURE = "picture", _("Picture")
    DOCUMENT = "document", _("Document")
    SOUND = "sound", _("Sound")
    FILM = "film", _("Video")
    ARCHIVE = "archive", _("Archive")


class Refused(Invalid):
    """A file that is not taken; the message says why and what to do."""

    code = "file_refused"
