"""The form to sign up."""

from __future__ import annotations

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from ...calendars.views import event_buttons
from ...core import clock
from ...core.config import settings
from ...core.errors import Refusal
from ...core.i18n import _
from ...core.limits import TooManyFromHere, may_begin, visitor, within
from ...core.tokens import derived_token
from ...events.views import EventView
from ...questions.fields import with_questions
from ...questions.queries import questions_of
from ..actions import Placed, place_rsvp
from ..forms import SignUpForm
from ..models import WAITLISTED
from ..queries import opens, own_answers_by, own_rsvp
from .shared import blueprint, event_view, holds_link, keep_link, own_token

SENDING = ("60/minute", "600/hour")  # whatever becomes of it
SAID = ("name", "email", "party_size", "note", "companions", "children")


@blueprint.route("/events/<slug>/rsvp", methods=["GET", "POST"])
def place(slug: str) -> ResponseReturnValue:
    """The form, or why there is none now."""
    event = event_view(slug)
    form = _form(event)
    if form.is_submitted() and not within("sending the form", SENDING, visitor()):
        form.form_errors.append(str(TooManyFromHere()))
        return _page(event, form, TooManyFromHere.status)
    if not form.validate_on_submit():
        if event.rsvp.open or form.is_submitted():
            return _page(event, form, 422 if form.is_submitted() else 200)
        return render_template("rsvps/closed.html", event=event, calendar=event_buttons(event))
    return _take(event, form)


def _take(event: EventView, form: SignUpForm) -> ResponseReturnValue:
    """What becomes of a form that is right."""
    slug = event.slug
    if _is_held(event, form):
        return _sent_before(slug)
    token = derived_token(settings().secret_key, f"rsvp {slug}", form.fresh_seed())
    try:
        placed = _placed(event, form, token)
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _page(event_view(slug), form, refusal.status)
    keep_link(slug, token)
    if not placed.new:
        return _sent_before(slug)
    session["just_placed"] = slug
    if placed.status == WAITLISTED:  # also where the form still spoke of free places
        flash(_("All places are taken, or too few are left for your party. You are in line now."))
    return redirect(url_for(".mine", slug=slug), 303)


def _is_held(event: EventView, form: SignUpForm) -> bool:
    """Whether this browser holds an RSVP that says the very same: who goes back gets a fresh page with what they typed.

    Those who say nothing of themselves may be two: then each is one more guest.
    """
    if not (form.name.data or form.email.data) or not holds_link(event.slug):
        return False
    token, party = own_token(event.slug), form.party(event.locale)
    held = own_rsvp(token=token, slug=event.slug)
    same = all(getattr(held, one) == getattr(party, one) for one in SAID)
    return same and own_answers_by(token) == party.answers


def _sent_before(slug: str) -> ResponseReturnValue:
    flash(_("You had sent this before, so nothing was done twice. To change something, use “Change my RSVP”."))
    return redirect(url_for(".mine", slug=slug), 303)


def _form(event: EventView) -> SignUpForm:
    form = with_questions(SignUpForm, questions_of(event.event.id), event.locale, about=f"rsvp {event.slug}")
    form.ask_for(event.event)
    form.largest_party = event.largest_party
    seed = form.fresh_seed()
    if event.rsvp.puzzle:
        form.pose(f"rsvp {event.slug} {seed}")
    return form


def _placed(event: EventView, form: SignUpForm, token: str) -> Placed:
    proven, heads = form.proven(), form.party_size.data or 1
    if not opens(token) and not may_begin("rsvp", event.slug, proven=proven, heads=heads):
        raise TooManyFromHere
    return place_rsvp(
        slug=event.slug,
        party=form.party(event.locale),
        token=token,
        now=clock.now(),
        trusted=proven or not event.rsvp.puzzle,
    )


def _page(event: EventView, form: SignUpForm, status: int) -> ResponseReturnValue:
    return render_template("rsvps/place.html", event=event, form=form, holds_link=holds_link(event.slug)), status
