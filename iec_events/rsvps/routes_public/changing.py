"""The page to change one's RSVP. What another tab changed in between is shown first, and not overwritten unseen."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.errors import Refusal
from ...core.i18n import _
from ...core.limits import TooManyFromHere, may_bring, visitor, within
from ...events.views import EventView
from ...questions.fields import with_questions
from ...questions.queries import questions_of
from ..actions import change_rsvp
from ..forms import ChangeForm, before
from ..queries import LinkUnknown, RsvpView, own_answers_by, own_rsvp
from .shared import blueprint, event_view, own_token

SENDING = ("60/minute",)


@blueprint.route("/events/<slug>/my-rsvp/change", methods=["GET", "POST"])
def change(slug: str) -> ResponseReturnValue:
    """Change who comes, and how they are written to."""
    token = own_token(slug)
    rsvp, event = own_rsvp(token=token, slug=slug), event_view(slug)
    form = _form(event, rsvp, token)
    if not form.is_submitted() and not rsvp.active:
        return redirect(url_for(".mine", slug=slug), 303)
    if form.is_submitted() and not within("changing", SENDING, visitor()):
        form.form_errors.append(str(TooManyFromHere()))
        return _page(event, form, rsvp, TooManyFromHere.status)
    if not form.validate_on_submit():
        return _page(event, form, rsvp, 422 if form.is_submitted() else 200)
    if form.overtaken and not form.repeats(rsvp):
        return _page(event, form, rsvp, 409)
    try:
        _change(form, event, rsvp, token)
    except LinkUnknown:
        raise
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _page(event_view(slug), form, own_rsvp(token=token, slug=slug), refusal.status)
    flash(_("Your change is saved."))
    return redirect(url_for(".mine", slug=slug), 303)


def _form(event: EventView, rsvp: RsvpView, token: str) -> ChangeForm:
    questions = questions_of(event.event.id) if rsvp.name is not None else ()
    answers = own_answers_by(token) if questions else {}
    form = with_questions(ChangeForm, questions, event.locale, before=answers, data=before(rsvp))
    form.take(rsvp, event.event, answers)
    return form


def _change(form: ChangeForm, event: EventView, rsvp: RsvpView, token: str) -> None:
    readable, more = rsvp.name is not None, (form.party_size.data or 1) - rsvp.party_size
    if more > 0 and not may_bring("rsvp", event.slug, more):
        raise TooManyFromHere
    change_rsvp(
        token=token,
        name=(form.name.data or _("Guest")) if readable else None,
        party_size=form.party_size.data or 1,
        note=(form.note.data or "") if readable else "",
        now=clock.now(),
        details=form.details(rsvp),
    )


def _page(event: EventView, form: ChangeForm, rsvp: RsvpView, status: int) -> ResponseReturnValue:
    return render_template("rsvps/change.html", event=event, form=form, rsvp=rsvp), status
