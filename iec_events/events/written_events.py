"""Campaigns, events and messages as a TOML file writes them (docs/loading.md): read and checked, nothing stored."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import available_timezones

from flask import current_app

from ..core.i18n import LOCALES
from ..core.toml_sheets import Sheet, Table, nearest
from .drafts import (
    CAMPAIGN_TEXTS,
    EVENT_TEXTS,
    CampaignDraft,
    EventDraft,
    is_time_zone,
    objections,
)
from .images import ImageRefused, Picture, read_image
from .models import STATUSES, Texts
from .slugs import LONGEST_OF_SERIES, is_secret, is_slug, with_tail
from .written_again import STATUSES as SERIES_STATUSES
from .written_again import WrittenAgain, read_again
from .written_details import read_details
from .written_times import read_times

LONGEST_MESSAGE = 1000
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
    questions: Any  # what the room of questions read; it lies above this one
    again: WrittenAgain | None = None


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
        if picture and not any(said["image_alt"] for said in texts.values()):
            table.wrong("image", 'nobody who cannot see it knows what it shows; write image_alt = "..." in its texts.')
        zone = _zone(table)
        times = read_times(table, zone=zone or "UTC", today=self._today)
        details = read_details(table)
        if not details["listed"]:
            _want_secret(table, slug)
        questions = current_app.extensions["written_questions"].read_questions(table.tables("question"))
        again = table.raw("again") is not None
        table.done()
        if zone is None or times is None:
            return None
        draft = EventDraft(texts=texts, time_zone=zone, **vars(times), **details)
        _object(table, draft)
        if again and status not in {None, *SERIES_STATUSES}:
            table.wrong("status", f"what comes again is one of {', '.join(SERIES_STATUSES)}.")
        if again and draft.listed and len(slug) > LONGEST_OF_SERIES:
            table.wrong("slug", f'"{slug}" is too long for what comes again; write {LONGEST_OF_SERIES} signs at most.')
        return WrittenEvent(
            table=table,
            slug=slug,
            campaign_slug=campaign,
            status=status,
            draft=draft,
            picture=picture,
            questions=questions,
            again=read_again(table, draft),
        )

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


def _want_secret(table: Table, slug: str) -> None:
    """What only those with the link shall find must not have an address that can be guessed."""
    if is_slug(slug) and not is_secret(slug):
        table.wrong("slug", f'"{slug}" can be guessed, and listed is false; write for example "{with_tail(slug)}".')


def _object(table: Table, draft: EventDraft) -> None:
    """What speaks against the draft as a whole, where nothing is wrong with the key itself."""
    for field, sentence in objections(draft):
        key = KEYS.get(field, field)
        if not table.sheet.is_wrong((*table.path, key)):
            table.wrong(key, _within(sentence))


def _within(sentence: object) -> str:
    """A sentence written for forms, to stand behind a colon; RSVPs keep their capitals."""
    said = str(sentence)
    return said if said[1:2].isupper() else said[:1].lower() + said[1:]


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
