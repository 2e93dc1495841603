"""In Farsi every day of the Gregorian calendar has the Persian calendar's day beside it."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import pytest
from babel.dates import get_month_names
from flask.testing import FlaskClient
from persiantools.jdatetime import MONTH_NAMES_FA

from tests.events.serial import a_vigil
from tests.factories import a_campaign, an_event
from tests.solidarity.test_routes_organizers import leave

GREGORIAN = "|".join(sorted(get_month_names("wide", locale="fa").values(), key=len, reverse=True))
DAY = re.compile(rf"(?:{GREGORIAN}) [۰-۹]{{4}}|۲[۰-۹]{{3}}-[۰-۹]{{2}}-[۰-۹]{{2}}")
JALALI = re.compile(rf"[۰-۹]{{1,2}} (?:{'|'.join(filter(None, MONTH_NAMES_FA))}) ۱[۳-۴][۰-۹]{{2}}")
NEAR = 90  # characters from a day to its other name
NIGHT = dt.datetime(2027, 2, 25, 2, tzinfo=dt.UTC)  # 24 February in Berkeley, 5 Esfand 1405
PUBLIC = ("/", "/events/night", "/events/night/rsvp", "/events/night/messages", "/campaigns/revolt", "/series/vigil")
ORGANIZERS = (
    "",
    "/events",
    "/events/night",
    "/events/night/rsvps",
    "/events/night/rsvps/add",
    "/events/night/letters",
    "/events/night/letters/new",
    "/events/night/questions",
    "/events/night/door",
    "/events/night/cancel",
    "/events/night/postpone",
    "/events/night/preview",
    "/messages",
    "/door",
    "/team/invite",
    "/series/vigil",
    "/access",
    "/account",
    "/audit",
    "/team",
)


@pytest.fixture
def announced(organizer: FlaskClient) -> FlaskClient:
    """An organizer who has announced a night and a vigil; the night was written to."""
    campaign = a_campaign(slug="revolt")
    night = an_event(slug="night", starts_at=NIGHT, campaign_id=campaign.id)
    leave("Freedom is a song", slug=night.slug)
    assert a_vigil() == "vigil"
    return organizer


def words(page: str) -> str:
    """What is read on a page, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.partition("<main")[2])).split())


@pytest.mark.parametrize("address", [*PUBLIC, *(f"/organize{path}" for path in ORGANIZERS)])
def test_each_has_its_jalali_day_beside_it(announced: FlaskClient, address: str) -> None:
    answer = announced.get(f"/fa{address}")
    assert answer.status_code == 200
    read = words(answer.text)
    alone = [
        read[max(0, day.start() - NEAR) : day.end() + NEAR]
        for day in DAY.finditer(read)
        if not JALALI.search(read, day.end(), day.end() + NEAR)
    ]
    assert alone == []


def test_the_days_are_found(announced: FlaskClient) -> None:
    for address in ("/fa/", "/fa/organize", "/fa/organize/events/night/rsvps"):
        read = words(announced.get(address).text)
        assert "فوریه" in read, address
        assert "۵ اسفند ۱۴۰۵" in read, address
