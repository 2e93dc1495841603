"""One's own account: name, address, password, second factors, sessions."""

from __future__ import annotations

from flask import abort, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import _
from ...core.limits import within
from .. import actions, tries
from ..factors import codes_left
from ..forms import AddressForm, ButtonForm, NameForm, PasswordForm
from ..guard import TOKEN, require_fresh, require_organizer
from ..passkeys import passkeys_of, why_not
from ..queries import address_asked, email_fingerprint, own_sessions
from .steps import blueprint, slowly, way_in

BY_ONE, TO_ONE = ("3/hour", "6/day"), ("3/day",)  # links by one account, and to one address, which nobody confirmed yet


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
        no_passkey=why_not(),
        button=ButtonForm(formdata=None),
    )


@blueprint.route("/account/name", methods=["GET", "POST"])
def name() -> ResponseReturnValue:
    """Another name."""
    refused = require_organizer()
    if refused is not None:
        return refused
    form = NameForm(data={"name": g.organizer.name})
    if not form.validate_on_submit():
        return way_in("name", form, 422 if form.is_submitted() else 200)
    actions.rename(organizer_id=g.organizer.id, name=form.name.data, now=clock.now())
    flash(_("The others see you under this name from now on."))
    return redirect(url_for(".account"), 303)


@blueprint.route("/account/address", methods=["GET", "POST"])
def address() -> ResponseReturnValue:
    """Another address to sign in with: first a link goes there."""
    refused = require_organizer() or require_fresh()
    if refused is not None:
        return refused
    form = AddressForm()
    if not form.validate_on_submit():
        return way_in("address", form, 422 if form.is_submitted() else 200)
    email = form.email.data
    if not (
        within("links by one", BY_ONE, g.organizer.id) and within("links to one", TO_ONE, email_fingerprint(email))
    ):
        form.email.errors = (
            _("Several links were sent already. Look for them, among spam too, or try again tomorrow."),
        )
        return way_in("address", form, 429)
    actions.ask_for_address(organizer_id=g.organizer.id, email=email, now=clock.now())
    flash(_("A link is on its way to the new address. Until you follow it, you sign in with the old one."))
    return redirect(url_for(".account"), 303)


@blueprint.route("/account/address/<token>", methods=["GET", "POST"])
def take_address(token: str) -> ResponseReturnValue:
    """The link that went to the new address: its button changes the address, opening it does not."""
    refused = require_organizer()
    if refused is not None:
        return refused
    email = address_asked(token, g.organizer.id, now=clock.now())
    if email is None:
        tries.note_link_refused("address", ButtonForm(), now=clock.now())
        raise actions.AddressLinkUnknown
    form = ButtonForm()
    if not form.validate_on_submit():
        return way_in("take_address", form, 422 if form.is_submitted() else 200, email=email)
    try:
        actions.take_address(organizer_id=g.organizer.id, token=token, now=clock.now())
    except actions.EmailTaken as refusal:
        form.form_errors.append(str(refusal))
        return way_in("take_address", form, refusal.status, email=email)
    flash(_("From now on you sign in with the new address."))
    return tries.know(email_fingerprint(email), make_response(redirect(url_for(".account"), 303)))


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
