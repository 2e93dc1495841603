"""What people do with their own account."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ...core.crypto import BoxRefused, vault
from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l, current_locale
from ...core.tokens import new_token, token_hash
from ...mail.actions import post
from ..audit import note
from ..keys import rewrapped
from ..models import EmailChange, Organizer, OrganizerKey
from ..passwords import fits, hash_password
from ..queries import ADDRESS, email_fingerprint, session_owner
from .invitations import EmailTaken
from .sessions import SessionOver, end_sessions
from .signing_in import PasswordRefused
from .telling import tell

LINK_LASTS = dt.timedelta(hours=24)


class AddressLinkUnknown(Refusal):
    """Wrong, used, replaced and expired links, and those of another account, are not told apart."""

    status: ClassVar[int] = 404
    message = _l(
        "This link was used, has expired, or is not for this account. On the page Account you can make a new one."
    )


@atomic()
def rename(*, organizer_id: str, name: str, now: dt.datetime) -> None:
    """Another name, for the other organizers to see."""
    _reseal(_held(organizer_id), name=name)
    note("name.changed", f"organizer:{organizer_id}", now=now)


@atomic()
def ask_for_address(*, organizer_id: str, email: str, now: dt.datetime) -> None:
    """Send a link to a new address, good once within 24 hours; nothing changes until its reader follows it.

    It goes out whether or not another account has the address: nobody learns here who has one.
    """
    _held(organizer_id)
    token = new_token()
    db.session.merge(
        EmailChange(
            organizer_id=organizer_id,
            token_hash=token_hash(token),
            sealed=vault().seal(ADDRESS, organizer_id, {"email": email}),
            expires_at=now + LINK_LASTS,
        )
    )
    note("address.asked", f"organizer:{organizer_id}", now=now)
    facts = {"token": token, "organizer": organizer_id}
    post(kind="organizers.new_address", about="address", to=email, locale=current_locale(), facts=facts, now=now)


def take_address(*, organizer_id: str, token: str, now: dt.datetime) -> str:
    """Sign in with the new address from now on, which is returned; the old one is told.

    AddressLinkUnknown, EmailTaken.
    """
    mine = sa.and_(
        EmailChange.organizer_id == organizer_id,
        EmailChange.token_hash == token_hash(token),
        EmailChange.expires_at > now,
    )
    try:
        with atomic():
            organizer = _held(organizer_id)
            sealed = db.session.scalar(sa.delete(EmailChange).where(mine).returning(EmailChange.sealed))
            if sealed is None:
                raise AddressLinkUnknown
            email = str(vault().open(ADDRESS, organizer_id, sealed)["email"])
            tell(organizer_id, "organizers.address_changed", now=now)
            _reseal(organizer, email=email)
            organizer.email_hash = email_fingerprint(email)
            note("address.changed", f"organizer:{organizer_id}", now=now)
    except IntegrityError as error:
        raise EmailTaken from error
    return email


def change_password(*, token: str, password: str, new_password: str, now: dt.datetime) -> None:
    """Another password: the same key is wrapped in it, and the account's other sessions end. PasswordRefused.

    SessionOver when the session, or the old password, ended a moment ago.
    """
    account = session_owner(token)
    if account is None or not fits(password, account.password_hash):
        raise PasswordRefused
    account_id, kept, better = account.id, account.password_hash, hash_password(new_password)
    key = db.session.get(OrganizerKey, account_id)
    try:
        wrapped = rewrapped(key, password, new_password) if key else None
    except BoxRefused:  # its box was touched: it opens with no password, and stays as it is
        wrapped = None
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


def _held(organizer_id: str) -> Organizer:
    """The account, held until the transaction ends; SessionOver when it was removed a moment ago."""
    found = db.session.scalar(sa.select(Organizer).where(Organizer.id == organizer_id).with_for_update())
    if found is None:
        raise SessionOver
    return found


def _reseal(organizer: Organizer, **changed: str) -> None:
    personal = vault().open("organizers", organizer.id, organizer.sealed)
    organizer.sealed = vault().seal("organizers", organizer.id, {**personal, **changed})
