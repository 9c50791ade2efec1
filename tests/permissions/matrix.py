"""Asking every address as every role, and writing the answers down.

`table.txt` beside this file holds one paragraph for each address, method and case: which status each role gets. The
most common one comes last, as "everyone else". A new address without a paragraph fails the test; with
UPDATE_PERMISSIONS=1 the test writes the table anew, and the difference is read in review like any other code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

TABLE = Path(__file__).with_name("table.txt")
ROLES = [
    "stranger", "mother", "father", "guardian_of_two", "delegate", "records_barred_guardian", "restricted_guardian",
    "pupil", "class_teacher", "substitute", "other_class_teacher", "subject_teacher", "teacher_parent", "grade_leader",
    "leader", "office", "counsellor", "it_admin", "guardian_elsewhere", "teacher_elsewhere", "leader_elsewhere",
]  # fmt: skip
ELSEWHERE = {"guardian_elsewhere", "teacher_elsewhere", "leader_elsewhere"}
# Keeping a session alive and counting wrong passwords happens whoever asks and whatever is answered.
MAY_CHANGE = re.compile(r'(?:people_session|kit_cache|axes_\w+|django_session)"?\b')
WRITES = re.compile(r"^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Case:
    """One way of asking an address: with these parts of the path and this body."""

    name: str = ""
    path: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    json: bool = False


def routes() -> Iterator[str]:
    """Every address of the project."""

    def walk(resolver: URLResolver, before: str) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield route
            else:
                yield from walk(pattern, route)

    yield from dict.fromkeys(walk(get_resolver(), ""))


def parameters(route: str) -> list[str]:
    return PARAMETER.findall(route)


def address(route: str, path: dict[str, Any]) -> str:
    return "/" + PARAMETER.sub(lambda match: str(path[match[1]]), route)


class Writes:
    """Notes statements that change more than MAY_CHANGE."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if WRITES.match(sql) and not MAY_CHANGE.search(sql[:80]) and context["cursor"].rowcount != 0:
            self.found.append(sql[:160])
        return result


def ask(client: Client, method: str, route: str, case: Case) -> tuple[int, list[str]]:
    """Status and the changes made; everything is undone afterwards."""
    writes = Writes()
    options: dict[str, Any] = {}
    if case.json:
        options["content_type"] = "application/json"
    body = case.body or {}
    body = body if method != "GET" or not case.json else {}
    sid = transaction.savepoint()
    with connection.execute_wrapper(writes):
        response = getattr(client, method.lower())(address(route, case.path), body, **options)
        if response.streaming:
            b"".join(response.streaming_content)
    transaction.savepoint_rollback(sid)
    return response.status_code, writes.found


def paragraph(method: str, route: str, case: Case, statuses: dict[str, int]) -> str:
    """The answers as the table writes them."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for role in ROLES:
        by_status[statuses[role]].append(role)
    usual = max(by_status, key=lambda status: (len(by_status[status]), status))
    lines = [f"{method} /{route}" + (f" [{case.name}]" if case.name else "")]
    lines += [f"    {status} {' '.join(who)}" for status, who in sorted(by_status.items()) if status != usual]
    lines.append(f"    {usual} everyone" + (" else" if len(by_status) > 1 else ""))
    return "\n".join(lines)


def read_table() -> dict[str, str]:
    """First line → paragraph."""
    if not TABLE.exists():
        return {}
    text = TABLE.read_text(encoding="utf-8")
    return {block.split("\n")[0]: block.strip() for block in text.split("\n\n") if block.strip()}


def write_table(paragraphs: dict[str, str]) -> None:
    TABLE.write_text("\n\n".join(paragraphs[key] for key in sorted(paragraphs, key=_order)) + "\n", encoding="utf-8")


def _order(key: str) -> tuple[str, str]:
    method, _space, rest = key.partition(" ")
    return rest, method
