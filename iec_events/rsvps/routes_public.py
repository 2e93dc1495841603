"""Pages for attendees: signing up, and their own RSVP behind their own link.

The secret of the link is exchanged for a cookie on arrival and leaves the address bar. Opening a page never changes
anything; buttons do.
"""

from __future__ import annotations

import json

from flask import Blueprint, Response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from ..calendars.views import event_buttons
from ..core import clock
from ..core.config import settings
from ..core.errors import Refusal
from ..core.i18n import current_locale
from ..core.limits import limiter
from ..core.tokens import derived_token
from ..core.urls import public_url
from ..events.queries import EventGone, any_event, public_event
from ..events.views import EventView
from .actions import change_rsvp, erase_own_rsvp, place_rsvp, withdraw_rsvp
from .forms import ButtonForm, PartyForm, RsvpForm
from .models import CANCELLED
from .own_data import own_data
from .queries import LinkUnknown, RsvpView, own_rsvp, place_in_line, slug_of

blueprint = Blueprint("rsvps", __name__)
KEPT_LINKS = 8


@blueprint.route("/events/<slug>/rsvp", methods=["GET", "POST"])
@limiter.limit("60/minute;600/hour", methods=["POST"])
def place(slug: str) -> ResponseReturnValue:
    """The form to sign up."""
    event = _event(slug)
    form = RsvpForm()
    form.largest_party = event.largest_party
    seed = form.fresh_seed()
    if form.validate_on_submit():
        token = derived_token(settings().secret_key, "rsvp", seed)
        try:
            placed = place_rsvp(slug=slug, party=form.party(event.locale), token=token, now=clock.now())
        except Refusal as refusal:
            form.form_errors.append(str(refusal))
            return _form_page(_event(slug), form, refusal.status)
        _keep_link(slug, token, just_placed=placed.new)
        return redirect(url_for(".mine", slug=slug), 303)
    if not event.rsvp.open and not form.is_submitted():
        return render_template("rsvps/closed.html", event=event, calendar=event_buttons(event))
    return _form_page(event, form, 422 if form.is_submitted() else 200)


@blueprint.get("/rsvps/<token>")
@limiter.limit("120/minute")
def open_link(token: str) -> ResponseReturnValue:
    """The attendee's own link: kept in a cookie, and out of the address bar."""
    slug = slug_of(token)
    _keep_link(slug, token, just_placed=False)
    return redirect(url_for(".mine", slug=slug), 303)


@blueprint.get("/events/<slug>/my-rsvp")
def mine(slug: str) -> ResponseReturnValue:
    """The attendee's own RSVP: what happens next, and what can be done."""
    token = _own_token(slug)
    rsvp = own_rsvp(token=token, slug=slug)
    try:
        event = _event(slug)
    except EventGone:  # what is left to do
        return redirect(url_for(".delete", slug=slug), 303)
    return render_template(
        "rsvps/mine.html",
        event=event,
        rsvp=rsvp,
        place=place_in_line(rsvp, slug),
        link=public_url("rsvps.open_link", token=token),
        just_placed=session.pop("just_placed", None) == slug,
        calendar=event_buttons(event),
    )


@blueprint.route("/events/<slug>/my-rsvp/change", methods=["GET", "POST"])
@limiter.limit("60/minute", methods=["POST"])
def change(slug: str) -> ResponseReturnValue:
    """Change name, size or note."""
    token = _own_token(slug)
    rsvp, event = own_rsvp(token=token, slug=slug), _event(slug)
    if rsvp.status == CANCELLED:
        return redirect(url_for(".mine", slug=slug), 303)
    form = PartyForm(obj=rsvp)
    form.largest_party = max(event.largest_party, rsvp.party_size)
    readable = rsvp.name is not None
    if not readable:  # this link came by a later mail and does not open what was written
        del form.name, form.note
    if not form.validate_on_submit():
        return _change_page(event, form, rsvp, 422 if form.is_submitted() else 200)
    try:
        change_rsvp(
            token=token,
            name=(form.name.data or "") if readable else None,
            party_size=form.party_size.data or 1,
            note=(form.note.data or "") if readable else "",
            now=clock.now(),
        )
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _change_page(event, form, rsvp, refusal.status)
    return redirect(url_for(".mine", slug=slug), 303)


@blueprint.route("/events/<slug>/my-rsvp/cancel", methods=["GET", "POST"])
def cancel(slug: str) -> ResponseReturnValue:
    """Ask once, then cancel."""
    token = _own_token(slug)
    rsvp = own_rsvp(token=token, slug=slug)
    form = ButtonForm()
    if form.validate_on_submit():
        withdraw_rsvp(token=token, now=clock.now())
        return redirect(url_for(".mine", slug=slug), 303)
    page = render_template("rsvps/cancel.html", event=_event(slug), rsvp=rsvp, form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/events/<slug>/my-rsvp/calendar.ics")
def calendar(slug: str) -> ResponseReturnValue:
    """The event for the attendee's own calendar."""
    own_rsvp(token=_own_token(slug), slug=slug)
    return redirect(url_for("calendars.event", slug=slug), 303)


@blueprint.route("/events/<slug>/my-rsvp/delete", methods=["GET", "POST"])
@limiter.limit("60/minute", methods=["POST"])
def delete(slug: str) -> ResponseReturnValue:
    """Ask once, then erase everything about the attendee, and forget their link."""
    token = _own_token(slug)
    own_rsvp(token=token, slug=slug)
    form = ButtonForm()
    if form.validate_on_submit():
        erase_own_rsvp(token=token, now=clock.now())
        _forget_link(slug)
        return redirect(url_for(".deleted", slug=slug), 303)
    event = EventView(any_event(slug), current_locale(), clock.now())  # also when it was taken down
    return render_template("rsvps/delete.html", event=event, form=form), 422 if form.is_submitted() else 200


@blueprint.get("/events/<slug>/my-rsvp/deleted")
def deleted(slug: str) -> ResponseReturnValue:
    """What was erased; the page itself knows nobody, nor whether there is such an event."""
    return render_template("rsvps/deleted.html", slug=slug)


@blueprint.get("/events/<slug>/my-rsvp/data.json")
def data(slug: str) -> ResponseReturnValue:
    """Everything that is kept about the attendee, as a file whose name tells nothing."""
    found = own_data(token=_own_token(slug), slug=slug, locale=current_locale(), now=clock.now())
    return Response(
        json.dumps(found, ensure_ascii=False, indent=2) + "\n",
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
    )


def _event(slug: str) -> EventView:
    return EventView(public_event(slug), current_locale(), clock.now())


def _form_page(event: EventView, form: RsvpForm, status: int) -> ResponseReturnValue:
    return render_template("rsvps/place.html", event=event, form=form), status


def _change_page(event: EventView, form: PartyForm, rsvp: RsvpView, status: int) -> ResponseReturnValue:
    return render_template("rsvps/change.html", event=event, form=form, rsvp=rsvp), status


def _keep_link(slug: str, token: str, *, just_placed: bool) -> None:
    """Remember the link in this browser until it is closed; the newest few only."""
    links: dict[str, str] = session.get("rsvps", {})
    links.pop(slug, None)
    session["rsvps"] = dict([*list(links.items())[-KEPT_LINKS + 1 :], (slug, token)])
    if just_placed:
        session["just_placed"] = slug


def _forget_link(slug: str) -> None:
    session["rsvps"] = {kept: token for kept, token in session.get("rsvps", {}).items() if kept != slug}
    session.pop("just_placed", None)


def _own_token(slug: str) -> str:
    """The link this browser holds for the event; LinkUnknown."""
    links: dict[str, str] = session.get("rsvps", {})
    if slug not in links:
        raise LinkUnknown
    return links[slug]
