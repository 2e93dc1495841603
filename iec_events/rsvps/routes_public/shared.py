"""What attendees' pages share: the links that this browser holds, and the page for a link that opens nothing.

The secret of a link is exchanged for a cookie on arrival and leaves the address bar. Opening a page never changes
anything; buttons do.
"""

from __future__ import annotations

from flask import Blueprint, render_template, session
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import current_locale
from ...events.queries import public_event
from ...events.views import EventView
from ...organizers.guard import TOKEN
from ..queries import LinkUnknown, opens_active

blueprint = Blueprint("rsvps", __name__)
KEPT_LINKS = 8
OURS = ("rsvps", "just_placed", "calendar_made", "message")  # what visitors' pages keep in the browser's cookie


@blueprint.errorhandler(LinkUnknown)
def unknown_link(refusal: LinkUnknown) -> ResponseReturnValue:
    """One and the same answer to every link that opens nothing, with the ways back."""
    return render_template("rsvps/unknown.html", message=refusal), refusal.status


def event_view(slug: str, *, entitled: bool = False) -> EventView:
    """The event as it is now; EventUnknown, EventGone."""
    return EventView(public_event(slug), current_locale(), clock.now(), entitled=entitled)


def keep_link(slug: str, token: str) -> None:
    """Remember the link in this browser until it is closed; the newest few only."""
    links = held_links()
    links.pop(slug, None)
    session["rsvps"] = dict([*list(links.items())[-KEPT_LINKS + 1 :], (slug, token)])


def forget_link(slug: str) -> None:
    """Remember it no more."""
    session["rsvps"] = {kept: token for kept, token in held_links().items() if kept != slug}
    session.pop("just_placed", None)


def forget_all_links() -> None:
    """Remember none any more; a browser in which no organizer is signed in loses its cookie."""
    if TOKEN not in session:
        session.clear()
    for name in OURS:
        session.pop(name, None)


def holds_link(slug: str) -> bool:
    """Whether this browser came by a link to this event, of somebody who still means to come."""
    token = held_link(slug)
    return token is not None and opens_active(token)


def held_link(slug: str) -> str | None:
    """The link this browser came by, whether or not it still opens anything."""
    return held_links().get(slug)


def held_links() -> dict[str, str]:
    """All links that this browser holds, by the slugs of their events, the newest last."""
    links: dict[str, str] = session.get("rsvps", {})
    return links


def own_token(slug: str) -> str:
    """The link this browser holds for the event; LinkUnknown."""
    token = held_link(slug)
    if token is None:
        raise LinkUnknown
    return token
