"""Campaigns, events and messages as a TOML file writes them (docs/loading.md): read and checked, nothing stored."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zoneinfo import available_timezones

from ..core.i18n import LOCALES
from ..core.toml_sheets import Sheet, Table, nearest
from .drafts import (
    CAMPAIGN_TEXTS,
    CLOCK,
    EASTMOST,
    EVENT_TEXTS,
    LARGEST_PARTY,
    LONGEST_ITEM,
    MOST_SEATS,
    NORTHMOST,
    CampaignDraft,
    EventDraft,
    is_safe_link,
    is_time_zone,
    objections,
)
from .images import ImageRefused, Picture, read_image
from .models import LONGEST_KEPT, STATUSES, ProgrammeItem, Texts
from .slugs import is_slug
from .written_times import Times, read_times
from .zones import country_choices

LONGEST_LINES = {"venue": 200, "street": 200, "city": 100, "region": 100, "contact": 200}
LONGEST_LINK = 500
LONGEST_MESSAGE = 1000
LONGEST_PICTURE = 6_000_000
DEFAULT_PARTY = 6
LANGUAGES = " or ".join(LOCALES)
# The draft's fields that a file calls by another name.
KEYS = {
    "starts_at": "starts",
    "ends_at": "ends",
    "doors_at": "doors",
    "rsvp_opens_at": "rsvp_opens",
    "rsvp_closes_at": "rsvp_closes",
    "texts": "text",
}


@dataclass(frozen=True, kw_only=True)
class WrittenCampaign:
    """A campaign and where it stands in the file."""

    table: Table
    slug: str
    draft: CampaignDraft


@dataclass(frozen=True, kw_only=True)
class WrittenEvent:
    """An event and where it stands in the file; without a status it keeps the one it has, or is a draft."""

    table: Table
    slug: str
    campaign_slug: str | None
    status: str | None
    draft: EventDraft
    picture: Picture | None


@dataclass(frozen=True, kw_only=True)
class WrittenMessage:
    """A message for the wall of an event."""

    event_slug: str
    language: str
    text: str
    name: str
    place: str


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a file holds, in its order."""

    campaigns: list[WrittenCampaign]
    events: list[WrittenEvent]
    messages: list[WrittenMessage]


def read_written(sheet: Sheet, *, folder: Path, campaigns_kept: Iterable[str], today: dt.date) -> Written:
    """Everything in a sheet; BadFile when anything in it is wrong.

    `folder`: where pictures are looked for. `campaigns_kept`: slugs that events may name beside the file's own.
    """
    top = sheet.top
    campaign_tables, event_tables = top.tables("campaign"), top.tables("event")
    campaign_slugs, event_slugs = _slugs(campaign_tables), _slugs(event_tables)
    message_tables = top.tables("message")
    top.done()
    if not campaign_tables and not event_tables:
        top.wrong(None, "there is no campaign and no event in it; begin one with a line [[event]].")
    known = {*campaign_slugs, *campaigns_kept}
    reader = _EventReader(folder, sorted(known), today)
    written = Written(
        campaigns=[_campaign(table) for table in campaign_tables],
        events=[event for table in event_tables if (event := reader.event(table))],
        messages=[_message(table, event_slugs) for table in message_tables],
    )
    sheet.refuse()
    return written


def _slugs(tables: list[Table]) -> list[str]:
    found: dict[str, Table] = {}
    for table in tables:
        slug = table.line_of_text("slug", example='"berkeley-2027"')
        if not is_slug(slug):
            table.wrong("slug", f'"{slug}" does not fit; write small Latin letters, digits and hyphens.')
        elif slug in found:
            line = table.sheet.line((*found[slug].path, "slug"))
            table.wrong("slug", f'"{slug}" is taken by line {line} already; give each its own.')
        else:
            found[slug] = table
    return list(found)


def _campaign(table: Table) -> WrittenCampaign:
    texts = _texts(table, CAMPAIGN_TEXTS)
    draft = CampaignDraft(texts=texts, published=table.flag("published"))
    slug = table.line_of_text("slug")
    table.done()
    return WrittenCampaign(table=table, slug=slug, draft=draft)


def _texts(table: Table, keys: dict[str, int]) -> Texts:
    """[event.text.en] and its sisters; each language that is there has a title."""
    around = table.table("text")
    texts: Texts = {}
    for code in around.keys():  # noqa: SIM118 - a table is no dict
        if code not in LOCALES:
            around.wrong(code, f"this language is not known here; write {LANGUAGES}.")
            continue
        said = around.table(code)
        texts[code] = {key: said.text(key, longest=longest) for key, longest in keys.items()}
        if "title" not in said or not texts[code]["title"]:
            said.wrong("title", f'the title is missing; write title = "..." in this language, or leave {code} out.')
        said.done()
    if not around.keys():
        kind = table.path[0]
        table.wrong("text", f'there is no title; write a line [{kind}.text.en] and below it title = "...".')
    return texts


def _message(table: Table, event_slugs: list[str]) -> WrittenMessage:
    slug = table.line_of_text("event")
    if slug not in event_slugs:
        table.wrong("event", f'the file has no event "{slug}"; {nearest(slug, event_slugs)}')
    language = table.line_of_text("language", example='"fa"')
    if not re.fullmatch("[a-z]{2}", language):
        table.wrong("language", f'"{language}" is no language; write its two letters, such as "fa".')
    text = table.text("text", longest=LONGEST_MESSAGE)
    if not text:
        table.wrong("text", 'the message is missing; write text = "...".')
    name, place = table.line_of_text("name", longest=80), table.line_of_text("place", longest=80)
    table.done()
    return WrittenMessage(event_slug=slug, language=language, text=text, name=name, place=place)


class _EventReader:
    """Reads the tables of events."""

    def __init__(self, folder: Path, campaigns: list[str], today: dt.date) -> None:
        self._folder = folder
        self._campaigns = campaigns
        self._today = today
        self._pictures: dict[str, Picture | None] = {}

    def event(self, table: Table) -> WrittenEvent | None:
        """An event; None when its times are not known."""
        slug = table.line_of_text("slug")
        texts = _texts(table, EVENT_TEXTS)
        campaign = self._campaign(table)
        status = table.choice("status", STATUSES)
        picture = self._picture(table)
        zone = _zone(table)
        times = read_times(table, zone=zone or "UTC", today=self._today)
        others = _others(table)
        table.done()
        if zone is None or times is None:
            return None
        draft = _draft(texts, zone, times, others)
        _object(table, draft)
        return WrittenEvent(table=table, slug=slug, campaign_slug=campaign, status=status, draft=draft, picture=picture)

    def _campaign(self, table: Table) -> str | None:
        slug = table.line_of_text("campaign")
        if slug and slug not in self._campaigns:
            known = nearest(slug, self._campaigns) if self._campaigns else "write a [[campaign]] above."
            table.wrong("campaign", f'there is no campaign "{slug}"; {known}')
        return slug or None

    def _picture(self, table: Table) -> Picture | None:
        name = table.line_of_text("image")
        if not name:
            return None
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            table.wrong("image", f'"{name}" leads elsewhere; write the name of a file beside this one.')
            return None
        if name not in self._pictures:
            self._pictures[name] = self._read(table, name)
        return self._pictures[name]

    def _read(self, table: Table, name: str) -> Picture | None:
        try:
            octets = (self._folder / name).read_bytes()
        except OSError as error:
            table.wrong("image", f'"{name}" cannot be read ({error.strerror}); put the picture beside this file.')
            return None
        try:
            return read_image(octets)
        except ImageRefused as refusal:
            table.wrong("image", _within(refusal))
            return None


def _object(table: Table, draft: EventDraft) -> None:
    """What speaks against the draft as a whole, where nothing is wrong with the key itself."""
    for field, sentence in objections(draft):
        key = KEYS.get(field, field)
        if not table.sheet.is_wrong((*table.path, key)):
            table.wrong(key, _within(sentence))


def _within(sentence: object) -> str:
    """A sentence written for forms, to stand behind a colon."""
    said = str(sentence)
    return said[:1].lower() + said[1:]


@dataclass(frozen=True, kw_only=True)
class _Others:
    """What an event says beside its texts and times."""

    programme: list[ProgrammeItem]
    lines: dict[str, str]
    country: str
    latitude: float | None
    longitude: float | None
    links: dict[str, str]
    capacity: int | None
    largest_party: int
    keep_days: int


def _others(table: Table) -> _Others:
    limit = ", or leave the line out for no limit"
    party = table.whole("largest_party", least=1, most=LARGEST_PARTY)
    keep_days = table.whole("keep_days", least=0, most=LONGEST_KEPT)
    return _Others(
        programme=_programme(table),
        lines={key: table.line_of_text(key, longest=longest) for key, longest in LONGEST_LINES.items()},
        country=_country(table),
        latitude=table.number("latitude", least=-NORTHMOST, most=NORTHMOST),
        longitude=table.number("longitude", least=-EASTMOST, most=EASTMOST),
        links={key: _link(table, key) for key in ("online_url", "donation_url")},
        capacity=table.whole("capacity", least=1, most=MOST_SEATS, instead=limit),
        largest_party=DEFAULT_PARTY if party is None else party,
        keep_days=LONGEST_KEPT if keep_days is None else keep_days,
    )


def _draft(texts: Texts, zone: str, times: Times, others: _Others) -> EventDraft:
    return EventDraft(
        texts=texts,
        time_zone=zone,
        starts_at=times.starts_at,
        ends_at=times.ends_at,
        doors_at=times.doors_at,
        rsvp_opens_at=times.rsvp_opens_at,
        rsvp_closes_at=times.rsvp_closes_at,
        programme=others.programme,
        country=others.country,
        latitude=others.latitude,
        longitude=others.longitude,
        capacity=others.capacity,
        largest_party=others.largest_party,
        keep_days=others.keep_days,
        **others.lines,
        **others.links,
    )


def _zone(table: Table) -> str | None:
    zone = table.line_of_text("time_zone", example='"America/Bogota"')
    if is_time_zone(zone):
        return zone
    if not zone:
        table.wrong("time_zone", 'this is missing; write the zone of the place, such as "America/Bogota".')
    else:
        known = nearest(zone, sorted(available_timezones()), otherwise='write one such as "America/Bogota".')
        table.wrong("time_zone", f'there is no time zone "{zone}"; {known}')
    return None


def _country(table: Table) -> str:
    code = table.line_of_text("country", example='"CO"')
    if code and code not in dict(country_choices("en")):
        table.wrong("country", f'"{code}" is no country; write its two capital letters, such as "CO" for Colombia.')
    return code


def _link(table: Table, key: str) -> str:
    address = table.line_of_text(key, longest=LONGEST_LINK, example='"https://example.org"')
    if address and not is_safe_link(address):
        table.wrong(key, f'"{address}" is no safe link; write one that begins with https:// and names a site.')
    return address


def _programme(table: Table) -> list[ProgrammeItem]:
    return [_item(each) for each in table.tables("programme")]


def _item(table: Table) -> ProgrammeItem:
    at = table.line_of_text("at", example='"18:30"')
    if at and not CLOCK.fullmatch(at):
        table.wrong("at", f'"{at}" is no time of day; write hours and minutes, such as "18:30".')
    title, note = _in_languages(table, "title"), _in_languages(table, "note")
    if not title:
        table.wrong("title", 'the title is missing; write title = { en = "Poetry" }.')
    table.done()
    return {"at": at, "title": title, "note": note}


def _in_languages(table: Table, key: str) -> dict[str, str]:
    said = table.table(key)
    texts: dict[str, str] = {code: said.line_of_text(code, longest=LONGEST_ITEM) for code in LOCALES}
    said.done()
    return {code: text for code, text in texts.items() if text}
