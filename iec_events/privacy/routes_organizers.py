"""The end of an event's list, for its owners: when it comes, what is lost, and the button to have it now."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ..core import clock
from ..core.i18n import _, current_locale
from ..events.queries import any_event
from ..events.times import moment_text
from ..events.views import EventView
from ..organizers.guard import require_fresh, require_organizer
from ..rsvps.queries import counts, receipts_of
from .actions import destroy_list
from .forms import DestroyForm

blueprint = Blueprint("privacy_organizers", __name__, url_prefix="/organize/events/<slug>/rsvps")
blueprint.before_request(require_organizer)
blueprint.before_request(require_fresh)


@blueprint.route("/destroy", methods=["GET", "POST"])
def destroy(slug: str) -> ResponseReturnValue:
    """Ask with all that is lost, then destroy the list and its keys."""
    event = any_event(slug)
    form = DestroyForm()
    if form.validate_on_submit():
        destroy_list(slug=slug, now=clock.now())
        flash(_("The list is destroyed, and so are its keys."))
        return redirect(url_for("rsvps_organizers.roster", slug=slug), 303)
    locale = current_locale()
    page = render_template(
        "privacy/destroy.html",
        event=EventView(event, locale, clock.now()),
        counts=counts([event.id])[event.id],
        receipts=[(one, moment_text(one.at, event, locale)) for one in receipts_of(event.id)],
        form=form,
    )
    return page, 422 if form.is_submitted() else 200
