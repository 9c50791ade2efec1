"""Realtime: a person's open pages hear at once what the event log holds for them.

The gateway is a reader of the log that hurries: a *socket* belongs to a signed-in session and hears the streams of
every person of that session's account. It says which number of each stream it has, gets everything after it, then
each new entry once and in order. Losing the gateway loses nothing: the next connection, or the plain HTTP poll,
reads on.

The *hub* lives on the event loop and only writes to sockets; the *source* is one thread that does all reading from the
database; the *bus* tells the source of commits made by other processes. A *hint* (a live count, somebody typing) is not
in the log and may be lost. The protocol is in docs/contract/socket.md.
"""
