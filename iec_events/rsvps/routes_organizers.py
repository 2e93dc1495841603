"""The list of who comes, for organizers: read, search, add by hand, cancel."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..core import clock
from ..core.config import settings
from ..core.errors import Refusal
from ..core.i18n import _, current_locale
from ..core.text import ascii_digits
from ..core.tokens import derived_token
from ..events.models import Event
from ..events.queries import any_event
from ..events.times import local_text
from ..events.views import EventView
from ..organizers.guard import key_holder, require_organizer
from .actions import cancel_rsvp, place_rsvp
from .boxes import reader_of
from .forms import ButtonForm, RsvpForm, SearchForm
from .models import CANCELLED, STATUSES, WAITLISTED
from .queries import counts, receipts_of, roster_page, rsvp_of_event

blueprint = Blueprint("rsvps_organizers", __name__, url_prefix="/organize/events/<slug>/rsvps")
blueprint.before_request(require_organizer)
LARGEST_BY_HAND = 200


@blueprint.route("", methods=["GET", "POST"])
def roster(slug: str) -> ResponseReturnValue:
    """The list, by status and page; a search is a POST, so that no name stands in an address."""
    event = any_event(slug)
    search = SearchForm()
    status = request.args.get("status", "")
    status = status if status in STATUSES else ""
    number = ascii_digits(request.args.get("page", "1"))
    wanted = (search.q.data or "") if search.validate_on_submit() else ""
    found = roster_page(
        event.id,
        reader=reader_of(*key_holder(), event.id),
        status=status,
        search=wanted,
        page=int(number) if number.isdecimal() and len(number) < 7 else 1,  # noqa: PLR2004 - more digits than any list has pages
    )
    return render_template(
        "rsvps/roster.html",
        event=_view(event),
        found=found,
        status=status,
        search=search,
        wanted=wanted,
        counts=counts([event.id])[event.id],
        capacity=event.capacity,
        receipts=[(one, local_text(one.at, event.time_zone, current_locale())) for one in receipts_of(event.id)],
        button=ButtonForm(formdata=None),
    ), 422 if search.is_submitted() and search.errors else 200


@blueprint.route("/add", methods=["GET", "POST"])
def add(slug: str) -> ResponseReturnValue:
    """Add a party by hand; above capacity it joins the waitlist."""
    event = any_event(slug)
    form = RsvpForm()
    form.largest_party = event.capacity or LARGEST_BY_HAND
    seed = form.fresh_seed()
    if not form.validate_on_submit():
        return _add_page(event, form, 422 if form.is_submitted() else 200)
    token = derived_token(settings().secret_key, "rsvp by hand", seed)
    try:
        placed = place_rsvp(slug=slug, party=form.party(current_locale()), token=token, now=clock.now(), by_hand=True)
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _add_page(any_event(slug), form, refusal.status)
    waits = placed.status == WAITLISTED
    flash(_("They are on the waitlist: all places are taken.") if waits else _("They are on the list."))
    return redirect(url_for(".roster", slug=slug), 303)


@blueprint.route("/<rsvp_id>/cancel", methods=["GET", "POST"])
def cancel(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Ask once, then take the party off the list."""
    event = any_event(slug)
    rsvp = rsvp_of_event(rsvp_id=rsvp_id, event_id=event.id, reader=reader_of(*key_holder(), event.id))
    form = ButtonForm()
    if form.validate_on_submit():
        if rsvp.status != CANCELLED:
            cancel_rsvp(slug=slug, rsvp_id=rsvp_id, now=clock.now())
        flash(_("The RSVP is cancelled. Free places went to those who wait."))
        return redirect(url_for(".roster", slug=slug), 303)
    page = render_template("rsvps/cancel_by_hand.html", event=_view(event), rsvp=rsvp, form=form)
    return page, 422 if form.is_submitted() else 200


def _add_page(event: Event, form: RsvpForm, status: int) -> ResponseReturnValue:
    return render_template("rsvps/add.html", event=_view(event), form=form), status


def _view(event: Event) -> EventView:
    return EventView(event, current_locale(), clock.now())
