"""Pages of notices: writing, sending, following."""
