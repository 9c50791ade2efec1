"""Wording: texts somebody writes again and again, with gaps that are filled for each reader.

A *template* is a person's own or the school's. A *variable* stands in double braces, {{child}} or {{孩子}}, in either
language, and is filled when a text is shown: each guardian reads their own child's name. What is filled in is always
treated as text, never as markup.
"""
