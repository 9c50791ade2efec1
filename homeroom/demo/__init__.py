"""Demo: one invented school for the first look, every test and every screenshot.

The cast is a few dozen people with fixed names, each there for a reason: the mother of two, the grandfather without an
account, the father who may not be reached. The demonstration is the cast inside two schools of ordinary size with a
term of ordinary life. A row in the database marks it, so a real installation has no trace of role switching.
"""
