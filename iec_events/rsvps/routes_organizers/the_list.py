"""The list: read, search, filter, sort; and a party added to it by hand."""

from __future__ import annotations

import datetime as dt

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.config import settings
from ...core.errors import Refusal
from ...core.i18n import _, current_locale
from ...core.tokens import derived_token
from ...events.models import Event
from ...events.queries import any_event
from ...events.times import moment_text
from ...questions.fields import with_questions
from ...questions.queries import questions_of
from ...questions.views import answered
from ..actions import place_rsvp
from ..forms import ButtonForm
from ..forms_organizers import RsvpForm, SearchForm
from ..models import ACTIVE, WAITLISTED
from ..queries import LinkUnknown, counts, own_answers_by, own_rsvp, receipts_of
from ..rosters import removals, roster_page, tally
from ..wording import STATUS
from .shared import LAST, blueprint, note_damage, reader_for, view, wanted_from

LARGEST_BY_HAND = 200
ADDED = "rsvps.added"  # in the session: the seed of the form that added somebody last
SAID = ("name", "email", "party_size", "note", "companions", "children")


@blueprint.route("", methods=["GET", "POST"])
def roster(slug: str) -> ResponseReturnValue:
    """A part of the list; a search is a POST, so that no name stands in an address."""
    event = any_event(slug)
    search = SearchForm()
    sought = (search.q.data or "") if search.validate_on_submit() else ""
    page = request.form.get("page", "1") if search.is_submitted() else request.args.get("page", "1")
    wanted = wanted_from(request.args, search=sought, page=page)
    found = roster_page(event.id, wanted, reader=reader_for(event))
    if found.damaged:
        note_damage(slug)
    questions = questions_of(event.id, retired=True)
    answer = render_template(
        "rsvps/roster.html",
        event=view(event),
        found=found,
        wanted=wanted,
        search=search,
        words=STATUS,
        tally=tally(event.id),
        counts=counts([event.id])[event.id],
        answers={key: answered(questions, said, current_locale()) for key, said in found.answers.items()},
        until={one.id: _text(event, one.until) for one in found.parties if one.until},
        removals=[(one, _text(event, one.at)) for one in removals(event.id)],
        last=session.pop(LAST, None),
        receipts=[(one, _text(event, one.at)) for one in receipts_of(event.id)],
        button=ButtonForm(formdata=None),
    )
    return answer, 422 if search.is_submitted() and search.errors else 200


@blueprint.route("/add", methods=["GET", "POST"])
def add(slug: str) -> ResponseReturnValue:
    """Add a party by hand; above capacity it joins the waitlist."""
    event = any_event(slug)
    form = with_questions(RsvpForm, questions_of(event.id), current_locale())
    form.ask_for(event)
    form.largest_party = event.capacity or LARGEST_BY_HAND
    seed = form.fresh_seed()
    if not form.validate_on_submit():
        return _add_page(event, form, 422 if form.is_submitted() else 200)
    if _is_there(slug, form):
        flash(_("They are on the list, so nothing was done twice. Is it somebody else? A note tells them apart."))
        return redirect(url_for(".roster", slug=slug), 303)
    token = _token(seed)
    try:
        placed = place_rsvp(slug=slug, party=form.party(), token=token, now=clock.now(), by_hand=True)
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _add_page(any_event(slug), form, refusal.status)
    session[ADDED] = seed
    if not placed.new:
        flash(_("You had sent this before, so they are on the list once."))
    elif placed.status == WAITLISTED:
        flash(_("They are on the waitlist: not enough places are free. They get theirs when places come free."))
    else:
        flash(_("They are on the list."))
    return redirect(url_for(".roster", slug=slug), 303)


def _is_there(slug: str, form: RsvpForm) -> bool:
    """Whether this browser added the very same party last: who goes back gets a fresh page with what they typed."""
    added = session.get(ADDED)
    if not isinstance(added, str) or added == form.seed.data:
        return False
    try:
        held, answers = own_rsvp(token=_token(added), slug=slug), own_answers_by(_token(added))
    except LinkUnknown:
        return False
    party = form.party()
    same = held.status in ACTIVE and all(getattr(held, one) == getattr(party, one) for one in SAID)
    return same and answers == party.answers


def _token(seed: str) -> str:
    return derived_token(settings().secret_key, "rsvp by hand", seed)


def _add_page(event: Event, form: RsvpForm, status: int) -> ResponseReturnValue:
    page = render_template("rsvps/add.html", event=view(event), form=form, free=_free(event))
    return page, status


def _free(event: Event) -> int | None:
    return None if event.capacity is None else max(0, event.capacity - event.seats_taken)


def _text(event: Event, moment: dt.datetime) -> str:
    return moment_text(moment, event, current_locale())
