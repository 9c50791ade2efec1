from django.db import migrations

# Contentless: the text stands in search_passage, from which the terms of what is taken out are made again. The rowid is
# the passage's own id, so what was said last is found first. On PostgreSQL a search may wait for few pending entries only.
SQLITE = [
    "CREATE VIRTUAL TABLE search_passage_fts USING fts5(terms, content='', columnsize=0,"
    " tokenize='unicode61 remove_diacritics 0', detail=none)",
]
SQLITE_BACK = ["DROP TABLE search_passage_fts"]
POSTGRESQL = [
    "ALTER TABLE search_passage ADD COLUMN terms tsvector NOT NULL",
    "CREATE INDEX search_passage_terms ON search_passage USING gin (terms) WITH (gin_pending_list_limit = 256)",
]
POSTGRESQL_BACK = ["DROP INDEX search_passage_terms", "ALTER TABLE search_passage DROP COLUMN terms"]


def run(on_sqlite, on_postgresql):
    def apply(apps, schema_editor):
        for statement in on_postgresql if schema_editor.connection.vendor == "postgresql" else on_sqlite:
            schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("search", "0003_passage")]
    operations = [migrations.RunPython(run(SQLITE, POSTGRESQL), run(SQLITE_BACK, POSTGRESQL_BACK))]
