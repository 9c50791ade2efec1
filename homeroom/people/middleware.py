"""Who is asking: the account of the session and the person it acts as."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .models import Account, Person, Session
from .second_factor import is_missing
from .sessions import PERSON_KEY, SECOND_FACTOR_KEY
from .sign_in import BACKEND

SEEN_EVERY = timedelta(minutes=10)  # the devices page needs no better, and a read should not be a write


class SignedInMiddleware:
    """Sets `request.account` and `request.person` (with its school), each None when there is none.

    An account with exactly one person acts as that person without being asked. Whoever must have a second factor and
    has none yet acts as nobody: `request.needs_second_factor` is set, and every page leads to setting it up.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = cast("Any", request)
        asked.account = asked.person = None
        asked.needs_second_factor = False
        account, person = self.from_session_row(request)
        if account is None and request.user.is_authenticated:
            account = request.user
        if account is not None:
            asked.account = account
            asked.person = person or self.acting_person(request, account)
            if asked.person is not None:
                self.check_second_factor(asked)
        return self.get_response(request)

    @staticmethod
    def from_session_row(request: HttpRequest) -> tuple[Account | None, Person | None]:
        """What the one query that read the session told, if everything in it still holds; else (None, None)."""
        session: Any = request.session
        if session.get(BACKEND_SESSION_KEY) != BACKEND:
            return None, None
        row: Session | None = getattr(session, "row", None)
        account = row.account if row is not None else None
        if row is None or account is None or not account.is_active or str(account.pk) != str(session.get(SESSION_KEY)):
            return None, None
        if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash()):
            return None, None  # a rotated key, or a changed password: Django's own, slower way decides
        asked = cast("Any", request)
        asked.user = asked._cached_user = account
        now = timezone.now()
        if row.last_seen_at is None or row.last_seen_at < now - SEEN_EVERY:
            Session.objects.filter(pk=row.pk).update(last_seen_at=now)
        person = row.person
        if person is None or person.account_id != account.pk or person.archived_at is not None:
            person = None
        return account, person if session.get(PERSON_KEY) == (person.pk if person else None) else None

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

    @staticmethod
    def check_second_factor(asked: Any) -> None:
        """Looked up again only when the school's people, roles or classes have moved since the last look."""
        version = asked.person.school.roster_version
        if asked.session.get(SECOND_FACTOR_KEY) == [asked.person.pk, version]:
            return
        if is_missing(asked.account, asked.person):
            asked.needs_second_factor = True
            asked.person = None
        else:
            asked.session[SECOND_FACTOR_KEY] = [asked.person.pk, version]
