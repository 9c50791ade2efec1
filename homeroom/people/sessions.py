"""Sessions in their own table with the account and the acting person as columns."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from .models import Session

PERSON_KEY = "person"  # the person the account acts as in this session
DEVICE_KEY = "device"  # "Chrome · Windows", written at sign-in
ADDRESS_KEY = "address"


class SessionStore(DatabaseStore):
    """Django's database session, written to people_session."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = super().create_model_instance(data)
        assert isinstance(session, Session)
        account = data.get(SESSION_KEY)
        session.account_id = int(account) if account else None
        session.person_id = data.get(PERSON_KEY)
        session.device = data.get(DEVICE_KEY, "")[:120]
        session.address = data.get(ADDRESS_KEY) or None
        return session
