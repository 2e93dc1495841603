"""Cities where events are, by the names they have in addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from ..core.db import db
from ..core.errors import Refusal
from ..core.i18n import _l
from ..events.models import Event, city_of
from ..events.queries import LISTED
from ..events.slugs import slug_of


@dataclass(frozen=True, slots=True)
class City:
    """A city where listed events are: its name in addresses, its name in one language, and as organizers wrote it."""

    slug: str
    name: str
    spellings: frozenset[str]


class CityUnknown(Refusal):
    """No listed event is in a city with this slug."""

    status: ClassVar[int] = 404
    message = _l("There is no calendar of a city at this address. It may have been copied wrong.")


def cities(locale: str) -> list[City]:
    """The cities where listed events are, by their names in this language."""
    latest = sa.select(sa.func.max(Event.id)).where(*LISTED, Event.city != "").group_by(Event.city)
    found: dict[str, list[Event]] = {}
    for event in db.session.scalars(sa.select(Event).where(Event.id.in_(latest)).order_by(Event.id.desc())):
        if slug := city_slug(event.city):
            found.setdefault(slug, []).append(event)
    named = [City(slug, _city_name(rows, locale), frozenset(row.city for row in rows)) for slug, rows in found.items()]
    return sorted(named, key=lambda city: (city.name, city.slug))


def city_by_slug(slug: str, locale: str) -> City:
    """The city with this name in addresses; CityUnknown."""
    for city in cities(locale):
        if city.slug == slug:
            return city
    raise CityUnknown


def city_slug(name: str) -> str:
    """A city's name in addresses: `bogota`; in its own letters where it has no Latin ones."""
    return slug_of(name) or "-".join(re.findall(r"\w+", name.casefold()))


def _city_name(events: Sequence[Event], locale: str) -> str:
    """What this language calls it, if any of these events says so."""
    return next((name for event in events if (name := city_of(event, locale)) != event.city), events[0].city)
