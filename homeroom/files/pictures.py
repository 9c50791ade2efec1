"""Drawing a picture anew, in a child process: without what cameras write into it, not larger than a screen needs."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from .kinds import Refused

PIXELS_AT_MOST = 60_000_000  # a 60-megapixel phone camera; decoded 180 MB
LONGEST_SIDE = 2400
THUMBNAIL = 480
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
HEIF = "HEIF"


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A picture as stored, and its thumbnail as JPEG."""

    data: bytes
    media_type: str
    ending: str
    width: int
    height: int
    thumbnail: bytes


def redraw(path: str) -> Redrawn:
    """The picture in the file at `path`, drawn anew. Raises Refused."""
    # Only what the signature can be: a decoder nobody asked for is a door nobody watches.
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = PIXELS_AT_MOST
    try:
        formats = (_read_heif(),) if _is_heif(path) else FORMATS
        with Image.open(path, formats=formats) as opened:
            width, height = opened.size
            if width * height > PIXELS_AT_MOST or min(width, height) < 1:
                raise Refused(_("The picture has too many pixels. Make it smaller and try again."))
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded at half or a quarter
            opened.load()
            return _as_stored(ImageOps.exif_transpose(opened))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as wrong:
        raise Refused(_("The picture has too many pixels. Make it smaller and try again.")) from wrong
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as wrong:
        raise Refused(_("The picture is damaged and cannot be opened.")) from wrong


def _is_heif(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(8)[4:] == b"ftyp"


def _read_heif() -> str:
    """Let Pillow open what iPhones take; here and not above, so that only this process ever loads that library."""
    import pillow_heif

    # Each thread would reserve memory of its own, against a limit that is for the picture.
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False)
    return HEIF


def _as_stored(picture: Image.Image) -> Redrawn:
    transparent = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
    picture = picture.convert("RGBA" if transparent else "RGB")
    picture.info = {}  # comments, profiles and the like would be written out again
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if transparent:
        picture.save(out, "PNG", optimize=True)
    else:
        picture.save(out, "JPEG", quality=85, optimize=True, progressive=True)
    small = picture.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    if transparent:
        white = Image.new("RGB", small.size, "white")
        white.paste(small, mask=small.getchannel("A"))
        small = white
    thumbnail = io.BytesIO()
    small.save(thumbnail, "JPEG", quality=78, optimize=True)
    ending, kind = ("png", "image/png") if transparent else ("jpg", "image/jpeg")
    return Redrawn(out.getvalue(), kind, ending, *picture.size, thumbnail.getvalue())
