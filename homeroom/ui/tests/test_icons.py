"""Every icon a template or a menu names is in the folder."""

from __future__ import annotations

import re

from homeroom.ui import icons
from homeroom.ui.static import PACKAGE

NAMED = re.compile(r"""\bicon\(\s*["']([\w-]+)["']|\bicon=["']([\w-]+)["']|_icon_of\(\s*["']([\w-]+)["']""")
IN_MENU = re.compile(r"""MenuEntry\(\s*["']\w+["'],\s*_\([^)]*\),\s*["']([\w-]+)["']""")


def test_every_icon_named_is_there():
    there, missing = set(icons.names()), []
    for path in [*PACKAGE.glob("*/templates/**/*.html"), *PACKAGE.glob("*/*.py"), *PACKAGE.glob("*/pages/*.py")]:
        source = path.read_text(encoding="utf-8")
        named = {name for match in NAMED.finditer(source) for name in match.groups() if name}
        named |= set(IN_MENU.findall(source))
        missing += [f"{path.relative_to(PACKAGE)}: {name}" for name in sorted(named - there)]
    assert not missing, "\n".join(missing)


def test_an_icon_carries_no_size_or_colour_of_its_own():
    for name in icons.names():
        svg = (icons.FOLDER / f"{name}.svg").read_text(encoding="utf-8")
        assert 'stroke="currentColor"' in svg
        assert " width=" not in svg
