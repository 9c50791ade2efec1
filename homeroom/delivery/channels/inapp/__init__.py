"""In the app: the recipient's row is the message, and the socket frame made at the commit hurries it."""

from __future__ import annotations

from .channel import InApp

channel = InApp()
