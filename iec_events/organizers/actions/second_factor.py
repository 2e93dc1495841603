"""Second factors: set up, added, removed; and the recovery codes beside them."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, NamedTuple

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...core.tokens import token_hash
from ..audit import note
from ..factors import CODES, codes_left, codes_mark, fitting_step, keep_app, make_recovery_codes, offered_secret
from ..models import AuthenticatorApp, Organizer, OrganizerSession, Passkey
from ..passkeys import keep_passkey
from ..queries import has_factor
from .sessions import SessionOver, complete, held_session
from .signing_in import CodeRefused


class Completed(NamedTuple):
    """A second factor that was set up: the session's new token, and the recovery codes that came with it."""

    token: str
    codes: list[str]


class PasskeyRefused(Refusal):
    """The browser's answer does not fit what it was asked."""

    status: ClassVar[int] = 422
    message = _l("The passkey could not be made. Please try once more.")


class CodesMadeMeanwhile(Refusal):
    """The page was loaded again: codes that somebody has on paper stay good."""

    message = _l(
        "New codes were made in the meantime, perhaps by this very button. They are not shown again: "
        "if they stand on your paper, all is well; if not, make new ones."
    )


class LastFactor(Refusal):
    """Nothing would be left to sign in with."""

    message = _l("This is your only second factor. Set up another one first.")


@atomic()
def set_up_app(*, token: str, code: str, now: dt.datetime, known: bool = False) -> Completed:
    """Take the authenticator app that was offered to this session, once it shows the right code.

    The session is full then. CodeRefused, SessionOver.
    """
    session = _full_or_first(token)
    secret = offered_secret(token, session.organizer_id)
    step = fitting_step(secret, code, now=now)
    if step is None:
        raise CodeRefused
    keep_app(session.organizer_id, secret, step=step, now=now)
    token = complete(session, token, now=now, known=known)
    note("second-factor.set-up", f"organizer:{session.organizer_id}", now=now, who=session.organizer_id)
    return Completed(token, make_recovery_codes(session.organizer_id))


@atomic()
def set_up_passkey(*, token: str, name: str, answer: str, now: dt.datetime, known: bool = False) -> Completed:
    """Keep the passkey that the browser made; recovery codes if it is the first factor. PasskeyRefused, SessionOver."""
    session = _full_or_first(token)
    organizer_id = session.organizer_id
    if not keep_passkey(session, name=name, answer=answer, now=now):
        raise PasskeyRefused
    first = session.full_at is None
    token = complete(session, token, now=now, known=known)
    note("passkey.added", f"organizer:{organizer_id}", now=now, who=organizer_id)
    return Completed(token, make_recovery_codes(organizer_id) if first else [])


@atomic()
def remove_passkey(*, organizer_id: str, passkey_id: str, now: dt.datetime) -> None:
    """Delete a passkey. LastFactor when nothing else is left."""
    apps = sa.select(AuthenticatorApp.organizer_id).where(AuthenticatorApp.organizer_id == organizer_id)
    mine = db.session.scalars(sa.select(Passkey).where(Passkey.organizer_id == organizer_id).with_for_update()).all()
    row = next((one for one in mine if one.id == passkey_id), None)
    if row is None:
        return
    if len(mine) == 1 and db.session.scalar(apps) is None:
        raise LastFactor
    db.session.delete(row)
    note("passkey.removed", f"organizer:{organizer_id}", now=now)


@atomic()
def new_recovery_codes(*, organizer_id: str, instead_of: str | None = None, now: dt.datetime) -> list[str]:
    """Ten new recovery codes; the old ones are worthless.

    `instead_of`: the `codes_mark` that one saw. CodesMadeMeanwhile when others were made since, and none used.
    """
    if instead_of is not None and instead_of != codes_mark(organizer_id) and codes_left(organizer_id) == CODES:
        raise CodesMadeMeanwhile
    note("recovery-codes.made", f"organizer:{organizer_id}", now=now)
    return make_recovery_codes(organizer_id)


def _full_or_first(token: str) -> OrganizerSession:
    """The session of this token, held. The password alone sets up the first factor only. SessionOver.

    The account is held first, as by whoever ends its sessions; so of two sessions that try at once, one is first.
    """
    mine = sa.select(OrganizerSession.organizer_id).where(OrganizerSession.token_hash == token_hash(token))
    db.session.execute(sa.select(Organizer.id).where(Organizer.id == mine.scalar_subquery()).with_for_update())
    session = held_session(token)
    if session.full_at is None and has_factor(session.organizer_id):
        raise SessionOver
    return session
