"""Shared reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from .kinds import Kind
from .models import Attachment, StoredFile


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as a page shows it."""

    uuid: str
    name: str
    kind: str
    size: int
    width: int | None
    height: int | None
    url: str
    thumbnail_url: str  # empty: no picture
    seconds: int | None = None  # of sound

    @property
    def is_sound(self) -> bool:
        return self.kind == Kind.SOUND

    @property
    def length(self) -> str:
        """1:05; empty when the bytes do not tell."""
        return "" if self.seconds is None else f"{self.seconds // 60}:{self.seconds % 60:02}"

    @property
    def is_picture(self) -> bool:
        return bool(self.thumbnail_url)

    @property
    def human_size(self) -> str:
        """1.4 MB."""
        size = float(self.size)
        for unit in ("B", "KB", "MB"):
            if size < 1024 or unit == "MB":
                return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
            size /= 1024
        raise AssertionError


def shown(file: StoredFile) -> Attached:
    """A file with its addresses."""
    address = reverse("files:file", args=[file.uuid])
    small = reverse("files:thumbnail", args=[file.uuid]) if file.thumbnail else ""
    return Attached(
        str(file.uuid), file.name, file.kind, file.size, file.width, file.height, address, small,
        None if file.duration_ms is None else max(1, round(file.duration_ms / 1000)),
    )  # fmt: skip


def attached(owner_kind: str, owner_ids: Iterable[int]) -> dict[int, list[Attached]]:
    """owner id → its files in order; one query."""
    found: dict[int, list[Attached]] = defaultdict(list)
    rows = Attachment.objects.filter(owner_kind=owner_kind, owner_id__in=list(owner_ids)).select_related("file")
    for row in rows.order_by("position", "id"):
        found[row.owner_id].append(shown(row.file))
    return dict(found)
