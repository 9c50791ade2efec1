"""Errors a user can be told about. Each carries a message in the user's language that says what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Trouble(Exception):
    """Something the user can be told about; pages and the API turn it into `status` with `message`.

    `fields` maps a form field's name to its own message, so a page can put it beside the field.
    """

    status = 422
    code = "trouble"
    default_message: str | Promise = _("This could not be done. Please check what you entered and try again.")

    def __init__(self, message: str | Promise | None = None, *, fields: dict[str, str | Promise] | None = None) -> None:
        self.message: str | Promise = message if message is not None else self.default_message
        self.fields = fields or {}
        super().__init__(str(self.code))

    def __str__(self) -> str:
        return str(self.message)


class NotAllowed(Trouble):
    """The actor may not do this; the message says who may."""

    status = 403
    code = "not_allowed"
    default_message = _("You are not allowed to do this.")


class NotVisible(Trouble):
    """The thing does not exist, or not for this actor: the two must look the same."""

    status = 404
    code = "not_found"
    default_message = _("This page does not exist, or it is not meant for you.")


class Invalid(Trouble):
    """Input that cannot be accepted as it is."""

    status = 422
    code = "invalid"


class Stale(Trouble):
    """Somebody else changed the thing in between; nothing was overwritten."""

    status = 409
    code = "stale"
    default_message = _("Somebody else has changed this in the meantime. Reload the page and try again.")
