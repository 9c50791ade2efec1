"""Who may open and change what: every role at every address, against a table that people read."""
