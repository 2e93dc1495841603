"""One party, opened whole, and every button that is possible for it as it is now."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.errors import Refusal
from ...core.i18n import _, current_locale
from ...events.models import Event
from ...events.queries import any_event
from ...events.times import day_month, moment_text
from ...mail.queries import uncertain_letters
from ...questions.fields import with_questions
from ...questions.queries import questions_of
from ...questions.views import answered
from ..actions import (
    approve_rsvp,
    cancel_rsvp,
    change_by_hand,
    decline_rsvp,
    promote_rsvp,
    remark_on,
    send_letters_again,
)
from ..emails import decline_letter
from ..forms import ButtonForm
from ..forms_organizers import ChangeByHandForm, DeclineForm, RemarkForm
from ..models import ABOUT, ACTIVE, CONFIRMED, DECLINED, OFFERED, PENDING, REMOVED, UNCONFIRMED, WAITLISTED
from ..queries import RsvpView, place_in_line
from ..rosters import Whole, whole
from ..wording import BY, STATUS, STEP
from .shared import back_to_list, blueprint, note_damage, reader_for, said_no, view
from .the_list import LARGEST_BY_HAND


@blueprint.get("/<rsvp_id>")
def party(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Everything a party said and everything that happened to it."""
    event = any_event(slug)
    opened = _whole(event, rsvp_id)
    if opened.damaged:
        note_damage(slug)
    return _party_page(event, opened, RemarkForm(formdata=None))


@blueprint.post("/<rsvp_id>/remark")
def remark(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Keep a remark about a party; an empty one erases it."""
    event = any_event(slug)
    opened, form = _whole(event, rsvp_id), RemarkForm()
    if not form.validate_on_submit():
        return _party_page(event, opened, form), 422
    try:
        remark_on(slug=slug, rsvp_id=rsvp_id, text=form.remark.data or "", now=clock.now())
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _party_page(event, opened, form), refusal.status
    flash(_("The remark is kept.") if form.remark.data else _("The remark is erased."))
    return _to_party(slug, rsvp_id)


@blueprint.post("/<rsvp_id>/approve")
def approve(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Let a party come, from its own page or from the list."""
    event = any_event(slug)
    _whole(event, rsvp_id)
    if not said_no(ButtonForm()):
        try:
            flash(_approved(approve_rsvp(slug=slug, rsvp_id=rsvp_id, now=clock.now())))
        except Refusal as refusal:
            flash(str(refusal), "error")
    return back_to_list(slug) if request.form.get("from_list") else _to_party(slug, rsvp_id)


@blueprint.post("/<rsvp_id>/seat")
def seat(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Seat a party from the waitlist, never above capacity."""
    event = any_event(slug)
    _whole(event, rsvp_id)
    if not said_no(ButtonForm()):
        try:
            promote_rsvp(slug=slug, rsvp_id=rsvp_id, now=clock.now())
            flash(_("They have their places."))
        except Refusal as refusal:
            flash(str(refusal), "error")
    return _to_party(slug, rsvp_id)


@blueprint.post("/<rsvp_id>/mail-again")
def mail_again(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Send letters again of which nobody knows whether they arrived."""
    event = any_event(slug)
    _whole(event, rsvp_id)
    if not said_no(ButtonForm()):
        count = send_letters_again(slug=slug, rsvp_id=rsvp_id, now=clock.now())
        flash(_("They are sent again.") if count else _("There was nothing to send again."))
    return _to_party(slug, rsvp_id)


@blueprint.route("/<rsvp_id>/decline", methods=["GET", "POST"])
def decline(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Say no, with kind words if there are any; the letter is shown before it goes."""
    event = any_event(slug)
    opened, form = _whole(event, rsvp_id), DeclineForm()
    if form.validate_on_submit() and "look" not in request.form:
        try:
            decline_rsvp(slug=slug, rsvp_id=rsvp_id, words=form.words.data or "", now=clock.now())
        except Refusal as refusal:
            form.form_errors.append(str(refusal))
            return _decline_page(event, _whole(event, rsvp_id), form), refusal.status
        flash(_("They are declined."))
        return _to_party(slug, rsvp_id)
    return _decline_page(event, opened, form), 422 if form.errors else 200


@blueprint.route("/<rsvp_id>/cancel", methods=["GET", "POST"])
def cancel(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Ask once, then take the party off the list."""
    event = any_event(slug)
    opened, form = _whole(event, rsvp_id), ButtonForm()
    if form.validate_on_submit():
        cancel_rsvp(slug=slug, rsvp_id=rsvp_id, now=clock.now())
        flash(_("The RSVP is cancelled. Free places went to those who wait."))
        return redirect(url_for(".roster", slug=slug), 303)
    page = render_template("rsvps/cancel_by_hand.html", event=view(event), rsvp=opened.party, form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/<rsvp_id>/change", methods=["GET", "POST"])
def change(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Write down what a party said otherwise; nothing that changed in the meantime is overwritten unseen."""
    event = any_event(slug)
    opened = _whole(event, rsvp_id)
    form = _change_form(event, opened)
    if opened.party.name is None or opened.party.status not in ACTIVE:
        flash(_("This RSVP cannot be changed now: here you see how it stands."), "error")
        return _to_party(slug, rsvp_id)
    if not form.validate_on_submit():
        return _change_page(event, opened, form, 422 if form.is_submitted() else 200)
    if form.overtaken:
        form.form_errors.append(
            _("This RSVP was changed while you wrote. If what stands here is right, send it once more.")
        )
        return _change_page(event, opened, form, 409)
    try:
        change_by_hand(slug=slug, rsvp_id=rsvp_id, said=form.said_by_hand(), reader=reader_for(event), now=clock.now())
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _change_page(event, opened, form, refusal.status)
    flash(_("The change is kept."))
    return _to_party(slug, rsvp_id)


def _whole(event: Event, rsvp_id: str) -> Whole:
    return whole(event_id=event.id, rsvp_id=rsvp_id, reader=reader_for(event))


def _to_party(slug: str, rsvp_id: str) -> ResponseReturnValue:
    return redirect(url_for("rsvps_organizers.party", slug=slug, rsvp_id=rsvp_id), 303)


def _approved(status: str) -> str:
    if status == CONFIRMED:
        return _("They are approved, and they have their places.")
    if status == WAITLISTED:
        return _("They are approved. Not enough places are free, so they are on the waitlist.")
    if status == UNCONFIRMED:
        return _("They are approved. Their places are theirs as soon as they confirm their address.")
    return _("They are approved.")


def _may(event: Event, rsvp: RsvpView) -> set[str]:
    """What can be done with a party as it is now."""
    may = {"remove"} if rsvp.status != REMOVED else set()
    if rsvp.active:
        may.add("cancel")
        may |= {"change"} if rsvp.name is not None else set()
    to_be = event.status in {"published", "postponed"} and event.ends_at > clock.now()
    if to_be and not rsvp.approved and rsvp.status in {PENDING, UNCONFIRMED, DECLINED}:
        may.add("approve")
    if to_be and event.under_attack and rsvp.status == WAITLISTED and not place_in_line(rsvp, event.slug):
        may.add("approve")
    if not rsvp.approved and rsvp.status in {PENDING, UNCONFIRMED}:
        may.add("decline")
    if to_be and rsvp.status in {WAITLISTED, OFFERED}:
        may.add("seat")
    return may


def _party_page(event: Event, opened: Whole, form: RemarkForm) -> str:
    rsvp, locale = opened.party, current_locale()
    if not form.is_submitted():
        form.remark.data = rsvp.remark
    return render_template(
        "rsvps/party.html",
        event=view(event),
        rsvp=rsvp,
        damaged=opened.damaged,
        words=STATUS,
        deeds=STEP,
        others=BY,
        may_do=_may(event, rsvp),
        place=place_in_line(rsvp, event.slug),
        uncertain=uncertain_letters(ABOUT + rsvp.id),
        refused=day_month(rsvp.mail_refused_on, locale) if rsvp.mail_refused_on else None,
        until=moment_text(rsvp.until, event, locale) if rsvp.until else None,
        placed=day_month(rsvp.placed_on, locale),
        answers=answered(questions_of(event.id, retired=True), opened.answers, locale),
        steps=[(day_month(step.on, locale), step) for step in opened.steps],
        remark_form=form,
        button=ButtonForm(formdata=None),
    )


def _decline_page(event: Event, opened: Whole, form: DeclineForm) -> str:
    return render_template(
        "rsvps/decline.html",
        event=view(event),
        rsvp=opened.party,
        form=form,
        letter=decline_letter(opened.party.id, form.words.data or ""),
        possible=opened.party.status in {PENDING, UNCONFIRMED},
        done=opened.party.status == DECLINED,
    )


def _change_form(event: Event, opened: Whole) -> ChangeByHandForm:
    rsvp = opened.party
    before = {
        "name": rsvp.name,
        "email": rsvp.email,
        "party_size": rsvp.party_size,
        "children": rsvp.children,
        "companions": "\n".join(rsvp.companions),
        "note": rsvp.note,
    }
    questions = questions_of(event.id)
    form = with_questions(ChangeByHandForm, questions, current_locale(), before=opened.answers, data=before)
    form.take(rsvp, event, opened.answers)
    form.largest_party = max(event.capacity or LARGEST_BY_HAND, rsvp.party_size)
    return form


def _change_page(event: Event, opened: Whole, form: ChangeByHandForm, status: int) -> ResponseReturnValue:
    page = render_template("rsvps/change_by_hand.html", event=view(event), rsvp=opened.party, form=form)
    return page, status
