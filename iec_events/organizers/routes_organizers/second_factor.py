"""Second factors: an authenticator app, passkeys, recovery codes."""

from __future__ import annotations

from flask import abort, flash, g, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ...core import clock
from ...core.config import settings
from ...core.i18n import _
from ...core.qr import qr_picture
from .. import actions, tries
from ..factors import address_for_app, codes_mark, offered_secret
from ..forms import ButtonForm, CodeForm, CodesForm, PasskeyForm
from ..guard import TOKEN, carry, present_organizer, require_fresh, require_organizer
from ..passkeys import are_possible, registration_options, why_not
from ..queries import SignedIn, session_of
from .steps import blueprint, codes_page, elsewhere, try_code, way_in


@blueprint.route("/set-up", methods=["GET", "POST"])
def set_up() -> ResponseReturnValue:
    """An authenticator app: before anything personal is seen, or in place of another."""
    organizer = present_organizer()
    if organizer is None or (organizer.full_at is None and organizer.has_factor):
        return elsewhere(organizer)
    if organizer.full_at is not None:
        refused = require_organizer() or require_fresh()
        if refused is not None:
            return refused
    form, token = CodeForm(), session[TOKEN]
    secret = offered_secret(token, organizer.id)
    shown = {
        "secret": secret,
        "picture": _app_picture(secret, organizer),
        "replaces": organizer.has_factor,
        "label": settings().host,
        "no_passkey": why_not(),
    }
    if not form.validate_on_submit():
        return way_in("set_up", form, 422 if form.is_submitted() else 200, **shown)
    codes: list[str] = []

    def take() -> None:
        known = bool(tries.known_browser(organizer.account, request))
        done = actions.set_up_app(token=token, code=form.code.data or "", now=clock.now(), known=known)
        carry(done.token, organizer)
        codes.extend(done.codes)

    refused_code = try_code(organizer, form, "set_up", take, **shown)
    return refused_code or tries.know(organizer.account, make_response(codes_page(organizer, codes)))


@blueprint.route("/account/passkeys/new", methods=["GET", "POST"])
def new_passkey() -> ResponseReturnValue:
    """Make a passkey, as the first second factor or beside what there is."""
    organizer = present_organizer()
    if organizer is None or (organizer.full_at is None and organizer.has_factor):
        return elsewhere(organizer)
    if organizer.full_at is not None:
        refused = require_organizer() or require_fresh()
        if refused is not None:
            return refused
    form, mine = PasskeyForm(), session_of(session[TOKEN])
    if mine is None or not are_possible():
        abort(404)
    asked = registration_options(mine, organizer.name)
    if not form.validate_on_submit():
        return way_in("passkey", form, 422 if form.is_submitted() else 200, asked=asked)
    known = bool(tries.known_browser(organizer.account, request))
    try:
        fresh, codes = actions.set_up_passkey(
            token=session[TOKEN], name=form.name.data, answer=form.answer.data or "", now=clock.now(), known=known
        )
    except actions.PasskeyRefused as refusal:
        form.form_errors.append(str(refusal))
        form.answer.data = ""  # the next press makes another
        return way_in("passkey", form, refusal.status, asked=asked)
    carry(fresh, organizer)
    if codes:
        return tries.know(organizer.account, make_response(codes_page(organizer, codes)))
    flash(_("The passkey is ready: you can sign in with it."))
    return redirect(url_for(".account"), 303)


@blueprint.post("/account/passkeys/<passkey_id>/remove")
def remove_passkey(passkey_id: str) -> ResponseReturnValue:
    """Remove one of one's own passkeys."""
    refused = require_organizer() or require_fresh()
    if refused is not None:
        return refused
    if not ButtonForm().validate_on_submit():
        abort(400)
    try:
        actions.remove_passkey(organizer_id=g.organizer.id, passkey_id=passkey_id, now=clock.now())
    except actions.LastFactor as refusal:
        flash(str(refusal), "error")
    else:
        flash(_("The passkey is removed."))
    return redirect(url_for(".account"), 303)


@blueprint.route("/recovery-codes", methods=["GET", "POST"])
def recovery_codes() -> ResponseReturnValue:
    """New recovery codes in place of the old ones; shown this once."""
    refused = require_organizer() or require_fresh()
    if refused is not None:
        return refused
    form = CodesForm(data={"instead_of": codes_mark(g.organizer.id)})
    if not form.validate_on_submit():
        return way_in("recovery_codes", form, 422 if form.is_submitted() else 200)
    try:
        codes = actions.new_recovery_codes(
            organizer_id=g.organizer.id, instead_of=form.instead_of.data or "", now=clock.now()
        )
    except actions.CodesMadeMeanwhile as refusal:
        form.form_errors.append(str(refusal))
        form.instead_of.data = codes_mark(g.organizer.id)
        return way_in("recovery_codes", form, refusal.status)
    return codes_page(g.organizer, codes)


def _app_picture(secret: str, organizer: SignedIn) -> Markup:
    return qr_picture(address_for_app(secret, organizer.name), _("The secret as a QR code for your app"))
