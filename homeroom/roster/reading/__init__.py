"""Reading: what a file says, without a look at the school. Runs in a child process with limits.

The steps are `sniff` (may it be opened), `workbook` / `text` / `oneroster` (cells), `headers` (what the columns are),
`table` (rows), with `cells` and `classes` for the ways a value is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from homeroom.roster.remarks import Place, Refused, Remark

from . import sniff, text, workbook
from .cells import Unreadable, plain
from .classes import ClassName, Hints, class_in, class_of, stages_in
from .grid import Grid
from .oneroster import WHICH_SCHOOL, Meant, read_bundle
from .rows import Reading
from .table import most_common_school, read_grid

__all__ = ["WHICH_SCHOOL", "Options", "Reading", "Refused", "read_roster"]


@dataclass(slots=True)
class Options:
    """What a person or the school's memory adds to the file.

    `mapping` says what a header means (normal header to field), `classes` which class a sheet is of, `stages` the
    school's stages (none: they are told by the file), `org` which school of a OneRoster bundle is meant.
    """

    today: date
    mapping: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    school_name: str = ""
    org: str = ""


def read_roster(
    path: Path, filename: str, options: Options, progress: Callable[[float], None] = lambda _: None
) -> Reading:
    """Everything the file says. Raises Refused when it cannot be opened, with a reason for the person who sent it."""
    kind = sniff.kind_of(path, filename)
    progress(0.1)
    reading = Reading(kind)
    hints = Hints(options.stages or stages_in(options.school_name), options.today)
    if kind == "oneroster":
        read_bundle(path, reading, hints, Meant(options.classes, options.school_name, options.org))
    else:
        grids = [text.grid_from_text(path, filename)] if kind == "text" else workbook.grids_of(path, kind)
        progress(0.5)
        reading.grids = grids
        _read_grids(grids, filename, reading, hints, options)
    reading.stages = _stages_of(reading)
    asked = any(doubt.key == WHICH_SCHOOL for doubt in reading.doubts)
    if not reading.pupils and not reading.rejected and not asked:
        sheet = next((use for use in reading.sheets if use.state == "unmapped"), None)
        place = Place(sheet.name, sheet.header_row) if sheet else Place(filename, 1)
        reading.rejected.append(Remark("not_understood", place))
    progress(1.0)
    return reading


def _read_grids(grids: list[Grid], filename: str, reading: Reading, hints: Hints, options: Options) -> None:
    if not hints.stages:
        reading.school_name = most_common_school(reading, grids)
        named = stages_in(reading.school_name) or stages_in(filename)
        hints = Hints(named or _stages_told(grids), hints.today)
    for grid in grids:
        default: ClassName | None = None
        if told := options.classes.get(grid.name):
            try:
                default = class_of(told, None, hints)
            except Unreadable:
                default = None
        if default is None and len(grids) == 1:
            default = class_in(filename.rsplit(".", 1)[0], hints)
        read_grid(grid, reading, hints, options.mapping, default)


def _stages_told(grids: list[Grid]) -> tuple[str, ...]:
    """The stages that the cells name beyond doubt: 初一 and 七年级 are junior, 高一 senior, 大班 kindergarten."""
    patterns = {
        "kindergarten": r"^[小中大]([一二三四五六七八九\d])?班",
        "primary": r"^(小学)?[一二三四五六1-6]年级",
        "junior": r"^(初中)?([七八九789]年级|初[一二三])",
        "senior": r"^高[一二三]|^高中",
        "vocational": r"^(中职|职高)",
    }
    found = set()
    for grid in grids:
        texts = {grid.name}
        for row in grid.rows[:2000]:
            texts.update(plain(cell) for cell in row[:12] if isinstance(cell, str) and len(cell) < 16)
        for stage, pattern in patterns.items():
            if any(re.match(pattern, each) for each in texts):
                found.add(stage)
    return tuple(stage for stage in patterns if stage in found)


def _stages_of(reading: Reading) -> list[str]:
    found = {pupil.school_class.grade.stage for pupil in reading.pupils if pupil.school_class}
    return [stage for stage in ("kindergarten", "primary", "junior", "senior", "vocational") if stage in found]


def mapping_of(headers: Mapping[str, str]) -> dict[str, str]:
    """A mapping with blank answers left out."""
    return {header: name for header, name in headers.items() if header and name}
