"""Kit: time, ids, errors, access decisions, encryption and database parts that know no school words."""
