"""What the tests of red lines share."""

from __future__ import annotations

import pytest

from homeroom.redlines import shelf


@pytest.fixture(autouse=True)
def _empty_shelf():
    """A school of the test before may have had the same id."""
    shelf.forget()
    yield
    shelf.forget()
