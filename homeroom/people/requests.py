"""The request of somebody who is signed in."""

from __future__ import annotations

from django.http import HttpRequest

from .models import Account, Person


class SignedInRequest(HttpRequest):
    """A request behind `signed_in`: the account is active and acts as one person."""

    account: Account
    person: Person
