"""The wall of an event, and the page to leave a message for it."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ..core import clock
from ..core.i18n import _, current_locale
from ..core.limits import visitor, within
from ..core.pages import public_page, unlisted
from ..events.queries import public_event
from ..events.views import EventView
from . import actions
from .forms import MessageForm
from .queries import takes_messages, wall_page

PER_NETWORK = ("20/minute", "120/hour")  # a whole night may share the network of its venue
WAIT_S = "60"
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
    actions.leave_message(
        event_slug=slug,
        text=form.text.data,
        signature=actions.signed(form.signature_name.data or "", form.signature_place.data or ""),
        language=form.language.data,
        read_aloud=form.consent_read_aloud.data,
        seed=form.seed.data,
        now=now,
    )
    return redirect(url_for(".thanks", slug=slug), 303)


@blueprint.get("/events/<slug>/messages/thanks")
def thanks(slug: str) -> ResponseReturnValue:
    """What happens to the message now."""
    event = EventView(public_event(slug), current_locale(), clock.now())
    return render_template("solidarity/thanks.html", event=event)
