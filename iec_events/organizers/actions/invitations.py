"""Inviting, and accepting an invitation, which makes an account."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ...core.crypto import vault
from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l, current_locale
from ...core.tokens import new_id, new_token, token_hash
from ...mail.actions import post
from ..audit import note
from ..keys import made_key
from ..models import Invitation, Organizer, RoleGrant
from ..passwords import hash_password
from ..queries import any_organizer, email_fingerprint
from ..roles import EVERYWHERE, ORGANIZER, OWNER, Grant
from .sessions import open_session

INVITED_FOR = dt.timedelta(hours=72)


class InvitationUnknown(Refusal):
    """Wrong, used, revoked and expired invitations are not told apart."""

    status: ClassVar[int] = 404
    message = _l(
        "This invitation was used or taken back, has expired, or never was. Ask who invited you for a new one."
    )


class EmailTaken(Refusal):
    """An account with this address exists."""

    status: ClassVar[int] = 422
    message = _l("An account with this e-mail address exists already. Sign in, or use another address.")


@atomic()
def invite(
    *,
    now: dt.datetime,
    role: str | None = None,
    place: str = EVERYWHERE,
    until: dt.datetime | None = None,
    email: str | None = None,
) -> str:
    """A token that makes one account, once, within 72 hours; the first account owns the place unless said otherwise.

    The account will hold `role` in `place`, `until` then if that is given. With `email`, the link goes there by mail.
    """
    token = new_token()
    chosen = role or (ORGANIZER if any_organizer() else OWNER)
    db.session.add(
        Invitation(
            token_hash=token_hash(token), role=chosen, place=place, role_ends_at=until, expires_at=now + INVITED_FOR
        )
    )
    note("organizer.invited", f"role:{chosen}", now=now)
    if email:
        facts = {"token": token}
        post(kind="organizers.invited", about="invitation", to=email, locale=current_locale(), facts=facts, now=now)
    return token


@atomic()
def revoke_invitation(*, invitation_id: str, now: dt.datetime) -> bool:
    """Take an invitation back; whether there was one."""
    mine = Invitation.token_hash == invitation_id
    role = db.session.scalar(sa.delete(Invitation).where(mine).returning(Invitation.role))
    if role is not None:
        note("invitation.revoked", f"role:{role}", now=now)
    return role is not None


def accept_invitation(*, token: str, name: str, email: str, password: str, now: dt.datetime) -> str:
    """Make the account and sign it in; the session's token. InvitationUnknown, EmailTaken: nothing is used up."""
    password_hash, row_id = hash_password(password), new_id()
    key, private = made_key(row_id, password)
    try:
        with atomic():
            invited = _use_up(token, now=now)
            _add_organizer(row_id, name=name, email=email, password_hash=password_hash, now=now)
            grant(row_id, invited)
            db.session.add(key)
            note("organizer.joined", f"organizer:{row_id}", now=now, who=row_id)
            return open_session(row_id, private, now=now)
    except IntegrityError as error:
        raise EmailTaken from error


def grant(organizer_id: str, given: Grant) -> None:
    """Give a role, in the caller's transaction; one that is held in this place already takes the new end."""
    mine = (RoleGrant.organizer_id == organizer_id, RoleGrant.role == given.role, RoleGrant.place == given.place)
    row = db.session.scalar(sa.select(RoleGrant).where(*mine))
    if row is None:
        row = RoleGrant(id=new_id(), organizer_id=organizer_id, role=given.role, place=given.place)
        db.session.add(row)
    row.expires_at = given.expires_at


def _use_up(token: str, *, now: dt.datetime) -> Grant:
    """What an invitation gives; deleting it decides between two who use it at once."""
    mine = sa.and_(Invitation.token_hash == token_hash(token), Invitation.expires_at > now)
    gives = (Invitation.role, Invitation.place, Invitation.role_ends_at)
    found = db.session.execute(sa.delete(Invitation).where(mine).returning(*gives)).one_or_none()
    if found is None:
        raise InvitationUnknown
    return Grant(role=found.role, place=found.place, expires_at=found.role_ends_at)


def _add_organizer(row_id: str, *, name: str, email: str, password_hash: str, now: dt.datetime) -> None:
    organizer = Organizer(
        id=row_id,
        email_hash=email_fingerprint(email),
        sealed=vault().seal("organizers", row_id, {"name": name, "email": email}),
        password_hash=password_hash,
        created_on=now.date(),
    )
    db.session.add(organizer)
    db.session.flush()
