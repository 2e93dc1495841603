"""What is done with people: roles given and taken, accounts removed, unlocked and begun anew.

Roles and keys go together: who stops reading a list loses their copy of its key in the same transaction.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa

from ..core.db import atomic, db
from ..core.errors import Refusal
from ..core.i18n import _l
from ..core.tokens import new_token, token_hash
from ..events.keys import hold_copies, keys_for, only_copies, take_away
from ..events.models import KeyCopy
from ..mail.actions import forget as forget_letters
from ..organizers.actions import grant, open_session, rest, tell
from ..organizers.audit import note
from ..organizers.factors import forget_factors
from ..organizers.keys import made_key
from ..organizers.models import Organizer, OrganizerKey, OrganizerSession, ResetLink, RoleGrant
from ..organizers.passwords import hash_password
from ..organizers.queries import grants_of
from ..organizers.resting_queries import is_last_owner, rests
from ..organizers.roles import OWNER, Grant
from .queries import PersonUnknown

LINK_LASTS = dt.timedelta(hours=24)


class LastOwner(Refusal):
    """Nobody could invite, remove or give keys any more."""

    message = _l("This is the last owner. Make somebody else an owner first.")


class StillRests(Refusal):
    """A link to begin anew would wake an account by the back door."""

    message = _l("This account rests. Wake it first.")


class OnlyReader(Refusal):
    """Lists would be lost with this person's keys."""

    message = _l(
        "Nobody else can read some of the lists. First, on the page Keys, give somebody else access, or check the "
        "words of a recovery key."
    )


class LinkUnknown(Refusal):
    """Wrong, used and expired links are not told apart."""

    status: ClassVar[int] = 404
    message = _l("This link was used, has expired, or never was. Ask an owner among you for a new one.")


@atomic()
def give_role(*, organizer_id: str, given: Grant, now: dt.datetime) -> None:
    """Give somebody a role in a place. Keys to lists are given apart from it. PersonUnknown."""
    _held(organizer_id)
    grant(organizer_id, given)
    note("role.given", f"organizer:{organizer_id}", now=now)


@atomic()
def take_role(*, organizer_id: str, grant_id: str, now: dt.datetime) -> None:
    """Take one role, and the keys of all lists that are not theirs to read then. LastOwner, OnlyReader."""
    hold_copies()
    _held(organizer_id)
    row = db.session.get(RoleGrant, grant_id)
    if row is None or row.organizer_id != organizer_id:
        return
    if row.role == OWNER:
        _need_other_owner(organizer_id, now)
        _end_reset_links()
    db.session.delete(row)
    db.session.flush()
    mine = keys_for(grants_of(organizer_id, now=now))
    held = set(db.session.scalars(sa.select(KeyCopy.event_key_id).where(KeyCopy.holder == organizer_id)))
    _need_other_readers(organizer_id, held - mine)
    take_away(organizer_id, held - mine)
    note("role.taken", f"organizer:{organizer_id}", now=now)


@atomic()
def remove_person(*, organizer_id: str, now: dt.datetime, whatever_is_lost: bool = False) -> None:
    """Delete an account with its sessions and keys. PersonUnknown; LastOwner, OnlyReader unless told otherwise."""
    hold_copies()
    _held(organizer_id)
    if not whatever_is_lost:
        _need_other_owner(organizer_id, now)
        _need_other_readers(organizer_id)
    take_away(organizer_id)
    _end_reset_links()
    forget_letters(about=organizer_id)
    db.session.execute(sa.delete(Organizer).where(Organizer.id == organizer_id))
    note("organizer.removed", f"organizer:{organizer_id}", now=now)


@atomic()
def unlock(*, organizer_id: str, now: dt.datetime) -> None:
    """End the account's waits for too many tries, at once. PersonUnknown."""
    _held(organizer_id).unlocked += 1
    note("organizer.unlocked", f"organizer:{organizer_id}", now=now)


@atomic()
def rest_person(*, organizer_id: str, now: dt.datetime) -> None:
    """Let an account rest until it is woken: nothing opens it. PersonUnknown; LastOwner where nobody could wake it."""
    _held(organizer_id)
    _need_other_owner(organizer_id, now)
    rest(organizer_id=organizer_id, until=None, now=now)


@atomic()
def make_reset_link(*, organizer_id: str, now: dt.datetime) -> str:
    """The token of a link by which an account begins anew, once, within 24 hours; an older link is worthless.

    PersonUnknown, StillRests.
    """
    if rests(_held(organizer_id), now=now):
        raise StillRests
    token = new_token()
    db.session.merge(ResetLink(organizer_id=organizer_id, token_hash=token_hash(token), expires_at=now + LINK_LASTS))
    note("reset.made", f"organizer:{organizer_id}", now=now)
    return token


def begin_anew(*, token: str, password: str, now: dt.datetime) -> str:
    """A new password and a new key pair for the account of this link; the token of a session. LinkUnknown.

    The second factor must be set up anew, sessions end, and no list opens until a colleague gives access again.
    """
    password_hash = hash_password(password)
    organizer_id = db.session.scalar(sa.select(ResetLink.organizer_id).where(ResetLink.token_hash == token_hash(token)))
    key, private = made_key(organizer_id or "", password)
    with atomic():
        hold_copies()
        account = db.session.get(Organizer, organizer_id or "", with_for_update=True)  # before its link, as all verbs
        stands = sa.and_(ResetLink.token_hash == token_hash(token), ResetLink.expires_at > now)
        used = db.session.scalar(sa.delete(ResetLink).where(stands).returning(ResetLink.organizer_id))
        if used is None or account is None:
            raise LinkUnknown
        account.password_hash = password_hash
        db.session.execute(sa.delete(OrganizerSession).where(OrganizerSession.organizer_id == used))
        db.session.execute(sa.delete(OrganizerKey).where(OrganizerKey.organizer_id == used))
        forget_factors(used)
        take_away(used)
        db.session.add(key)
        note("organizer.begun-anew", f"organizer:{used}", now=now, who=used)
        tell(used, "organizers.begun_anew", now=now)
        return open_session(used, private, now=now)


def _held(organizer_id: str) -> Organizer:
    found = db.session.scalar(sa.select(Organizer).where(Organizer.id == organizer_id).with_for_update())
    if found is None:
        raise PersonUnknown
    return found


def _end_reset_links() -> None:
    """Whoever was an owner may hold links by which they begin anew as a colleague: these stand on no page."""
    db.session.execute(sa.delete(ResetLink))


def _need_other_owner(organizer_id: str, now: dt.datetime) -> None:
    if is_last_owner(organizer_id, now=now, hold=True):
        raise LastOwner


def _need_other_readers(organizer_id: str, key_ids: set[str] | None = None) -> None:
    if only_copies(organizer_id, key_ids):
        raise OnlyReader
