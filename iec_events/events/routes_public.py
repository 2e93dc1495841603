"""Pictures for everyone. Their octets never change under their random name, so they may be kept for ever."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from .queries import image_octets

blueprint = Blueprint("events", __name__)


@blueprint.get("/images/<name>.webp")
def image(name: str) -> ResponseReturnValue:
    """A picture."""
    octets = image_octets(name)
    if octets is None:
        abort(404)
    response = Response(octets, content_type="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.set_etag(name)
    return response.make_conditional(request)
