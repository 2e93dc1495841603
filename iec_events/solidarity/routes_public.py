"""The wall of an event, the page to leave a message for it, and the link by which it is taken back.

The secret of that link is exchanged for a cookie on arrival and leaves the address bar. It is remembered for an hour:
long enough to keep the link elsewhere, and not longer, since phones are looked through.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from ..core import clock
from ..core.crypto import BoxRefused, vault
from ..core.forms import Form
from ..core.i18n import _, current_locale
from ..core.limits import limiter, visitor, within
from ..core.pages import public_page, unlisted
from ..core.urls import here_url
from ..events.queries import public_event
from ..events.views import EventView
from . import actions
from .forms import MessageForm
from .queries import id_by_token, takes_messages, wall_page

PER_NETWORK = ("20/minute", "120/hour")  # a whole night may share the network of its venue
WAIT_S = "60"
HELD, HELD_S, HELD_PURPOSE = "message", 3600, "messages.held"
blueprint = Blueprint("solidarity", __name__)


@blueprint.get("/events/<slug>/messages", defaults={"page": 1})
@blueprint.get("/events/<slug>/messages/<int:page>")
def wall(slug: str, page: int) -> Response:
    """Every approved message, newest first, each in its own direction."""
    event, now = public_event(slug), clock.now()
    shown = wall_page(event.id, page)
    if not 1 <= page <= shown.of:
        abort(404)
    page_of_wall = public_page(
        render_template(
            "solidarity/wall.html",
            event=EventView(event, current_locale(), now),
            messages=shown.items,
            page=shown,
            takes_messages=takes_messages(event, now),
        )
    )
    return page_of_wall if event.listed else unlisted(page_of_wall)


@blueprint.route("/events/<slug>/messages/new", methods=["GET", "POST"])
def leave(slug: str) -> ResponseReturnValue:
    """A message, which an organizer reads before anybody else does."""
    event, now = public_event(slug), clock.now()
    if not takes_messages(event, now):
        closed, back_url = actions.WallClosed(), url_for(".wall", slug=slug)
        return render_template("errors/refusal.html", refusal=closed, back_url=back_url), closed.status
    form = MessageForm()
    view = EventView(event, current_locale(), now)
    if not form.validate_on_submit():
        return render_template("solidarity/leave.html", form=form, event=view), 422 if form.is_submitted() else 200
    if not within("message", PER_NETWORK, visitor()):
        form.form_errors.append(_("Many messages came from where you are. Wait a minute and send yours again."))
        return render_template("solidarity/leave.html", form=form, event=view), 429, {"Retry-After": WAIT_S}
    token = actions.leave_message(
        event_slug=slug,
        text=form.text.data,
        signature=actions.signed(form.signature_name.data or "", form.signature_place.data or ""),
        language=form.language.data,
        read_aloud=form.consent_read_aloud.data,
        seed=form.seed.data,
        now=now,
    )
    _hold(token, slug)
    return redirect(url_for(".thanks", slug=slug), 303)


@blueprint.get("/events/<slug>/messages/thanks")
def thanks(slug: str) -> ResponseReturnValue:
    """What happens to the message now, and the link to take it back, as long as this browser remembers it."""
    event, token = EventView(public_event(slug), current_locale(), clock.now()), _held(slug)
    link = here_url("solidarity.open_link", token=token) if token and id_by_token(token) else None
    return render_template("solidarity/thanks.html", event=event, link=link)


@blueprint.get("/messages/<token>")
@limiter.limit("60/minute")
def open_link(token: str) -> ResponseReturnValue:
    """The link to take a message back: out of the address bar, and nothing done yet."""
    if id_by_token(token) is None:
        raise actions.NoSuchMessage
    if _held() != token:  # else the page that showed it still does
        _hold(token)
    return redirect(url_for(".take_back"), 303)


@blueprint.route("/messages/take-back", methods=["GET", "POST"])
@limiter.limit("60/minute", methods=["POST"])
def take_back() -> ResponseReturnValue:
    """Ask once, then erase the message. The page shows none of its words and names no event."""
    token, form = _held(), Form()
    if token is None or not (form.is_submitted() or id_by_token(token)):
        raise actions.NoSuchMessage
    if form.validate_on_submit():
        actions.take_back(token=token, now=clock.now())
        session.pop(HELD, None)
        return redirect(url_for(".taken_back"), 303)
    return render_template("solidarity/take_back.html", form=form), 422 if form.is_submitted() else 200


@blueprint.get("/messages/taken-back")
def taken_back() -> ResponseReturnValue:
    """What is gone and what is not; the page itself knows of no message."""
    return render_template("solidarity/taken_back.html")


def _hold(token: str, slug: str = "") -> None:
    """Sealed: the cookie may stay in the browser for weeks, and after the hour nobody shall read the link there."""
    until = int(clock.now().timestamp()) + HELD_S
    session[HELD] = vault().seal(HELD_PURPOSE, "", {"token": token, "slug": slug, "until": until})


def _held(slug: str | None = None) -> str | None:
    """The link that this browser remembers; with `slug`, only one of a message that was just left there."""
    try:
        held = vault().open(HELD_PURPOSE, "", session.get(HELD, b""))
    except BoxRefused:
        return None
    if held["until"] <= clock.now().timestamp() or slug not in {None, held["slug"]}:
        return None
    token: str = held["token"]
    return token
