"""Pages about keys, for owners."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ..core import clock
from ..core.errors import Refusal
from ..core.i18n import _, format_number
from ..core.qr import qr_picture
from ..organizers.guard import key_holder, require_fresh, require_organizer
from .actions import Holder, check_recovery_key, give_access, make_recovery_key, new_list_key, take_access
from .forms import ButtonForm, PhraseForm
from .queries import access, holder_name

blueprint = Blueprint("access", __name__, url_prefix="/organize/access")
blueprint.before_request(require_organizer)
blueprint.before_request(require_fresh)


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Who can open what."""
    return render_template("access/overview.html", section="access", access=access(), button=ButtonForm(formdata=None))


@blueprint.route("/recovery", methods=["GET", "POST"])
def recovery() -> ResponseReturnValue:
    """What the recovery key is; the button makes one and shows its words, this once."""
    form = ButtonForm()
    if not form.validate_on_submit():
        page = render_template("access/recovery.html", section="access", access=access(), form=form, words=None)
        return page, 422 if form.is_submitted() else 200
    phrase = make_recovery_key(by=_holder(), now=clock.now())
    return render_template(
        "access/recovery.html",
        section="access",
        access=access(),
        form=ButtonForm(formdata=None),
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
            form.phrase.errors = (str(refusal),)
            return render_template("access/check.html", section="access", form=form), refusal.status
        flash(_("The words are right. Keep the paper where nobody looks for it."))
        return redirect(url_for(".overview"), 303)
    return render_template("access/check.html", section="access", form=form), 422 if form.is_submitted() else 200


@blueprint.route("/give/<organizer_id>", methods=["GET", "POST"])
def give(organizer_id: str) -> ResponseReturnValue:
    """Ask once, then give a colleague access to every list one can open oneself."""
    name, form = holder_name(organizer_id), ButtonForm()
    if form.validate_on_submit():
        give_access(organizer_id=organizer_id, by=_holder(), now=clock.now())
        flash(_("%(name)s can read the lists now.", name=name))
        return redirect(url_for(".overview"), 303)
    return _confirm("give", name, form)


@blueprint.route("/take/<organizer_id>", methods=["GET", "POST"])
def take(organizer_id: str) -> ResponseReturnValue:
    """Ask once, then take a colleague's keys away."""
    name, form = holder_name(organizer_id), ButtonForm()
    if form.validate_on_submit():
        take_access(organizer_id=organizer_id, now=clock.now())
        flash(_("%(name)s can’t read the lists any more.", name=name))
        return redirect(url_for(".overview"), 303)
    return _confirm("take", name, form)


@blueprint.route("/lists/<slug>/new-key", methods=["GET", "POST"])
def new_key(slug: str) -> ResponseReturnValue:
    """Ask once, then give a list a new key."""
    form = ButtonForm()
    if form.validate_on_submit():
        new_list_key(slug=slug, by=_holder(), now=clock.now())
        flash(_("The list has a new key."))
        return redirect(url_for("rsvps_organizers.roster", slug=slug), 303)
    return _confirm("new-key", slug, form)


def _confirm(what: str, name: str, form: ButtonForm) -> ResponseReturnValue:
    page = render_template("access/confirm.html", section="access", what=what, name=name, form=form)
    return page, 422 if form.is_submitted() else 200


def _holder() -> Holder:
    return Holder(*key_holder())


def _picture(phrase: str) -> Markup:
    """The words as a QR code, drawn here; the title is for those who can't see it."""
    title = _("The %(count)s words as a QR code", count=format_number(24))
    return qr_picture(phrase, title)
