"""The floor of `homeroom bench inbox`: a bare ASGI application and sqlite3, with nothing a framework adds.

It answers the same question from the same file: whose session is this, and the newest twenty items of that person with
the children they are about. It renders no label, checks no right and knows no filter.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from typing import Any

import msgspec
import uvicorn

SESSION = "SELECT person_id FROM people_session WHERE session_key = ? AND expire_date > datetime('now')"
ITEMS = """
SELECT item.uuid, item.title, item.lead, item.sender_label, item.category, item.level, item.priority, item.deadline_at,
       copy.student_id, child.name, copy.surfaces_at, copy.read_at, copy.done_at, copy.settled_at
FROM (SELECT DISTINCT item_id, surfaces_at FROM delivery_recipient WHERE person_id = ?1
      ORDER BY surfaces_at DESC LIMIT 20) AS newest
JOIN delivery_recipient AS copy ON copy.item_id = newest.item_id AND copy.person_id = ?1
JOIN delivery_item AS item ON item.id = copy.item_id
LEFT JOIN people_person AS child ON child.id = copy.student_id
"""
NAMES = (
    "uuid", "title", "lead", "sender", "category", "level", "priority", "deadline_at", "student_id", "child",
    "surfaces_at", "read_at", "done_at", "settled_at",
)  # fmt: skip


def application(database: str) -> Callable[..., Awaitable[None]]:
    """The ASGI application over one open connection."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, check_same_thread=False)
    encode = msgspec.json.Encoder().encode

    async def answer(scope: dict[str, Any], _receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            return
        cookie = next((value for name, value in scope["headers"] if name == b"cookie"), b"").decode()
        key = SimpleCookie(cookie)["homeroom_session"].value
        (person_id,) = connection.execute(SESSION, (key,)).fetchone()
        rows = connection.execute(ITEMS, (person_id,)).fetchall()
        body = encode([dict(zip(NAMES, row, strict=True)) for row in rows])
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


if __name__ == "__main__":
    uvicorn.run(
        application(sys.argv[1]),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        log_level="error",
        access_log=False,
        lifespan="off",
    )
