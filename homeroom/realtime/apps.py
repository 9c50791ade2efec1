"""The realtime app."""

from __future__ import annotations

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.html import format_html


class RealtimeConfig(AppConfig):
    name = "homeroom.realtime"

    def ready(self) -> None:
        from homeroom.ui.public import register_page_end

        register_page_end(live_socket)


def live_socket(request: HttpRequest) -> str:
    """The element that keeps a signed-in page live, with the numbers up to which the page is told already."""
    from homeroom.eventlog.public import last_numbers
    from homeroom.realtime.frames import encode

    account, person = getattr(request, "account", None), getattr(request, "person", None)
    if account is None:
        return ""
    places = last_numbers([f"p{person.pk}"]) if person is not None else {}
    return format_html(
        '<live-socket data-module="realtime/socket" data-account="{}" data-after="{}" hidden></live-socket>',
        account.uuid,
        encode(places).decode(),
    )
