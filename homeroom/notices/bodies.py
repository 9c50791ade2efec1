"""What a guardian reads: the text with their own child's name, pictures and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from homeroom.delivery.public import Item
from homeroom.files import public as files
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person
from homeroom.people.public import current_classes
from homeroom.wording import public as wording

from .models import Notice
from .services import OWNER, neutral_values


@dataclass(frozen=True, slots=True)
class Text:
    """The text as one child's family reads it; `child` is empty where it is the same for all."""

    child: str
    html: str


def texts_for(notice: Notice, children: Sequence[tuple[str, str]]) -> list[Text]:
    """The text for each (name, class); once only where no variable tells the children apart."""
    values = neutral_values(notice, now=timezone.now())
    if not children or not wording.variables_in(notice.text) & wording.PERSONAL:
        return [Text("", wording.render_html(notice.text, values))]
    return [
        Text(
            name if len(children) > 1 else "",
            wording.render_html(notice.text, {**values, "child": name, "class": class_name or values["class"]}),
        )
        for name, class_name in children
    ]


def body_html(notice: Notice, children: Sequence[tuple[str, str]]) -> str:
    """Texts, pictures and files of a notice as safe HTML."""
    attached = files.attached(OWNER, [notice.pk]).get(notice.pk, [])
    context = {
        "notice": notice,
        "texts": texts_for(notice, children),
        "pictures": [file for file in attached if file.is_picture],
        "files": [file for file in attached if not file.is_picture],
    }
    return render_to_string("notices/body.html", context)


def render_body(item: Item, viewer: Person, student_ids: tuple[int, ...]) -> str:
    """Entered at delivery; it has asked whether the viewer may see the item."""
    notices = Notice.objects.filter(school_id=item.school_id).select_related("school", "sender__school", "item")
    notice = notices.filter(pk=item.source_id or 0).first()
    if notice is None:
        raise NotVisible
    if student_ids:
        classes = current_classes(student_ids)
        names = Person.objects.filter(pk__in=student_ids).order_by("pk").values_list("pk", "name")
        return body_html(notice, [(name, classes.get(pk, (None, ""))[1]) for pk, name in names])
    test = bool(item.extras.get("test"))
    return body_html(notice, [sample_child()] if test and viewer.pk == notice.sender_id else [])


def sample_child() -> tuple[str, str]:
    """A child nobody has, for previews and tests."""
    return _("Sample Child"), _("Class 2, Year 3")
