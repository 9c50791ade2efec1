"""Pages about people: signing in, invitations, one's own account, children, and setting up a school."""
