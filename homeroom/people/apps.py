"""People enters its pages into the menus."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "homeroom.people"

    def ready(self) -> None:
        from homeroom.ui import public as ui

        from . import labels, menu

        for entry in menu.MAIN:
            ui.register_menu(entry)
        for entry in menu.ACCOUNT:
            ui.register_account_menu(entry)
        ui.on_preferences_changed(menu.remember)
        ui.name_people_with(lambda person: (labels.label(person), person.school.name))
