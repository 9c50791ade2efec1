"""Files: what somebody attaches, kept safe and shown only to those who may see what it hangs on.

A file is what its bytes say, never what its name says: the type is recognised from the content, and a name that
claims something else is refused. Pictures are drawn anew in a process of their own, which drops position and camera
data and whatever was hidden in them. A file is *attached* to something (a notice) whose owner module answers who may
see it; until then only the uploader can, and what nothing claims within a day is removed.
"""
