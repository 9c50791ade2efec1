"""Event log: what happened, in whose stream, under which number.

A change announces its event inside its own transaction. The event is stored once; each *stream* (a person, `p12`, or
later a conversation) that must hear of it gets one *entry* under that stream's next number. An entry may be *about* a
student, so a guardian of two children has two entries for one notice. Numbers of one stream are dense and are committed
in their order, because whoever takes the next number holds the stream's row until the commit.

A *reader* works through all events by its own stored place; a socket, or any client that was away, reads streams after
the last number it has. Events hold ids, never names or text: erasing a person needs no rewriting of history.
"""
