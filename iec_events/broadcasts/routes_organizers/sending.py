"""Sending a letter: to how many it goes, now or later; trying it out; stopping it."""

from __future__ import annotations

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.errors import Refusal
from ...core.i18n import _, current_locale
from ...core.limits import limiter
from ...events.models import Event
from ...events.queries import any_event
from ...organizers.guard import reach_as, require_fresh
from ...organizers.roles import ORGANIZER
from .. import actions
from ..forms import SendForm, first_day
from ..models import DRAFT, Broadcast
from ..queries import LetterUnknown, letter_of, lists_beside, view_of
from ..wording import tells_place, texts_of
from .shared import blueprint, has_campaign, letters_page, press, reached_by, to_letter


@blueprint.route("/<letter_id>/send", methods=["GET", "POST"])
def send(slug: str, letter_id: str) -> ResponseReturnValue:
    """Say to how many it goes, in which languages; then send it, now or later."""
    event = any_event(slug)
    found = letter_of(event.id, letter_id)
    if request.method != "POST" and found.state != DRAFT:
        return to_letter(slug, letter_id)
    if (stale := require_fresh()) is not None:
        return stale
    if request.method != "POST":
        return _send_page(SendForm.of(found, event), event, found)
    form = SendForm(event=event)
    return _send(form, event, letter_id) if form.validate_on_submit() else _send_page(form, event, found, 422)


@blueprint.post("/<letter_id>/test/<any(en, fa, es):locale>")
@limiter.limit("30/hour")
def test(slug: str, letter_id: str, locale: str) -> ResponseReturnValue:
    """Send it to whoever is signed in, as a test."""
    done = _("The test is on its way to %(address)s.", address=f"\u2066{g.organizer.email}\u2069")

    def act() -> None:
        actions.send_test(slug=slug, letter_id=letter_id, to=g.organizer.email, locale=locale, now=clock.now())

    return press(slug, letter_id, act, done)


@blueprint.post("/<letter_id>/stop")
def stop(slug: str, letter_id: str) -> ResponseReturnValue:
    """Stop it: a draft again if it had not begun; else what is not out yet stays here."""
    reach = reach_as(ORGANIZER)
    return press(
        slug, letter_id, lambda: actions.stop_letter(slug=slug, letter_id=letter_id, now=clock.now(), reach=reach)
    )


def _send(form: SendForm, event: Event, letter_id: str) -> ResponseReturnValue:
    """What was chosen is right as far as a form can know: send it, or say why it cannot go."""
    try:
        actions.send_letter(
            slug=event.slug,
            letter_id=letter_id,
            made_from=form.made_from,
            due_at=form.due_at,
            place_meant=bool(form.place_meant.data),
            everywhere=bool(form.everywhere.data) and has_campaign(event),
            now=clock.now(),
        )
    except LetterUnknown:
        raise
    except actions.LetterSent as refusal:
        flash(str(refusal), "error")
    except Refusal as refusal:
        return _refused(form, event, letter_id, refusal)
    return to_letter(event.slug, letter_id)


def _refused(form: SendForm, event: Event, letter_id: str, refusal: Refusal) -> ResponseReturnValue:
    """It cannot go as it was asked: say why, beside what it is about."""
    found = letter_of(event.id, letter_id)
    if isinstance(refusal, actions.TimeOver):
        form.note("clock", refusal)
    elif isinstance(refusal, actions.PlaceTold):
        form.note("place_meant", refusal)
    else:
        form.form_errors.append(str(refusal))
    form.version.data = str(found.version)
    return _send_page(form, event, found, refusal.status)


def _send_page(form: SendForm, event: Event, found: Broadcast, status: int = 200) -> ResponseReturnValue:
    page = letters_page(
        "send",
        event,
        form=form,
        view=view_of(found, current_locale()),
        reached=reached_by(event, found),
        told=tells_place(texts_of(found), event, found.audience) or form.place_meant.errors,
        beside=lists_beside(event, clock.now()) if has_campaign(event) else (),
        first_day=first_day(event, clock.now()),
        is_draft=found.state == DRAFT,
    )
    return page, status
