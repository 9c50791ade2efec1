"""The messages tool finds, keeps, checks and compiles."""

from __future__ import annotations

import gettext
import json

import pytest
from django.utils import translation

from homeroom.ui import messages


@pytest.fixture
def notices(tmp_path, monkeypatch):
    """A module of its own with one message of each kind."""
    monkeypatch.setattr(messages, "PACKAGE", tmp_path)
    monkeypatch.setattr(messages, "SCRIPT_CATALOGUES", tmp_path / "out")
    folder = tmp_path / "notices"
    (folder / "templates" / "notices").mkdir(parents=True)
    (folder / "static" / "notices").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "tests" / "test_x.py").write_text('_("Only in a test")')
    (folder / "services.py").write_text(
        'a = _("Sent to %(name)s")\nb = ngettext("%(n)d family", "%(n)d families", n)\nc = pgettext("verb", "Read")\n'
    )
    (folder / "templates" / "notices" / "list.html").write_text(
        '{{ _("Unread") }}{% trans count=n %}one child{% pluralize %}{{ count }} children{% endtrans %}'
    )
    (folder / "static" / "notices" / "live.js").write_text("toast(_('Sent')); const t = `${_('Inside')}`;")
    return folder


def translate(module, domain="django", **texts):
    path = messages.po_path(module, "zh_Hans", domain)
    catalogue = messages.read(path, "zh_Hans")
    for message in catalogue:
        if message.id:
            msgid = message.id if isinstance(message.id, str) else message.id[0]
            text = texts.get(msgid.split()[0])
            if text:
                message.string = text if isinstance(message.id, str) else (text,)
    messages._write(catalogue, path)
    return path


def test_words_are_found_in_python_templates_and_scripts(notices):
    found = {message.id if isinstance(message.id, str) else message.id[0] for message in messages.extract("notices")}
    assert found >= {"Sent to %(name)s", "%(n)d family", "Read", "Unread", "one child"}
    assert "Only in a test" not in found
    assert {message.id for message in messages.extract("notices", "djangojs")} >= {"Sent", "Inside"}


def test_an_update_keeps_translations_and_reports_what_is_missing(notices):
    assert messages.update("notices") == {"django": 5, "djangojs": 2}
    translate("notices", Sent="已发给 %(name)s")
    assert messages.update("notices")["django"] == 4
    assert "已发给 %(name)s" in messages.po_path("notices", "zh_Hans").read_text(encoding="utf-8")


def test_a_message_that_comes_back_has_kept_its_translation(notices):
    messages.update("notices")
    translate("notices", Unread="未读")
    template = notices / "templates" / "notices" / "list.html"
    source = template.read_text()
    template.write_text("")
    messages.update("notices")
    template.write_text(source)
    messages.update("notices")
    assert messages.read(messages.po_path("notices", "zh_Hans"), "zh_Hans").get("Unread").string == "未读"


def test_a_process_that_compiles_speaks_the_new_words_at_once(notices, settings):
    settings.LOCALE_PATHS = [notices / "locale"]
    messages.update("notices")
    translate("notices", Unread="还没读过")
    with translation.override("zh-hans"):
        assert translation.gettext("Sent to %(name)s") == "Sent to %(name)s"  # as the first start did, before compiling
    assert messages.compile_all() > 0
    with translation.override("zh-hans"):
        assert translation.gettext("Unread") == "还没读过"


def test_an_update_that_finds_nothing_new_changes_no_file(notices):
    messages.update("notices")
    path = messages.po_path("notices", "zh_Hans")
    before = path.stat().st_mtime_ns
    messages.update("notices")
    assert path.stat().st_mtime_ns == before


def test_the_check_names_what_is_missing_or_wrong(notices):
    messages.update("notices")
    translate("notices", Sent="已发给 %(nome)s", Unread="未读")
    reasons = {(fault.msgid, fault.reason) for fault in messages.check("notices")}
    assert ("Sent to %(name)s", "unknown placeholder %(nome)s") in reasons
    assert ("Sent to %(name)s", "placeholder %(name)s is missing") in reasons
    assert ("Read", "no translation") in reasons
    assert not [reason for msgid, reason in reasons if msgid == "Unread"]


def test_what_is_compiled_can_be_read(notices):
    messages.update("notices")
    path = translate("notices", Unread="未读")
    translate("notices", "djangojs", Sent="已发送")
    assert messages.compile_all() == 3
    with path.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Unread") == "未读"
    script = (messages.SCRIPT_CATALOGUES / "zh-hans.js").read_text(encoding="utf-8")
    assert json.loads(script.removeprefix("export default ").removesuffix(";\n")) == {"Sent": "已发送"}
    assert messages.compile_all() == 0
