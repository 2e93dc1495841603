"""What is done to many parties at once: approve, cancel with letters, remove without, and put back."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.errors import Refusal
from ...core.i18n import _, format_number, ngettext
from ...events.models import Event
from ...events.queries import any_event
from ..actions import Approved, Undone, approve_rsvps, cancel_rsvps, put_back, remove_rsvps, undo_removal
from ..forms import ButtonForm
from ..forms_organizers import APPROVE, CANCEL, REMOVE, ChosenForm
from ..queries import RsvpView
from ..rosters import everyone, some_of
from .shared import LAST, back_to_list, blueprint, reader_for, said_no, view, wanted_from

DEEDS = (APPROVE, CANCEL, REMOVE)


@blueprint.post("/choose/<deed>")
def choose(slug: str, deed: str) -> ResponseReturnValue:
    """Do something to the ticked parties; what cannot be meant lightly asks once before."""
    if deed not in DEEDS:
        abort(404)
    event, form = any_event(slug), ChosenForm()
    if said_no(form):
        return back_to_list(slug)
    wanted = wanted_from(request.form)
    whole_filter = deed == REMOVE and form.everyone.data == "yes" and wanted.filters and not wanted.opens_all
    chosen = _chosen(event, deed, form, whole_filter=whole_filter)
    if not chosen:
        done = _("There was nothing left to do: it was done before, or by somebody else.")
        flash(done if form.rsvp.data or whole_filter else _("Tick the parties first. Nothing was done."), "error")
        return back_to_list(slug)
    if deed != APPROVE and "sure" not in request.form:
        return render_template(
            "rsvps/choose.html",
            event=view(event),
            deed=deed,
            chosen=chosen,
            heads=sum(one.party_size for one in chosen),
            without_mail=sum(not one.has_mail for one in chosen),
            whole_filter=whole_filter,
            last_line=max(one.line for one in chosen),
            wanted=wanted,
            form=ButtonForm(formdata=None),
        )
    try:
        _do(slug, deed, [one.id for one in chosen])
    except Refusal as refusal:
        flash(str(refusal), "error")
    return back_to_list(slug)


@blueprint.post("/undo/<removal_id>")
def undo(slug: str, removal_id: str) -> ResponseReturnValue:
    """Put back who was removed together."""
    any_event(slug)
    if said_no(ButtonForm()):
        return redirect(url_for(".roster", slug=slug), 303)
    try:
        _tell_undone(undo_removal(slug=slug, removal_id=removal_id, now=clock.now()))
    except Refusal as refusal:
        flash(str(refusal), "error")
    return redirect(url_for(".roster", slug=slug), 303)


@blueprint.post("/<rsvp_id>/put-back")
def put_one_back(slug: str, rsvp_id: str) -> ResponseReturnValue:
    """Put back one of those who were removed together: somebody real among a flood."""
    any_event(slug)
    if not said_no(ButtonForm()):
        try:
            _tell_undone(put_back(slug=slug, rsvp_id=rsvp_id, now=clock.now()))
        except Refusal as refusal:
            flash(str(refusal), "error")
    return redirect(url_for(".party", slug=slug, rsvp_id=rsvp_id), 303)


def _tell_undone(undone: Undone) -> None:
    if undone.back or not undone.waiting:
        flash(_parties_are(undone.back, "back"))
    if undone.waiting:
        flash(_parties_are(undone.waiting, "taken"))


def _chosen(event: Event, deed: str, form: ChosenForm, *, whole_filter: bool) -> list[RsvpView]:
    if whole_filter:
        return everyone(event.id, wanted_from(request.form), last_line=form.last_line.data)
    ticked = some_of(event.id, form.rsvp.data, reader=reader_for(event))
    return [one for one in ticked if deed != CANCEL or one.active]


def _do(slug: str, deed: str, ids: list[str]) -> None:
    now = clock.now()
    if deed == APPROVE:
        _tell_approved(approve_rsvps(slug=slug, rsvp_ids=ids, now=now))
    elif deed == CANCEL:
        flash(_parties_are(cancel_rsvps(slug=slug, rsvp_ids=ids, now=now), "cancelled"))
    else:
        session[LAST] = remove_rsvps(slug=slug, rsvp_ids=ids, now=now)


def _tell_approved(done: Approved) -> None:
    if done.coming or not (done.waiting or done.passed):
        flash(_parties_are(done.coming, "approved"))
    if done.waiting:
        flash(_parties_are(done.waiting, "waiting"))
    if done.passed:
        flash(_("Some of these did not wait for approval any more; they stay as they are."), "error")


def _parties_are(count: int, what: str) -> str:
    numbers: dict[str, Any] = {"num": count, "count": format_number(count)}
    said = {
        "approved": lambda: ngettext(
            "%(count)s party is approved and has its places.",
            "%(count)s parties are approved and have their places.",
            **numbers,
        ),
        "waiting": lambda: ngettext(
            "%(count)s party is approved and on the waitlist: not enough places are free.",
            "%(count)s parties are approved and on the waitlist: not enough places are free.",
            **numbers,
        ),
        "cancelled": lambda: ngettext(
            "%(count)s RSVP is cancelled. Free places went to those who wait.",
            "%(count)s RSVPs are cancelled. Free places went to those who wait.",
            **numbers,
        ),
        "back": lambda: ngettext(
            "%(count)s party is back where it was.", "%(count)s parties are back where they were.", **numbers
        ),
        "taken": lambda: ngettext(
            "%(count)s party is on the waitlist now: its places were taken in the meantime.",
            "%(count)s parties are on the waitlist now: their places were taken in the meantime.",
            **numbers,
        ),
    }
    return said[what]()
