"""Sending a file so that a browser can only show or save it, never run it as a page of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import quote_etag

from .kinds import Kind
from .models import StoredFile

SHOWN = frozenset({Kind.PICTURE, Kind.SOUND, Kind.FILM})
BLOCK = 64 * 1024


def respond(request: HttpRequest, file: StoredFile, *, thumbnail: bool = False) -> HttpResponseBase:
    """The bytes of a file the caller has found the reader may see. One range is answered, as players ask for."""
    path = file.thumbnail if thumbnail else file.path
    etag = quote_etag(f"{file.uuid}{'-t' if thumbnail else ''}")
    if request.headers.get("If-None-Match") == etag:
        return _guarded(HttpResponse(status=304), file, etag)
    try:
        opened: IO[bytes] = storages["default"].open(path)
    except OSError as wrong:
        raise Http404 from wrong
    kind = "image/jpeg" if thumbnail else file.media_type
    span = None if thumbnail else _range(request.headers.get("Range", ""), file.size)
    if span is None:
        response: HttpResponseBase = FileResponse(opened, content_type=kind)
        if not thumbnail:
            response["Accept-Ranges"] = "bytes"
    elif span[0] > span[1]:
        opened.close()
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    else:
        first, last = span
        response = StreamingHttpResponse(_part(opened, first, last), status=206, content_type=kind)
        response["Content-Range"] = f"bytes {first}-{last}/{file.size}"
        response["Content-Length"] = str(last - first + 1)
        response["Accept-Ranges"] = "bytes"
    return _guarded(response, file, etag)


def _guarded(response: HttpResponseBase, file: StoredFile, etag: str) -> HttpResponseBase:
    way = "inline" if file.kind in SHOWN else "attachment"
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", file.name)
    response["Content-Disposition"] = f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=86400"
    response["ETag"] = etag
    return response


def _range(header: str, size: int) -> tuple[int, int] | None:
    """(first, last) of a single byte range; first > last when it cannot be met; None when all is to be sent."""
    asked = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", header.strip())
    if asked is None or asked.group(0) == "bytes=-":
        return None
    first, last = asked.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    if int(first) >= size:
        return 1, 0
    return int(first), min(int(last) if last else size - 1, size - 1)


def _part(opened: IO[bytes], first: int, last: int) -> Iterator[bytes]:
    with opened:
        opened.seek(first)
        left = last - first + 1
        while left > 0 and (block := opened.read(min(BLOCK, left))):
            left -= len(block)
            yield block
