"""Quiet mails: no word of the campaign in headers, subject, preview, text, calendar or file name, in no language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient

from iec_events.core import clock as our_clock
from iec_events.core.config import settings
from iec_events.core.i18n import LocaleCode
from iec_events.events.models import Event
from iec_events.rsvps import actions
from iec_events.rsvps.actions import Details
from iec_events.rsvps.own_calendar import own_address
from iec_events.rsvps.queries import own_rsvp
from tests.events.serial import a_vigil, dates
from tests.filling import hidden_fields, send
from tests.rsvps.every_letter import CAMPAIGN, TEXTS, WORDS, a_night, all_letters, somebody, written

LANGUAGES: tuple[LocaleCode, ...] = ("en", "fa", "es")
# Words that any letter may hold, and that tell nothing by themselves.
ANY_LETTER = {
    "for", "the", "and", "then", "open", "con", "los", "las", "por", "del", "una", "noche", "next", "time", "your",
    "know", "band", "center", "برای", "سپس", "بار", "بعد", "دو", "را", "در", "از", "های", "کردی",
}  # fmt: skip
MORE = {
    "iran", "irán", "ایران", "prison", "زندان", "preso", "revolt", "شورش", "revuelta", "kurd", "poem", "شعر",
    "poes", "starry", "plough", "shattuck", "peña", "california", "los_angeles", "pacific", "iec events",
}  # fmt: skip
WORD = re.compile(r"[^\W\d_]{3,}")


def words_of(event: Event) -> set[str]:
    """The word list of the campaign: every word that its texts, place, addresses and organizers use."""
    said = [*CAMPAIGN.values(), *WORDS.values(), *(text for texts in TEXTS.values() for text in texts.values())]
    said += [event.venue, event.street, event.city, event.slug, "night-of-cultural-revolt", event.time_zone]
    said += [event.contact, event.online_url, "La Peña Cultural Center", settings().mail_name, "Berkeley", "برکلی"]
    found = {word.casefold() for text in said for word in WORD.findall(text)}
    return found - ANY_LETTER - {"https", "example", "com", "org"}


def told_by(message: EmailMessage) -> Iterator[tuple[str, str]]:
    """Everything in a message that a mail program or a neighbour may show, part by part."""
    yield "headers", "\n".join(f"{name}: {value}" for name, value in message.items())
    for part in message.walk():
        if part.is_multipart():
            continue
        name = f"{part.get_content_type()} headers"
        yield name, "\n".join(f"{name}: {value}" for name, value in part.items())
        content = part.get_content()
        yield part.get_content_type(), content.decode() if isinstance(content, bytes) else content


def unfolded(text: str) -> str:
    """As programs read it: iCalendar's folds taken out, and the service's own address, which nothing can hide."""
    text = re.sub(r"\r?\n[ \t]", "", text).casefold()
    return text.replace(settings().mail_from.casefold(), "").replace(settings().host.casefold(), "")


def found_in(text: str, wordlist: set[str]) -> list[str]:
    """Which words of the list stand in a text, and which of the worst ones as part of a word."""
    shown = unfolded(text)
    return sorted(wordlist & set(WORD.findall(shown)) | {word for word in MORE if word in shown})


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_word_list_of_the_campaign_finds_nothing_in_any_letter(app: Flask, locale: LocaleCode) -> None:
    del app
    event = a_night()
    wordlist = words_of(event)
    assert len(wordlist) > 60
    seen = set()
    for kind, (_letter, message) in all_letters(locale, quiet=True).items():
        seen.add(kind)
        for where, text in told_by(message):
            assert found_in(text, wordlist) == [], (kind, where)
    assert len(seen) == 26


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_same_list_finds_the_campaign_in_every_other_letter(app: Flask, locale: LocaleCode) -> None:
    del app
    event = a_night()
    wordlist = words_of(event)
    for kind, (letter, message) in all_letters(locale).items():
        assert found_in(" ".join(text for _where, text in told_by(message)), wordlist), kind
        assert found_in(letter.subject, wordlist), kind


def test_quiet_calendars_keep_what_calendars_need(app: Flask) -> None:
    del app
    letter, _message = all_letters("en", quiet=True)["confirmed"]
    told = unfolded((letter.calendar or b"").decode())
    for line in (
        "uid:4b0c9b52-7d1c-4b5e-9f0a-",
        "summary;language=en:appointment",
        "dtstart:20270314t030000z",
        "dtend:20270314t060000z",
        "sequence:0",
        "class:private",
        "method:request",
        "organizer;cn=appointments:mailto:",
    ):
        assert line in told, line
    for left_out in ("location", "geo", "image", "categories", "conference", "vtimezone", "tzid", "x-apple"):
        assert left_out not in told
    assert "/rsvps/lost" in told, "nor the key itself: others read calendars, too"
    assert letter.file_name == "appointment.ics"


def test_a_quiet_date_of_a_series_names_no_zone_and_is_still_that_date(app: Flask) -> None:
    del app
    a_vigil()
    event = dates()[0]
    rsvp_id, token = somebody(event, quiet=True)
    facts = {"rsvp_id": rsvp_id, "token": token, "to": "sara@example.org"}
    told = (written("confirmed", "en", facts).calendar or b"").decode()
    assert f"UID:{event.series.uid if event.series else ''}\r\n" in told
    assert "RECURRENCE-ID:20270203T020000Z\r\n" in told
    assert "DTSTART:20270203T020000Z\r\n" in told
    assert "Los_Angeles" not in told


def test_it_is_chosen_when_signing_up_and_on_the_own_page(client: FlaskClient, app: Flask) -> None:
    del app
    event = a_night()
    page = f"/events/{event.slug}/my-rsvp"
    send(client, f"/events/{event.slug}/rsvp", name="Sara", party_size="1", email="sara@example.org", quiet="y")
    fields = hidden_fields(client.get(f"{page}/change").text)
    assert 'name="quiet" type="checkbox" value="y"' in client.get(f"{page}/change").text.replace("checked ", "")
    download = client.get(f"{page}/calendar.ics")
    assert download.headers["Content-Disposition"] == 'attachment; filename="appointment.ics"'
    assert found_in(download.text, words_of(event)) == []
    client.post(f"{page}/change", data={**fields, "name": "Sara", "party_size": "1", "locale": "en"})
    assert "Plough" in client.get(f"{page}/calendar.ics").text, "and taken back"


def test_ones_own_feed_is_quiet_too(client: FlaskClient, app: Flask) -> None:
    del app
    event = a_night()
    rsvp_id, token = somebody(event, quiet=True)
    actions.make_calendar(token=token, now=our_clock.now())
    address = own_address(rsvp_id)
    assert address
    wordlist = words_of(event)
    path = address.removeprefix(settings().public_url)
    for prefix in ("", "/fa", "/es"):
        shown = client.get(prefix + path).text
        assert found_in(shown, wordlist) == []
        assert "X-WR-CALNAME:" in shown
    actions.say_not_coming(token=token, now=our_clock.now())
    assert found_in(client.get(path).text, wordlist) == []


def test_a_change_with_a_later_link_keeps_what_it_does_not_show(app: Flask) -> None:
    del app
    event = a_night()
    _rsvp_id, token = somebody(event, quiet=True)
    actions.change_rsvp(token=token, name="Sara", party_size=1, note="", now=our_clock.now())
    assert own_rsvp(token=token, slug=event.slug).quiet
    details = Details(quiet=False)
    actions.change_rsvp(token=token, name="Sara", party_size=1, note="", now=our_clock.now(), details=details)
    assert not own_rsvp(token=token, slug=event.slug).quiet
