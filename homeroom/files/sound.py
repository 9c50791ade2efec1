"""How long a recording is, and whether a container holds sound alone: read from its bytes, never from what a name says.

Browsers record Opus in WebM or Ogg, or AAC or Opus in MP4, written while they record: the header knows no length, so
the end is looked up. Sources: RFC 9559 (Matroska), RFC 3533 and RFC 7845 (Ogg, Opus), ISO/IEC 14496-12 (MP4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

PARTS_AT_MOST = 100_000  # of a minute of speech there are some thousands
WHOLE_AT_MOST = 8 << 20  # a longer file is not walked through; a minute of speech is far below
_SEGMENT, _CLUSTER, _TRACKS, _ENTRY = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE
_INFO, _SCALE, _DURATION, _TRACK_TYPE = 0x1549A966, 0x2AD7B1, 0x4489, 0x83
_TIME, _SIMPLE, _GROUP, _BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
_WEBM_NESTED = {_SEGMENT, _CLUSTER, _TRACKS, _ENTRY, _INFO, _GROUP}
_MP4_NESTED = {b"moov", b"trak", b"mdia", b"moof", b"traf"}
_VIDEO_TRACK = 1


def is_sound_only(file: IO[bytes], media_type: str) -> bool:
    """Whether a WebM or MP4 file has tracks, and none of them pictures."""
    data = _whole(file)
    if media_type == "video/webm":
        kinds = [_number(data[at:end]) for name, at, end in _elements(data) if name == _TRACK_TYPE]
        return bool(kinds) and _VIDEO_TRACK not in kinds
    kinds_of_mp4 = {data[at + 8 : at + 12] for name, at, _end in _boxes(data) if name == b"hdlr"}
    return b"soun" in kinds_of_mp4 and b"vide" not in kinds_of_mp4


def length_ms(file: IO[bytes], media_type: str) -> int | None:
    """The length in milliseconds; None where the bytes do not tell."""
    data = _whole(file)
    ways = {"audio/webm": _webm, "audio/ogg": _ogg, "audio/mp4": _mp4, "audio/wav": _wav}
    way = ways.get(media_type)
    try:
        found = way(data) if way is not None else None
    except (ArithmeticError, IndexError, ValueError, struct.error):
        return None
    return found if found is not None and 0 < found < 24 * 3_600_000 else None


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    data = file.read(WHOLE_AT_MOST)
    file.seek(0)
    return data


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


# --- WebM


def _vint(data: bytes, at: int, *, keep_mark: bool) -> tuple[int, int, bool]:
    """(value, where it ends, whether all its bits are set) of a number of variable length."""
    first = data[at]
    length = 9 - first.bit_length()
    if length > 8:
        raise ValueError
    value = _number(data[at : at + length])
    plain = value & ((1 << (7 * length)) - 1)
    return (value if keep_mark else plain), at + length, plain == (1 << (7 * length)) - 1


def _elements(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(id, start, end) of every element in order; of those that hold others also what is inside."""
    at = 0
    for _part in range(PARTS_AT_MOST):
        if at >= len(data) - 1:
            return
        try:
            name, body, _unknown = _vint(data, at, keep_mark=True)
            size, body, unknown = _vint(data, body, keep_mark=False)
        except (IndexError, ValueError):
            return
        end = len(data) if unknown else min(body + size, len(data))
        yield name, body, end
        at = body if name in _WEBM_NESTED else end


def _webm(data: bytes) -> int | None:
    scale, cluster, last, stated = 1_000_000, 0, None, None
    for name, at, end in _elements(data):
        if name == _SCALE:
            scale = _number(data[at:end])
        elif name == _DURATION:
            stated = struct.unpack(">d" if end - at == 8 else ">f", data[at:end])[0]
        elif name == _TIME:
            cluster = _number(data[at:end])
        elif name in {_SIMPLE, _BLOCK}:
            _track, offset, _all = _vint(data, at, keep_mark=False)
            last = cluster + int.from_bytes(data[offset : offset + 2], "big", signed=True)
    if stated:
        return int(stated * scale / 1_000_000)
    return None if last is None else int(last * scale / 1_000_000) + 20  # the last block begins there; a frame is 20 ms


# --- Ogg


def _ogg(data: bytes) -> int | None:
    head = data.find(b"OpusHead")
    if head < 0:
        return None
    skipped = int.from_bytes(data[head + 10 : head + 12], "little")
    at = data.rfind(b"OggS")
    granule = int.from_bytes(data[at + 6 : at + 14], "little", signed=True)
    return (granule - skipped) // 48 if granule > 0 else None


# --- MP4


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of every box in order; of those that hold others also what is inside."""
    at = 0
    for _part in range(PARTS_AT_MOST):
        if at + 8 > len(data):
            return
        size, name, body = _number(data[at : at + 4]), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, body = _number(data[at + 8 : at + 16]), at + 16
        end = len(data) if size == 0 else at + size
        if end < body:
            return
        yield name, body, min(end, len(data))
        at = body if name in _MP4_NESTED else end


def _mp4(data: bytes) -> int | None:
    scale, stated, total, usual = 0, 0, 0, 0
    for name, at, end in _boxes(data):
        if name == b"mdhd":
            wide = data[at] == 1
            scale = _number(data[at + (20 if wide else 12) :][:4])
            stated = _number(data[at + (24 if wide else 16) :][: 8 if wide else 4])
        elif name == b"tfhd":
            usual = _usual_length(data, at)
        elif name == b"trun":
            total += _run_length(data, at, end, usual)
    return (total or stated) * 1000 // scale


def _usual_length(data: bytes, at: int) -> int:
    """The length of a fragment's samples that do not say their own."""
    flags, place = _number(data[at + 1 : at + 4]), at + 8
    place += 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
    return _number(data[place : place + 4]) if flags & 0x8 else 0


def _run_length(data: bytes, at: int, end: int, usual: int) -> int:
    flags, count = _number(data[at + 1 : at + 4]), _number(data[at + 4 : at + 8])
    if not flags & 0x100:
        return usual * count
    place = at + 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    width = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    return sum(_number(data[one : one + 4]) for one in range(place, min(place + width * count, end), width))


# --- WAV


def _wav(data: bytes) -> int | None:
    at, rate = 12, 0
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"fmt ":
            rate = int.from_bytes(data[at + 16 : at + 20], "little")
        elif name == b"data":
            return size * 1000 // rate
        at += 8 + size + size % 2
    return None
