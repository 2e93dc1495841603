"""Pictures for everyone. Their octets never change under their random name, so they may be kept for ever."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from .queries import image_octets, image_rendition

blueprint = Blueprint("events", __name__)


@blueprint.get("/images/<name>.webp")
def image(name: str) -> ResponseReturnValue:
    """A picture."""
    return _answer(image_octets(name), name)


@blueprint.get("/images/<name>/<int(max=9999):width>.webp")
def rendition(name: str, width: int) -> ResponseReturnValue:
    """The same in fewer pixels."""
    return _answer(image_rendition(name, width), f"{name}-{width}")


def _answer(octets: bytes | None, tag: str) -> ResponseReturnValue:
    if octets is None:
        abort(404)
    response = Response(octets, content_type="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.set_etag(tag)
    return response.make_conditional(request)
