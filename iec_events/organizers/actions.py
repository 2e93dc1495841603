"""What is done with accounts: inviting, accepting, signing in and out.

Hashing a password takes long, so it is done before a transaction begins: nobody else's RSVP waits for it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ..core.crypto import vault
from ..core.db import atomic, db
from ..core.errors import Refusal
from ..core.i18n import _l, current_locale
from ..core.tokens import new_id, new_token, token_hash
from ..mail.actions import post
from .audit import note
from .factors import (
    fitting_step,
    is_app_code,
    keep_app,
    make_recovery_codes,
    offered_secret,
    use_app_code,
    use_recovery_code,
)
from .keys import made_key, private_of_session, rewrapped, unlocked, wrapped_for_session
from .models import (
    AuthenticatorApp,
    Invitation,
    Organizer,
    OrganizerKey,
    OrganizerSession,
    Passkey,
    ResetLink,
    RoleGrant,
)
from .passkeys import keep_passkey, use_passkey
from .passwords import fits, hash_password, is_outdated
from .queries import AT_MOST, IDLE, any_organizer, email_fingerprint, has_factor, organizer_by_email, session_owner
from .roles import EVERYWHERE, ORGANIZER, OWNER, Grant

INVITED_FOR = dt.timedelta(hours=72)


class Completed(NamedTuple):
    """A second factor that was set up: the session's new token, and the recovery codes that came with it."""

    token: str
    codes: list[str]


class SignInRefused(Refusal):
    """The one answer to an unknown account and to a wrong password."""

    status: ClassVar[int] = 422
    message = _l("This e-mail address and password do not belong together. Please check both.")


class CodeRefused(Refusal):
    """Wrong and used codes are not told apart."""

    status: ClassVar[int] = 422
    message = _l("This code is not right, or it was used already. Wait for the next one in your app.")


class PasskeyRefused(Refusal):
    """The browser's answer does not fit what it was asked."""

    status: ClassVar[int] = 422
    message = _l("The passkey could not be made. Please try once more.")


class LastFactor(Refusal):
    """Nothing would be left to sign in with."""

    message = _l("This is your only second factor. Set up another one first.")


class PasswordRefused(Refusal):
    """Not the password of the account that is signed in."""

    status: ClassVar[int] = 422
    message = _l("This is not your password. Please check it.")


class SessionOver(Refusal):
    """The session ended while its page was open."""

    status: ClassVar[int] = 403
    message = _l("Your session is over. Please sign in again.")


class InvitationUnknown(Refusal):
    """Wrong, used and expired invitations are not told apart."""

    status: ClassVar[int] = 404
    message = _l("This invitation has been used, has expired, or never was.")


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


def sign_in(*, email: str, password: str, now: dt.datetime, old_token: str | None = None) -> str:
    """A new session's token; the browser's old session ends. SignInRefused takes as long for an unknown account.

    The session opens nothing until the second factor is given: see `give_code` and `set_up_app`.
    """
    account = organizer_by_email(email)
    account_id, kept = (account.id, account.password_hash) if account else ("", None)
    if not fits(password, kept) or kept is None:
        raise SignInRefused
    better = hash_password(password) if is_outdated(kept) else kept
    key = db.session.get(OrganizerKey, account_id)
    private = unlocked(key, password) if key else None
    with atomic():
        still_so = sa.and_(Organizer.id == account_id, Organizer.password_hash == kept)
        kept_now = sa.update(Organizer).where(still_so).values(password_hash=better).returning(Organizer.id)
        if db.session.scalar(kept_now) is None:  # the password was changed, or the account went, a moment ago
            raise SignInRefused
        _close_session(old_token)
        note("sign-in.password", f"organizer:{account_id}", now=now, who=account_id)
        return open_session(account_id, private, now=now)


@atomic()
def set_up_app(*, token: str, code: str, now: dt.datetime, known: bool = False) -> Completed:
    """Take the authenticator app that was offered to this session, once it shows the right code.

    The session is full then. CodeRefused, SessionOver.
    """
    session = _held_session(token)
    _need_full_or_first(session)
    secret = offered_secret(token, session.organizer_id)
    step = fitting_step(secret, code, now=now)
    if step is None:
        raise CodeRefused
    keep_app(session.organizer_id, secret, step=step, now=now)
    token = _complete(session, token, now=now, known=known)
    note("second-factor.set-up", f"organizer:{session.organizer_id}", now=now, who=session.organizer_id)
    return Completed(token, make_recovery_codes(session.organizer_id))


@atomic()
def set_up_passkey(*, token: str, name: str, answer: str, now: dt.datetime, known: bool = False) -> Completed:
    """Keep the passkey that the browser made; recovery codes if it is the first factor. PasskeyRefused, SessionOver."""
    session = _held_session(token)
    organizer_id = session.organizer_id
    _need_full_or_first(session)
    if not keep_passkey(session, name=name, answer=answer, now=now):
        raise PasskeyRefused
    first = session.full_at is None
    token = _complete(session, token, now=now, known=known)
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
def give_code(*, token: str, code: str, now: dt.datetime, known: bool = False, answer: str = "") -> str:
    """The second factor: a passkey's answer, a code of the app, or a recovery code, which is used up.

    The session's new token: the old one, which was given for the password alone, opens nothing. A sign-in writes its
    owner a mail, which says whether the browser was `known`. CodeRefused, SessionOver.
    """
    session = _held_session(token)
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
    return _complete(session, token, now=now, known=known)


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


@atomic()
def new_recovery_codes(*, organizer_id: str, now: dt.datetime) -> list[str]:
    """Ten new recovery codes; the old ones are worthless."""
    note("recovery-codes.made", f"organizer:{organizer_id}", now=now)
    return make_recovery_codes(organizer_id)


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
        _end_sessions(account_id, but=token)
        note("password.changed", f"organizer:{account_id}", now=now)
        tell(account_id, "organizers.password_changed", now=now)


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
    _end_sessions(organizer_id, but=token)
    note("session.others-ended", f"organizer:{organizer_id}", now=now)


@atomic()
def sign_out(token: str, *, now: dt.datetime) -> None:
    """End this session."""
    _close_session(token)
    note("sign-out", "", now=now)


@atomic()
def note_seen(token: str, *, now: dt.datetime) -> None:
    """The session was used; its idle time begins anew."""
    db.session.execute(
        sa.update(OrganizerSession).where(OrganizerSession.token_hash == token_hash(token)).values(seen_at=now)
    )


@atomic()
def forget_expired(now: dt.datetime) -> None:
    """Delete sessions, links and roles whose time is over; the worker runs this."""
    old = sa.or_(OrganizerSession.started_at <= now - AT_MOST, OrganizerSession.seen_at <= now - IDLE)
    db.session.execute(sa.delete(OrganizerSession).where(old))
    for table in (Invitation, ResetLink):
        db.session.execute(sa.delete(table).where(table.expires_at <= now))
    db.session.execute(sa.delete(RoleGrant).where(RoleGrant.expires_at <= now))


def _use_up(token: str, *, now: dt.datetime) -> Grant:
    """What an invitation gives; deleting it decides between two who use it at once."""
    mine = sa.and_(Invitation.token_hash == token_hash(token), Invitation.expires_at > now)
    gives = (Invitation.role, Invitation.place, Invitation.role_ends_at)
    found = db.session.execute(sa.delete(Invitation).where(mine).returning(*gives)).one_or_none()
    if found is None:
        raise InvitationUnknown
    return Grant(role=found.role, place=found.place, expires_at=found.role_ends_at)


def grant(organizer_id: str, given: Grant) -> None:
    """Give a role, in the caller's transaction; one that is held in this place already takes the new end."""
    mine = (RoleGrant.organizer_id == organizer_id, RoleGrant.role == given.role, RoleGrant.place == given.place)
    row = db.session.scalar(sa.select(RoleGrant).where(*mine))
    if row is None:
        row = RoleGrant(id=new_id(), organizer_id=organizer_id, role=given.role, place=given.place)
        db.session.add(row)
    row.expires_at = given.expires_at


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


def open_session(organizer_id: str, private: bytes | None, *, now: dt.datetime) -> str:
    """The token of a new session that still lacks the second factor; the caller's transaction keeps it."""
    token = new_token()
    session = OrganizerSession(
        token_hash=token_hash(token), id=new_id(), organizer_id=organizer_id, started_at=now, seen_at=now
    )
    session.wrapped_key = wrapped_for_session(token, private) if private else None
    db.session.add(session)
    return token


def tell(organizer_id: str, kind: str, *, now: dt.datetime, **more: Any) -> None:
    """Promise a letter of this kind to an organizer, in the caller's transaction and the language being spoken."""
    organizer = db.session.get_one(Organizer, organizer_id)
    email = vault().open("organizers", organizer_id, organizer.sealed)["email"]
    facts = {"at": now.isoformat(), **more}
    post(kind=kind, about=organizer_id, to=email, locale=current_locale(), facts=facts, now=now)


def _held_session(token: str) -> OrganizerSession:
    query = sa.select(OrganizerSession).where(OrganizerSession.token_hash == token_hash(token)).with_for_update()
    session = db.session.scalar(query)
    if session is None:
        raise SessionOver
    return session


def _complete(session: OrganizerSession, token: str, *, now: dt.datetime, known: bool) -> str:
    """Password and second factor are given: the session is full, under a new token.

    Who saw the old one gains nothing. What was no full session before writes its owner a mail.
    """
    if session.full_at is None:
        tell(session.organizer_id, "organizers.signed_in", now=now, known=known)
    private, fresh = private_of_session(token), new_token()
    session.wrapped_key = wrapped_for_session(fresh, private) if private else None
    session.token_hash, session.full_at = token_hash(fresh), now
    return fresh


def _need_full_or_first(session: OrganizerSession) -> None:
    """The password alone sets up the first factor only; of two sessions that try at once, one is first."""
    db.session.execute(sa.select(Organizer.id).where(Organizer.id == session.organizer_id).with_for_update())
    if session.full_at is None and has_factor(session.organizer_id):
        raise SessionOver


def _end_sessions(organizer_id: str, *, but: str = "") -> None:
    mine = sa.and_(OrganizerSession.organizer_id == organizer_id, OrganizerSession.token_hash != token_hash(but))
    db.session.execute(sa.delete(OrganizerSession).where(mine))


def _close_session(token: str | None) -> None:
    if token:
        db.session.execute(sa.delete(OrganizerSession).where(OrganizerSession.token_hash == token_hash(token)))
