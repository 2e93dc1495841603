"""The page behind “no more reminders” and “no more letters”. Opening it does nothing; it tells nothing of the RSVP.

Its address is signed, so it needs no cookie and no token of the form: mail programs press its button themselves
(RFC 8058), and who holds the address may do no more than that.
"""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from ...core.limits import limiter
from ..actions import subscribe
from ..unsubscribing import WHATS, What, signed_rsvp
from .shared import blueprint

STOP, BACK = "stop", "back"


@blueprint.route(f"/stop/<any({', '.join(WHATS)}):what>/<signed>", methods=["GET", "POST"])
@limiter.limit("600/minute", methods=["POST"])  # a mail provider asks for all who read their mails there
def unsubscribe(what: What, signed: str) -> ResponseReturnValue:
    """End reminders or letters, or have them again."""
    rsvp_id = signed_rsvp(what, signed)
    done = _asked() if request.method == "POST" else ""
    if done:
        subscribe(rsvp_id=rsvp_id, what=what, wanted=done == BACK)
    status = 422 if request.method == "POST" and not done else 200
    return render_template("rsvps/stop.html", what=what, done=done), status


def _asked() -> str:
    if request.form.get("List-Unsubscribe") == "One-Click":
        return STOP
    button = request.form.get("do", "")
    return button if button in {STOP, BACK} else ""
