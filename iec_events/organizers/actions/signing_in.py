"""Signing in: the password, the second factor, and both once more before dangerous acts.

Hashing a password takes long, so it is done before a transaction begins: nobody else's RSVP waits for it.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa

from ...core.crypto import BoxRefused
from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...core.tokens import token_hash
from ..audit import note
from ..factors import is_app_code, use_app_code, use_recovery_code
from ..keys import unlocked
from ..models import Organizer, OrganizerKey, OrganizerSession
from ..passkeys import use_passkey
from ..passwords import fits, hash_password, is_outdated
from ..queries import organizer_by_email
from ..resting_queries import awake, rests
from .resting import AccountRests
from .sessions import close_session, complete, held_session, open_session


class SignInRefused(Refusal):
    """The one answer to an unknown account and to a wrong password."""

    status: ClassVar[int] = 422
    message = _l("This e-mail address and password do not belong together. Please check both.")


class CodeRefused(Refusal):
    """Wrong and used codes are not told apart."""

    status: ClassVar[int] = 422
    message = _l("This code is not right, or it was used already. Wait for the next one in your app.")


class PasswordRefused(Refusal):
    """Not the password of the account that is signed in."""

    status: ClassVar[int] = 422
    message = _l("This is not your password. Please check it.")


def sign_in(*, email: str, password: str, now: dt.datetime, old_token: str | None = None) -> str:
    """A new session's token; the browser's old session ends. SignInRefused takes as long for an unknown account.

    AccountRests only to who knows the password.

    The session opens nothing until the second factor is given: see `give_code` and `set_up_app`.
    """
    account = organizer_by_email(email)
    account_id, kept = (account.id, account.password_hash) if account else ("", None)
    if not fits(password, kept) or kept is None:
        raise SignInRefused
    if account is not None and rests(account, now=now):
        raise AccountRests(account.rests_until)
    better = hash_password(password) if is_outdated(kept) else kept
    key = db.session.get(OrganizerKey, account_id)
    private = _private(key, password)
    with atomic():
        still_so = sa.and_(Organizer.id == account_id, Organizer.password_hash == kept, awake(now))
        kept_now = sa.update(Organizer).where(still_so).values(password_hash=better).returning(Organizer.id)
        if db.session.scalar(kept_now) is None:  # the password was changed, or the account went or rests, a moment ago
            raise SignInRefused
        close_session(old_token)
        note("sign-in.password", f"organizer:{account_id}", now=now, who=account_id)
        return open_session(account_id, private, now=now)


@atomic()
def give_code(*, token: str, code: str, now: dt.datetime, known: bool = False, answer: str = "") -> str:
    """The second factor: a passkey's answer, a code of the app, or a recovery code, which is used up.

    The session's new token: the old one, which was given for the password alone, opens nothing. A sign-in writes its
    owner a mail, which says whether the browser was `known`. CodeRefused, SessionOver.
    """
    session = held_session(token)
    organizer_id = session.organizer_id
    if answer:
        right = use_passkey(session, answer=answer, now=now)
    elif is_app_code(code):
        right = use_app_code(organizer_id, code, now=now)
    else:
        right = use_recovery_code(organizer_id, code)
        if right:
            note("recovery-code.used", f"organizer:{organizer_id}", now=now, who=organizer_id)
    if not right:
        raise CodeRefused
    what = "sign-in.accepted" if session.full_at is None else "sign-in.renewed"
    note(what, f"organizer:{organizer_id}", now=now, who=organizer_id)
    return complete(session, token, now=now, known=known)


def confirm(*, token: str, password: str, code: str, now: dt.datetime, answer: str = "") -> str:
    """Password and second factor once more, before dangerous acts; the session's new token.

    PasswordRefused, CodeRefused, SessionOver.
    """
    kept = db.session.scalar(
        sa.select(Organizer.password_hash)
        .join(OrganizerSession, OrganizerSession.organizer_id == Organizer.id)
        .where(OrganizerSession.token_hash == token_hash(token))
    )
    if not fits(password, kept):
        raise PasswordRefused
    return give_code(token=token, code=code, now=now, answer=answer)


def _private(key: OrganizerKey | None, password: str) -> bytes | None:
    """The account's private key; None when there is none, or its box was touched: that shuts lists, not the door."""
    try:
        return unlocked(key, password) if key else None
    except BoxRefused:
        return None
