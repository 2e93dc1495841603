"""How often one may try to sign in: enough to mistype, too seldom to guess, and never a lock on somebody's door.

Tries are counted for an account *and* the network they come from, so that a stranger elsewhere cannot use up the
owner's. Where both sit behind one exit (Tor, a VPN), the owner's own browser counts for itself: it was given a signed
cookie at its last sign-in. Every wait is short.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from flask import Request, Response, current_app
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ..core.config import settings
from ..core.forms import Form
from ..core.limits import visitor, within
from ..core.onion import by_onion, cookie, is_secure, salted
from ..core.tokens import new_id
from .audit import note
from .queries import email_fingerprint, organizer_by_email, times_unlocked

PER_ACCOUNT = ("6/minute", "20/10minute")
PER_NETWORK = ("30/minute",)
EVERYWHERE = ("240/minute",)  # what the machine can hash without others waiting
BY_ONION = ("120/minute",)  # besides: circuits cost nothing, and whoever makes many shuts the other address for nobody
CODES_ELSEWHERE = ("10/10minute", "100/day")  # of all unknown browsers together: somebody has the password already
KNOWN_DAYS = 90
SHORT = 24  # so many characters of an address' hash stand in a browser's cookie
NOTED = ("10/minute", "100/hour")  # a flood of tries must not drown the audit trail
NOTED_SLOW = ("1/minute", "10/hour")
NOTED_SELDOM = ("1/hour",)  # a browser sends the same cookie with every page


def may_try(email: str, request: Request) -> bool:
    """Count one try to sign in with this address; False when there were too many."""
    return may_try_password(email_fingerprint(email), request)


def may_try_password(account: str, request: Request) -> bool:
    """Count one try of a password for this account."""
    browser, counted = known_browser(account, request), _counted(account)
    if browser:
        return within("sign-in of a known browser", PER_ACCOUNT, counted, browser)
    return (
        within("sign-in", PER_ACCOUNT, counted, visitor())
        and within("sign-in from a network", PER_NETWORK, visitor())
        and (within("sign-in by onion", BY_ONION) if by_onion() else within("sign-in everywhere", EVERYWHERE))
    )


def may_try_code(account: str, request: Request) -> bool:
    """Count one try of a second factor; who gets here knows the password, so strangers share few tries."""
    browser, counted = known_browser(account, request), _counted(account)
    if browser:
        return within("codes of a known browser", PER_ACCOUNT, counted, browser)
    return within("codes", PER_ACCOUNT, counted, visitor()) and within("codes elsewhere", CODES_ELSEWHERE, counted)


def note_code_refused(organizer_id: str, *, now: dt.datetime) -> None:
    """Keep a wrong or used code in the audit trail."""
    if within("notes of refused codes", NOTED, organizer_id):
        note("second-factor.refused", f"organizer:{organizer_id}", now=now, who=organizer_id)


def note_code_slowed(organizer_id: str, *, now: dt.datetime) -> None:
    """Keep in the audit trail that there were too many codes."""
    if within("notes of slowed codes", NOTED_SLOW, organizer_id):
        note("second-factor.slowed", f"organizer:{organizer_id}", now=now, who=organizer_id)


def note_refused(email: str, *, now: dt.datetime) -> None:
    """Keep a refused try in the audit trail, under the account that it was for, if there is one."""
    if within("notes of refused sign-ins", NOTED):
        note("sign-in.refused", _account(email), now=now)


def note_at_rest(email: str, *, now: dt.datetime) -> None:
    """Keep in the audit trail that somebody knows the password of an account at rest."""
    if within("notes of accounts at rest", NOTED, email_fingerprint(email)):
        note("sign-in.at-rest", _account(email), now=now)


def note_slowed(email: str, *, now: dt.datetime) -> None:
    """Keep in the audit trail that there were too many tries."""
    if within("notes of slowed sign-ins", NOTED_SLOW):
        note("sign-in.slowed", _account(email), now=now)


def note_words_refused(*, now: dt.datetime) -> None:
    """Keep in the audit trail that somebody gave words that are not the recovery key."""
    if within("notes of refused words", NOTED):
        note("recovery.refused", "recovery", now=now)


def note_link_refused(kind: Literal["invitation", "reset", "address"], button: Form, *, now: dt.datetime) -> None:
    """Keep in the audit trail that somebody pressed the button of a link which is used up, expired or unknown.

    Opening it leaves nothing: mail programs look at links by themselves. Nor does what comes from no page of ours.
    """
    if button.validate_on_submit() and within("notes of refused links", NOTED_SLOW, kind):
        note({"invitation": "invitation.refused", "reset": "reset.refused"}.get(kind, "address.refused"), kind, now=now)


def note_changed_cookie(request: Request, *, now: dt.datetime) -> None:
    """Keep in the audit trail, once an hour, that a session's cookie came which is not as it was given."""
    value = request.cookies.get(current_app.session_interface.get_cookie_name(current_app))
    if value and not _is_ours(value) and within("notes of changed cookies", NOTED_SELDOM):
        note("session.refused", "session", now=now)


def _is_ours(value: str) -> bool:
    """Whether we signed this cookie, however long ago."""
    ours = current_app.session_interface
    signer = ours.get_signing_serializer(current_app) if isinstance(ours, SecureCookieSessionInterface) else None
    try:
        return signer is None or signer.loads(value) is not None
    except BadSignature:
        return False


def know(account: str, response: Response) -> Response:
    """Have the browser remember that this account's owner uses it; the cookie names nobody."""
    value = _signer().dumps([account[:SHORT], new_id()])
    response.set_cookie(
        _cookie(),
        value,
        max_age=KNOWN_DAYS * 24 * 3600,
        secure=is_secure(),
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def _counted(account: str) -> str:
    """What tries are counted under: another name each time somebody ended the waits."""
    return f"{account} {times_unlocked(account)}"


def _account(email: str) -> str:
    account = organizer_by_email(email)
    return f"organizer:{account.id}" if account else ""


def known_browser(account: str, request: Request) -> str:
    """A name for this browser if the account's owner signed in with it before; else empty."""
    try:
        known, browser = _signer().loads(request.cookies.get(_cookie(), ""), max_age=KNOWN_DAYS * 24 * 3600)
    except (BadSignature, ValueError, TypeError):
        return ""
    return str(browser) if known == account[:SHORT] else ""


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret_key, salt=salted("organizers.known-browser"))


def _cookie() -> str:
    return cookie("iec-known")
