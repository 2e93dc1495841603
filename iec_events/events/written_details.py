"""What a TOML file says of an event beside its texts and times: place, programme, seats, how one signs up."""

from __future__ import annotations

from typing import Any

from ..core.i18n import LOCALES
from ..core.toml_sheets import Table
from .drafts import (
    CLOCK,
    EASTMOST,
    LARGEST_PARTY,
    LONGEST_ITEM,
    MOST_SEATS,
    NORTHMOST,
    USUAL_HOURS,
    is_safe_link,
)
from .models import LONGEST_HOLD_H, LONGEST_KEPT, LONGEST_OFFER_H, REMINDERS, USUAL_REMINDERS, ProgrammeItem
from .zones import country_choices

LONGEST_LINES = {"venue": 200, "street": 200, "city": 100, "region": 100, "contact": 200}
LONGEST_LINK = 500
DEFAULT_PARTY = 6
FLAGS = ("confirms_address", "needs_approval", "address_hidden", "asks_companions", "asks_children", "puzzle", "thanks")


def read_details(table: Table) -> dict[str, Any]:
    """Field of `EventDraft` -> what is written, or what holds without it."""
    return {
        "programme": [_item(each) for each in table.tables("programme")],
        **{key: table.line_of_text(key, longest=longest) for key, longest in LONGEST_LINES.items()},
        "country": _country(table),
        "latitude": table.number("latitude", least=-NORTHMOST, most=NORTHMOST),
        "longitude": table.number("longitude", least=-EASTMOST, most=EASTMOST),
        **{key: _link(table, key) for key in ("online_url", "donation_url")},
        **_seats(table),
        **_signing_up(table),
    }


def _seats(table: Table) -> dict[str, int | None]:
    limit = ", or leave the line out for no limit"
    party = table.whole("largest_party", least=1, most=LARGEST_PARTY)
    keep_days = table.whole("keep_days", least=0, most=LONGEST_KEPT)
    return {
        "capacity": table.whole("capacity", least=1, most=MOST_SEATS, instead=limit),
        "largest_party": DEFAULT_PARTY if party is None else party,
        "keep_days": LONGEST_KEPT if keep_days is None else keep_days,
    }


def _signing_up(table: Table) -> dict[str, int | bool | list[int] | None]:
    at_once = ", or leave the line out to give freed seats at once"
    hold_hours = table.whole("hold_hours", least=1, most=LONGEST_HOLD_H)
    return {
        "hold_hours": USUAL_HOURS if hold_hours is None else hold_hours,
        "offer_hours": table.whole("offer_hours", least=1, most=LONGEST_OFFER_H, instead=at_once),
        "listed": table.flag("listed", missing=True),
        "reminders": _reminders(table),
        **{key: table.flag(key) for key in FLAGS},
    }


def _reminders(table: Table) -> list[int]:
    written = table.raw("reminders")
    if written is None:
        return [*USUAL_REMINDERS]
    if not isinstance(written, list) or any(isinstance(each, bool) or each not in REMINDERS for each in written):
        table.wrong("reminders", "write hours before the start, some of [168, 24, 2], or [] for none.")
        return []
    return written


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
