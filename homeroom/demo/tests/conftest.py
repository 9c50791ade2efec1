"""The cast with the mark of a demonstration."""

from __future__ import annotations

import pytest

from homeroom.demo.build import mark


@pytest.fixture
def demonstration(school, now):
    """The cast's two schools, marked as a demonstration."""
    return mark(school, now=now)
