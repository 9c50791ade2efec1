"""Sessions in their own table with the account and the acting person as columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import IntegrityError, connection, router, transaction
from django.db.models import Model
from django.utils import timezone

from homeroom.kit.columns import Columns
from homeroom.kit.encryption import EncryptedTextField
from homeroom.school.models import School

from .models import Account, Person, Session

PERSON_KEY = "person"  # the person the account acts as in this session
DEVICE_KEY = "device"  # "Chrome · Windows", written at sign-in
ADDRESS_KEY = "address"
SECOND_FACTOR_KEY = "second_factor"  # the roster version for which the second factor was found to be in order


def _seldom_read(model: type[Model]) -> set[str]:
    """Encrypted columns cost more to read than all the others together, and hardly a page shows them."""
    return {field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)}


_SESSION = Columns(Session, "session")
_ACCOUNT = Columns(Account, "account", without=_seldom_read(Account), after=_SESSION)
_PERSON = Columns(Person, "person", without=_seldom_read(Person), after=_ACCOUNT)
_SCHOOL = Columns(School, "school", after=_PERSON)

RevokedListener = Callable[[int, frozenset[str]], None]
_listeners: list[RevokedListener] = []


class SessionStore(DatabaseStore):
    """Django's database session, written to people_session.

    `row` is what was read, with the account, the person and the school: who asks is known from the one query that
    reads the session.
    """

    row: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        self.row = _read(self.session_key)
        if self.row is None:
            self._session_key = None
        return self.row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast("Session", super().create_model_instance(data))
        account = data.get(SESSION_KEY)
        session.account_id = int(account) if account else None
        session.person_id = data.get(PERSON_KEY)
        session.device = data.get(DEVICE_KEY, "")[:120]
        session.address = data.get(ADDRESS_KEY) or None
        return session

    def save(self, must_create: bool = False) -> None:
        """Insert a new row, or update what the session knows; the row's own id and dates stay."""
        if self.session_key is None:
            return self.create()
        session = self.create_model_instance(self._get_session(no_load=must_create))  # type: ignore[attr-defined]
        using = router.db_for_write(Session, instance=session)
        try:
            with transaction.atomic(using=using):
                if must_create:
                    session.last_seen_at = timezone.now()
                    session.save(force_insert=True, using=using)
                    return None
                names = ["session_data", "expire_date", "account_id", "person_id", "device", "address"]
                values = {name: getattr(session, name) for name in names}
                updated = Session.objects.using(using).filter(pk=session.session_key).update(**values)
        except IntegrityError as error:
            if must_create:
                raise CreateError from error
            raise
        if not updated:  # revoked while this request ran: it must not come back
            raise UpdateError
        return None


def _read(session_key: str | None) -> Session | None:
    """The session with its account, person and school, if it has not expired: one query, made for every page."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_SESSION.sql}, {_ACCOUNT.sql}, {_PERSON.sql}, {_SCHOOL.sql},"  # noqa: S608
            " EXISTS (SELECT 1 FROM people_role AS role WHERE role.person_id = person.id)"
            " FROM people_session AS session"
            " LEFT JOIN people_account AS account ON account.id = session.account_id"
            " LEFT JOIN people_person AS person ON person.id = session.person_id"
            " LEFT JOIN school_school AS school ON school.id = person.school_id"
            " WHERE session.session_key = %s AND session.expire_date > %s",
            [session_key, connection.ops.adapt_datetimefield_value(timezone.now())],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    session = _SESSION.read(row)
    person = _PERSON.read(row)
    school = _SCHOOL.read(row)
    if session is not None:
        session.account = _ACCOUNT.read(row)
        session.person = person
    if person is not None and school is not None:
        person.school = school
        if not row[-1]:  # most people never held one, and every page asks: need not be looked up
            vars(person)["current_roles"] = ()  # where cached_property keeps it
    return session


def on_session_revoked(listener: RevokedListener) -> None:
    """Call `listener(account_id, session_keys)` in the transaction that ends sessions, to cut their sockets."""
    if listener not in _listeners:
        _listeners.append(listener)


def end_sessions(account: Account, *, only: str = "", but: str = "") -> int:
    """Delete the account's sessions (`only` that key, or all `but` it) and tell the listeners; returns how many."""
    sessions = Session.objects.filter(account=account)
    if only:
        sessions = sessions.filter(session_key=only)
    if but:
        sessions = sessions.exclude(session_key=but)
    keys = frozenset(sessions.values_list("session_key", flat=True))
    if keys:
        Session.objects.filter(session_key__in=keys).delete()
        for listener in _listeners:
            listener(account.pk, keys)
    return len(keys)
