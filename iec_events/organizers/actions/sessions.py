"""Sessions: begun with the password, full with the second factor, and ended. SessionOver is for those that are gone."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...core.tokens import new_id, new_token, token_hash
from ..audit import note
from ..keys import private_of_session, wrapped_for_session
from ..models import OrganizerSession
from .telling import tell


class SessionOver(Refusal):
    """The session ended while its page was open."""

    status: ClassVar[int] = 403
    message = _l("Your session is over. Please sign in again.")


def open_session(organizer_id: str, private: bytes | None, *, now: dt.datetime) -> str:
    """The token of a new session that still lacks the second factor; the caller's transaction keeps it."""
    token = new_token()
    session = OrganizerSession(
        token_hash=token_hash(token), id=new_id(), organizer_id=organizer_id, started_at=now, seen_at=now
    )
    session.wrapped_key = wrapped_for_session(token, private) if private else None
    db.session.add(session)
    return token


def held_session(token: str) -> OrganizerSession:
    """The session of this token, held until the caller's transaction ends. SessionOver."""
    query = sa.select(OrganizerSession).where(OrganizerSession.token_hash == token_hash(token)).with_for_update()
    session = db.session.scalar(query)
    if session is None:
        raise SessionOver
    return session


def complete(session: OrganizerSession, token: str, *, now: dt.datetime, known: bool) -> str:
    """Password and second factor are given: the session is full, under a new token.

    Who saw the old one gains nothing. What was no full session before writes its owner a mail.
    """
    if session.full_at is None:
        tell(session.organizer_id, "organizers.signed_in", now=now, known=known)
    private, fresh = private_of_session(token), new_token()
    session.wrapped_key = wrapped_for_session(fresh, private) if private else None
    session.token_hash, session.full_at = token_hash(fresh), now
    return fresh


def close_session(token: str | None) -> None:
    """Delete the session of this token, if there is one, in the caller's transaction."""
    if token:
        db.session.execute(sa.delete(OrganizerSession).where(OrganizerSession.token_hash == token_hash(token)))


@atomic()
def sign_out(token: str, *, now: dt.datetime) -> None:
    """End this session."""
    close_session(token)
    note("sign-out", "", now=now)


@atomic()
def end_session(*, organizer_id: str, session_id: str, now: dt.datetime) -> bool:
    """End one of the account's sessions; whether there was one."""
    mine = sa.and_(OrganizerSession.organizer_id == organizer_id, OrganizerSession.id == session_id)
    ended = db.session.scalar(sa.delete(OrganizerSession).where(mine).returning(OrganizerSession.id))
    if ended is not None:
        note("session.ended", f"organizer:{organizer_id}", now=now)
    return ended is not None


@atomic()
def end_other_sessions(*, organizer_id: str, token: str, now: dt.datetime) -> None:
    """End all of the account's sessions but this one."""
    end_sessions(organizer_id, but=token)
    note("session.others-ended", f"organizer:{organizer_id}", now=now)


def end_sessions(organizer_id: str, *, but: str = "") -> None:
    """Delete the account's sessions, but for the one of a token, in the caller's transaction."""
    mine = sa.and_(OrganizerSession.organizer_id == organizer_id, OrganizerSession.token_hash != token_hash(but))
    db.session.execute(sa.delete(OrganizerSession).where(mine))


@atomic()
def note_seen(token: str, *, now: dt.datetime) -> None:
    """The session was used; its idle time begins anew."""
    db.session.execute(
        sa.update(OrganizerSession).where(OrganizerSession.token_hash == token_hash(token)).values(seen_at=now)
    )
