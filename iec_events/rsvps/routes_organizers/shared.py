"""What the pages of a list share: who reads it, which part of it is looked at, and the way back to it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import current_locale
from ...core.limits import within
from ...core.text import ascii_digits
from ...events.models import Event
from ...events.views import EventView
from ...organizers.audit import note
from ...organizers.guard import key_holder, require_organizer
from ..boxes import Reader, reader_of
from ..forms import ButtonForm
from ..models import STATUSES
from ..rosters import ARRIVAL, SORTS, Wanted

blueprint = Blueprint("rsvps_organizers", __name__, url_prefix="/organize/events/<slug>/rsvps")
blueprint.before_request(require_organizer)
LAST = "rsvps.removed"  # in the session: what was just removed, to be undone with one press
NOTED = ("1/hour",)  # it is the same damage each time somebody looks
LONGEST_PAGE = 6  # digits: more than any list has pages


def reader_for(event: Event) -> Reader:
    """What who is signed in can read of this list."""
    return reader_of(*key_holder(), event.id)


def note_damage(slug: str) -> None:
    """Keep in the trail that a part of this list does not open with its own key."""
    if within("notes of damage", NOTED, slug):
        note("list.damaged", f"event:{slug}", now=clock.now())


def view(event: Event) -> EventView:
    """The event, as it is told to organizers."""
    return EventView(event, current_locale(), clock.now())


def wanted_from(asked: Mapping[str, str], *, search: str = "", page: str = "1") -> Wanted:
    """Which part of the list an address asks for; what it cannot mean counts for nothing."""
    status, sort, number = asked.get("status", ""), asked.get("sort", ""), ascii_digits(page)
    return Wanted(
        status=status if status in STATUSES else "",
        search=search,
        needs=bool(asked.get("needs")),
        twice=bool(asked.get("twice")),
        sort=sort if sort in SORTS else ARRIVAL,
        page=int(number) if number.isdecimal() and len(number) <= LONGEST_PAGE else 1,
    )


def back_to_list(slug: str) -> ResponseReturnValue:
    """To the part of the list from which a button was pressed, as its form says."""
    wanted = wanted_from(request.form)
    return redirect(url_for("rsvps_organizers.roster", slug=slug, **wanted.address()), 303)


def said_no(form: ButtonForm) -> bool:
    """Whether a button must not act; what is wrong is told on the next page."""
    if form.validate_on_submit():
        return False
    for texts in form.errors.values():
        flash(" ".join(str(text) for text in texts), "error")
    return True
