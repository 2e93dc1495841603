"""Downloads for organizers."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from ..core import clock
from ..core.i18n import _
from ..events.queries import any_event
from ..organizers.audit import note
from ..organizers.guard import key_holder, require_fresh, require_organizer
from ..rsvps.boxes import reader_of
from ..rsvps.queries import roster
from .sheets import csv_bytes

blueprint = Blueprint("reports", __name__, url_prefix="/organize")
blueprint.before_request(require_organizer)
blueprint.before_request(require_fresh)


@blueprint.get("/events/<slug>/rsvps.csv")
def rsvps_csv(slug: str) -> ResponseReturnValue:
    """The list of who comes as a sheet. The file's name tells nothing of names."""
    event = any_event(slug)
    words = {"confirmed": _("Confirmed"), "waitlisted": _("Waitlist"), "cancelled": _("Cancelled")}
    header = [_("Line"), _("Status"), _("Name or alias"), _("How many"), _("E-mail"), _("Note")]
    everyone = roster(event.id, reader=reader_of(*key_holder(), event.id))
    rows = [
        (one.line, words[one.status], one.name or _("sealed"), one.party_size, one.email or "", one.note)
        for one in everyone
    ]
    note("rsvps.downloaded", f"event:{slug}", now=clock.now())
    disposition = f'attachment; filename="rsvps-{event.slug}.csv"'
    return Response(
        csv_bytes(header, rows), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )
