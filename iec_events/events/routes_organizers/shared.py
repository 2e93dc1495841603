"""What the pages about events, campaigns and series share."""

from __future__ import annotations

from flask import Blueprint, request

from ...organizers.guard import require_organizer

MOST_BYTES = 16 * 1024 * 1024  # so that a photo straight from a phone is answered with a sentence beside its field
MOST_PARTS = 400
blueprint = Blueprint("events_organizers", __name__, url_prefix="/organize")
blueprint.before_request(require_organizer)


@blueprint.before_request
def _take_photos() -> None:
    """Organizers may send more than strangers; the guard ran before."""
    request.max_content_length = MOST_BYTES
    request.max_form_parts = MOST_PARTS
