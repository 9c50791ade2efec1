"""Every role at every address answers as the table says, and a refusal changes nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from django.test import Client

from homeroom.site.api import api

from .matrix import ELSEWHERE, ROLES, TABLE, ask, paragraph, parameters, read_table, routes, write_table
from .world import World, build_world, cases_for

UPDATE = bool(os.environ.get("UPDATE_PERMISSIONS"))
# Whoever is not signed in may open these: the ways in, what a browser needs, and what machines ask. (Figures are for
# trusted addresses, of which the test's own is one.)
OPEN_TO_STRANGERS = {
    "healthz", "readyz", "metrics", "api/v1/openapi.json", "sign-in/", "sign-in/help/", "sign-in/closed/",
    "sign-in/who/", "sign-in/code/", "sign-in/forgotten/", "sign-in/new-password/",
    "sign-in/new-password/<str:token>/", "join/", "i/<str:token>/", "ui/preferences/", "manifest.webmanifest",
    "sw.js", "offline/",
}  # fmt: skip
REFUSED = {301, 302, 400, 401, 403, 404, 405, 409, 422, 429}
FOLDERS = sorted({route.split("/")[0] for route in routes()})


def methods_of(route: str) -> list[str]:
    if not route.startswith("api/v1/"):
        return ["GET", "POST"]
    found: set[str] = set()
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            whole = "/".join(part.strip("/") for part in ("api/v1", prefix, path) if part.strip("/"))
            if whole.replace("{", "<").replace("}", ">") == route:
                found |= {method for operation in view.operations for method in operation.methods}
    return sorted(found) or ["GET"]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of requests would be thousands of lines."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def world(school) -> World:
    return build_world(school)


@pytest.fixture
def clients(world, client_for) -> dict[str, Client]:
    """A browser for each role; one that shows a server error as the status it is."""
    return {
        role: Client(raise_request_exception=True) if role == "stranger" else client_for(getattr(world.cast, role))
        for role in ROLES
    }


def measured(folder: str, world: World, clients: dict[str, Client]) -> Iterator[tuple[str, str]]:
    """First line and paragraph of every address in a folder; refusals that changed something fail here."""
    for route in routes():
        if route.split("/")[0] != folder:
            continue
        cases = cases_for(route, world, parameters(route))
        assert cases is not None, f"say in tests/permissions/world.py how /{route} is asked"
        for case in cases:
            for method in methods_of(route):
                statuses = {}
                for role, client in clients.items():
                    if statuses.get("stranger") == 405:  # decided before anybody is asked who they are
                        statuses[role] = 405
                        continue
                    status, writes = ask(client, method, route, case)
                    statuses[role] = status
                    at = f"{method} /{route} [{case.name}] as {role}: {status}"
                    assert status < 500, at
                    assert status not in REFUSED - {302} or not writes, f"{at} changed something: {writes}"
                    if role == "stranger" and route not in OPEN_TO_STRANGERS:
                        assert status in REFUSED, at
                        assert not writes, f"{at} changed something: {writes}"
                    if role in ELSEWHERE and case.path and status < 300 and "elsewhere" not in case.name:
                        assert route in SAME_FOR_ALL, f"{at}: a person of another school sees a row of this one"
                text = paragraph(method, route, case, statuses)
                yield text.split("\n")[0], text


# Parameters that name no row of a school: a one-time token, a preset's number.
SAME_FOR_ALL = {"i/<str:token>/", "notices/templates/<str:key>/"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_role_at_every_address(folder, world, clients):
    found = dict(measured(folder, world, clients))
    table = read_table()
    here = {key: text for key, text in table.items() if key.split("/")[1].split(" ")[0] == folder}
    if UPDATE:
        write_table({key: text for key, text in table.items() if key not in here} | found)
        return
    assert not found.keys() - here.keys(), "no row for: " + ", ".join(sorted(found.keys() - here.keys()))
    assert not here.keys() - found.keys(), "gone: " + ", ".join(sorted(here.keys() - found.keys()))
    assert [found[key] for key in sorted(found)] == [here[key] for key in sorted(found)]


def test_the_table_names_only_addresses_that_exist():
    folders = {key.split("/")[1].split(" ")[0] for key in read_table()}
    assert folders <= set(FOLDERS), TABLE
