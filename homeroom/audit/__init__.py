"""Audit: who changed what, when, in the same transaction as the change. Rows are never edited; ids only, no names."""
