"""School: the institution and its shape.

A school teaches one or more stages (primary, junior middle …); each stage has grades, a grade has classes. A class
keeps its entry year for life and moves up through the grades with it. A term is a span of dates. The calendar says
which days are school days: weekdays with working intervals, less holidays, plus make-up days that follow another
weekday's plan. A module a school has switched off has no menu entry and answers 404.
"""
