"""CSV and other delimited text, in whatever encoding a Chinese school's programs write."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from charset_normalizer import from_bytes

from homeroom.roster.remarks import Refused

from .grid import Grid
from .workbook import check_extent

_DELIMITERS = ",;\t"


def decoded(raw: bytes) -> str:
    """The text of a file. UTF-8 and GB18030 are tried before guessing: a valid reading in either is never chance.

    Raises Refused.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if raw.startswith(mark):
            return _strict(raw[len(mark) :], encoding)
    if b"\x00" in raw[:4096]:
        low_first = raw[1:4096:2].count(0) >= raw[0:4096:2].count(0)
        return _strict(raw, "utf-16-le" if low_first else "utf-16-be")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    best = from_bytes(raw, cp_isolation=["big5", "big5hkscs", "cp1252", "shift_jis", "euc_kr"]).best()
    if best is None:
        raise Refused("encoding")
    return str(best)


def _strict(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as wrong:
        raise Refused("encoding") from wrong


def delimiter_of(text: str) -> str:
    """The delimiter that splits the first lines most evenly; a comma when nothing does."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:20]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        counts = [_outside_quotes(line, delimiter) for line in lines]
        usual = max(set(counts), key=lambda count: (counts.count(count) * min(count, 1), count)) if counts else 0
        score = usual * counts.count(usual) if usual else 0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _outside_quotes(line: str, delimiter: str) -> int:
    return sum(part.count(delimiter) for part in line.split('"')[::2])


def grid_from_text(path: Path, filename: str) -> Grid:
    """The file as one sheet named like the file. Raises Refused."""
    text = decoded(path.read_bytes())
    if "\x00" in text:
        raise Refused("damaged")
    name = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    rows: list[list[object]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    try:
        for row in reader:
            check_extent(name, len(rows), max(len(row) - 1, 0))
            rows.append([unprotected(cell) for cell in row])
    except csv.Error as wrong:
        raise Refused("damaged") from wrong
    return Grid(name, rows)  # type: ignore[arg-type]


def unprotected(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from taking it as a formula."""
    if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@\t\r":
        return cell[1:]
    return cell
