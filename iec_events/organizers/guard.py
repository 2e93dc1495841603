"""The door of the organizers' area: `blueprint.before_request(require_organizer)` on every blueprint behind it."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote, urlsplit

from flask import current_app, g, redirect, request, session, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ..core import clock
from .actions import note_seen
from .audit import acting
from .keys import private_of_session
from .queries import SignedIn, signed_in

AREA = "/organize"
TOKEN = "organizer"  # noqa: S105 - the name of a place in the session
SEEN_EVERY = dt.timedelta(minutes=1)
FRESH = dt.timedelta(minutes=10)
GRACE = dt.timedelta(minutes=10)  # to send what was begun on a page that was opened freshly
WAY_IN = {f"organizers.{page}" for page in ("sign_in", "second", "confirm", "first", "sign_out")}


def require_organizer() -> Response | None:
    """Let organizers pass, as `g.organizer`; send anybody else to sign in and from there back to the page.

    Who has given the password only is led to the second factor first, or to setting one up.
    """
    organizer = present_organizer()
    if organizer is None:
        return redirect(url_for("organizers.sign_in", next=_wanted()), 303)
    if organizer.full_at is None:
        step = "organizers.second" if organizer.has_factor else "organizers.set_up"
        return redirect(url_for(step, next=_wanted()), 303)
    g.organizer = organizer
    acting(organizer.id)
    return None


def require_fresh() -> Response | None:
    """Before dangerous acts: ask for password and code again if that was more than ten minutes ago.

    Pages are asked for a while before forms are, so that what is typed on a page that was opened in time is not lost.
    """
    organizer: SignedIn = g.organizer
    allowed = FRESH if request.method in {"GET", "HEAD"} else FRESH + GRACE
    if organizer.full_at is not None and clock.now() - organizer.full_at <= allowed:
        return None
    return redirect(url_for("organizers.confirm", next=_wanted()), 303)


def present_organizer() -> SignedIn | None:
    """Who is signed in, if anybody; using a session keeps it from growing idle."""
    token = session.get(TOKEN)
    now = clock.now()
    if not isinstance(token, str):
        return None
    organizer = signed_in(token, now=now)
    if organizer is not None and now - organizer.seen_at >= SEEN_EVERY:
        note_seen(token, now=now)
    return organizer


def key_holder() -> tuple[str, bytes | None]:
    """Who is signed in, and their private key for this request; None when the session carries none."""
    token = session.get(TOKEN)
    return g.organizer.id, private_of_session(token) if isinstance(token, str) else None


def way_back(wanted: str | None) -> str:
    """The address to go to after signing in: a page of the organizers' area, in this language; else the dashboard."""
    path, query = _own_page(wanted or "")
    if not path:
        return url_for("front_organizers.dashboard")
    return request.script_root + quote(path) + (f"?{quote(query, safe='=&%')}" if query else "")


def _wanted() -> str | None:
    """What was asked for, if it can be asked for again after signing in."""
    path = request.path if _own_page(request.path)[0] else None
    query = request.query_string.decode("ascii", "ignore")
    return f"{path}?{query}" if path and query and request.method in {"GET", "HEAD"} else path


def _own_page(address: str) -> tuple[str, str]:
    """Path and query of a page of the area that can be opened; empty for everything else, elsewhere above all."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    if parts.scheme or parts.netloc or not (parts.path == AREA or parts.path.startswith(f"{AREA}/")):
        return "", ""
    try:
        endpoint, _values = current_app.create_url_adapter(request).match(parts.path, method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return "", ""
    return ("", "") if endpoint in WAY_IN else (parts.path, parts.query)
