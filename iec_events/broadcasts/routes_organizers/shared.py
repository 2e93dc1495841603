"""What the pages of letters share: their frame, a button that is pressed, whom a letter reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.errors import Refusal
from ...core.i18n import _l, current_locale
from ...events.models import Event
from ...events.queries import any_event
from ...events.times import moment_text
from ...events.views import EventView
from ...organizers.guard import reach_as, require_organizer
from ...organizers.roles import ORGANIZER
from ..forms import AUDIENCE_WORDS, ButtonForm
from ..models import Broadcast
from ..queries import LetterUnknown, letter_of, reached
from ..wording import texts_of

STATE_WORDS = {
    "draft": _l("Draft"),
    "scheduled": _l("Waits for its time"),
    "sending": _l("On its way"),
    "sent": _l("Sent"),
    "stopped": _l("Stopped"),
}
blueprint = Blueprint("broadcasts_organizers", __name__, url_prefix="/organize/events/<slug>/letters")
blueprint.before_request(require_organizer)


def letters_page(name: str, event: Event, **shown: Any) -> str:
    """One of the templates about letters, with what all of them show."""

    def when(moment: Any) -> str:
        return moment_text(moment, event, current_locale())

    view = EventView(event, current_locale(), clock.now())
    common = {"audiences": AUDIENCE_WORDS, "states": STATE_WORDS, "button": ButtonForm(formdata=None), "when": when}
    return render_template(f"broadcasts/{name}.html", section="events", event=view, **common, **shown)


def press(slug: str, letter_id: str, act: Callable[[], object], done: str = "", to: str = "") -> ResponseReturnValue:
    """A button was pressed: act, and show what came of it."""
    letter_of(any_event(slug).id, letter_id)
    to = to or url_for(".letter", slug=slug, letter_id=letter_id)
    form = ButtonForm()
    if not form.validate_on_submit():
        flash(" ".join(text for texts in form.errors.values() for text in texts), "error")
        return redirect(to, 303)
    try:
        act()
    except LetterUnknown:
        raise
    except Refusal as refusal:
        flash(str(refusal), "error")
        return to_letter(slug, letter_id)
    if done:
        flash(done)
    return redirect(to, 303)


def to_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """To the letter's own page."""
    return redirect(url_for(".letter", slug=slug, letter_id=letter_id), 303)


def reached_by(event: Event, found: Broadcast) -> Any:
    """Whom the letter would reach now."""
    return reached(event.id, found.audience, texts_of(found))


def has_campaign(event: Event) -> bool:
    """Whether who is signed in organizes all of the event's campaign."""
    return event.campaign is not None and reach_as(ORGANIZER).has_campaign(event.campaign.slug)
