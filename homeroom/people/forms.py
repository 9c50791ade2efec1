"""Forms of the sign-in pages: allauth's, with our words and our way of naming an account."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthCodeReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from .sign_in import count_guess, forget_failures, is_attacked, remember_choice


class SignInForm(LoginForm):
    """User name or phone, and password."""

    def __init__(self, *arguments: Any, **details: Any) -> None:
        super().__init__(*arguments, **details)
        self.fields["login"] = forms.CharField(
            label=_("Phone number or user name"),
            max_length=60,
            error_messages={"required": _("Enter your phone number or user name.")},
        )
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            max_length=200,
            strip=False,
            error_messages={"required": _("Enter your password.")},
        )
        self.order_fields(["login", "password"])

    def _clean_with_password(self, credentials: dict[str, Any]) -> dict[str, Any]:
        if is_attacked(self.request, credentials["username"]):
            guessed = _(
                "Somebody is guessing this password from many places. Try again in an hour, or at once with a new slip."
            )
            raise forms.ValidationError(guessed)
        try:
            cleaned: dict[str, Any] = super()._clean_with_password(credentials)
        except forms.ValidationError as error:
            if not getattr(self.request, "axes_locked_out", False):  # then no password was looked at
                count_guess(credentials["username"])
            wrong = _("The name and the password do not belong together. Check both and try again.")
            raise forms.ValidationError(wrong, code=getattr(error, "code", None)) from error
        forget_failures(self.request, credentials["username"])
        return cleaned

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        meant = getattr(request, "accounts_meant", [])
        if len(meant) > 1:
            remember_choice(request, meant, redirect_url)
            return redirect("people:which_account")
        response: HttpResponse = super().login(request, redirect_url)
        return response


class _OneCode:
    def __init__(self, *arguments: Any, **details: Any) -> None:
        super().__init__(*arguments, **details)
        field = self.fields["code"]  # type: ignore[attr-defined]
        field.label = _("Six-digit code")
        field.widget.attrs.pop("placeholder", None)
        field.error_messages["required"] = _("Enter the code.")


class CodeForm(_OneCode, AuthenticateForm):
    """The second step of signing in."""


class CodeReauthenticateForm(_OneCode, AllauthCodeReauthenticateForm):
    """The second factor again, before it is changed."""


class ActivateCodeForm(_OneCode, ActivateTOTPForm):
    """The first code of a new authenticator app."""


class ReauthenticateForm(AllauthReauthenticateForm):
    """The password again, before something delicate is changed."""

    def __init__(self, *arguments: Any, **details: Any) -> None:
        super().__init__(*arguments, **details)
        self.fields["password"].label = _("Password")
        self.fields["password"].error_messages["required"] = _("Enter your password.")
