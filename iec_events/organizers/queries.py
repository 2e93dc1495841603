"""What is asked about accounts: whose session this is, whether an invitation stands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from ..core.crypto import vault
from ..core.db import db
from ..core.tokens import token_hash
from .models import Invitation, Organizer, OrganizerSession

AT_MOST = dt.timedelta(hours=12)
IDLE = dt.timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The organizer whose session a request carries, with when it was last used."""

    id: str
    name: str
    role: str
    seen_at: dt.datetime


def signed_in(token: str, *, now: dt.datetime) -> SignedIn | None:
    """Whose session this token opens; None when there is none, or it is too old or was idle too long."""
    found = db.session.execute(
        sa.select(Organizer, OrganizerSession.seen_at)
        .join(OrganizerSession, OrganizerSession.organizer_id == Organizer.id)
        .where(
            OrganizerSession.token_hash == token_hash(token),
            OrganizerSession.started_at > now - AT_MOST,
            OrganizerSession.seen_at > now - IDLE,
        )
    ).one_or_none()
    if found is None:
        return None
    organizer, seen_at = found
    personal = vault().open("organizers", organizer.id, organizer.sealed)
    return SignedIn(id=organizer.id, name=personal["name"], role=organizer.role, seen_at=seen_at)


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


def any_organizer() -> bool:
    """Whether somebody can sign in at all."""
    return db.session.scalar(sa.select(Organizer.id).limit(1)) is not None
