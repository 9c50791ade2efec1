"""What other modules may call."""

from __future__ import annotations

from .queries import matches
from .services import forget, index, index_many

__all__ = ["forget", "index", "index_many", "matches"]
