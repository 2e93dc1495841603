"""What a page shows of an event or campaign, in one language and at one moment: facts in, texts out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from markupsafe import Markup

from ..core.i18n import _
from ..core.text import markdown_html
from ..core.urls import public_url
from .models import LARGEST_UNDER_ATTACK, Campaign, Event, text_of
from .openings import RsvpState, opening
from .pieces import Again, ImageView, ProgrammeView, image_view
from .place import Place, hidden_note, place_of
from .times import Occasion, clock_text, day_month, occasion


@dataclass(frozen=True)
class CampaignView:
    """A campaign in one language."""

    campaign: Campaign
    locale: str

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return self.campaign.slug

    @cached_property
    def title(self) -> str:
        """Its title."""
        return text_of(self.campaign.texts, "title", self.locale)[0] or self.campaign.slug

    @cached_property
    def summary(self) -> str:
        """Its summary, one or two sentences."""
        return text_of(self.campaign.texts, "summary", self.locale)[0]

    @cached_property
    def description_html(self) -> Markup:
        """Its description as safe HTML."""
        return markdown_html(text_of(self.campaign.texts, "description", self.locale)[0])

    @property
    def text_locale(self) -> str:
        """The language its title is really in."""
        return self.language_of("title")

    def language_of(self, key: str) -> str:
        """The language its text under `key` is really in: where one has no such text, another stands in."""
        return text_of(self.campaign.texts, key, self.locale)[1]

    @property
    def url(self) -> str:
        """Its absolute public address."""
        return public_url("front.campaign", locale=self.locale, slug=self.slug)


@dataclass(frozen=True)
class EventView:
    """An event in one language at one moment. Made per request; the language must be the one being spoken.

    `entitled`: whether the reader may know a hidden place and the note for the gate, as organizers and those who come.
    """

    event: Event
    locale: str
    now: dt.datetime
    entitled: bool = field(default=False, kw_only=True)

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return self.event.slug

    @property
    def status(self) -> str:
        """`published`, `cancelled`, `postponed` or `draft`."""
        return self.event.status

    @cached_property
    def title(self) -> str:
        """Its title."""
        return self._text("title") or self.event.slug

    @cached_property
    def told_apart(self) -> str:
        """Title, city and day: dates of a series, and sister events, may have one title."""
        return " · ".join((self.title, self.city or _("Online"), self.when.both_text))

    @cached_property
    def summary(self) -> str:
        """Its summary, one or two sentences."""
        return self._text("summary")

    @cached_property
    def description(self) -> str:
        """Its description as written, in Markdown."""
        return self._text("description")

    @cached_property
    def description_html(self) -> Markup:
        """Its description as safe HTML."""
        return markdown_html(self.description)

    @cached_property
    def text_locale(self) -> str:
        """The language its title is really in."""
        return self.language_of("title")

    def language_of(self, key: str) -> str:
        """The language its text under `key` is really in: where one has no such text, another stands in."""
        return text_of(self.event.texts, key, self.locale)[1]

    @property
    def is_past(self) -> bool:
        """Whether it is over."""
        return self.event.ends_at <= self.now

    @cached_property
    def when(self) -> Occasion:
        """Date and time."""
        return occasion(self.event, self.locale)

    @cached_property
    def list_ends_text(self) -> str:
        """The day, at the place, on which the list of who comes is destroyed."""
        day = self.event.list_ends_at.astimezone(ZoneInfo(self.event.time_zone)).date()
        return day_month(day, self.locale)

    @cached_property
    def place(self) -> Place:
        """Where it is, as far as this reader may know."""
        return place_of(self.event, self.locale, entitled=self.entitled)

    @property
    def hidden_note(self) -> str:
        """Who is told the exact place; empty where this reader sees all of it."""
        return hidden_note(self.event) if self.place.hidden else ""

    @property
    def venue(self) -> str:
        """The name of the place."""
        return self.place.venue

    @property
    def street(self) -> str:
        """Street and number."""
        return self.place.street

    @property
    def city(self) -> str:
        """The city, as this language calls it; online events have none."""
        return self.place.city

    @property
    def country_name(self) -> str:
        """The country in the reader's language."""
        return self.place.country_name

    @property
    def place_line(self) -> str:
        """Venue and address on one line; for calendars, LOCATION."""
        return self.place.line

    @property
    def latitude(self) -> float | None:
        """Degrees north."""
        return self.place.latitude

    @property
    def longitude(self) -> float | None:
        """Degrees east."""
        return self.place.longitude

    @property
    def map_url(self) -> str | None:
        """A map to open in another tab; nothing is loaded from it."""
        return self.place.map_url

    @property
    def online_url(self) -> str | None:
        """Where it can be followed."""
        return self.place.online_url

    @property
    def is_online(self) -> bool:
        """Whether it has no place but an address on the network."""
        return bool(self.event.online_url) and not self.event.city

    @property
    def doors(self) -> str | None:
        """When the doors open, in local time."""
        if self.event.doors_at is None:
            return None
        return clock_text(self.event.doors_at.astimezone(ZoneInfo(self.event.time_zone)), self.locale)

    @cached_property
    def programme(self) -> list[ProgrammeView]:
        """The evening's items in order."""
        items = []
        for item in self.event.programme:
            title, title_locale = self._in_language(item["title"])
            note, note_locale = self._in_language(item["note"])
            time = self._programme_time(item["at"])
            items.append(ProgrammeView(time, title, title_locale, note or None, note_locale))
        return items

    @property
    def image(self) -> ImageView | None:
        """Its picture."""
        return image_view(self.event.image, self._text("image_alt")) if self.event.image else None

    @property
    def accessibility(self) -> str | None:
        """What people who need to know of steps, seats or sounds are told."""
        return self._text("accessibility") or None

    @property
    def gate_note(self) -> str | None:
        """What those who come need to know at the gate; nobody else is told."""
        return self._text("gate_note") or None if self.entitled else None

    @property
    def contact(self) -> str | None:
        """How to reach the organizers."""
        return self.event.contact or None

    @property
    def donation_url(self) -> str | None:
        """Where to give."""
        return self.event.donation_url or None

    @property
    def largest_party(self) -> int:
        """How many may come on one RSVP at the moment."""
        return self.event.largest_now

    @property
    def largest_under_attack(self) -> int:
        """How many may come on one RSVP while the event is under attack."""
        return LARGEST_UNDER_ATTACK

    @property
    def listed(self) -> bool:
        """Whether it stands in lists and feeds; else it is found by its address only."""
        return self.event.listed

    @cached_property
    def rsvp(self) -> RsvpState:
        """Whether one can RSVP now."""
        return opening(self.event, self.locale, self.now)

    @property
    def campaign(self) -> CampaignView | None:
        """The campaign it belongs to, if strangers may see it."""
        found = self.event.campaign
        return CampaignView(found, self.locale) if found is not None and found.published else None

    @cached_property
    def again(self) -> Again | None:
        """The series it is one date of; None for what happens once."""
        series, recurs_at = self.event.series, self.event.recurs_at
        if series is None or recurs_at is None:
            return None
        return Again(self.event, series, recurs_at, self.locale)

    @property
    def url(self) -> str:
        """Its absolute public address."""
        return public_url("front.event", locale=self.locale, slug=self.slug)

    def _text(self, key: str) -> str:
        return text_of(self.event.texts, key, self.locale)[0]

    def _in_language(self, texts: dict[str, str]) -> tuple[str, str]:
        return next(((texts[code], code) for code in (self.locale, "en", *texts) if texts.get(code)), ("", self.locale))

    def _programme_time(self, at: str) -> str | None:
        if not at:
            return None
        hour, minute = at.split(":")
        return clock_text(dt.datetime(2000, 1, 1, int(hour), int(minute), tzinfo=dt.UTC), self.locale)
