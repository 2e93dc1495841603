"""Passkeys (WebAuthn): keys in a phone, a computer or a stick, which sign for our address only and can't be phished.

A challenge is derived from the session and from what was given in it last: whoever succeeds changes that, so no answer
is taken twice, and opening a page writes nothing.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import request, url_for

from ..core.config import settings
from ..core.crypto import vault
from ..core.db import db
from ..core.i18n import _
from ..core.onion import is_second
from ..core.security import LOOPBACK
from ..core.tokens import new_id
from .models import OrganizerSession, Passkey

PURPOSE = "organizers.passkey"


@dataclass(frozen=True, kw_only=True)
class PasskeyView:
    """A passkey, as its owner sees it."""

    id: str
    name: str
    made_at: dt.datetime
    used_at: dt.datetime | None


def are_possible() -> bool:
    """Whether browsers offer passkeys for our address: it needs a name, and TLS except on one's own machine."""
    return why_not() is None


def why_not() -> str | None:
    """Why browsers offer no passkeys here and what to do, in a sentence; None where they do."""
    if is_second():
        return _(
            "Passkeys answer at %(address)s only, not at the onion address. An authenticator app works at both.",
            address=settings().public_url,
        )
    if settings().host in LOOPBACK:
        there = f"{_origin()}{url_for('organizers.account')}"
        instead = _(
            "Passkeys need an address with a name. On your own machine, open %(address)s instead, and sign in there.",
            address=there,
        )
        return None if _is_localhost() else instead
    try:
        ipaddress.ip_address(settings().host.strip("[]"))
    except ValueError:
        if settings().https:
            return None
        return _("Passkeys need an address that begins with https://. An authenticator app works here, too.")
    return _("Passkeys need an address with a name, and this one is a number. An authenticator app works here, too.")


def registration_options(session: OrganizerSession, name: str) -> str:
    """What the browser needs to make a passkey, in JSON."""
    from . import ceremonies  # noqa: PLC0415 - loads WebAuthn

    asking = ceremonies.Asking(*_asking("make", session))
    known = _credential_ids(session.organizer_id)
    return ceremonies.options_to_make(asking, user_id=session.organizer_id, name=name, known=known)


def request_options(session: OrganizerSession) -> str | None:
    """What the browser needs to use one of the account's passkeys, in JSON; None when there is none."""
    known = _credential_ids(session.organizer_id)
    if not known or not are_possible():
        return None
    from . import ceremonies  # noqa: PLC0415 - loads WebAuthn

    return ceremonies.options_to_use(ceremonies.Asking(*_asking("use", session)), known)


def keep_passkey(session: OrganizerSession, *, name: str, answer: str, now: dt.datetime) -> bool:
    """Keep the passkey that the browser made, in the caller's transaction; False when its answer is not right."""
    from . import ceremonies  # noqa: PLC0415 - loads WebAuthn

    made = ceremonies.made(answer, ceremonies.Asking(*_asking("make", session)))
    if made is None or _is_kept(made.id):
        return False
    row_id = new_id()
    db.session.add(
        Passkey(
            id=row_id,
            organizer_id=session.organizer_id,
            sealed=vault().seal(PURPOSE, row_id, {"name": name}),
            credential_id=made.id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            made_at=now.replace(microsecond=0),
        )
    )
    return True


def use_passkey(session: OrganizerSession, *, answer: str, now: dt.datetime) -> bool:
    """Whether one of the account's passkeys signed this session's challenge; what it counts is kept."""
    from . import ceremonies  # noqa: PLC0415 - loads WebAuthn

    rows = db.session.scalars(sa.select(Passkey).where(Passkey.organizer_id == session.organizer_id).with_for_update())
    mine = {_b64(row.credential_id): row for row in rows}
    known = {name: ceremonies.Known(row.credential_id, row.public_key, row.sign_count) for name, row in mine.items()}
    used = ceremonies.used(answer, ceremonies.Asking(*_asking("use", session)), known)
    if used is None:
        return False
    name, sign_count = used
    mine[name].sign_count, mine[name].used_at = sign_count, now
    return True


def passkeys_of(organizer_id: str) -> list[PasskeyView]:
    """The account's passkeys, the oldest first."""
    query = sa.select(Passkey).where(Passkey.organizer_id == organizer_id).order_by(Passkey.made_at, Passkey.id)
    return [
        PasskeyView(
            id=row.id,
            name=vault().open(PURPOSE, row.id, row.sealed)["name"],
            made_at=row.made_at,
            used_at=row.used_at,
        )
        for row in db.session.scalars(query)
    ]


def _is_kept(credential_id: bytes) -> bool:
    """Whether somebody has this passkey already."""
    return db.session.scalar(sa.select(Passkey.id).where(Passkey.credential_id == credential_id)) is not None


def _credential_ids(organizer_id: str) -> list[bytes]:
    query = sa.select(Passkey.credential_id).where(Passkey.organizer_id == organizer_id).order_by(Passkey.id)
    return list(db.session.scalars(query))


def _asking(what: str, session: OrganizerSession) -> tuple[str, str, bytes]:
    """Who asks, at which address, and what is to be signed."""
    return _host(), _origin(), _challenge(what, session)


def _challenge(what: str, session: OrganizerSession) -> bytes:
    """32 bytes that nobody can foresee, and that change with each success in this session."""
    mine = sa.select(Passkey.id).where(Passkey.organizer_id == session.organizer_id).order_by(Passkey.id)
    state = [what, session.token_hash, str(session.full_at), *db.session.scalars(mine)]
    return hmac.digest(settings().secret_key, "\0".join(["organizers.passkey", *state]).encode(), "sha256")


def _host() -> str:
    """The name that passkeys are bound to."""
    return "localhost" if settings().host in LOOPBACK else settings().host


def _origin() -> str:
    parts = urlsplit(settings().public_url)
    return f"{parts.scheme}://{_host()}{f':{parts.port}' if parts.port else ''}"


def _is_localhost() -> bool:
    """Whether this request came to one's own machine by its name; its numbers are served, too."""
    return urlsplit(f"//{request.host}").hostname == "localhost"


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
