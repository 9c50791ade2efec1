"""Email over SMTP, configured by EMAIL_URL."""

from __future__ import annotations

from .channel import Email

channel = Email()
