"""Conversations: what people write to each other, and who may read it.

A conversation is one of four kinds. A *family thread* is about one child: the child's guardians on one side, one
teacher of the child (and whoever stands in) on the other. A *class channel* is where the teachers of a class speak to
its families, who answer privately in the family thread, or openly where the school has switched that on. A *staff
room* is for the staff of the school or of one grade. A *pupil's thread* is a pupil's own with one of their teachers;
by the pupil's stage, or as the school chooses, guardians write in it, read along or are not included, and everybody in
it sees who is.

Membership follows the roster and is never edited: who joins sees what is written from then on, who leaves sees nothing
more from that moment. A message is numbered within its conversation; its row is also its event and its own record.
Nothing disappears: a changed message keeps its former texts, a withdrawn one leaves a trace that says who withdrew it.
"""
