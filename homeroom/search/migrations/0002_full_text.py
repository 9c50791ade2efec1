from django.db import migrations

# The tokens are separated by spaces and hold letters and digits only, so the tokenizer has nothing to decide; it must
# not fold accents or case a second time, or it would find what the comparison then throws away.
SQLITE = [
    "CREATE VIRTUAL TABLE search_fts USING fts5(tokens, content='search_entry', content_rowid='id',"
    " tokenize='unicode61 remove_diacritics 0', detail=none)",
    "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_fts (rowid, tokens) VALUES (new.id, new.tokens); END",
    "CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_fts (search_fts, rowid, tokens) VALUES ('delete', old.id, old.tokens); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE OF tokens ON search_entry BEGIN"
    " INSERT INTO search_fts (search_fts, rowid, tokens) VALUES ('delete', old.id, old.tokens);"
    " INSERT INTO search_fts (rowid, tokens) VALUES (new.id, new.tokens); END",
]
SQLITE_BACK = [
    "DROP TRIGGER search_entry_added", "DROP TRIGGER search_entry_removed", "DROP TRIGGER search_entry_changed",
    "DROP TABLE search_fts",
]
POSTGRESQL = ["CREATE INDEX search_entry_tokens ON search_entry USING gin (string_to_array(tokens, ' '))"]
POSTGRESQL_BACK = ["DROP INDEX search_entry_tokens"]


def run(on_sqlite, on_postgresql):
    def apply(apps, schema_editor):
        for statement in on_postgresql if schema_editor.connection.vendor == "postgresql" else on_sqlite:
            schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [migrations.RunPython(run(SQLITE, POSTGRESQL), run(SQLITE_BACK, POSTGRESQL_BACK))]
