"""Where a language lacks a text, another's stands in, and is shown as what it is."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.factories import a_campaign, an_event

HALF = {
    "fa": {"title": "شب شعر"},
    "en": {
        "title": "A night",
        "summary": "Poems (two hours).",
        "description": "Bring a poem (or two).",
        "accessibility": "Two steps (no ramp).",
    },
}
ITEM = {"at": "18:00", "title": {"en": "Open stage."}, "note": {"en": "Five minutes.", "fa": "پنج دقیقه."}}
ENGLISH = r'<[a-z0-9]+ [^>]*lang="en"[^>]*>(?:<[a-z]+[^>]*>)?{}'


@pytest.fixture
def half(client: FlaskClient) -> FlaskClient:
    campaign = a_campaign(slug="revolt", texts=HALF)
    an_event(slug="night", campaign_id=campaign.id, texts=HALF, programme=[ITEM])
    return client


@pytest.mark.parametrize(
    ("address", "texts"),
    [
        ("/fa/", ["Poems (two"]),
        ("/fa/campaigns/revolt", ["Poems (two", "Bring a poem"]),
        ("/fa/events/night", ["Poems (two", "Bring a poem", "Two steps", "Open stage"]),
    ],
)
def test_what_stands_in_keeps_its_own_language_and_direction(half: FlaskClient, address: str, texts: list[str]) -> None:
    page = half.get(address).text.partition("<main")[2]
    for text in texts:
        assert re.search(ENGLISH.format(re.escape(text)), page), text
    assert 'lang="fa" dir="rtl">شب شعر' in re.sub(r"<a [^>]*>", "", page)
    assert not re.search(r'lang="en"[^>]*>\s*<h2', page)  # our own headings are in the reader's
