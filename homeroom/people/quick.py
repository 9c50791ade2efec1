"""Who is asking, in one query: for the few addresses that are asked so often that the usual way is too long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .middleware import SEEN_EVERY
from .models import Account
from .sessions import PERSON_KEY, SECOND_FACTOR_KEY, SessionStore
from .sign_in import BACKEND


@dataclass(frozen=True, slots=True)
class Asker:
    """The person a valid session acts as."""

    person_id: int
    school_id: int
    time_zone: str

    def today(self, now: datetime) -> str:
        """The date at the person's school."""
        return now.astimezone(ZoneInfo(self.time_zone)).date().isoformat()


def who_asks(session_key: str, *, now: datetime | None = None) -> Asker | None:
    """The person behind a session, if everything the sign-in middleware asks of it holds without doubt.

    None for anything else, also where the middleware would have something to write or to find out: it then decides.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session.session_data, session.last_seen_at, account.id, account.password, person.id,"
            " person.school_id, school.time_zone, school.roster_version"
            " FROM people_session AS session JOIN people_account AS account ON account.id = session.account_id"
            " JOIN people_person AS person ON person.id = session.person_id AND person.account_id = account.id"
            " JOIN school_school AS school ON school.id = person.school_id"
            " WHERE session.session_key = %s AND session.expire_date > %s AND account.is_active"
            " AND person.archived_at IS NULL",
            [session_key, connection.ops.adapt_datetimefield_value(now)],
        )
        row = cursor.fetchone()
    if row is None or row[1] is None:
        return None
    seen_at = row[1] if row[1].tzinfo else row[1].replace(tzinfo=UTC)
    if seen_at < now - SEEN_EVERY:
        return None
    if not _holds(row[0], row[2], row[3], row[4], row[7]):
        return None
    return Asker(row[4], row[5], row[6])


@lru_cache(maxsize=4096)
def _holds(data: str, account_id: int, password: str, person_id: int, roster_version: int) -> bool:
    """Whether the session's own, signed data says the same. Everything it depends on is an argument."""
    session = SessionStore().decode(data)
    return (
        session.get(BACKEND_SESSION_KEY) == BACKEND
        and str(session.get(SESSION_KEY)) == str(account_id)
        and session.get(PERSON_KEY) == person_id
        and session.get(SECOND_FACTOR_KEY) == [person_id, roster_version]
        and constant_time_compare(session.get(HASH_SESSION_KEY, ""), Account(password=password).get_session_auth_hash())
    )
