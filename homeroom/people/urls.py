"""Addresses of signing in, invitations, one's own account, and setting up a school.

allauth's views are mounted one by one, each with a page of our own; whatever of allauth is not named here cannot be
reached. Its names have no prefix, because it looks them up itself.
"""

from __future__ import annotations

from allauth.account import views as account_views
from allauth.mfa.base import views as mfa_views
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.totp import views as totp_views
from django.urls import include, path

from homeroom.kit.turns import takes_turns

from .pages import children, contact, forgotten, inviting, joining, me, same, setup, sign_in, staff, topics

library = [
    path("sign-in/", takes_turns(account_views.login), name="account_login"),
    path("sign-in/closed/", account_views.account_inactive, name="account_inactive"),
    path("sign-in/again/", takes_turns(account_views.reauthenticate), name="account_reauthenticate"),
    path("sign-in/code/", mfa_views.authenticate, name="mfa_authenticate"),
    path("sign-in/again/code/", mfa_views.reauthenticate, name="mfa_reauthenticate"),
    path("me/security/", me.security, name="mfa_index"),
    path("me/security/app/", totp_views.activate_totp, name="mfa_activate_totp"),
    path("me/security/app/remove/", totp_views.deactivate_totp, name="mfa_deactivate_totp"),
    path("me/security/codes/", recovery_views.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("me/security/codes/new/", recovery_views.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("me/security/codes/file/", recovery_views.download_recovery_codes, name="mfa_download_recovery_codes"),
]

own = [
    path("sign-in/who/", sign_in.which_account, name="which_account"),
    path("sign-in/help/", sign_in.sign_in_help, name="sign_in_help"),
    path("sign-in/forgotten/", forgotten.ask, name="forgotten"),
    path("sign-in/new-password/", takes_turns(forgotten.new_password), name="new_password"),
    path("sign-in/new-password/<str:token>/", forgotten.by_link, name="new_password_link"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("i/<str:token>/", joining.by_link, name="invitation"),
    path("join/", joining.by_code, name="join"),
    path("join/welcome/", takes_turns(joining.welcome), name="welcome"),
    path("me/", me.me, name="me"),
    path("me/person/", sign_in.choose_person, name="choose_person"),
    path("me/devices/", me.devices, name="devices"),
    path("me/password/", takes_turns(me.password), name="password"),
    path("me/contact/", takes_turns(contact.contact), name="contact"),
    path("me/contact/<str:token>/", contact.confirm, name="confirm_address"),
    path("me/children/<uuid:uuid>/", me.my_child, name="my_child"),
    path("me/lent/<int:delegation>/take-back/", me.take_back, name="take_back"),
    path("students/", children.students, name="students"),
    path("students/<uuid:uuid>/guardians/", children.guardians, name="guardians"),
    path("students/<uuid:uuid>/why/", children.why, name="why"),
    path("school/", setup.checklist, name="setup"),
    path("school/details/", setup.school_details, name="school_details"),
    path("school/classes/", setup.classes, name="classes"),
    path("school/subjects/", setup.subjects, name="subjects"),
    path("school/terms/", setup.terms, name="terms"),
    path("school/topics/", topics.topics, name="topics"),
    path("school/calendar/", setup.calendar, name="calendar"),
    path("school/modules/", setup.modules, name="modules"),
    path("school/modules/switch/", setup.switch_module, name="switch_module"),
    path("school/staff/", staff.staff, name="staff"),
    path("school/staff/<uuid:uuid>/", staff.staff_member, name="staff_member"),
    path("school/people/<uuid:uuid>/same/", same.same_person, name="same_person"),
    path("school/families/", children.families_changed, name="families_changed"),
    path("school/invitations/", inviting.invitations, name="invitations"),
    path("school/invitations/slips/", inviting.print_slips, name="print_slips"),
]

urlpatterns = [path("", include((own, "people"))), *library]
