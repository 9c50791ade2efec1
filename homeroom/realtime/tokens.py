"""A page's right to watch a topic: the key signed for one account, for an hour."""

from __future__ import annotations

from django.core.signing import BadSignature, TimestampSigner

_LASTS = 60 * 60


def _signer(account_id: int) -> TimestampSigner:
    return TimestampSigner(salt=f"homeroom.realtime.topic.{account_id}")


def topic_token(key: str, *, account_id: int) -> str:
    """The token for a page that shows the topic `kind:…`; the page has checked the reader's right before."""
    return _signer(account_id).sign(key)


def topic_in(token: str, *, account_id: int) -> str | None:
    """The topic of a token; None when it is too old, another account's, or not ours."""
    try:
        return _signer(account_id).unsign(token, max_age=_LASTS)
    except BadSignature:
        return None
