"""The way in and out of the organizers' area. These pages are for those who are not signed in yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.wrappers import Response

from ..core import clock
from ..core.config import settings
from ..core.forms import Form
from ..core.i18n import _
from ..core.limits import limiter
from ..core.qr import qr_picture
from . import actions, tries
from .audit import acting
from .factors import address_for_app, codes_left, offered_secret
from .forms import ButtonForm, CodeForm, ConfirmForm, FirstForm, PasskeyForm, PasswordForm, SignInForm, SignOutForm
from .guard import TOKEN, may, present_organizer, require_fresh, require_organizer, way_back
from .passkeys import are_possible, passkeys_of, registration_options, request_options
from .queries import SignedIn, invitation_stands, lacks_recovery_key, own_sessions, session_of
from .roles import OWNER

WAIT_S = "60"
blueprint = Blueprint("organizers", __name__, url_prefix="/organize")


@blueprint.app_context_processor
def _desk() -> dict[str, Any]:
    """What the shell of the area shows to those who are in it."""
    organizer = g.get("organizer")
    if organizer is None:
        return {}
    return {"organizer": organizer, "sign_out_form": SignOutForm(formdata=None), "may": may}


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
    return _begin(token, url_for(".second", next=request.args.get("next")))


@blueprint.route("/second", methods=["GET", "POST"])
def second() -> ResponseReturnValue:
    """The second step of signing in: a code of the app, or a recovery code."""
    after, organizer = way_back(request.args.get("next")), present_organizer()
    if organizer is None or not organizer.has_factor:
        return _elsewhere(organizer)
    if organizer.full_at is not None:
        return redirect(after, 303)
    form, asked = CodeForm(), _asked()
    if not form.validate_on_submit():
        return _way_in("second", form, 422 if form.is_submitted() else 200, asked=asked)
    refused = _try_code(organizer, form, "second", lambda: _give(organizer, form), asked=asked)
    return refused or tries.know(organizer.account, make_response(redirect(after, 303)))


@blueprint.route("/set-up", methods=["GET", "POST"])
def set_up() -> ResponseReturnValue:
    """An authenticator app: before anything personal is seen, or in place of another."""
    organizer = present_organizer()
    if organizer is None or (organizer.full_at is None and organizer.has_factor):
        return _elsewhere(organizer)
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
        "or_passkey": are_possible(),
    }
    if not form.validate_on_submit():
        return _way_in("set_up", form, 422 if form.is_submitted() else 200, **shown)
    codes: list[str] = []

    def take() -> None:
        known = bool(tries.known_browser(organizer.account, request))
        done = actions.set_up_app(token=token, code=form.code.data or "", now=clock.now(), known=known)
        session[TOKEN] = done.token
        codes.extend(done.codes)

    refused_code = _try_code(organizer, form, "set_up", take, **shown)
    return refused_code or tries.know(organizer.account, make_response(_codes_page(organizer, codes)))


@blueprint.route("/account/passkeys/new", methods=["GET", "POST"])
def new_passkey() -> ResponseReturnValue:
    """Make a passkey, as the first second factor or beside what there is."""
    organizer = present_organizer()
    if organizer is None or (organizer.full_at is None and organizer.has_factor):
        return _elsewhere(organizer)
    if organizer.full_at is not None:
        refused = require_organizer() or require_fresh()
        if refused is not None:
            return refused
    form, mine = PasskeyForm(), session_of(session[TOKEN])
    if mine is None or not are_possible():
        abort(404)
    asked = registration_options(mine, organizer.name)
    if not form.validate_on_submit():
        return _way_in("passkey", form, 422 if form.is_submitted() else 200, asked=asked)
    known = bool(tries.known_browser(organizer.account, request))
    try:
        session[TOKEN], codes = actions.set_up_passkey(
            token=session[TOKEN], name=form.name.data, answer=form.answer.data or "", now=clock.now(), known=known
        )
    except actions.PasskeyRefused as refusal:
        form.form_errors.append(str(refusal))
        return _way_in("passkey", form, refusal.status, asked=asked)
    if codes:
        return tries.know(organizer.account, make_response(_codes_page(organizer, codes)))
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
    form = ButtonForm()
    if not form.validate_on_submit():
        return _way_in("recovery_codes", form, 422 if form.is_submitted() else 200)
    codes = actions.new_recovery_codes(organizer_id=g.organizer.id, now=clock.now())
    return _codes_page(g.organizer, codes)


@blueprint.route("/confirm", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """Password and code once more, before dangerous acts."""
    refused = require_organizer()
    if refused is not None:
        return refused
    organizer, form, after, asked = g.organizer, ConfirmForm(), way_back(request.args.get("next")), _asked()
    if not form.validate_on_submit():
        return _way_in("confirm", form, 422 if form.is_submitted() else 200, asked=asked)
    if not tries.may_try_password(organizer.account, request):
        tries.note_slowed(organizer.email, now=clock.now())
        return _slowly("organizers/confirm.html", form)
    answer = _try_code(organizer, form, "confirm", lambda: _confirm(form), asked=asked)
    return answer or tries.know(organizer.account, make_response(redirect(after, 303)))


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
        return _way_in("password", form, 422 if form.is_submitted() else 200)
    if not tries.may_try_password(g.organizer.account, request):
        tries.note_slowed(g.organizer.email, now=clock.now())
        return _slowly("organizers/password.html", form)
    old, new = form.present.data or "", form.password.data or ""
    try:
        actions.change_password(token=session[TOKEN], password=old, new_password=new, now=clock.now())
    except actions.PasswordRefused as refusal:
        tries.note_refused(g.organizer.email, now=clock.now())
        form.present.errors = (str(refusal),)
        return _way_in("password", form, refusal.status)
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


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session, here and in the database, whether or not the second factor was given."""
    organizer = present_organizer()
    if organizer is None:
        return _elsewhere(None)
    if not SignOutForm().validate_on_submit():
        abort(400)
    acting(organizer.id)
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
    flash(_("Welcome. Your account is ready."))
    return _begin(session_token, url_for(".set_up"))


def _begin(token: str, after: str) -> Response:
    """Nothing of the time before signing in stays in the browser's session."""
    notices = session.pop("_flashes", [])
    session.clear()
    session.update({TOKEN: token, "_flashes": notices} if notices else {TOKEN: token})
    return redirect(after, 303)


def _elsewhere(organizer: SignedIn | None) -> Response:
    """The step of signing in that comes next for this visitor."""
    if organizer is None:
        step = "sign_in"
    elif organizer.full_at is not None:
        return redirect(way_back(None), 303)
    else:
        step = "second" if organizer.has_factor else "set_up"
    return redirect(url_for(f".{step}", next=request.args.get("next")), 303)


def _try_code(
    organizer: SignedIn, form: CodeForm, page: str, verb: Callable[[], object], **shown: Any
) -> ResponseReturnValue | None:
    """Have the verb check what was typed; the answer when that was refused, or when there were too many tries."""
    if not tries.may_try_code(organizer.account, request):
        tries.note_code_slowed(organizer.id, now=clock.now())
        return _slowly(f"organizers/{page}.html", form, **shown)
    try:
        verb()
    except actions.SessionOver:  # a form that was sent twice at once: the first one has the new session already
        return redirect(url_for(".sign_in", next=request.args.get("next")), 303)
    except actions.CodeRefused as refusal:
        tries.note_code_refused(organizer.id, now=clock.now())
        form.code.errors = (str(refusal),)
        return _way_in(page, form, refusal.status, **shown)
    except actions.PasswordRefused as refusal:
        tries.note_refused(organizer.email, now=clock.now())
        form["password"].errors = (str(refusal),)
        return _way_in(page, form, refusal.status, **shown)
    return None


def _give(organizer: SignedIn, form: CodeForm) -> None:
    known = bool(tries.known_browser(organizer.account, request))
    session[TOKEN] = actions.give_code(
        token=session[TOKEN], code=form.code.data or "", now=clock.now(), known=known, answer=form.answer.data or ""
    )


def _asked() -> str | None:
    """What the browser needs to use a passkey in this session; None where there is none."""
    found = session_of(session[TOKEN])
    return request_options(found) if found else None


def _confirm(form: ConfirmForm) -> None:
    password, code = form.password.data or "", form.code.data or ""
    answer = form.answer.data or ""
    session[TOKEN] = actions.confirm(token=session[TOKEN], password=password, code=code, now=clock.now(), answer=answer)


def _way_in(page: str, form: Form, status: int, **shown: Any) -> ResponseReturnValue:
    """A page between the password and the area: the way out is there already."""
    return render_template(
        f"organizers/{page}.html", form=form, sign_out_form=SignOutForm(formdata=None), **shown
    ), status


def _app_picture(secret: str, organizer: SignedIn) -> Markup:
    return qr_picture(address_for_app(secret, organizer.name), _("The secret as a QR code for your app"))


def _codes_page(organizer: SignedIn, codes: list[str]) -> str:
    """The recovery codes, this once; an owner goes on to the recovery key if there is none yet."""
    to_recovery_key = organizer.role == OWNER and lacks_recovery_key()
    after = url_for("access.recovery") if to_recovery_key else way_back(None)
    return render_template(
        "organizers/codes.html",
        codes=codes,
        after=after,
        to_recovery_key=to_recovery_key,
        sign_out_form=SignOutForm(formdata=None),
    )


def _slowly(template: str, form: Form, **shown: Any) -> ResponseReturnValue:
    form.form_errors.append(_("Too many tries in a short time. Wait a minute, then try again: the door stays yours."))
    page = render_template(template, form=form, sign_out_form=SignOutForm(formdata=None) if shown else None, **shown)
    return page, 429, {"Retry-After": WAIT_S}
