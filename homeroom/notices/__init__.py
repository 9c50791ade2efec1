"""Notices: what the school tells families, and what it asks of them.

A notice is a *draft* until its sender publishes it or *schedules* it; publishing hands it to delivery, which knows who
got, read and did it. Published text is never edited in silence: it is *corrected*, which keeps every version, or
*recalled*, which leaves a trace in every inbox. The audience is resolved at the moment of publishing. A fee notice may
mark children as paid or exempt, so that their families are not asked any more.
"""
