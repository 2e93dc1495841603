"""One's own account: name, address, password, second factors, sessions."""

from __future__ import annotations

from flask import abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import _
from .. import actions, tries
from ..factors import codes_left
from ..forms import ButtonForm, PasswordForm
from ..guard import TOKEN, require_organizer
from ..passkeys import are_possible, passkeys_of
from ..queries import own_sessions
from .steps import blueprint, slowly, way_in


@blueprint.get("/account")
def account() -> ResponseReturnValue:
    """One's own account: password, second factor, sessions."""
    refused = require_organizer()
    if refused is not None:
        return refused
    return render_template(
        "organizers/account.html",
        section="account",
        sessions=own_sessions(g.organizer.id, now=clock.now()),
        codes=codes_left(g.organizer.id),
        passkeys=passkeys_of(g.organizer.id),
        or_passkey=are_possible(),
        button=ButtonForm(formdata=None),
    )


@blueprint.route("/account/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Another password, with the same key in it."""
    refused = require_organizer()
    if refused is not None:
        return refused
    form = PasswordForm()
    form.address = g.organizer.email
    if not form.validate_on_submit():
        return way_in("password", form, 422 if form.is_submitted() else 200)
    if not tries.may_try_password(g.organizer.account, request):
        tries.note_slowed(g.organizer.email, now=clock.now())
        return slowly("organizers/password.html", form)
    old, new = form.present.data or "", form.password.data or ""
    try:
        actions.change_password(token=session[TOKEN], password=old, new_password=new, now=clock.now())
    except actions.PasswordRefused as refusal:
        tries.note_refused(g.organizer.email, now=clock.now())
        form.present.errors = (str(refusal),)
        return way_in("password", form, refusal.status)
    flash(_("Your password is changed. You are signed out everywhere else."))
    return redirect(url_for(".account"), 303)


@blueprint.post("/account/sessions/<session_id>/end")
def end_session(session_id: str) -> ResponseReturnValue:
    """End one of one's own sessions."""
    refused = require_organizer()
    if refused is not None:
        return refused
    if not ButtonForm().validate_on_submit():
        abort(400)
    if not actions.end_session(organizer_id=g.organizer.id, session_id=session_id, now=clock.now()):
        flash(_("This session is over already."))
    else:
        flash(_("The session is ended."))
    return redirect(url_for(".account"), 303)


@blueprint.post("/account/sessions/end")
def end_others() -> ResponseReturnValue:
    """End all one's other sessions."""
    refused = require_organizer()
    if refused is not None:
        return refused
    if not ButtonForm().validate_on_submit():
        abort(400)
    actions.end_other_sessions(organizer_id=g.organizer.id, token=session[TOKEN], now=clock.now())
    flash(_("You are signed out everywhere else."))
    return redirect(url_for(".account"), 303)
