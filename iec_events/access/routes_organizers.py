"""Pages about keys, for owners."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ..core import clock
from ..core.errors import Refusal
from ..core.i18n import _, current_locale, format_number
from ..core.qr import qr_picture
from ..events.keys import leaves_paper_only
from ..events.models import Event
from ..events.queries import any_event
from ..events.times import moment_text
from ..events.views import EventView
from ..organizers.guard import key_holder, require_fresh, require_organizer
from ..organizers.tries import note_words_refused
from .actions import (
    Holder,
    OwnRelease,
    ReleaseUnknown,
    answer_release,
    check_recovery_key,
    give_access,
    make_recovery_key,
    new_list_key,
    take_access,
)
from .forms import AnswerForm, ButtonForm, PhraseForm, RecoveryForm
from .queries import access, at_the_door, holder_name, recovery_mark, request_of

blueprint = Blueprint("access", __name__, url_prefix="/organize/access")
blueprint.before_request(require_organizer)
blueprint.before_request(require_fresh)


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Who can open what."""
    found, button = access(clock.now()), ButtonForm(formdata=None)
    return render_template("access/overview.html", section="access", access=found, button=button)


@blueprint.route("/recovery", methods=["GET", "POST"])
def recovery() -> ResponseReturnValue:
    """What the recovery key is; the button makes one and shows its words, this once."""
    form = RecoveryForm(data={"instead_of": recovery_mark()})
    if not form.validate_on_submit():
        return _recovery_page(form, 422 if form.is_submitted() else 200)
    try:
        phrase = make_recovery_key(by=_holder(), instead_of=form.instead_of.data or "", now=clock.now())
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        form.instead_of.data = recovery_mark()
        return _recovery_page(form, refusal.status)
    return render_template(
        "access/recovery.html",
        section="access",
        access=access(),
        form=form,
        words=phrase.split(),
        picture=_picture(phrase),
    )


@blueprint.route("/recovery/check", methods=["GET", "POST"])
def check() -> ResponseReturnValue:
    """Ask for the words again, so that a slip of the pen shows while it can still be mended."""
    form = PhraseForm()
    if form.validate_on_submit():
        try:
            check_recovery_key(phrase=form.phrase.data or "", now=clock.now())
        except Refusal as refusal:
            note_words_refused(now=clock.now())
            form.phrase.errors = (str(refusal),)
            return render_template("access/check.html", section="access", form=form), refusal.status
        flash(_("The words are right. Keep the paper where nobody looks for it."))
        return redirect(url_for(".overview"), 303)
    return render_template("access/check.html", section="access", form=form), 422 if form.is_submitted() else 200


@blueprint.route("/give/<organizer_id>", methods=["GET", "POST"])
def give(organizer_id: str) -> ResponseReturnValue:
    """Ask once, then give a colleague access to every list one can open oneself."""
    name, form = holder_name(organizer_id), ButtonForm()
    door = at_the_door(organizer_id, now=clock.now())
    if form.validate_on_submit():
        give_access(organizer_id=organizer_id, by=_holder(), now=clock.now())
        flash(_("%(name)s has the keys now.", name=name) if door else _("%(name)s can read the lists now.", name=name))
        return redirect(url_for(".overview"), 303)
    return _confirm("give-door" if door else "give", name, form)


@blueprint.route("/take/<organizer_id>", methods=["GET", "POST"])
def take(organizer_id: str) -> ResponseReturnValue:
    """Ask once, then take a colleague's keys away."""
    name, form = holder_name(organizer_id), ButtonForm()
    if form.validate_on_submit():
        take_access(organizer_id=organizer_id, now=clock.now())
        flash(_("%(name)s can’t read the lists any more.", name=name))
        return redirect(url_for(".overview"), 303)
    return _confirm("take", name, form, paper=leaves_paper_only(organizer_id))


@blueprint.route("/lists/<slug>/new-key", methods=["GET", "POST"])
def new_key(slug: str) -> ResponseReturnValue:
    """Ask once, then give a list a new key."""
    form = ButtonForm()
    if form.validate_on_submit():
        new_list_key(slug=slug, by=_holder(), now=clock.now())
        flash(_("The list has a new key."))
        return redirect(url_for("rsvps_organizers.roster", slug=slug), 303)
    return _confirm("new-key", slug, form)


@blueprint.route("/lists/<slug>/requests/<release_id>", methods=["GET", "POST"])
def answer(slug: str, release_id: str) -> ResponseReturnValue:
    """A colleague asks to take a list out unlocked: yes or no."""
    event, form = any_event(slug), AnswerForm()
    request = request_of(release_id, event.id)
    if request is None:
        raise ReleaseUnknown
    if request.asked_by == g.organizer.id:
        raise OwnRelease
    if not form.validate_on_submit():
        page = render_template(
            "access/answer.html",
            event=EventView(event, current_locale(), clock.now()),
            request=request,
            over=request.yes is not None or request.ends_at <= clock.now(),
            until=_until(request.ends_at, event),
            form=form,
        )
        return page, 422 if form.is_submitted() else 200
    yes = form.answer.data == "yes"
    answer_release(slug=slug, release_id=release_id, organizer_id=g.organizer.id, yes=yes, now=clock.now())
    flash(_("Your yes is given. It is good for one copy.") if yes else _("Your no is given. Nothing leaves."))
    return redirect(url_for("rsvps_organizers.roster", slug=slug), 303)


def _recovery_page(form: RecoveryForm, status: int) -> ResponseReturnValue:
    page = render_template("access/recovery.html", section="access", access=access(), form=form, words=None)
    return page, status


def _until(moment: dt.datetime, event: Event) -> str:
    return moment_text(moment, event, current_locale())


def _confirm(what: str, name: str, form: ButtonForm, *, paper: bool = False) -> ResponseReturnValue:
    page = render_template("access/confirm.html", section="access", what=what, name=name, form=form, paper=paper)
    return page, 422 if form.is_submitted() else 200


def _holder() -> Holder:
    return Holder(*key_holder())


def _picture(phrase: str) -> Markup:
    """The words as a QR code, drawn here; the title is for those who can't see it."""
    title = _("The %(count)s words as a QR code", count=format_number(24))
    return qr_picture(phrase, title)
