"""What notices announce; nobody's stream hears of it, readers and reactions do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from homeroom.eventlog.public import Event


@dataclass(frozen=True, kw_only=True)
class NoticePublished(Event):
    name: ClassVar[str] = "notice.published"
    notice_id: int
    item_id: int


@dataclass(frozen=True, kw_only=True)
class NoticeCorrected(Event):
    name: ClassVar[str] = "notice.corrected"
    notice_id: int


@dataclass(frozen=True, kw_only=True)
class NoticeRecalled(Event):
    name: ClassVar[str] = "notice.recalled"
    notice_id: int
