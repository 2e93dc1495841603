"""What is asked about accounts: whose session this is, whether an invitation stands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from ..core.crypto import vault
from ..core.db import db
from ..core.tokens import token_hash
from .models import AuthenticatorApp, Invitation, Organizer, OrganizerSession, RecoveryKey

AT_MOST = dt.timedelta(hours=12)
IDLE = dt.timedelta(minutes=30)
ACCOUNT = 24  # so many characters of an address' hash name an account where tries are counted


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The organizer whose session a request carries, with when it was last used.

    `full_at` is when password and second factor were last given, None before the first time; `account` is what tries
    are counted under.
    """

    id: str
    name: str
    email: str
    role: str
    account: str
    session_id: str
    seen_at: dt.datetime
    full_at: dt.datetime | None
    has_factor: bool


def signed_in(token: str, *, now: dt.datetime) -> SignedIn | None:
    """Whose session this token opens; None when there is none, or it is too old or was idle too long."""
    found = db.session.execute(
        sa.select(Organizer, OrganizerSession, _has_factor())
        .join(OrganizerSession, OrganizerSession.organizer_id == Organizer.id)
        .where(
            OrganizerSession.token_hash == token_hash(token),
            OrganizerSession.started_at > now - AT_MOST,
            OrganizerSession.seen_at > now - IDLE,
        )
    ).one_or_none()
    if found is None:
        return None
    organizer, session, has_factor = found
    personal = vault().open("organizers", organizer.id, organizer.sealed)
    return SignedIn(
        id=organizer.id,
        name=personal["name"],
        email=personal["email"],
        role=organizer.role,
        account=organizer.email_hash[:ACCOUNT],
        session_id=session.id,
        seen_at=session.seen_at,
        full_at=session.full_at,
        has_factor=has_factor,
    )


@dataclass(frozen=True, kw_only=True)
class SessionView:
    """A signed-in browser, as its owner sees it."""

    id: str
    started_at: dt.datetime
    seen_at: dt.datetime


def own_sessions(organizer_id: str, *, now: dt.datetime) -> list[SessionView]:
    """The account's sessions that are alive and full, the last used first."""
    query = sa.select(OrganizerSession).where(
        OrganizerSession.organizer_id == organizer_id,
        OrganizerSession.full_at.is_not(None),
        OrganizerSession.started_at > now - AT_MOST,
        OrganizerSession.seen_at > now - IDLE,
    )
    found = db.session.scalars(query.order_by(OrganizerSession.seen_at.desc(), OrganizerSession.id))
    return [SessionView(id=one.id, started_at=one.started_at, seen_at=one.seen_at) for one in found]


def session_owner(token: str) -> Organizer | None:
    """The account whose session this is, whatever its age."""
    query = sa.select(Organizer).join(OrganizerSession, OrganizerSession.organizer_id == Organizer.id)
    return db.session.scalar(query.where(OrganizerSession.token_hash == token_hash(token)))


def email_fingerprint(email: str) -> str:
    """What an account is found by: addresses that differ in case only are one."""
    return vault().fingerprint("organizers.email", email.strip().casefold())


def organizer_by_email(email: str) -> Organizer | None:
    """The account with this address."""
    return db.session.scalar(sa.select(Organizer).where(Organizer.email_hash == email_fingerprint(email)))


def invitation_stands(token: str, *, now: dt.datetime) -> bool:
    """Whether this invitation can still be used."""
    stands = sa.select(Invitation.token_hash).where(
        Invitation.token_hash == token_hash(token), Invitation.expires_at > now
    )
    return db.session.scalar(stands) is not None


def lacks_recovery_key() -> bool:
    """Whether no recovery key was made yet: then lost passwords mean lost lists."""
    return db.session.get(RecoveryKey, 1) is None


def any_organizer() -> bool:
    """Whether somebody can sign in at all."""
    return db.session.scalar(sa.select(Organizer.id).limit(1)) is not None


def _has_factor() -> sa.ColumnElement[bool]:
    return sa.exists().where(AuthenticatorApp.organizer_id == Organizer.id)
