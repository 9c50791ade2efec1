"""Slots that other modules fill with one line each in `site/reactions.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from .preferences import Preferences

__all__ = [
    "Banner",
    "MenuEntry",
    "MenuItem",
    "Preferences",
    "account_menu_for",
    "banners_for",
    "components_shown",
    "menu_for",
    "name_people_with",
    "on_preferences_changed",
    "person_named",
    "preferences_changed",
    "register_account_menu",
    "register_banner",
    "register_menu",
    "remember_preferences",
    "show_components_when",
]


def _everyone(request: HttpRequest) -> bool:
    return getattr(request, "person", None) is not None


def _nothing(request: HttpRequest) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A place in the main menu: the side bar on a desktop, the tab bar on a phone.

    `shown` and `badge` are asked on every full page, so they read what the request already carries or one indexed row.
    Entries are sorted by `order`; on a phone the first four are tabs and the rest stand under "More".
    """

    name: str  # a page says `{% set nav = "notices" %}` to mark its entry
    label: str | Promise
    icon: str
    url_name: str
    shown: Callable[[HttpRequest], bool] = _everyone
    badge: Callable[[HttpRequest], int] = _nothing
    order: int = 50
    _worded: dict[str, str] = field(default_factory=dict, init=False, compare=False, repr=False)

    def words(self, language: str) -> str:
        """The label in `language`, which is the active one."""
        if language not in self._worded:
            self._worded[language] = str(self.label)
        return self._worded[language]


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry as one request sees it."""

    name: str
    label: str
    icon: str
    url: str
    badge: int
    current: bool


@dataclass(frozen=True, slots=True)
class Banner:
    """A line above every page: the demo school's role switch, a restore in progress."""

    html_template: str  # rendered with `request` and `banner`
    tone: str = "info"
    context: dict[str, Any] | None = None


@lru_cache(maxsize=512)
def fixed_address(url_name: str) -> str:
    """The address of a page that takes no arguments. A page names a dozen of them, and they never change."""
    return reverse(url_name)


BannerSource = Callable[[HttpRequest], Banner | None]
PageEnd = Callable[[HttpRequest], SafeString | str]
PreferencesListener = Callable[[HttpRequest, Preferences], None]

_menu: dict[str, MenuEntry] = {}
_account_menu: dict[str, MenuEntry] = {}
_banners: list[BannerSource] = []
_page_ends: list[PageEnd] = []
_listeners: list[PreferencesListener] = []
_person_namer: list[Callable[[Any], tuple[str, str]]] = []
_component_viewers: list[Callable[[HttpRequest], bool]] = []


def register_menu(entry: MenuEntry) -> None:
    """Add `entry` to the main menu; the same name again replaces it."""
    _menu[entry.name] = entry


def register_account_menu(entry: MenuEntry) -> None:
    """Add `entry` to the menu behind the person's own name (devices, settings, sign out)."""
    _account_menu[entry.name] = entry


def register_banner(source: BannerSource) -> None:
    """Ask `source` on every full page for a banner."""
    if source not in _banners:
        _banners.append(source)


def register_page_end(source: PageEnd) -> None:
    """Put the HTML of `source(request)` at the end of every full page: an element without a place of its own."""
    if source not in _page_ends:
        _page_ends.append(source)


def page_ends_for(request: HttpRequest) -> list[SafeString | str]:
    """The registered ends of this page."""
    return [html for source in _page_ends if (html := source(request))]


def on_preferences_changed(listener: PreferencesListener) -> None:
    """Call `listener` when somebody changes language or elder mode, so an account can remember them for its mails."""
    if listener not in _listeners:
        _listeners.append(listener)


def name_people_with(namer: Callable[[Any], tuple[str, str]]) -> None:
    """Show the signed-in person by `namer(person)`: the verified label, and a second line such as the school."""
    _person_namer[:] = [namer]


def person_named(person: Any) -> tuple[str, str]:
    """The signed-in person's label and second line."""
    return _person_namer[0](person) if _person_namer else (str(person), "")


def show_components_when(condition: Callable[[HttpRequest], bool]) -> None:
    """Show the living page of components (`/ui/`) also when `condition` holds; with DEBUG it is always shown."""
    if condition not in _component_viewers:
        _component_viewers.append(condition)


def components_shown(request: HttpRequest) -> bool:
    """Whether anything registered shows the living page to this request."""
    return any(condition(request) for condition in _component_viewers)


def preferences_changed(request: HttpRequest, preferences: Preferences) -> None:
    """Tell the listeners."""
    for listener in _listeners:
        listener(request, preferences)


def remember_preferences(request: HttpRequest, response: HttpResponseBase, **values: str) -> None:
    """Store `values` (language, theme, text, elder as "0"/"1") on the device, as after signing in on a new one."""
    current: Preferences = request.preferences  # type: ignore[attr-defined]
    current.changed(values).store(response)


def menu_for(request: HttpRequest) -> list[MenuItem]:
    """The main menu of this request's person."""
    return list(_items(request, _menu.values()))


def account_menu_for(request: HttpRequest) -> list[MenuItem]:
    """The menu behind the person's name."""
    return list(_items(request, _account_menu.values()))


def banners_for(request: HttpRequest) -> Sequence[Banner]:
    """The banners that apply to this request, in the order they were registered."""
    return [banner for source in _banners if (banner := source(request)) is not None]


def _items(request: HttpRequest, entries: Iterable[MenuEntry]) -> Iterable[MenuItem]:
    for entry in sorted(entries, key=lambda entry: entry.order):
        if not entry.shown(request):
            continue
        try:
            url = fixed_address(entry.url_name)
        except NoReverseMatch:  # a module switched off by configuration has no addresses
            continue
        current = request.path == url or (url != "/" and request.path.startswith(url))
        yield MenuItem(entry.name, entry.words(get_language()), entry.icon, url, entry.badge(request), current)
