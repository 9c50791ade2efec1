"""Who is at the other end of a socket: the session cookie, answered by two queries for any number of sockets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.db import connection
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from homeroom.people.models import Account
from homeroom.people.public import SessionStore, without_second_factor
from homeroom.realtime.logs import Heard, streams_of


@dataclass(frozen=True, slots=True)
class Identity:
    """A valid session: its account and the persons it may act as now."""

    session_key: str
    account_id: int
    person_ids: tuple[int, ...]
    streams: Mapping[str, Heard] = field(default_factory=dict, compare=False)  # beside the persons' own


def session_key_in(headers: Mapping[bytes, bytes]) -> str:
    """The session key of the request's cookie, or an empty string."""
    return parse_cookie(headers.get(b"cookie", b"").decode("latin1")).get(settings.SESSION_COOKIE_NAME, "")


def origin_is_ours(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the page that opens the socket is ours: browsers send cookies with anybody's sockets.

    A client that is no browser sends no Origin, and nobody's cookies but its own.
    """
    origin = headers.get(b"origin")
    return origin is None or _is_ours(origin.decode("latin1"), headers.get(b"host", b"").decode("latin1"))


@lru_cache(maxsize=256)
def _is_ours(origin: str, asked_host: str) -> bool:
    parts = urlsplit(origin)
    if f"{parts.scheme}://{parts.netloc}" in settings.CSRF_TRUSTED_ORIGINS:
        return True
    if parts.scheme not in {"http", "https"} or parts.netloc != asked_host:
        return False
    host, _port = split_domain_port(parts.netloc.lower())
    return bool(host) and validate_host(host, settings.ALLOWED_HOSTS)


def identities(session_keys: Collection[str], *, with_streams: bool = False) -> dict[str, Identity]:
    """The valid ones of these sessions, by key: not expired, account active, password unchanged since.

    A person whose duties ask for a second factor that is not set up hears as little as their pages show. Two queries,
    and one for each log when the streams are wanted.
    """
    wanted = [key for key in session_keys if 0 < len(key) <= 40]
    if not wanted:
        return {}
    marks = ", ".join(["%s"] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session.session_key, session.session_data, account.id, account.password, person.id"  # noqa: S608
            " FROM people_session AS session JOIN people_account AS account ON account.id = session.account_id"
            " LEFT JOIN people_person AS person ON person.account_id = account.id AND person.archived_at IS NULL"
            f" WHERE session.session_key IN ({marks}) AND session.expire_date > %s AND account.is_active"
            " ORDER BY person.id",
            [*wanted, connection.ops.adapt_datetimefield_value(timezone.now())],
        )
        rows = cursor.fetchall()
    persons: dict[str, tuple[int, ...]] = {}
    accounts: dict[str, tuple[str, int, str]] = {}
    for key, data, account_id, password, person_id in rows:
        accounts[key] = (data, account_id, password)
        persons[key] = (*persons.get(key, ()), *(() if person_id is None else (person_id,)))
    closed = without_second_factor({person_id for mine in persons.values() for person_id in mine})
    account = Account()  # one for all: making a model instance costs as much as the check itself
    found = {}
    for key, (data, account_id, password) in accounts.items():
        account.password = password
        if _password_unchanged(data, account):
            found[key] = Identity(key, account_id, tuple(pk for pk in persons[key] if pk not in closed))
    return _hearing(found) if with_streams else found


def _hearing(found: Mapping[str, Identity]) -> dict[str, Identity]:
    heard = streams_of({person_id for identity in found.values() for person_id in identity.person_ids})
    made = {}
    for key, identity in found.items():
        mine: dict[str, Heard] = {}
        for person_id in reversed(identity.person_ids):
            mine.update(heard.get(person_id, {}))
        made[key] = replace(identity, streams=mine)
    return made


def _password_unchanged(session_data: str, account: Account) -> bool:
    """Whether the session was made with the account's password, as Django's own sign-in check asks."""
    made_with = SessionStore().decode(session_data).get(HASH_SESSION_KEY, "")
    return constant_time_compare(made_with, account.get_session_auth_hash()) or any(
        constant_time_compare(made_with, fallback) for fallback in account.get_session_auth_fallback_hash()
    )
