"""Static files: hashed names, compressed copies, and the import map by which modules import each other."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from markupsafe import Markup
from whitenoise.storage import CompressedManifestStaticFilesStorage

PACKAGE = Path(__file__).resolve().parent.parent


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Every file under a name that carries its hash, with brotli and gzip copies.

    Only style sheets are rewritten: rewriting the imports inside ES modules fails when two import each other, and the
    import map makes it needless.
    """

    patterns = (
        (
            "*.css",
            ((r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""", 'url("%(url)s")'),),
        ),
    )


STYLE_COOKIE = "homeroom_style"  # the version of the style sheet that this device keeps; app.js writes it
SHEETS = PACKAGE / "ui" / "static" / "ui"


@lru_cache(maxsize=1)
def style_version() -> str:
    """Changes whenever the style sheet does."""
    return hashlib.sha256((SHEETS / "app.css").read_bytes()).hexdigest()[:8]


def knows_style(request: HttpRequest) -> bool:
    """Whether the asking device has the style sheet already, so that a page need not bring it along."""
    return settings.DEBUG or request.COOKIES.get(STYLE_COOKIE) == style_version()


@lru_cache(maxsize=64)
def style_text(sheets: tuple[str, ...]) -> Markup:
    """The style sheet and these modules' sheets, to stand in a page. They name no files, so they mean the same."""
    paths = [SHEETS / "app.css", *(SHEETS / "modules" / f"{sheet}.css" for sheet in sheets)]
    text = "".join(_COMMENT.sub("", path.read_text(encoding="utf-8")) for path in paths)
    return Markup(_INDENT.sub("\n", text))  # noqa: S704  (own files)


_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_INDENT = re.compile(r"\n\s+")


def module_names() -> dict[str, str]:
    """Bare name → static path of every ES module of ours: `notices/compose` → `notices/compose.js`."""
    found = {}
    for path in sorted(PACKAGE.glob("*/static/*/*.js")):
        module = path.parent.name
        found[f"{module}/{path.stem}"] = f"{module}/{path.name}"
    return found


def _import_map(language: str) -> str:
    imports = {name: static(path) for name, path in module_names().items()}
    imports["ui/messages"] = static(f"ui/messages/{language}.js")
    return json.dumps({"imports": imports}, separators=(",", ":"))


_kept_import_map = lru_cache(maxsize=8)(_import_map)


def import_map(language: str) -> str:
    """The import map as JSON, with the hashed addresses and the message catalogue of `language`."""
    return _import_map(language) if settings.DEBUG else _kept_import_map(language)
