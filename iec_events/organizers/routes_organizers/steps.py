"""What the pages on the way in have in common: what comes next, tries that are counted, the codes shown once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from ...core import clock
from ...core.forms import Form
from ...core.i18n import _
from .. import actions, tries
from ..forms import CodeForm, SignOutForm
from ..guard import TOKEN, may, way_back
from ..passkeys import passkeys_of, request_options, why_not
from ..queries import SignedIn, lacks_recovery_key, session_of
from ..roles import OWNER

WAIT_S = "60"
blueprint = Blueprint("organizers", __name__, url_prefix="/organize")


@blueprint.app_context_processor
def _desk() -> dict[str, Any]:
    """What the shell of the area shows to those who are in it."""
    organizer = g.get("organizer")
    if organizer is None:
        return {}
    return {
        "organizer": organizer,
        "sign_out_form": SignOutForm(formdata=None),
        "may": may,
        "typed_before": "typed_before" in g,
    }


def elsewhere(organizer: SignedIn | None) -> Response:
    """The step of signing in that comes next for this visitor."""
    if organizer is None:
        step = "sign_in"
    elif organizer.full_at is not None:
        return redirect(way_back(None), 303)
    else:
        step = "second" if organizer.has_factor else "set_up"
    return redirect(url_for(f".{step}", next=request.args.get("next")), 303)


def left(response: Response) -> Response:
    """The answer to who is not signed in any more: the browser forgets what the door's page kept and has not sent."""
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def try_code(
    organizer: SignedIn, form: CodeForm, page: str, verb: Callable[[], object], **shown: Any
) -> ResponseReturnValue | None:
    """Have the verb check what was typed; the answer when that was refused, or when there were too many tries."""
    if not tries.may_try_code(organizer.account, request):
        tries.note_code_slowed(organizer.id, now=clock.now())
        return slowly(f"organizers/{page}.html", form, **shown)
    try:
        verb()
    except actions.SessionOver:  # a form that was sent twice at once: the first one has the new session already
        return redirect(url_for(".sign_in", next=request.args.get("next")), 303)
    except actions.CodeRefused as refusal:
        tries.note_code_refused(organizer.id, now=clock.now())
        by_passkey = _("The passkey did not answer. Try once more, or type a code.") if form.answer.data else ""
        form.code.errors = (by_passkey or str(refusal),)
        form.answer.data = ""  # or it would go along with the code that is typed next, and be refused again
        return way_in(page, form, refusal.status, **shown)
    except actions.PasswordRefused as refusal:
        tries.note_refused(organizer.email, now=clock.now())
        form["password"].errors = (str(refusal),)
        return way_in(page, form, refusal.status, **shown)
    return None


def asked_of_passkey() -> str | None:
    """What the browser needs to use a passkey in this session; None where there is none."""
    found = session_of(session[TOKEN])
    return request_options(found) if found else None


def passkeys_rest(organizer: SignedIn) -> str | None:
    """Why this account's passkeys can't be used at this address; None where they can, or where there are none."""
    return why_not() if passkeys_of(organizer.id) else None


def way_in(page: str, form: Form, status: int, **shown: Any) -> ResponseReturnValue:
    """A page between the password and the area: the way out is there already."""
    return render_template(
        f"organizers/{page}.html", form=form, sign_out_form=SignOutForm(formdata=None), **shown
    ), status


def codes_page(organizer: SignedIn, codes: list[str]) -> str:
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


def slowly(template: str, form: Form, **shown: Any) -> ResponseReturnValue:
    """The page again, with status 429: there were too many tries."""
    form.form_errors.append(_("Too many tries in a short time. Wait a minute, then try again: the door stays yours."))
    page = render_template(template, form=form, sign_out_form=SignOutForm(formdata=None) if shown else None, **shown)
    return page, 429, {"Retry-After": WAIT_S}
