"""Groups: who is meant by "class 2 of year 3 without the Zhang family", and who of them can be reached.

An *audience* is an expression over the structure of a school: whole grades, classes, the pupils somebody teaches a
subject, saved groups (a bus line, a club), single families, staff. It is stored as said, not as a list of people, and
is resolved when something is sent: to one pair of guardian × child for every child meant, and to members of staff. A
*saved group* is a named set of pupils and staff; its keepers may write to it even where they do not teach.
"""
