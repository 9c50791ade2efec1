"""The words on screen: found in the sources, kept in one catalogue per module, compiled for Django and for scripts.

msgids are natural English, so English needs no catalogue (one may exist to override); Chinese is complete or the check
fails. `django.po` holds what Python and templates say, `djangojs.po` what ES modules say.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template import engines
from django.utils.translation.reloader import translation_file_changed

from .jinja import ModuleTemplates

PACKAGE = Path(__file__).resolve().parent.parent
LANGUAGES = {"zh_Hans": "zh-hans", "en": "en"}  # the folder's name: Django's name
COMPLETE = "zh_Hans"
SCRIPT_CATALOGUES = PACKAGE / "ui" / "static" / "ui" / "messages"

KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
TEMPLATE_OPTIONS = {
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    "trimmed": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "newstyle_gettext": "true",
    "silent": "false",
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%|\{\w*\}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something the check found, in one module's catalogue of one language."""

    module: str
    language: str
    msgid: str
    reason: str

    def __str__(self) -> str:
        return f"{self.module} [{self.language}] {self.reason}: {self.msgid!r}"


def modules() -> list[str]:
    """Every module that is a Python package."""
    return sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def _sources(module: str, domain: str) -> Iterator[tuple[Path, str, dict[str, str]]]:
    folder = PACKAGE / module
    if domain == "djangojs":
        for path in sorted(folder.glob("static/*/*.js")):
            yield path, "javascript", {"parse_template_string": "true"}
        return
    for path in sorted(folder.rglob("*.py")):
        if not {"tests", "migrations"} & set(path.relative_to(folder).parts):
            yield path, "python", {}
    for path in sorted((folder / "templates").rglob("*")):
        if path.suffix in {".html", ".txt", ".js", ".svg"}:
            yield path, "jinja2.ext:babel_extract", TEMPLATE_OPTIONS


def extract(module: str, domain: str = "django") -> Catalog:
    """Every message in the sources of `module`."""
    catalogue = Catalog(domain=domain, fuzzy=False)
    for path, method, options in _sources(module, domain):
        where = path.relative_to(PACKAGE.parent).as_posix()
        found = extract_from_file(method, path, keywords=KEYWORDS, comment_tags=("Translators:",), options=options)
        for _line, msgid, comments, context in found:
            catalogue.add(msgid, locations=[(where, 0)], auto_comments=comments, context=context)
    return catalogue


def po_path(module: str, folder: str, domain: str = "django") -> Path:
    """Where the catalogue is."""
    return PACKAGE / module / "locale" / folder / "LC_MESSAGES" / f"{domain}.po"


def read(path: Path, folder: str) -> Catalog:
    """The catalogue at `path`, or a new one."""
    if not path.exists():
        return Catalog(locale=folder, domain=path.stem, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=folder, domain=path.stem)


def update(module: str) -> dict[str, int]:
    """Bring the module's catalogues in step with its sources; every translation is kept, even of what has gone.

    Returns the number of messages without translation, by domain.
    """
    missing = {}
    for domain in ("django", "djangojs"):
        found = extract(module, domain)
        for folder in LANGUAGES:
            path = po_path(module, folder, domain)
            if not path.exists() and (folder != COMPLETE or not len(found)):
                continue
            catalogue = read(path, folder)
            for message in list(catalogue.obsolete.values()):  # what has come back keeps its translation
                if found.get(message.id, message.context):
                    catalogue[message.id] = message
            catalogue.update(found, no_fuzzy_matching=True, update_header_comment=False)
            _write(catalogue, path)
            if folder == COMPLETE:
                missing[domain] = sum(1 for message in catalogue if message.id and not _translated(message))
    return missing


def _write(catalogue: Catalog, path: Path) -> None:
    # A header of our own, without dates and tool versions: an update that finds nothing new changes no file.
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    written = BytesIO()
    write_po(written, catalogue, width=110, sort_by_file=True, include_lineno=False, omit_header=True)
    text = header.encode() + written.getvalue()
    if not path.exists() or path.read_bytes() != text:
        path.write_bytes(text)


def _translated(message: Message) -> bool:
    if isinstance(message.string, (tuple, list)):
        return all(message.string)
    return bool(message.string)


def check(module: str) -> list[Fault]:
    """What is wrong with the module's catalogues; empty when every message has its Chinese."""
    faults = []
    for domain in ("django", "djangojs"):
        found = extract(module, domain)
        for folder in LANGUAGES:
            catalogue = read(po_path(module, folder, domain), folder)
            for wanted in found:
                if not wanted.id:
                    continue
                msgid = wanted.id if isinstance(wanted.id, str) else wanted.id[0]
                # Chinese may stand in an English sentence as an example, not for one.
                if folder == COMPLETE and re.search(r"[\u4e00-\u9fff]", msgid) and not re.search(r"[a-z]{2}", msgid):
                    faults.append(Fault(module, folder, msgid, "a msgid is English"))
                message = catalogue.get(wanted.id, wanted.context)
                if message is None or not _translated(message):
                    if folder == COMPLETE:
                        faults.append(Fault(module, folder, msgid, "no translation"))
                    continue
                faults += [Fault(module, folder, msgid, reason) for reason in _wrong(message)]
    return faults


def _wrong(message: Message) -> Iterator[str]:
    asked = message.id if isinstance(message.id, str) else " ".join(message.id)
    allowed = _placeholders(asked)
    for text in [message.string] if isinstance(message.string, str) else message.string or ():
        used = _placeholders(text)
        if used - allowed:
            yield f"unknown placeholder {', '.join(sorted(used - allowed))}"
        # A number may be left out of one plural form, a name never.
        if isinstance(message.id, str) and allowed - used:
            yield f"placeholder {', '.join(sorted(allowed - used))} is missing"
    if message.fuzzy:
        yield "marked fuzzy"


def _placeholders(text: str) -> set[str]:
    return {match.group(0) for match in PLACEHOLDER.finditer(text) if match.group(0) != "%%"}


def compile_module(module: str) -> int:
    """Write the module's .mo files that are missing or of another time. Returns how many were written."""
    written = 0
    for folder in LANGUAGES:
        path = po_path(module, folder)
        target = path.with_suffix(".mo")
        if not path.exists():
            continue
        changed = path.stat()
        if target.exists() and target.stat().st_mtime_ns == changed.st_mtime_ns:
            continue
        # Written beside and moved, because another process may be reading the old one; dated as the text it was made
        # of, so that one written while we read counts as newer.
        temporary = target.with_suffix(f".{os.getpid()}.new")
        with temporary.open("wb") as file:
            write_mo(file, read(path, folder))
        os.utime(temporary, ns=(changed.st_atime_ns, changed.st_mtime_ns))
        temporary.replace(target)
        written += 1
    return written


def script_catalogue(folder: str) -> dict[str, str | list[str]]:
    """Every module's messages for scripts in one language, as `ui/i18n` reads them."""
    messages: dict[str, str | list[str]] = {}
    for module in modules():
        path = po_path(module, folder, "djangojs")
        if not path.exists():
            continue
        for message in read(path, folder):
            if not message.id or not _translated(message):
                continue
            msgid = message.id if isinstance(message.id, str) else message.id[0]
            key = f"{message.context}\u0004{msgid}" if message.context else msgid
            messages[key] = message.string if isinstance(message.string, str) else list(message.string or ())
    return dict(sorted(messages.items()))


def compile_all() -> int:
    """Compile every module's catalogues and the scripts' message modules. Returns how many files changed.

    What this process had read before is forgotten: the first start compiles, speaks and then serves.
    """
    written = sum(compile_module(module) for module in modules())
    if written:
        translation_file_changed(sender=None, file_path=Path("django.mo"))
        for engine in engines.all():
            if isinstance(engine, ModuleTemplates):
                engine.forget_words()
    SCRIPT_CATALOGUES.mkdir(parents=True, exist_ok=True)
    for folder, language in LANGUAGES.items():
        text = json.dumps(script_catalogue(folder), ensure_ascii=False, separators=(",", ":"))
        target = SCRIPT_CATALOGUES / f"{language}.js"
        module = f"export default {text};\n"
        if not target.exists() or target.read_text(encoding="utf-8") != module:
            target.write_text(module, encoding="utf-8")
            written += 1
    return written
