"""What is asked about accounts: whose session this is, whether an invitation stands."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from ..core.crypto import BoxRefused, vault
from ..core.db import db
from ..core.sealing import token_key, unwrap
from ..core.tokens import token_hash
from .models import (
    AuthenticatorApp,
    EmailChange,
    Invitation,
    Organizer,
    OrganizerSession,
    Passkey,
    RecoveryKey,
    ResetLink,
    RoleGrant,
    UnsentForm,
)
from .resting_queries import awake
from .roles import Grant, Reach, reach, strongest

AT_MOST = dt.timedelta(hours=12)
IDLE = dt.timedelta(minutes=30)
ADDRESS = "organizers.address"
UNSENT = "organizers.unsent"
Typed = list[tuple[str, str]]  # names and values of a form's fields, as they were sent
HALF = dt.timedelta(minutes=30)  # to give, or to set up, the second factor


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The organizer whose session a request carries, with when it was last used.

    `full_at` is when password and second factor were last given, None before the first time; `account` is what tries
    are counted under.
    """

    id: str
    name: str
    email: str
    grants: tuple[Grant, ...]
    account: str
    session_id: str
    seen_at: dt.datetime
    full_at: dt.datetime | None
    has_factor: bool

    @property
    def role(self) -> str:
        """The strongest role held anywhere; empty when every grant has ended."""
        return strongest(self.grants)

    def reach(self, role: str) -> Reach:
        """Where this person may act in a role."""
        return reach(self.grants, role)


def signed_in(token: str, *, now: dt.datetime) -> SignedIn | None:
    """Whose session this token opens; None when there is none, or it is too old or was idle too long."""
    given = {"token": token_hash(token), "oldest": now - AT_MOST, "used": now - IDLE, "half": now - HALF, "now": now}
    found = db.session.execute(_of_session(), given).one_or_none()
    if found is None:
        return None
    organizer, session, has_factor = found
    personal = vault().open("organizers", organizer.id, organizer.sealed)
    return SignedIn(
        id=organizer.id,
        name=personal["name"],
        email=personal["email"],
        grants=grants_of(organizer.id, now=now),
        account=organizer.email_hash,
        session_id=session.id,
        seen_at=session.seen_at,
        full_at=session.full_at,
        has_factor=has_factor,
    )


def grants_of(organizer_id: str, *, now: dt.datetime) -> tuple[Grant, ...]:
    """The roles that somebody holds now."""
    rows = db.session.scalars(_held_by(), {"organizer": organizer_id, "now": now})
    return tuple(_grant(row) for row in rows)


def times_unlocked(account: str) -> int:
    """How often the waits of the account with this hash of an address were ended; 0 when there is none."""
    return db.session.scalar(sa.select(Organizer.unlocked).where(Organizer.email_hash == account)) or 0


def all_grants(*, now: dt.datetime) -> dict[str, list[Grant]]:
    """Organizer id -> the roles that they hold now."""
    found: dict[str, list[Grant]] = {}
    for row in db.session.scalars(sa.select(RoleGrant).where(_lasts(now)).order_by(RoleGrant.id)):
        found.setdefault(row.organizer_id, []).append(_grant(row))
    return found


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


def session_of(token: str) -> OrganizerSession | None:
    """The session that this token opens, whatever its age."""
    return db.session.scalar(sa.select(OrganizerSession).where(OrganizerSession.token_hash == token_hash(token)))


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


def names_of(organizer_ids: Collection[str]) -> dict[str, str]:
    """Organizer id -> the name by which the others know them; without those that are no account of today."""
    if not organizer_ids:
        return {}
    found = db.session.scalars(sa.select(Organizer).where(Organizer.id.in_(list(organizer_ids))))
    return {one.id: vault().open("organizers", one.id, one.sealed)["name"] for one in found}


def invitation_stands(token: str, *, now: dt.datetime) -> bool:
    """Whether this invitation can still be used."""
    stands = sa.select(Invitation.token_hash).where(
        Invitation.token_hash == token_hash(token), Invitation.expires_at > now
    )
    return db.session.scalar(stands) is not None


@dataclass(frozen=True, kw_only=True)
class InvitationView:
    """An invitation that waits for somebody; its id is the hash of its link, which nobody can go back from."""

    id: str
    role: str
    place: str
    expires_at: dt.datetime


def open_invitations(*, now: dt.datetime) -> list[InvitationView]:
    """The invitations that can still be used, the next to expire first."""
    query = sa.select(Invitation).where(Invitation.expires_at > now)
    found = db.session.scalars(query.order_by(Invitation.expires_at, Invitation.token_hash))
    return [
        InvitationView(id=one.token_hash, role=one.role, place=one.place, expires_at=one.expires_at) for one in found
    ]


def reset_stands(token: str, *, now: dt.datetime) -> bool:
    """Whether this link to begin anew can still be used."""
    stands = sa.select(ResetLink.organizer_id).where(
        ResetLink.token_hash == token_hash(token), ResetLink.expires_at > now
    )
    return db.session.scalar(stands) is not None


def unsent(*, secret: str, organizer_id: str, page: str, now: dt.datetime) -> Typed:
    """What this account typed into this page, in the browser that holds the secret; empty when nothing is kept."""
    sealed = db.session.scalar(
        sa.select(UnsentForm.sealed).where(
            UnsentForm.browser == token_hash(secret),
            UnsentForm.page == token_hash(page),
            UnsentForm.organizer_id == organizer_id,
            UnsentForm.expires_at > now,
        )
    )
    try:
        plain = unwrap(token_key(secret, UNSENT), unsent_bind(organizer_id, page), sealed) if sealed else b"[]"
    except BoxRefused:
        return []
    return [(name, text) for name, text in json.loads(plain)]


def unsent_bind(organizer_id: str, page: str) -> str:
    """What the seal of an unsent form is bound to."""
    return f"{UNSENT} {organizer_id} {page}"


def address_asked(token: str, organizer_id: str, *, now: dt.datetime) -> str | None:
    """The new address that this link is for, as long as it stands and belongs to this account."""
    sealed = db.session.scalar(
        sa.select(EmailChange.sealed).where(
            EmailChange.organizer_id == organizer_id,
            EmailChange.token_hash == token_hash(token),
            EmailChange.expires_at > now,
        )
    )
    return str(vault().open(ADDRESS, organizer_id, sealed)["email"]) if sealed else None


def lacks_recovery_key() -> bool:
    """Whether no recovery key was made yet: then lost passwords mean lost lists."""
    return db.session.get(RecoveryKey, 1) is None


def any_organizer() -> bool:
    """Whether somebody can sign in at all."""
    return db.session.scalar(sa.select(Organizer.id).limit(1)) is not None


# Asked for every page of the area: putting these two together each time takes as long as having them answered.
@cache
def _of_session() -> sa.Select[Organizer, OrganizerSession, bool]:
    return (
        sa.select(Organizer, OrganizerSession, _has_factor())
        .join(OrganizerSession, OrganizerSession.organizer_id == Organizer.id)
        .where(
            OrganizerSession.token_hash == sa.bindparam("token"),
            OrganizerSession.started_at > sa.bindparam("oldest"),
            OrganizerSession.seen_at > sa.bindparam("used"),
            sa.or_(OrganizerSession.full_at.is_not(None), OrganizerSession.started_at > sa.bindparam("half")),
            awake(sa.bindparam("now")),
        )
    )


@cache
def _held_by() -> sa.Select[RoleGrant]:
    held = sa.select(RoleGrant).where(RoleGrant.organizer_id == sa.bindparam("organizer"), _lasts(sa.bindparam("now")))
    return held.order_by(RoleGrant.id)


def _lasts(now: dt.datetime | sa.BindParameter[dt.datetime]) -> sa.ColumnElement[bool]:
    return sa.or_(RoleGrant.expires_at.is_(None), RoleGrant.expires_at > now)


def _grant(row: RoleGrant) -> Grant:
    return Grant(role=row.role, place=row.place, expires_at=row.expires_at, id=row.id)


def has_factor(organizer_id: str) -> bool:
    """Whether this account has a second factor."""
    found = sa.select(Organizer.id).where(Organizer.id == organizer_id, _has_factor())
    return db.session.scalar(found) is not None


def accounts_with_factor() -> set[str]:
    """The ids of all accounts that have a second factor."""
    return set(db.session.scalars(sa.select(Organizer.id).where(_has_factor())))


def _has_factor() -> sa.ColumnElement[bool]:
    return sa.or_(
        sa.exists().where(AuthenticatorApp.organizer_id == Organizer.id),
        sa.exists().where(Passkey.organizer_id == Organizer.id),
    )
