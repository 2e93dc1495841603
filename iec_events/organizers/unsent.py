"""Nothing typed is lost when the guard asks to sign in first: the form is kept, and filled in again afterwards.

Only texts are kept, never passwords and codes, and only of a form that came from a page of ours in this browser.
"""

from __future__ import annotations

from flask import flash, g, request, session
from flask_wtf.csrf import validate_csrf
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from wtforms import ValidationError

from ..core import clock
from ..core.i18n import _
from ..core.tokens import new_token
from .actions import drop_unsent, keep_unsent
from .queries import AT_MOST, unsent

SECRET = "unsent"  # noqa: S105 - the name of a place in the session
WHO = "who"
NEVER_KEPT = frozenset(
    {"csrf_token", "password", "password_again", "present", "code", "answer", "phrase"}
    | {"locked-words", "locked-passphrase"}  # what opens a list that leaves
)
MOST_BYTES = 16 * 1024 * 1024  # a photo may have come along; it is not kept, but must not spoil the rest
MOST_PARTS = 400


def keep_typed(organizer_id: object) -> None:
    """Keep what this request brought for the account that typed it, until it has signed in; say so."""
    if not isinstance(organizer_id, str) or not _is_ours():
        return
    typed = [(name, text) for name, text in request.form.items(multi=True) if name not in NEVER_KEPT]
    if not any(text for _name, text in typed):
        return
    secret = secret_of_browser() or new_token()
    if not keep_unsent(secret=secret, organizer_id=organizer_id, page=request.path, typed=typed, now=clock.now()):
        flash(_("What you typed could not be kept. Go back in your browser to copy it, then sign in."), "error")
        return
    session[SECRET] = secret
    flash(_("What you typed is kept, and comes back once you have signed in again."))
    if any(file.filename for file in request.files.values()):
        flash(_("Pictures and other files are not kept: please choose them again."))


def bring_back(organizer_id: str) -> None:
    """Have the forms of this page filled in with what was typed here before signing in, if anything was."""
    secret = secret_of_browser()
    if secret is not None:
        typed = unsent(secret=secret, organizer_id=organizer_id, page=request.path, now=clock.now())
        if typed:
            g.typed_before = MultiDict(typed)


def let_go() -> None:
    """This page's form was sent: nothing is kept for it any more."""
    secret = secret_of_browser()
    if secret is not None:
        drop_unsent(secret=secret, page=request.path)


def secret_of_browser() -> str | None:
    """What opens the forms that this browser keeps."""
    secret = session.get(SECRET)
    return secret if isinstance(secret, str) else None


def _is_ours() -> bool:
    """Whether the form came whole, and from a page of ours in this browser, however long that was open."""
    request.max_content_length, request.max_form_parts = MOST_BYTES, MOST_PARTS
    try:
        validate_csrf(request.form.get("csrf_token"), time_limit=int(AT_MOST.total_seconds()))
    except (HTTPException, ValidationError):
        return False
    return True
