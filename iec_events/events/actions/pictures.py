"""Pictures: kept in all their sizes, and dropped when no event shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ..models import Event, Image, Rendition

UNUSED_IMAGE_KEPT = dt.timedelta(days=1)


class NoSuchImage(Refusal):
    """The picture is not kept here."""

    status: ClassVar[int] = 422
    message = _l("The picture did not arrive. Please choose it again.")


@atomic()
def keep_image(
    *,
    name: str,
    content: bytes,
    width: int,
    height: int,
    now: dt.datetime,
    smaller: Mapping[int, bytes] | None = None,
    instead_of: str | None = None,
) -> None:
    """Keep a picture that `images.read_image` made, under its random name; drop the one before if none shows it.

    `smaller`: width in pixels -> the octets of that rendition.
    """
    widths = sorted(smaller or {})
    db.session.add(Image(name=name, content=content, width=width, height=height, widths=widths, created_on=now.date()))
    db.session.flush()
    db.session.add_all(
        Rendition(image_name=name, width=each, content=octets) for each, octets in (smaller or {}).items()
    )
    if instead_of:
        drop_image(instead_of)


@atomic()
def erase_unused_images(now: dt.datetime) -> None:
    """Erase pictures that no event shows and that were sent more than a day ago; the worker runs this."""
    used = sa.select(Event.image_name).where(Event.image_name.is_not(None))
    old = Image.created_on < now.date() - UNUSED_IMAGE_KEPT
    db.session.execute(sa.delete(Image).where(old, Image.name.not_in(used)))


def drop_image(name: str) -> None:
    """Delete a picture, unless an event shows it."""
    db.session.flush()
    if db.session.scalar(sa.select(Event.id).where(Event.image_name == name).limit(1)) is None:
        db.session.execute(sa.delete(Image).where(Image.name == name))
