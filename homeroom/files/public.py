"""What other modules may call."""

from __future__ import annotations

from .kinds import Refused
from .models import StoredFile
from .queries import Attached, attached, shown
from .registry import register_owner, register_uploader
from .responses import respond
from .services import FILE_AT_MOST, attach, attach_same, detach_all, store_recording, store_upload

__all__ = [
    "FILE_AT_MOST", "Attached", "Refused", "StoredFile", "attach", "attach_same", "attached", "detach_all",
    "register_owner", "register_uploader", "respond", "shown", "store_recording", "store_upload",
]  # fmt: skip
