"""Roster: a school's own list of pupils, classes and guardians, taken in from Excel, CSV or OneRoster.

A *reading* is what a file says, row by row, each with the sheet, row and column it came from; nothing of the school is
looked at. A *comparison* sets a reading beside the school as it is: new, changed, moved, gone, the same; rejected rows
name the cell to correct, doubts ask a question and hold back what depends on the answer. An *import run* carries one
file through uploaded → compared → applied, in one transaction, and can be rolled back while nothing changed since.
"""
