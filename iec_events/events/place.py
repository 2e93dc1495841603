"""Where an event is, as far as the one who reads may know: strangers learn no more of a hidden place than its city."""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale

from ..core.i18n import _, direction
from ..core.text import isolated
from .models import Event, city_of

COMMAS = {"fa": "، "}
MARKS = {"ltr": "\u200e", "rtl": "\u200f"}  # a line that begins with one runs that way


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in one language. What is not told is empty; `hidden` says that there is more than is told."""

    locale: str
    city: str
    country: str
    hidden: bool = False
    venue: str = ""
    street: str = ""
    region: str = ""
    latitude: float | None = None
    longitude: float | None = None
    online_url: str | None = None

    @property
    def country_name(self) -> str:
        """The country in the reader's language."""
        return str(Locale(self.locale).territories.get(self.country, self.country))

    @property
    def address_line(self) -> str:
        """The address on one line."""
        return self._joined(self.street, self.city, self.region, self.country_name)

    @property
    def line(self) -> str:
        """Venue and address on one line."""
        return self._joined(self.venue, self.address_line)

    @property
    def line_in_letters(self) -> str:
        """The same for letters: a part that runs another way turns neither the line nor the parts around it."""
        way = direction(self.locale)
        parts = [part for part in (self.venue, self.street, self.city, self.region, self.country_name) if part]
        apart = [isolated(part, way) for part in parts]
        return self._joined(*apart) if apart == parts else MARKS[way] + self._joined(*apart)

    @property
    def map_url(self) -> str | None:
        """A map to open in another tab; nothing is loaded from it."""
        if self.latitude is None or self.longitude is None:
            return None
        spot = f"{self.latitude:.5f}", f"{self.longitude:.5f}"
        return "https://www.openstreetmap.org/?mlat={0}&mlon={1}#map=17/{0}/{1}".format(*spot)

    def _joined(self, *parts: str) -> str:
        return COMMAS.get(self.locale, ", ").join(filter(None, parts))


def place_of(event: Event, locale: str, *, entitled: bool) -> Place:
    """The whole place for those who are entitled to it, and for everyone where it is no secret."""
    city = city_of(event, locale)
    if event.address_hidden and not entitled:
        return Place(locale=locale, city=city, country=event.country, hidden=True)
    return Place(
        locale=locale,
        city=city,
        country=event.country,
        venue=event.venue,
        street=event.street,
        region=event.region,
        latitude=event.latitude,
        longitude=event.longitude,
        online_url=event.online_url or None,
    )


def hidden_note(event: Event) -> str:
    """What those are told from whom the place is hidden."""
    if not event.city:
        if event.screened:
            return _("The address is told to those whose RSVP is approved.")
        return _("The address is told to those who come.")
    if event.screened:
        return _("The exact place is told to those whose RSVP is approved.")
    return _("The exact place is told to those who come.")
