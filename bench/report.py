"""What every bench prints: one JSON object a line, and an exit status that tells whether the budgets hold."""

from __future__ import annotations

import json
import sys
from typing import Any


class Report:
    """Collects the figures of one bench.

    A figure with a `limit` (the same work done by C or the bare engine, measured in the same run) is judged by its
    ratio to it, and one without by its value, which may stand `beside` a limit.
    """

    def __init__(self, bench: str) -> None:
        self.bench = bench
        self.missed: list[str] = []

    def figure(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        limit: float | None = None,
        beside: float | None = None,
        at_most: float | None = None,
        at_least: float | None = None,
        **more: Any,
    ) -> bool:
        """Print one figure; returns whether it is within its budget (true when it has none)."""
        judged = value / limit if limit else value
        limit = limit or beside
        ratio = value / limit if limit else None
        ok = (at_most is None or judged <= at_most) and (at_least is None or judged >= at_least)
        budget = None
        if at_most is not None:
            budget = f"<= {at_most:g}"
        elif at_least is not None:
            budget = f">= {at_least:g}"
        if not ok:
            self.missed.append(name)
        line = {
            "bench": self.bench,
            "figure": name,
            "value": _short(value),
            "unit": unit,
            "limit": None if limit is None else _short(limit),
            "ratio": None if ratio is None else _short(ratio),
            "budget": budget,
            "ok": ok,
            **more,
        }
        print(json.dumps(line, ensure_ascii=False), flush=True)
        return ok

    def note(self, text: str) -> None:
        """Progress, for people: on standard error, so that the lines stay JSON."""
        print(f"{self.bench}: {text}", file=sys.stderr, flush=True)

    @property
    def status(self) -> int:
        """0 when every budget holds, else 1."""
        return 1 if self.missed else 0


def _short(number: float) -> float:
    return number if isinstance(number, int) else float(f"{number:.4g}")
