"""Delivery: whatever must reach somebody, and whether it did.

An item is one thing that asks something of people: to read it, to confirm, to sign or to reply. A recipient is one
person's copy of it, for a guardian about one child: two guardians of two children hold four copies, and each adult
sees one card with two child chips. Read, confirmed, signed and replied are different facts, each with its time.

*Done* is when this person did what the item's level asks. *Settled* is when nothing more is asked of this person for
this child: with the household rule "any one guardian" the first to do it settles the child for all, with "each
guardian" everybody settles their own copy. Reminders go to those who are asked and not settled, and to nobody else.

A copy *surfaces* when it may press: at once, at the family's digest time, or when a snooze ends. Messages that leave
the platform are dispatches: rows that workers claim, so that a worker killed at any moment loses none.
"""
