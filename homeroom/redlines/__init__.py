"""Red lines: words a school does not want to read, and what becomes of a text in which they stand.

A *pack* is a data file of words, each list under a *category* that says in plain words what is the matter. A school
decides for each category whether its words are let through, warned about, held until a moderator has read the text, or
refused; it adds lists of its own, and words that are always allowed. The longest match counts: a word inside a longer
innocent one (路口交通) is none. Whoever writes is told which of their words hit and why, before anything is stored.
"""
