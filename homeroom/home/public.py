"""What the site enters for home: its places in the menus."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from homeroom.delivery.public import unread_badge
from homeroom.ui.public import MenuEntry

from .context import register_context
from .lookup import Lookup, register_lookup

MENU = MenuEntry("home", _("Home"), "home", "home:home", badge=unread_badge, order=10)
WISHES = MenuEntry("wishes", _("How messages reach me"), "bell", "delivery:settings", order=40)

__all__ = ["MENU", "WISHES", "Lookup", "register_context", "register_lookup"]
