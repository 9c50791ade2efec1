"""What a file is, by its first bytes and for archives by its table of contents. Nothing is unpacked or run.

Signatures: each format's specification, as collected in the WHATWG MIME Sniffing Standard where it names the format.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext_lazy as _

from . import sound
from .kinds import Kind, Refused

HEAD = 4096


@dataclass(frozen=True, slots=True)
class Type:
    """A type we take: the endings a name of it may have (the first is given to a name without one)."""

    media_type: str
    kind: Kind
    endings: tuple[str, ...]


JPEG = Type("image/jpeg", Kind.PICTURE, ("jpg", "jpeg", "jpe", "jfif"))
PNG = Type("image/png", Kind.PICTURE, ("png",))
GIF = Type("image/gif", Kind.PICTURE, ("gif",))
WEBP = Type("image/webp", Kind.PICTURE, ("webp",))
HEIC = Type("image/heic", Kind.PICTURE, ("heic", "heif", "hif"))
BMP = Type("image/bmp", Kind.PICTURE, ("bmp",))
PDF = Type("application/pdf", Kind.DOCUMENT, ("pdf",))
TEXT = Type("text/plain", Kind.DOCUMENT, ("txt", "csv", "md", "log"))
OLE = Type("application/x-ole-storage", Kind.DOCUMENT, ("doc", "xls", "ppt", "wps", "et", "dps"))
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = Type(f"{_OFFICE}.wordprocessingml.document", Kind.DOCUMENT, ("docx",))
XLSX = Type(f"{_OFFICE}.spreadsheetml.sheet", Kind.DOCUMENT, ("xlsx",))
PPTX = Type(f"{_OFFICE}.presentationml.presentation", Kind.DOCUMENT, ("pptx",))
ODF = Type("application/vnd.oasis.opendocument", Kind.DOCUMENT, ("odt", "ods", "odp"))
ZIP = Type("application/zip", Kind.ARCHIVE, ("zip",))
MP3 = Type("audio/mpeg", Kind.SOUND, ("mp3",))
M4A = Type("audio/mp4", Kind.SOUND, ("m4a", "aac"))
WAV = Type("audio/wav", Kind.SOUND, ("wav",))
OGG = Type("audio/ogg", Kind.SOUND, ("ogg", "oga", "opus"))
VOICE_WEBM = Type("audio/webm", Kind.SOUND, ("webm", "weba"))
VOICE_MP4 = Type("audio/mp4", Kind.SOUND, ("m4a", "mp4", "aac"))
MP4 = Type("video/mp4", Kind.FILM, ("mp4", "m4v", "mov"))
WEBM = Type("video/webm", Kind.FILM, ("webm", "mkv"))

ENTRIES_AT_MOST = 5_000
UNPACKED_AT_MOST = 1 << 30
RATIO_AT_MOST = 200  # honest text packs to about a tenth; a bomb to a thousandth
_MARKUP = re.compile(
    rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|script|svg|iframe|\?xml|[a-z]+[\s>])", re.I | re.S
)


def recognise(file: IO[bytes], size: int) -> Type:
    """The type of `file` (left at its start). Raises Refused for one we do not take, or that can harm a reader."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    if not head:
        raise Refused(_("The file is empty."))
    found = _by_signature(head)
    if found is ZIP:
        return _inside_zip(file, size)
    if found in {WEBM, MP4} and sound.is_sound_only(file, found.media_type):  # what browsers record
        return VOICE_WEBM if found is WEBM else VOICE_MP4
    if found is not None:
        return found
    if _is_text(head):
        if _MARKUP.match(head):
            raise Refused(_("Web pages and drawings with program code cannot be attached. Export it as a PDF."))
        return TEXT
    raise Refused(
        _("This kind of file cannot be attached. Pictures, PDF, Office files, text, sound, video and zip can.")
    )


def _by_signature(head: bytes) -> Type | None:
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return BMP
    if head.startswith(b"RIFF"):
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return OLE
    if head.startswith(b"PK\x03\x04"):
        return ZIP
    if head.startswith(b"ID3") or (head[0] == 0xFF and head[1:2] and head[1] & 0xE6 == 0xE2):
        return MP3
    if head.startswith(b"OggS"):
        return OGG
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return WEBM
    return None


_STILL = {b"heic", b"heix", b"heim", b"heis"}  # ISO/IEC 23008-12, B.4: pictures coded in HEVC


def _by_brand(head: bytes) -> Type | None:
    """Which of the many things in boxes this is, by the brand it names first and, where that is general, the others."""
    brand, length = head[8:12], min(int.from_bytes(head[:4], "big"), len(head))
    others = {head[at : at + 4] for at in range(16, length - 3, 4)}
    if brand in _STILL or (brand == b"mif1" and others & _STILL):
        return HEIC
    if brand.startswith((b"hev", b"mif", b"msf", b"avi")):
        return None
    return M4A if brand in {b"M4A ", b"M4B "} else MP4


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if any(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            head.decode(encoding)
        except UnicodeDecodeError as wrong:
            if wrong.start >= len(head) - 3:  # a character cut by the end of what was read
                return True
        else:
            return True
    return False


def _inside_zip(file: IO[bytes], size: int) -> Type:
    """Which format a zip container is. Only its table of contents is read."""
    broken = Refused(_("The archive is damaged."))
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError) as wrong:
        raise broken from wrong
    finally:
        file.seek(0)
    unpacked = sum(entry.file_size for entry in entries)
    bomb = len(entries) > ENTRIES_AT_MOST or unpacked > UNPACKED_AT_MOST or unpacked > max(size, 1) * RATIO_AT_MOST
    if bomb:
        raise Refused(_("The archive unpacks to far more than it is. It was not accepted."))
    # Entries that share their bytes make a bomb whose sizes look harmless one by one.
    if sum(entry.compress_size for entry in entries) > size:
        raise broken
    names = {entry.filename for entry in entries}
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refused(_("Office files with macros cannot be attached. Save it without macros."))
    if "[Content_Types].xml" in names:
        for folder, type_ in (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX)):
            if any(name.startswith(folder) for name in names):
                return type_
    if "mimetype" in names and "content.xml" in names:
        return ODF
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused(_("The archive needs a password. Families could not open it."))
    if any(
        name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or re.match(r"[A-Za-z]:", name)
        for name in names
    ):
        raise Refused(_("The archive would write outside its folder. It was not accepted."))
    if any(name.lower().endswith(_RUNNABLE) for name in names):
        raise Refused(_("The archive holds a program. Programs cannot be attached."))
    return ZIP


_RUNNABLE = (
    ".exe",
    ".msi",
    ".bat",
    ".cmd",
    ".com",
    ".scr",
    ".ps1",
    ".vbs",
    ".js",
    ".jar",
    ".apk",
    ".lnk",
    ".sh",
    ".dll",
    ".hta",
)
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def safe_name(name: str, type_: Type) -> str:
    """`name` without folders, control or direction-changing characters, with an ending that fits. Raises Refused.

    A name that claims another type is refused and not mended: whoever chose the file should look at it.
    """
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = "".join(character for character in name if unicodedata.category(character) not in _INVISIBLE)
    name = re.sub(r'[<>:"|?*%]', "_", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, type_.endings[0]
    ending = ending.lower()
    if ending not in type_.endings:
        raise Refused(
            _("The name ends in .%(ending)s, but the content is something else. Save the file again and try once more.")
            % {"ending": ending[:10]}
        )
    return f"{(stem.strip(' .') or 'file')[:100]}.{ending}"


MEDIA_TYPES = {
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "csv": "text/csv; charset=utf-8", "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet", "odp": "application/vnd.oasis.opendocument.presentation",
}  # fmt: skip


def media_type(name: str, type_: Type) -> str:
    """The media type sent with the file."""
    return MEDIA_TYPES.get(name.rpartition(".")[2], type_.media_type)
