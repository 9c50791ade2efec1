"""What the database believes about the size of its tables, after so much was written that it believes wrongly.

PostgreSQL counts by itself a minute later, and not before a transaction ends. Until then a table that has just been
filled passes for empty, and a query that joins two such tables compares each row with each: minutes instead of
milliseconds.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Model


def count_again(*models: type[Model]) -> None:
    """Let the database look at these tables now; inside a transaction it sees that transaction's rows too."""
    if connection.vendor != "postgresql":  # SQLite plans without counting
        return
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
