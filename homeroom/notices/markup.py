"""The text of a notice: cleaned when saved, filled with variables when shown."""

from __future__ import annotations

import html
import re

import nh3

TEXT_AT_MOST = 20_000
_TAGS = {"p", "br", "strong", "b", "em", "i", "u", "h3", "h4", "ul", "ol", "li", "blockquote", "a"}
_SCHEMES = ("http://", "https://", "tel:", "mailto:")
_BLOCK = re.compile(r"</(?:p|h3|h4|li|blockquote|ul|ol)>|<br\s*/?>", re.I)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]"
)  # also what turns the reading direction


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Only links that say where they lead; a relative one would lead to our own pages. `rel` is the cleaner's own."""
    if name == "rel":
        return value
    return value if tag == "a" and name == "href" and value.strip().lower().startswith(_SCHEMES) else None


_cleaner = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href"}},
    url_schemes={"http", "https", "tel", "mailto"},
    link_rel="noopener noreferrer nofollow",
    attribute_filter=_attribute,
    strip_comments=True,
)


def sanitise(text: str) -> str:
    """Markup with nothing in it but a few harmless tags; plain text becomes paragraphs."""
    text = _CONTROL.sub("", text[: TEXT_AT_MOST * 2]).strip()
    if not re.search(r"</?[a-zA-Z][^>]*>", text):
        blocks = re.split(r"\n\s*\n", html.unescape(text)) if text else []
        text = "".join(f"<p>{html.escape(block.strip(), quote=False).replace(chr(10), '<br>')}</p>" for block in blocks)
    return _cleaner.clean(text)


def plain(markup: str) -> str:
    """The text without markup, a line for each paragraph."""
    text = _BLOCK.sub("\n", markup)
    text = html.unescape(nh3.clean(text, tags=set()))
    return re.sub(r"\n{2,}", "\n", re.sub(r"[ \t\xa0]+", " ", text)).strip()


def lead(markup: str, *, at_most: int = 140) -> str:
    """The beginning for a card, on one line."""
    line = " ".join(plain(markup).split())
    return line if len(line) <= at_most else line[: at_most - 1].rstrip() + "…"


def one_line(text: str) -> str:
    """A title: no line breaks, no control characters, single spaces."""
    return " ".join(_CONTROL.sub("", text).split())
