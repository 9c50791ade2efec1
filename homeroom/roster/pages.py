"""Pages of the import: upload, what was understood, what would change, applying, the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.kit.access import require
from homeroom.kit.bodies import accepts
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.kit.sheets import XLSX_TYPE
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.school.models import SchoolClass

from . import access, services, sheets
from .models import ImportRun, RunPart
from .plan import PersonPlan, Plan, unpacked
from .reading.headers import GUARDIAN_FIELDS, PUPIL_FIELDS
from .reading.sniff import MAX_BYTES
from .remarks import Remark, refusal

MODULE = "roster"
SHOWN = 200  # rows of each kind on the page; the workbook has all that need attention
State = ImportRun.State


def _keepers(request: SignedInRequest) -> None:
    """For those who keep the roster; everybody else learns nothing of it."""
    if not access.can_import(request.person, request.person.school_id):
        raise NotVisible


@accepts(megabytes=MAX_BYTES // 2**20 + 1)
@signed_in(module=MODULE)
@require_http_methods(["GET", "POST"])
def upload(request: SignedInRequest) -> HttpResponse:
    """Choose a file; below it the imports so far."""
    _keepers(request)
    error = ""
    if request.method == "POST":
        sent = request.FILES.get("file")
        if sent is None:
            error = _("Choose a file first.")
        else:
            try:
                run = services.start_import(
                    actor=request.person,
                    school=request.person.school,
                    filename=sent.name or "",
                    content=sent.read(MAX_BYTES + 1),
                )
            except Invalid as wrong:
                error = str(wrong)
            else:
                return redirect("roster:run", run.uuid)
    runs = list(access.visible_runs(request.person).select_related("person")[:20])
    context = {"error": error, "runs": runs, "limit": MAX_BYTES // 2**20, "school": request.person.school}
    return render(request, "roster/upload.html", context, status=422 if error else 200)


@signed_in(module=MODULE)
@require_GET
def template(request: SignedInRequest) -> HttpResponse:
    """An empty list to fill in."""
    _keepers(request)
    return _workbook(sheets.template(), _("Roster template.xlsx"))


@signed_in(module=MODULE)
@never_cache
@require_POST
def export(request: SignedInRequest) -> HttpResponse:
    """The whole roster as a workbook; who took it is recorded."""
    _keepers(request)
    content = services.export_roster(actor=request.person, school=request.person.school)
    return _workbook(content, _("Roster of %(school)s.xlsx") % {"school": request.person.school.name})


def _workbook(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=XLSX_TYPE)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


@signed_in(module=MODULE)
@never_cache
@require_GET
def run(request: SignedInRequest, run_id: UUID) -> HttpResponse:
    """One import, at whichever step it is."""
    found = access.get_run_for(request.person, run_id)
    context: dict[str, Any] = {"run": found, "step": _step(found), "trouble": trouble_of(found)}
    if found.wanted:
        return render(request, "roster/working.html", context)
    content = found.part(RunPart.Name.PLAN)
    plan = unpacked(content) if content and found.state in {State.COMPARED, State.APPLIED} else None
    if found.state == State.COMPARED and plan is not None:
        return render(request, "roster/compared.html", context | _compared(request, plan))
    last = services.last_applied(found.school_id)
    context |= {"rejected": [], "classes": []}
    context["can_roll_back"] = found.state == State.APPLIED and last is not None and last.pk == found.pk
    if plan is not None:
        context |= {"plan": plan, "rejected": plan.rejected[:SHOWN], "classes": _classes_of(request, plan)}
    return render(request, "roster/finished.html", context)


def _step(found: ImportRun) -> int:
    if found.state == State.COMPARED:
        return 3 if found.wanted == ImportRun.Wanted.APPLY else 2
    return 4 if found.state in {State.APPLIED, State.ROLLED_BACK} else 1


def trouble_of(found: ImportRun) -> str:
    """Why the last step was not done, for its reader."""
    if not found.trouble:
        return ""
    if "refused" in found.trouble:
        return refusal(found.trouble["refused"], found.trouble.get("values", {}))
    known = {
        each.code: each.default_message
        for each in (services.RosterMoved, services.RowsHeldBack, services.NothingToRollBack)
    }
    text: str | Promise = known.get(found.trouble.get("code", ""), gettext_lazy("This step could not be finished."))
    return str(text)


@dataclass(slots=True)
class Group:
    """Pupils of one class, for a list that opens."""

    name: str
    names: list[str] = field(default_factory=list)


FIELD_WORDS = {
    "name": gettext_lazy("name"), "student_number": gettext_lazy("student number"), "sex": gettext_lazy("sex"),
    "born_on": gettext_lazy("birth date"), "phone": gettext_lazy("phone"), "id_number": gettext_lazy("ID number"),
    "address": gettext_lazy("home address"), "email": gettext_lazy("email"),
}  # fmt: skip
SEX_WORDS = {"m": gettext_lazy("male"), "f": gettext_lazy("female")}


def changes_of(row: PersonPlan) -> list[str]:
    """What changes about a person, in words; encrypted values are only named."""
    said = []
    for name, label in FIELD_WORDS.items():
        if name not in row.values:
            continue
        if name in {"name", "student_number", "sex", "born_on"}:
            before, after = row.before.get(name, ""), row.values[name] or ""
            if name == "sex":
                before, after = str(SEX_WORDS.get(before, "")), str(SEX_WORDS.get(after, ""))
            said.append(
                _("%(field)s: %(before)s → %(after)s") % {"field": label, "before": before or "–", "after": after}
            )
        else:
            said.append(_("%(field)s: new") % {"field": label})
    if row.restored:
        said.append(_("back at the school"))
    return said


def _compared(request: SignedInRequest, plan: Plan) -> dict[str, Any]:
    new: dict[str, Group] = {}
    for pupil in plan.pupils:
        if pupil.state == "new":
            words = pupil.class_words or _("without a class")
            new.setdefault(words, Group(words)).names.append(pupil.name)
    changed = [
        {"name": row.name, "kind": kind, "said": said}
        for kind, rows in ((_("pupil"), plan.pupils), (_("guardian"), plan.adults))
        for row in rows
        if row.state == "changed" and (said := changes_of(row))
    ]
    return {
        "plan": plan,
        "counts": plan.counts(),
        "new_pupils": list(new.values()),
        "changed": changed[:SHOWN],
        "changed_more": max(len(changed) - SHOWN, 0),
        "moved": plan.moved[:SHOWN],
        "gone": plan.gone_pupils[:SHOWN],
        "gone_edges": plan.gone_edges[:SHOWN],
        "questions": [_question(remark) for remark in plan.doubts if remark.choices][:SHOWN],
        "notes": [remark for remark in plan.doubts if not remark.choices][:SHOWN],
        "rejected": plan.rejected[:SHOWN],
        "sheets": plan.sheets,
        "fields": _field_options(),
        "classless": list(
            dict.fromkeys(each.key.removeprefix("class:") for each in plan.doubts if each.key.startswith("class:"))
        ),
        "unmapped": [use for use in plan.sheets if use.state == "unmapped"],
        "known_classes": SchoolClass.objects.filter(school=request.person.school, archived_at__isnull=True),
    }


CHOICES = {
    "new": gettext_lazy("Another person"),
    "skip": gettext_lazy("Leave this out"),
    "merge": gettext_lazy("One pupil: join the two rows"),
    "this": gettext_lazy("Use the number of this row"),
    "keep": gettext_lazy("Keep the number known at the school"),
    "end": gettext_lazy("Yes, they have left: end their enrolment"),
}


def _question(remark: Remark) -> dict[str, Any]:
    """A doubt as a group of radio buttons."""
    options = []
    for choice in remark.choices:
        if choice.startswith("same:"):
            name = remark.names.get(choice[5:], "")
            options.append((choice, _("The same person: %(name)s") % {"name": name}))
        elif choice.startswith("school:"):
            options.append((choice, remark.names.get(choice[7:], "")))
        elif remark.code == "many_gone" and choice == "keep":
            options.append((choice, _("No, the file is not complete: keep them enrolled")))
        elif remark.code == "row_repeats" and choice == "new":
            options.append((choice, _("Two pupils of the same name")))
        else:
            options.append((choice, str(CHOICES[choice])))
    return {"remark": remark, "options": options}


def _field_options() -> list[tuple[str, str]]:
    options = [("", _("Not used"))]
    options += [(f"pupil.{name}", str(label)) for name, label in PUPIL_FIELDS.items() if name != "school"]
    owners = [("father", _("Father")), ("mother", _("Mother"))]
    owners += [(str(n), _("Guardian %(number)s") % {"number": n}) for n in range(1, 5)]
    for slot, owner in owners:
        options += [
            (f"guardian.{slot}.{name}", _("%(owner)s: %(field)s") % {"owner": owner, "field": label})
            for name, label in GUARDIAN_FIELDS.items()
        ]
    return options


def _classes_of(request: SignedInRequest, plan: Plan) -> list[SchoolClass]:
    """The classes of the file, for their invitations."""
    names = set(plan.class_names)
    classes = SchoolClass.objects.filter(school=request.person.school, archived_at__isnull=True)
    return [each for each in classes.order_by("grade_id", "number") if each.name in names]


@signed_in(module=MODULE)
@never_cache
@require_GET
def progress(request: SignedInRequest, run_id: UUID) -> HttpResponse:
    """The bar while a step is under way; once it is done the whole page is fetched anew."""
    found = access.get_run_for(request.person, run_id)
    response = render(request, "roster/progress.html", {"run": found})
    if not found.wanted:
        response["HX-Refresh"] = "true"
    return response


def _posted(request: SignedInRequest, prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): str(value)
        for name, value in request.POST.items()
        if name.startswith(prefix) and value
    }


@signed_in(module=MODULE)
@require_POST
def columns(request: SignedInRequest, run_id: UUID) -> HttpResponse:
    """What the person says about headers and about the classes of sheets; the file is compared again."""
    found = access.get_run_for(request.person, run_id)
    known = {name for name, _label in _field_options() if name} | {"ignore"}
    mapping = {
        header: name if name else "ignore"
        for header, name in (
            (key.removeprefix("column:"), value) for key, value in request.POST.items() if key.startswith("column:")
        )
        if header and (not name or name in known)
    }
    options: dict[str, Any] = {"mapping": mapping, "classes": _posted(request, "class:")}
    services.compare_again(actor=request.person, run=found, options=options)
    return redirect("roster:run", run_id)


@signed_in(module=MODULE)
@require_POST
def answers(request: SignedInRequest, run_id: UUID) -> HttpResponse:
    """Answers to doubts, and whether pupils who are gone stay; the file is compared again."""
    found = access.get_run_for(request.person, run_id)
    options: dict[str, Any] = {"answers": _posted(request, "answer:")}
    if "keep_gone" in request.POST:
        options["keep_gone"] = request.POST["keep_gone"] == "1"
    services.compare_again(actor=request.person, run=found, options=options)
    return redirect("roster:run", run_id)


@signed_in(module=MODULE)
@require_POST
def apply(request: SignedInRequest, run_id: UUID) -> HttpResponse:
    """Let the plan be written in the background."""
    found = access.get_run_for(request.person, run_id)
    services.ask_to_apply(
        actor=request.person, run=found, options={"all_or_nothing": request.POST.get("all_or_nothing") == "on"}
    )
    return redirect("roster:run", run_id)


@signed_in(module=MODULE)
@require_POST
def roll_back(request: SignedInRequest, run_id: UUID) -> HttpResponse:
    """Undo the last import."""
    found = access.get_run_for(request.person, run_id)
    services.roll_back(actor=request.person, run=found, now=timezone.now())
    messages.success(request, _("The import was rolled back: the roster is as it was before."))
    return redirect("roster:run", run_id)


@signed_in(module=MODULE)
@require_POST
def discard(request: SignedInRequest, run_id: UUID) -> HttpResponse:
    """Forget a file that was not applied."""
    found = access.get_run_for(request.person, run_id)
    services.discard(actor=request.person, run=found)
    messages.success(request, _("The file was discarded. Nothing was changed."))
    return redirect("roster:upload")


@signed_in(module=MODULE)
@never_cache
@require_GET
def corrections(request: SignedInRequest, run_id: UUID) -> HttpResponse:
    """The rows to correct, annotated."""
    found = access.get_run_for(request.person, run_id)
    require(access.can_import(request.person, found.school_id))
    content = found.part(RunPart.Name.PLAN)
    if content is None:
        raise NotVisible
    return _workbook(sheets.to_correct(unpacked(content)), _("Rows to correct.xlsx"))
