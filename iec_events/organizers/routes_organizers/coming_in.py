"""The way in and out of the organizers' area. These pages are for those who are not signed in yet."""

from __future__ import annotations

from flask import abort, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from ...core import clock
from ...core.i18n import _
from ...core.limits import limiter
from .. import actions, tries
from ..audit import acting
from ..forms import CodeForm, ConfirmForm, FirstForm, SignInForm, SignOutForm
from ..guard import TOKEN, carry, present_organizer, require_organizer, way_back
from ..queries import SignedIn, invitation_stands
from ..unsent import SECRET, secret_of_browser
from .steps import asked_of_passkey, blueprint, elsewhere, left, passkeys_rest, slowly, try_code, way_in


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
        return slowly("organizers/sign_in.html", form)
    try:
        token = actions.sign_in(email=email, password=password, now=clock.now(), old_token=session.get(TOKEN))
    except (actions.SignInRefused, actions.AccountRests) as refusal:
        note = tries.note_refused if isinstance(refusal, actions.SignInRefused) else tries.note_at_rest
        note(email, now=clock.now())
        form.form_errors.append(str(refusal))
        return render_template("organizers/sign_in.html", form=form), refusal.status
    return _begin(token, url_for(".second", next=request.args.get("next")))


@blueprint.route("/second", methods=["GET", "POST"])
def second() -> ResponseReturnValue:
    """The second step of signing in: a code of the app, or a recovery code."""
    after, organizer = way_back(request.args.get("next")), present_organizer()
    if organizer is None or not organizer.has_factor:
        return elsewhere(organizer)
    if organizer.full_at is not None:
        return redirect(after, 303)
    form, shown = CodeForm(), {"asked": asked_of_passkey(), "rests": passkeys_rest(organizer)}
    if not form.validate_on_submit():
        return way_in("second", form, 422 if form.is_submitted() else 200, **shown)
    refused = try_code(organizer, form, "second", lambda: _give(organizer, form), **shown)
    return refused or tries.know(organizer.account, make_response(redirect(after, 303)))


@blueprint.route("/confirm", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """Password and code once more, before dangerous acts."""
    refused = require_organizer()
    if refused is not None:
        return refused
    organizer, form, after = g.organizer, ConfirmForm(), way_back(request.args.get("next"))
    shown = {"asked": asked_of_passkey(), "rests": passkeys_rest(organizer)}
    if not form.validate_on_submit():
        return way_in("confirm", form, 422 if form.is_submitted() else 200, **shown)
    if not tries.may_try_password(organizer.account, request):
        tries.note_slowed(organizer.email, now=clock.now())
        return slowly("organizers/confirm.html", form)
    answer = try_code(organizer, form, "confirm", lambda: _confirm(form), **shown)
    return answer or tries.know(organizer.account, make_response(redirect(after, 303)))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session, here and in the database, whether or not the second factor was given."""
    organizer = present_organizer()
    if organizer is None:
        return elsewhere(None)
    if not SignOutForm().validate_on_submit():
        abort(400)
    acting(organizer.id)
    actions.sign_out(session[TOKEN], now=clock.now())
    kept = secret_of_browser()
    if kept is not None:
        actions.drop_unsent(secret=kept)
    session.clear()
    flash(_("You are signed out."))
    return left(redirect(url_for("organizers.sign_in"), 303))


@blueprint.route("/first/<token>", methods=["GET", "POST"])
@limiter.limit("20/minute", methods=["POST"])
def first(token: str) -> ResponseReturnValue:
    """An invitation: it is used up by sending the form, never by opening the page."""
    if not invitation_stands(token, now=clock.now()):
        tries.note_link_refused("invitation", SignOutForm(), now=clock.now())
        raise actions.InvitationUnknown
    form = FirstForm()
    if not form.validate_on_submit():
        return render_template("organizers/first.html", form=form), 422 if form.is_submitted() else 200
    email = form.email.data
    try:
        session_token = actions.accept_invitation(
            token=token, name=form.name.data, email=email, password=form.password.data, now=clock.now()
        )
    except actions.EmailTaken as refusal:
        form.email.errors = (str(refusal),)
        return render_template("organizers/first.html", form=form), refusal.status
    flash(_("Welcome. Your account is ready."))
    return _begin(session_token, url_for(".set_up"))


def _begin(token: str, after: str) -> Response:
    """Nothing of the time before signing in stays in the browser's session, but notices and what opens unsent forms."""
    kept = {name: session[name] for name in ("_flashes", SECRET) if name in session}
    session.clear()
    session.update({TOKEN: token, **kept})
    return redirect(after, 303)


def _give(organizer: SignedIn, form: CodeForm) -> None:
    known = bool(tries.known_browser(organizer.account, request))
    code, answer = form.code.data or "", form.answer.data or ""
    carry(actions.give_code(token=session[TOKEN], code=code, now=clock.now(), known=known, answer=answer), organizer)


def _confirm(form: ConfirmForm) -> None:
    password, code = form.password.data or "", form.code.data or ""
    answer = form.answer.data or ""
    token = actions.confirm(token=session[TOKEN], password=password, code=code, now=clock.now(), answer=answer)
    carry(token, g.organizer)
