"""The text of a message as safe HTML: lines, and addresses as links. Everything else is what was typed."""

from __future__ import annotations

import html as plain_html
import re
import unicodedata

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# An address ends before whatever cannot be in one as people write it between Chinese words.
ADDRESS = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
ENDS = ".,;:!?'\")]"
LINE = 60
# Signs that turn the direction of what follows could make a text, or the label before it, read as another.
TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F])


def html(text: str) -> SafeString:
    """`text` escaped, with links to http and https addresses that open outside."""
    return mark_safe(escaped(text))  # noqa: S308  (every part is escaped)


def escaped(text: str) -> str:
    """The same for what is no template."""
    text = text.translate(TURNS)
    if "://" not in text:
        return plain_html.escape(text)
    parts: list[str] = []
    at = 0
    for match in ADDRESS.finditer(text):
        address = match.group().rstrip(ENDS)
        parts.append(escape(text[at : match.start()]))
        shown = escape(address)
        parts.append(f'<a href="{shown}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>')
        at = match.start() + len(address)
    parts.append(escape(text[at:]))
    return "".join(parts)


def one_line(text: str, longest: int = LINE) -> str:
    """The beginning of a text as plain words on one line."""
    words = " ".join(text.translate(TURNS).split())
    plain = words
    if not words.isprintable():
        plain = "".join(letter for letter in words if unicodedata.category(letter) != "Cc")
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
