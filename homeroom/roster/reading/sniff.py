"""What a file really is, by its content; and whether it may be opened at all.

Everything here runs before any parser sees the file, in bounded memory: archives are inflated into nothing while
counting, so a bomb is refused by what it does, not by what its directory promises.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from homeroom.roster.remarks import Refused

MAX_BYTES = 20 * 2**20  # a roster of 20,000 pupils with 30 columns is about 6 MB
MAX_INFLATED = 160 * 2**20
MAX_RATIO = 250  # deflate's own limit is 1032; sheets of repeated cells reach about 60
MAX_ENTRIES = 3000
CHUNK = 2**16

_WORKBOOK = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_SPREADSHEET_ENDINGS = {"xlsx", "xls", "csv", "txt", "tsv", "zip"}
_MACRO_ENDINGS = {"xlsm", "xltm", "xlam", "xlsb", "xla"}


def ending(filename: str) -> str:
    """The part of a file name behind its last dot, in small letters."""
    return filename.rsplit(".", 1)[-1].lower() if "." in filename else ""


def kind_of(path: Path, filename: str) -> str:
    """`xlsx`, `xls`, `text`, `oneroster` (an archive or a folder). Raises Refused with what to do instead."""
    if path.is_dir():
        return "oneroster"
    size = path.stat().st_size
    if size == 0:
        raise Refused("empty")
    if size > MAX_BYTES:
        raise Refused("too_large", limit=MAX_BYTES // 2**20)
    named = ending(filename)
    if named in _MACRO_ENDINGS:
        raise Refused("macro")
    if named not in _SPREADSHEET_ENDINGS:
        raise Refused("unknown_kind", kind=f".{named}" if named else filename)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK"):
        found = _archive_kind(path)
        if (found == "xlsx") != (named == "xlsx") or (found == "oneroster") != (named == "zip"):
            raise Refused("renamed", named=named, found=".xlsx" if found == "xlsx" else ".zip")
        return found
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        _check_ole(path)
        if named != "xls":
            raise Refused("renamed", named=named, found=".xls")
        return "xls"
    found = _known_content(head)
    if found or named not in {"csv", "txt", "tsv"}:
        raise Refused("renamed", named=named, found=found or "text")
    return "text"


def _known_content(head: bytes) -> str:
    """The name of some other kind of file, when its first bytes show one."""
    text = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00").replace(b"\x00", b"").lower()
    if text.startswith(b"<?xml"):
        return "XML"
    if text.startswith((b"<html", b"<!doctype", b"<table", b"<meta", b"<head", b"<style")):
        return "HTML"
    signatures = {
        b"%PDF": "PDF", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"Rar!": "RAR",
        b"7z\xbc\xaf": "7-Zip", b"\x7fELF": "ELF", b"MZ": "EXE", b"\x1f\x8b": "gzip", b"SQLite": "SQLite",
    }  # fmt: skip
    for signature, name in signatures.items():
        if head.startswith(signature) and (name != "EXE" or b"\x00" in head):
            return name
    return ""


def _check_ole(path: Path) -> None:
    """Refuse what a compound file must not hold. Stream names stand in its directory as UTF-16."""
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Refused("password")
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise Refused("macro")
    if "Workbook".encode("utf-16-le") not in content and "Book".encode("utf-16-le") not in content:
        found = ".doc" if "WordDocument".encode("utf-16-le") in content else "OLE"
        raise Refused("renamed", named="xls", found=found)


def _archive_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise Refused("bomb")
            names = {entry.filename.lower() for entry in entries}
            if any(entry.flag_bits & 1 for entry in entries):
                raise Refused("password")
            _check_sizes(path, archive)
            if "[content_types].xml" in names:
                return _office_kind(archive, names)
            if any(name.rsplit("/", 1)[-1] == "users.csv" for name in names):
                return "oneroster"
            raise Refused("zip_without_roster")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, UnicodeDecodeError) as wrong:
        raise Refused("damaged") from wrong


def _office_kind(archive: zipfile.ZipFile, names: set[str]) -> str:
    types = b"".join(inflated(archive, "[Content_Types].xml", 2**20))
    if b"macroEnabled" in types or any(name.endswith("vbaproject.bin") for name in names):
        raise Refused("macro")
    if _WORKBOOK not in types:
        for word, found in ((b"wordprocessingml", ".docx"), (b"presentationml", ".pptx"), (b"sheet.binary", ".xlsb")):
            if word in types:
                raise Refused("renamed", named="xlsx", found=found)
        raise Refused("damaged")
    return "xlsx"


def _check_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    """Inflate everything into nothing, counting, so that sizes in the directory need not be believed."""
    total = 0
    with path.open("rb") as file:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise Refused("damaged")  # Excel writes no other
            produced = 0
            for produced in _inflated_sizes(file, entry):
                if total + produced > MAX_INFLATED or produced > MAX_RATIO * max(entry.compress_size, 4096):
                    raise Refused("bomb")
            if produced != entry.file_size:
                raise Refused("damaged")
            total += produced


def _inflated_sizes(file: object, entry: zipfile.ZipInfo) -> Iterator[int]:
    """The running size of one entry, straight from its deflate stream."""
    file.seek(entry.header_offset)  # type: ignore[attr-defined]
    head = file.read(30)  # type: ignore[attr-defined]
    if head[:4] != b"PK\x03\x04":
        raise Refused("damaged")
    file.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), 1)  # type: ignore[attr-defined]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield entry.compress_size
        return
    inflater, left, produced = zlib.decompressobj(-15), entry.compress_size, 0
    while left > 0 and not inflater.eof:
        raw = file.read(min(CHUNK, left))  # type: ignore[attr-defined]
        if not raw:
            raise Refused("damaged")
        left -= len(raw)
        while raw and not inflater.eof:
            produced += len(inflater.decompress(raw, CHUNK * 16))
            raw = inflater.unconsumed_tail
            yield produced
    produced += len(inflater.flush())
    yield produced


def inflated(archive: zipfile.ZipFile, name: str, limit: int = MAX_INFLATED) -> Iterator[bytes]:
    """An entry's content in pieces; names are found whatever their case. Raises Refused beyond `limit` bytes."""
    by_name = {entry.filename.lower(): entry for entry in archive.infolist()}
    entry = by_name.get(name.lower())
    if entry is None:
        return
    size = 0
    with archive.open(entry) as stream:
        while piece := stream.read(CHUNK):
            size += len(piece)
            if size > limit:
                raise Refused("bomb")
            yield piece
