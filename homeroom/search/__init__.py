"""Search: finds words inside texts, Chinese words of two characters and even one among them.

Chinese writes no spaces, so a text is indexed by every single character and every two neighbouring ones; a query is
found where all its neighbouring pairs are, and then compared as a whole. The index holds one row for each thing a
module enters. It knows no rights: a module joins the answer with what its reader may see.
"""
