"""Who is asking: the account of the session and the person it acts as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .models import Account, Person
from .sessions import PERSON_KEY


class SignedInMiddleware:
    """Sets `request.account` and `request.person` (with its school), each None when there is none.

    An account with exactly one person acts as that person without being asked.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = cast("Any", request)
        asked.account = asked.person = None
        user = request.user
        if isinstance(user, Account) or user.is_authenticated:
            asked.account = user
            asked.person = self.acting_person(request, cast("Account", user))
        return self.get_response(request)

    @staticmethod
    def acting_person(request: HttpRequest, account: Account) -> Person | None:
        mine = Person.objects.select_related("school").filter(account_id=account.pk, archived_at__isnull=True)
        chosen = request.session.get(PERSON_KEY)
        if chosen is not None:
            person = mine.filter(pk=chosen).first()
            if person is not None:
                return person
        only = list(mine[:2])
        if len(only) == 1:
            request.session[PERSON_KEY] = only[0].pk
            return only[0]
        return None
