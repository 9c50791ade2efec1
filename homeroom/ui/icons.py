"""Icons: Tabler outlines (MIT, licence beside them), drawn into the page so that they need no request."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

FOLDER = Path(__file__).parent / "icons"


@cache
def _body(name: str) -> str:
    svg = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    return svg[svg.index(">") + 1 : svg.rindex("</svg>")]


@cache
def _drawn(name: str, css: str) -> Markup:
    return Markup(f'<svg class="i{css}" viewBox="0 0 24 24" aria-hidden="true">{_body(name)}</svg>')  # noqa: S704  (own files)


def icon(name: str, label: str = "", css: str = "") -> Markup:
    """The icon `name` as SVG. With `label` it is an image that says so; without, screen readers skip it.

    Raises FileNotFoundError for a name that is not in the folder: add the file from @tabler/icons.
    """
    css = str(escape(f" {css}")) if css else ""
    if not label:
        return _drawn(name, css)
    return Markup('<svg class="i{}" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>').format(
        Markup(css),  # noqa: S704  (escaped above)
        label,
        Markup(_body(name)),  # noqa: S704  (own files)
    )


def names() -> list[str]:
    """Every icon there is."""
    return sorted(path.stem for path in FOLDER.glob("*.svg"))
