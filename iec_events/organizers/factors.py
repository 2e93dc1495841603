"""Second factors: codes of an authenticator app (TOTP, RFC 6238), and recovery codes on paper.

An app's secret is sealed under the server's vault key and bound to its account. Each code counts once (RFC 6238,
section 5.2): the time step of the last one is kept. Recovery codes are kept as keyed hashes only.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import re
import secrets
from hashlib import sha256

import pyotp
import sqlalchemy as sa

from ..core.config import settings
from ..core.crypto import vault
from ..core.db import db
from ..core.text import ascii_digits
from .models import AuthenticatorApp, Passkey, RecoveryCode

STEP_S = 30
DRIFT = 1  # steps by which a phone's clock may be off, either way
DIGITS = 6
SECRET_BYTES = 20
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another
GROUPS, GROUP = 4, 4  # 79 bits
PURPOSE = "organizers.app"
NOT_TYPED = re.compile(r"[\s-]+")


def offered_secret(token: str, organizer_id: str) -> str:
    """The secret offered to this session for a new app, the same however often the page is opened; base32."""
    seed = f"organizers.app\0{token}\0{_present(organizer_id)}"
    return base64.b32encode(hmac.digest(settings().secret_key, seed.encode(), "sha256")[:SECRET_BYTES]).decode()


def address_for_app(secret: str, name: str) -> str:
    """What the QR code says: an `otpauth:` address; it names our host and the account."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=settings().host)


def fitting_step(secret: str, typed: str, *, now: dt.datetime, after: int = 0) -> int | None:
    """The time step whose code was typed, if it is near `now` and later than `after`."""
    present, code = int(now.timestamp()) // STEP_S, plain_code(typed)
    app = pyotp.TOTP(secret)
    for step in range(present - DRIFT, present + DRIFT + 1):
        if step > after and hmac.compare_digest(app.generate_otp(step).encode(), code.encode()):
            return step
    return None


def keep_app(organizer_id: str, secret: str, *, step: int, now: dt.datetime) -> None:
    """Take this app from now on, in place of another."""
    sealed = vault().seal(PURPOSE, organizer_id, {"secret": secret})
    made_at = now.replace(microsecond=0)
    db.session.merge(AuthenticatorApp(organizer_id=organizer_id, sealed=sealed, last_step=step, made_at=made_at))


def use_app_code(organizer_id: str, typed: str, *, now: dt.datetime) -> bool:
    """Whether this is a code of the account's app that was never used; it is used now."""
    app = db.session.get(AuthenticatorApp, organizer_id)
    if app is None:
        return False
    secret = vault().open(PURPOSE, organizer_id, app.sealed)["secret"]
    step = fitting_step(secret, typed, now=now, after=app.last_step)
    if step is None:
        return False
    newer = sa.and_(AuthenticatorApp.organizer_id == organizer_id, AuthenticatorApp.last_step < step)
    used = sa.update(AuthenticatorApp).where(newer).values(last_step=step).returning(AuthenticatorApp.last_step)
    return db.session.scalar(used) is not None  # of two who send one code at once, one is first


def use_recovery_code(organizer_id: str, typed: str) -> bool:
    """Whether this is one of the account's recovery codes; it is gone now."""
    mine = sa.and_(
        RecoveryCode.organizer_id == organizer_id, RecoveryCode.code_hash == _hash(organizer_id, plain_code(typed))
    )
    return db.session.scalar(sa.delete(RecoveryCode).where(mine).returning(RecoveryCode.code_hash)) is not None


def make_recovery_codes(organizer_id: str) -> list[str]:
    """Ten new recovery codes in place of the old ones, to be shown once."""
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.organizer_id == organizer_id))
    codes = [_new_code() for _code in range(CODES)]
    for code in codes:
        db.session.add(RecoveryCode(organizer_id=organizer_id, code_hash=_hash(organizer_id, plain_code(code))))
    return codes


def is_app_code(typed: str) -> bool:
    """Whether this has the shape of an app's code; recovery codes are longer."""
    return len(plain_code(typed)) == DIGITS


def plain_code(typed: str) -> str:
    """A code as it is compared: Latin digits, small letters, no blanks and hyphens."""
    return NOT_TYPED.sub("", ascii_digits(typed)).lower()


def codes_left(organizer_id: str) -> int:
    """How many recovery codes are unused."""
    mine = sa.select(sa.func.count()).where(RecoveryCode.organizer_id == organizer_id)
    return db.session.scalar(mine) or 0


def codes_mark(organizer_id: str) -> str:
    """By what one knows the present recovery codes from earlier ones."""
    mine = sa.select(RecoveryCode.code_hash).where(RecoveryCode.organizer_id == organizer_id)
    return sha256(" ".join(sorted(db.session.scalars(mine))).encode()).hexdigest()


def forget_factors(organizer_id: str) -> None:
    """The account has no second factor any more."""
    for table in (AuthenticatorApp, Passkey, RecoveryCode):
        db.session.execute(sa.delete(table).where(table.organizer_id == organizer_id))


def _present(organizer_id: str) -> str:
    query = sa.select(AuthenticatorApp.sealed).where(AuthenticatorApp.organizer_id == organizer_id)
    return (db.session.scalar(query) or b"").hex()


def _hash(organizer_id: str, code: str) -> str:
    return vault().fingerprint("organizers.recovery-code", f"{organizer_id} {code}")


def _new_code() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _letter in range(GROUP)) for _group in range(GROUPS))
