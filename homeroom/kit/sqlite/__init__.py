"""SQLite for many writing threads: Django's backend plus one fair queue in front of the write lock."""
