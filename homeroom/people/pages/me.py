"""One's own account: who I am here, my devices, my password, my second factor, whom I let stand in."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people import labels, queries, services, throttle
from homeroom.people.contact import normal_phone
from homeroom.people.decorators import signed_in
from homeroom.people.models import Delegation, Guardianship, Session
from homeroom.people.passwords import least_length
from homeroom.people.requests import SignedInRequest
from homeroom.people.second_factor import has_second_factor, is_required


@signed_in
@require_GET
def me(request: SignedInRequest) -> HttpResponse:
    """My page: name and label, as whom I act, devices, password, second factor, language."""
    account, person = request.account, request.person
    persons = list(account.persons.filter(archived_at__isnull=True).select_related("school").order_by("id"))
    named = labels.labels(one.pk for one in persons)
    phone = normal_phone(account.phone)
    context = {
        "label": named[person.pk],
        "person": person,
        "username": account.username,
        "phone": f"{phone[:3]}****{phone[-4:]}" if phone else "",
        "email": account.email,
        "persons": [
            {"label": named[one.pk], "school": one.school.name, "here": one.pk == person.pk} for one in persons
        ],
        "devices": Session.objects.filter(account=account, expire_date__gt=timezone.now()).count(),
        "children": queries.children_of(person),
        "has_second_factor": has_second_factor(account.pk),
        "needs_second_factor": is_required(person),
    }
    return render(request, "people/me.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def devices(request: SignedInRequest) -> HttpResponse:
    """The devices on which my account is signed in; leave one, or all but this."""
    here = request.session.session_key or ""
    if request.method == "POST":
        if request.POST.get("device"):
            try:
                device = UUID(request.POST["device"])
            except ValueError:
                raise NotVisible from None
            services.leave_device(actor=request.person, account=request.account, device=device)
            messages.success(request, _("Signed out on that device."))
        else:
            left = services.leave_other_devices(actor=request.person, account=request.account, session_key=here)
            done = ngettext("Signed out on %(n)d other device.", "Signed out on %(n)d other devices.", left)
            messages.success(request, done % {"n": left})
        return redirect("people:devices")
    found = Session.objects.filter(account=request.account, expire_date__gt=timezone.now()).order_by("-last_seen_at")
    rows = [
        {
            "uuid": one.uuid,
            "name": one.device or _("Unknown device"),
            "address": one.address or "",
            "seen_at": one.last_seen_at or one.created_at,
            "since": one.created_at,
            "here": one.session_key == here,
        }
        for one in found
    ]
    rows.sort(key=lambda row: not row["here"])
    return render(request, "people/devices.html", {"devices": rows})


@signed_in
@never_cache
@sensitive_post_parameters("old", "new")
@require_http_methods(["GET", "POST"])
def password(request: SignedInRequest) -> HttpResponse:
    """Change my password; every other device is signed out."""
    account = request.account
    errors: dict[str, str] = {}
    if request.method == "POST":
        tries = f"password:{account.pk}"
        try:
            if throttle.is_used_up(tries, 8):
                wait = _("Too many wrong passwords. Try again in a quarter of an hour.")
                raise Invalid(wait, fields={"old": wait})
            services.change_password(
                actor=request.person,
                account=account,
                old=request.POST.get("old", ""),
                new=request.POST.get("new", ""),
                session_key=request.session.session_key or "",
            )
        except Invalid as wrong:
            errors = {"new" if name == "password" else name: str(text) for name, text in wrong.fields.items()}
            if "old" in errors:
                throttle.count(tries, 15 * 60)
        else:
            update_session_auth_hash(request, account)
            messages.success(request, _("Your password is changed. Other devices are signed out."))
            return redirect("people:me")
    context = {"errors": errors, "least": least_length(account), "username": account.username}
    return render(request, "people/password.html", context, status=422 if errors else 200)


@never_cache
@require_GET
@signed_in
def security(request: SignedInRequest) -> HttpResponse:
    """My second factor: whether it is set up, the codes for a lost phone."""
    codes = Authenticator.objects.filter(user_id=request.account.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    context = {
        "has_second_factor": has_second_factor(request.account.pk),
        "needs_second_factor": is_required(request.person),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
    }
    return render(request, "people/security.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def my_child(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """What I may do for one child, and who stands in for me; ask somebody, or take it back."""
    edge = (
        Guardianship.objects.in_force(request.person.today)
        .select_related("student", "guardian")
        .filter(guardian=request.person, student__uuid=uuid)
        .first()
    )
    if edge is None:
        raise NotVisible
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            _lend(request, edge)
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()}
        else:
            messages.success(request, _("Done. They see it as soon as they open Homeroom."))
            return redirect("people:my_child", uuid)
    today = request.person.today
    lent = list(edge.delegations.filter(revoked_at__isnull=True, ends_on__gte=today).select_related("delegate"))
    names = labels.labels(row.delegate_id for row in lent)
    context = {
        "edge": edge,
        "child": edge.student,
        "label": labels.guardian_label(edge.student.name, edge.relation),
        "lent": [{"row": row, "label": names[row.delegate_id], "name": row.delegate.name} for row in lent],
        "errors": errors,
        "typed": request.POST.dict(),
        "today": today,
        "in_a_month": today + timedelta(days=30),
    }
    return render(request, "people/my_child.html", context, status=422 if errors else 200)


def _lend(request: SignedInRequest, edge: Guardianship) -> None:
    starts_on, ends_on = _date(request, "starts_on"), _date(request, "ends_on")
    # Name and number must both fit, and a miss says the same for every reason: this is no directory of the school.
    tries = f"lend:{request.person.pk}"
    delegate = None
    if not throttle.is_used_up(tries, 20):
        delegate = queries.adult_of(
            request.person.school_id, name=request.POST.get("name", ""), phone=request.POST.get("phone", "")
        )
    if delegate is None:
        throttle.count(tries, 60 * 60)
        missing = _(
            "The school knows no adult with this name and phone number. Ask the school office to add them first."
        )
        raise Invalid(missing, fields={"name": missing})
    services.delegate(
        actor=request.person,
        edge=edge,
        delegate=delegate,
        starts_on=starts_on,
        ends_on=ends_on,
        sees_records="sees_records" in request.POST,
        may_confirm="may_confirm" in request.POST,
        may_pick_up="may_pick_up" in request.POST,
    )


def _date(request: SignedInRequest, name: str) -> date:
    try:
        found = parse_date(request.POST.get(name, ""))
    except ValueError:
        found = None
    if found is None:
        wrong = _("Enter a date.")
        raise Invalid(wrong, fields={name: wrong})
    return found


@signed_in
@require_POST
def take_back(request: SignedInRequest, delegation: int) -> HttpResponse:
    """Take back what I lent."""
    row = (
        Delegation.objects.select_related("guardianship__student")
        .filter(pk=delegation, school_id=request.person.school_id, guardianship__guardian=request.person)
        .first()
    )
    if row is None:
        raise NotVisible
    services.revoke_delegation(actor=request.person, delegation=row, now=timezone.now())
    messages.success(request, _("Taken back. It holds at once."))
    return redirect("people:my_child", row.guardianship.student.uuid)
