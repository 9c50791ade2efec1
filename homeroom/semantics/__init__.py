"""Semantics: the words in which every module says what it counts.

A *fact* is a table of things that happened (events) or stand somewhere (states), with its grain: what one row is. A
*dimension* is something a figure can be told by: class, topic, week; it has a Chinese and an English name, the other
words people use, what lies above it, an order, and who may see its members. A *metric* is one number with one meaning:
a fact, a condition, an expression, a unit, and the smallest group it may be told of.

An expression says by its kind how parts become a whole: counts and sums are added, a ratio keeps numerator and
denominator and is divided last, a median or a count of different persons is never added up and always asked anew.
"""
