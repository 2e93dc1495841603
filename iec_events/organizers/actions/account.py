"""What people do with their own account."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ..audit import note
from ..keys import rewrapped
from ..models import Organizer, OrganizerKey
from ..passwords import fits, hash_password
from ..queries import session_owner
from .sessions import SessionOver, end_sessions
from .signing_in import PasswordRefused
from .telling import tell


def change_password(*, token: str, password: str, new_password: str, now: dt.datetime) -> None:
    """Another password: the same key is wrapped in it, and the account's other sessions end. PasswordRefused.

    SessionOver when the session, or the old password, ended a moment ago.
    """
    account = session_owner(token)
    if account is None or not fits(password, account.password_hash):
        raise PasswordRefused
    account_id, kept, better = account.id, account.password_hash, hash_password(new_password)
    key = db.session.get(OrganizerKey, account_id)
    wrapped = rewrapped(key, password, new_password) if key else None
    with atomic():
        mine = sa.and_(Organizer.id == account_id, Organizer.password_hash == kept)
        if (
            db.session.scalar(sa.update(Organizer).where(mine).values(password_hash=better).returning(Organizer.id))
            is None
        ):
            raise SessionOver
        if wrapped is not None:
            held = OrganizerKey.organizer_id == account_id
            db.session.execute(sa.update(OrganizerKey).where(held).values(salt=wrapped[0], wrapped=wrapped[1]))
        end_sessions(account_id, but=token)
        note("password.changed", f"organizer:{account_id}", now=now)
        tell(account_id, "organizers.password_changed", now=now)
