"""Refusals and error pages: what went wrong, and what to do, in the visitor's language and the house's design."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import ClassVar

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import HTTPException, InternalServerError
from wtforms import ValidationError

from .absence import is_away
from .i18n import _l, current_locale
from .urls import in_language


class Refusal(Exception):
    """Something that can be refused. Subclasses stand beside their raiser and carry the words a person reads."""

    status: ClassVar[int] = 409
    message: object = _l("This can’t be done right now.")

    def __str__(self) -> str:
        """The sentence for the person."""
        return str(self.message)


# Title, message, what to do next.
PAGES = {
    400: (_l("That didn’t reach us whole"), _l("Please go back and try once more."), ""),
    403: (_l("This door is closed"), _l("This page is for someone else."), ""),
    404: (_l("Nothing is here"), _l("The address is wrong, or what was here has been taken down."), ""),
    405: (_l("Not this way"), _l("This address does not take that kind of request."), ""),
    410: (_l("This is over"), _l("What was here has been taken down for good."), ""),
    413: (
        _l("Too much at once"),
        _l("What you sent is larger than we take."),
        _l("Make it shorter and send it again."),
    ),
    422: (_l("Something is missing"), _l("Please go back and look at the form again."), ""),
    429: (_l("Slowly, please"), _l("Too many tries in a short time."), _l("Wait a minute and try again.")),
    500: (
        _l("That is our fault"),
        _l("Something broke here. Nothing you sent was passed on."),
        _l("Please try again."),
    ),
    503: (_l("One moment"), _l("We are busy or being mended."), _l("Please try again in a minute.")),
}
AWAY = _l("We can’t reach our list right now.")
TRY_AGAIN_S = "60"
MOST_BYTES, MOST_PARTS = 16 * 1024 * 1024, 400
# Of forms with one of these nothing is shown again: it must stand in no page.
SECRETS = frozenset(
    {"password", "password_again", "present", "code", "answer", "phrase", "words", "locked-words", "locked-passphrase"}
)


def init_errors(app: Flask) -> None:
    """Show every error as a page of ours."""
    app.register_error_handler(Refusal, show_refusal)
    app.register_error_handler(HTTPException, show_error)
    app.register_error_handler(Exception, show_fault)


def show_refusal(refusal: Refusal) -> ResponseReturnValue:
    """The page for a refusal that no form caught."""
    if refusal.status in {404, 410}:
        title = PAGES[refusal.status][0]
        page = render_template("errors/page.html", status=refusal.status, title=title, message=refusal, next_steps="")
        return page, refusal.status
    back_url = in_language(current_locale())
    return render_template("errors/refusal.html", refusal=refusal, back_url=back_url), refusal.status


def show_error(error: HTTPException) -> ResponseReturnValue:
    """The page for an HTTP error; redirects and ready-made responses pass."""
    if error.response is not None or error.code is None or error.code < 400:  # noqa: PLR2004 - HTTP's first error
        return error
    title, message, next_steps = PAGES.get(error.code, PAGES[400 if error.code < 500 else 500])  # noqa: PLR2004
    page = render_template("errors/page.html", status=error.code, title=title, message=message, next_steps=next_steps)
    kept = [(name, text) for name, text in error.get_headers() if name in {"Allow", "Retry-After"}]
    return page, error.code, kept


def show_fault(fault: Exception) -> ResponseReturnValue:
    """The page for a bug. Only where it happened is logged: the words of an exception may hold somebody's name."""
    if is_away(fault):
        return show_absence(fault)
    if current_app.testing:
        raise fault
    current_app.logger.error("%s at %s in %s", type(fault).__name__, _where(fault), request.endpoint)
    try:
        return show_error(InternalServerError())
    except Exception as second:  # noqa: BLE001 - the page itself is broken; say it plainly
        current_app.logger.error("The error page failed too: %s at %s", type(second).__name__, _where(second))  # noqa: TRY400 - a traceback may hold a name
        return "Something broke on our side. Please try again.\n", 500, {"Content-Type": "text/plain; charset=utf-8"}


def show_absence(fault: Exception) -> ResponseReturnValue:
    """The page while the database is away. What was typed stands in it, to be sent again with one button.

    Programs that read a calendar keep what they have when they are told so.
    """
    name = type(fault).__name__
    current_app.logger.error("The database does not answer: %s in %s", name, request.endpoint)
    headers = {"Retry-After": TRY_AGAIN_S}
    if request.path.endswith((".ics", ".json")):
        return f"{AWAY}\n", 503, {**headers, "Content-Type": "text/plain; charset=utf-8"}
    title, _message, next_steps = PAGES[503]
    if request.method == "POST":
        next_steps = PAGES[400][1]
    shown = {"title": title, "message": AWAY, "next_steps": next_steps, "typed": _typed()}
    shown["files"] = shown["typed"] and any(file.filename for file in request.files.values())
    return render_template("errors/page.html", status=503, **shown), 503, headers


def _typed() -> list[tuple[str, str]]:
    """What a form of ours brought from this browser, without files; nothing when it holds a secret."""
    request.max_content_length = MOST_BYTES  # as organizers may
    request.max_form_parts = MOST_PARTS
    try:
        if request.method != "POST" or SECRETS & set(request.form):
            return []
        validate_csrf(request.form.get("csrf_token"))
    except (HTTPException, ValidationError):
        return []
    return list(request.form.items(multi=True))


def _where(fault: Exception) -> str:
    """The innermost line of our own code."""
    ours = [step for step in traceback.extract_tb(fault.__traceback__) if "iec_events" in step.filename]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
