"""The door of the organizers' area: `blueprint.before_request(require_organizer)` on every blueprint behind it."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from flask import abort, current_app, g, redirect, request, session, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ..core import clock
from ..core.errors import Refusal
from ..core.i18n import _l
from .actions import note_seen
from .audit import acting
from .doors import DOORS, HOMES, LOCKED, WAY_IN
from .keys import private_of_session
from .queries import SignedIn, signed_in
from .roles import Reach
from .tries import note_changed_cookie
from .unsent import WHO, bring_back, keep_typed, let_go

AREA = "/organize"
TOKEN = "organizer"  # noqa: S105 - the name of a place in the session
SEEN_EVERY = dt.timedelta(minutes=1)
FRESH = dt.timedelta(minutes=10)
GRACE = dt.timedelta(minutes=10)  # to send what was begun on a page that was opened freshly
DASHBOARD = "front_organizers.dashboard"


class OutOfReach(Refusal):
    """What was sent would put something where the sender has no role."""

    status: ClassVar[int] = 422
    message = _l("Here you have no role: choose a campaign that you organize.")


def require_organizer() -> Response | None:
    """Let organizers pass, as `g.organizer`; send anybody else to sign in and from there back to the page.

    Who has given the password only is led to the second factor first, or to setting one up. What they typed is kept.
    """
    organizer = present_organizer()
    if organizer is None:
        note_changed_cookie(request, now=clock.now())
        _keep_for(session.get(WHO))
        return redirect(url_for("organizers.sign_in", next=_wanted()), 303)
    if organizer.full_at is None:
        _keep_for(organizer.id)
        step = "organizers.second" if organizer.has_factor else "organizers.set_up"
        return redirect(url_for(step, next=_wanted()), 303)
    g.organizer = organizer
    acting(organizer.id)
    if not may(request.endpoint or "", **(request.view_args or {})):
        return redirect(url_for(home(organizer)), 303) if request.endpoint == DASHBOARD else abort(403)
    if request.method == "POST":
        let_go()
    else:
        bring_back(organizer.id)
    return None


def may(endpoint: str, **values: Any) -> bool:
    """Whether who is signed in may open this door; `values` are those of its address."""
    organizer: SignedIn = g.organizer
    door = DOORS.get(endpoint, LOCKED)
    if door.where == "own":
        return True
    reach = organizer.reach(door.role)
    if door.where == "event":
        return reach.has_event(values["slug"], _campaign_of(values["slug"]) if reach.campaigns else None)
    if door.where == "campaign":
        return reach.has_campaign(values["slug"])
    if door.where == "series":
        return reach.has_campaign(_campaign_of_series(values["slug"]) if reach.campaigns else None)
    if door.where == "programme":
        return reach.everywhere or bool(reach.campaigns)
    return reach.everywhere if door.where == "all" else bool(reach)


def reach_as(role: str) -> Reach:
    """Where who is signed in may act in a role: for pages that show several events."""
    organizer: SignedIn = g.organizer
    return organizer.reach(role)


def home(organizer: SignedIn) -> str:
    """The page on which this person begins."""
    return HOMES.get(organizer.role, DASHBOARD)


def _campaign_of(slug: str) -> str | None:
    """The campaign of an event; the room of events lies above, so the application tells how to ask."""
    found: str | None = current_app.extensions["campaign_of_event"](slug)
    return found


def _campaign_of_series(slug: str) -> str | None:
    """The campaign of something that comes again, likewise."""
    found: str | None = current_app.extensions["campaign_of_series"](slug)
    return found


def require_fresh() -> Response | None:
    """Before dangerous acts: ask for password and code again if that was more than ten minutes ago.

    Pages are asked for a while before forms are, so that few forms come too late; what was typed into those is kept.
    """
    organizer: SignedIn = g.organizer
    allowed = FRESH if request.method in {"GET", "HEAD"} else FRESH + GRACE
    if organizer.full_at is not None and clock.now() - organizer.full_at <= allowed:
        return None
    _keep_for(organizer.id)
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


def carry(token: str, organizer: SignedIn) -> None:
    """Have the browser hold the session's new token, and whose it is: what is typed too late is kept for them."""
    session[TOKEN], session[WHO] = token, organizer.id


def key_holder() -> tuple[str, bytes | None]:
    """Who is signed in, and their private key for this request; None when the session carries none."""
    token = session.get(TOKEN)
    return g.organizer.id, private_of_session(token) if isinstance(token, str) else None


def in_background() -> bool:
    """Whether a script of ours sent this: it keeps what was sent until it has an answer, and wants that as data."""
    return request.accept_mimetypes.best == "application/json"


def way_back(wanted: str | None) -> str:
    """The address to go to after signing in: a page of the organizers' area, in this language; else the dashboard."""
    path, query = _own_page(wanted or "")
    if not path:
        return url_for(DASHBOARD)
    return request.script_root + quote(path) + (f"?{quote(query, safe='=&%')}" if query else "")


def _keep_for(organizer_id: object) -> None:
    """Keep a form that was sent, if its page can be opened again, and unless a script keeps it."""
    if request.method == "POST" and _wanted() is not None and not in_background():
        keep_typed(organizer_id)


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
    return ("", "") if endpoint in WAY_IN or endpoint == "organizers.confirm" else (parts.path, parts.query)
