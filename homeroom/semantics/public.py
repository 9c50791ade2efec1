"""What other modules may call: declaring, and running what is declared."""

from __future__ import annotations

from .evaluating import Measure, NeverAdded, Period, Scope, State, evaluate, evaluate_by, total
from .moments import DAY, MONTH, WEEK
from .registry import WronglyDeclared, declare, dimension, dimensions, facts, metric, metrics
from .words import Column, Dimension, Fact, Grain, Kind, Metric, Order, SeenBy, Unit

__all__ = [
    "DAY", "MONTH", "WEEK", "Column", "Dimension", "Fact", "Grain", "Kind", "Measure", "Metric", "NeverAdded", "Order",
    "Period", "Scope", "SeenBy", "State", "Unit", "WronglyDeclared", "declare", "dimension", "dimensions", "evaluate",
    "evaluate_by", "facts", "metric", "metrics", "total",
]  # fmt: skip
