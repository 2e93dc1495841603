"""The way in and out of the organizers' area. These pages are for those who are not signed in yet."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from ..core import clock
from ..core.forms import Form
from ..core.i18n import _
from ..core.limits import limiter
from . import actions, tries
from .forms import FirstForm, SignInForm, SignOutForm
from .guard import TOKEN, present_organizer, require_organizer, way_back
from .queries import invitation_stands

WAIT_S = "60"
blueprint = Blueprint("organizers", __name__, url_prefix="/organize")


@blueprint.app_context_processor
def _desk() -> dict[str, Any]:
    """What the shell of the area shows to those who are in it."""
    organizer = g.get("organizer")
    return {"organizer": organizer, "sign_out_form": SignOutForm(formdata=None)} if organizer else {}


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """E-mail and password; a session begins, and the way leads back to where it was wanted."""
    after = way_back(request.args.get("next"))
    if present_organizer() is not None:
        return redirect(after, 303)
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("organizers/sign_in.html", form=form), 422 if form.is_submitted() else 200
    email, password = form.email.data, form.password.data
    if not tries.may_try(email, request):
        tries.note_slowed(email, now=clock.now())
        return _slowly("organizers/sign_in.html", form)
    try:
        token = actions.sign_in(email=email, password=password, now=clock.now(), old_token=session.get(TOKEN))
    except actions.SignInRefused as refusal:
        tries.note_refused(email, now=clock.now())
        form.form_errors.append(str(refusal))
        return render_template("organizers/sign_in.html", form=form), refusal.status
    return _welcome(token, email, after)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session, here and in the database."""
    refused = require_organizer()
    if refused is not None:
        return refused
    if not SignOutForm().validate_on_submit():
        abort(400)
    actions.sign_out(session[TOKEN], now=clock.now())
    session.clear()
    flash(_("You are signed out."))
    return redirect(url_for("organizers.sign_in"), 303)


@blueprint.route("/first/<token>", methods=["GET", "POST"])
@limiter.limit("20/minute", methods=["POST"])
def first(token: str) -> ResponseReturnValue:
    """An invitation: it is used up by sending the form, never by opening the page."""
    if not invitation_stands(token, now=clock.now()):
        abort(404)
    form = FirstForm()
    if not form.validate_on_submit():
        return render_template("organizers/first.html", form=form), 422 if form.is_submitted() else 200
    email = form.email.data
    try:
        session_token = actions.accept_invitation(
            token=token, name=form.name.data, email=email, password=form.password.data, now=clock.now()
        )
    except actions.InvitationUnknown:
        abort(404)
    except actions.EmailTaken as refusal:
        form.email.errors = (str(refusal),)
        return render_template("organizers/first.html", form=form), refusal.status
    flash(_("Welcome. Your account is ready, and you are signed in."))
    return _welcome(session_token, email, way_back(None))


def _welcome(token: str, email: str, after: str) -> Response:
    """Nothing of the time before signing in stays in the browser's session."""
    notices = session.pop("_flashes", [])
    session.clear()
    session.update({TOKEN: token, "_flashes": notices} if notices else {TOKEN: token})
    return tries.know(email, make_response(redirect(after, 303)))


def _slowly(template: str, form: Form) -> ResponseReturnValue:
    form.form_errors.append(_("Too many tries in a short time. Wait a minute, then try again: the door stays yours."))
    return render_template(template, form=form), 429, {"Retry-After": WAIT_S}
