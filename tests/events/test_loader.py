"""Campaigns and events from TOML, on both databases: what comes in, what stays, and what is refused on which line."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from PIL import Image as Pillow

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.toml_sheets import BadFile
from iec_events.events.actions import revise_event
from iec_events.events.commands import load_file
from iec_events.events.drafts import draft_of
from iec_events.events.loader import SAMPLE, Loaded, load
from iec_events.events.models import Campaign, Event, Image
from iec_events.questions.models import Question
from iec_events.solidarity.models import Message
from tests.events.serial import dates, days

pytestmark = pytest.mark.usefixtures("app")

NIGHT = """\
[[campaign]]
slug = "nights"
published = true
[campaign.text.en]
title = "Nights"

[[event]]
slug = "bogota"
campaign = "nights"
status = "published"
time_zone = "America/Bogota"
starts = 2027-02-20T18:00:00
ends = "21:00"
doors = "17:30"
rsvp_opens = { days_earlier = 20, at = "09:00" }
rsvp_closes = 2027-02-20T12:00:00
venue = "A courtyard"
street = "La Candelaria"
city = "Bogotá"
region = "D. C."
country = "CO"
latitude = 4.5964
longitude = -74
online_url = "https://example.org/live"
contact = "bogota@example.org"
donation_url = "https://example.org/give"
capacity = 60
largest_party = 4
[event.text.es]
title = "Noche"
summary = "Poesía y canto."
[[event.programme]]
at = "18:00"
title = { es = "Poesía", fa = "شعر" }
note = { es = "En dos lenguas" }
[[event.programme]]
title = { es = "Baile" }
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "nights.toml"
    file.write_text(text, encoding="utf-8")
    return file


def loaded(folder: Path, text: str, now: dt.datetime | None = None) -> Loaded:
    return load(written(folder, text), now=now or clock.now())


def event(slug: str) -> Event:
    db.session.rollback()
    return db.session.scalars(sa.select(Event).where(Event.slug == slug)).one()


def count(kind: type[Campaign | Event | Image | Message]) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


def local(slug: str) -> str:
    found = event(slug)
    return clocks(found.starts_at, found.time_zone)


def clocks(moment: dt.datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def refused(folder: Path, text: str) -> list[str]:
    """The problems, without the name of the file; nothing was written."""
    before = count(Campaign), count(Event)
    with pytest.raises(BadFile) as raised:
        loaded(folder, text)
    assert (count(Campaign), count(Event)) == before
    return [problem.removeprefix(f"{folder / 'nights.toml'}, ") for problem in raised.value.problems]


def test_every_key_comes_in(tmp_path: Path) -> None:
    assert loaded(tmp_path, NIGHT) == Loaded(created=["nights", "bogota"])

    found = event("bogota")
    assert found.campaign is not None
    assert (found.campaign.slug, found.campaign.published) == ("nights", True)
    assert (found.status, found.time_zone, found.sequence) == ("published", "America/Bogota", 0)
    assert found.starts_at == dt.datetime(2027, 2, 20, 23, tzinfo=dt.UTC)
    assert found.ends_at == dt.datetime(2027, 2, 21, 2, tzinfo=dt.UTC)
    assert found.doors_at == dt.datetime(2027, 2, 20, 22, 30, tzinfo=dt.UTC)
    assert found.rsvp_opens_at == dt.datetime(2027, 1, 31, 14, tzinfo=dt.UTC)
    assert found.rsvp_closes_at == dt.datetime(2027, 2, 20, 17, tzinfo=dt.UTC)
    assert (found.venue, found.street, found.city) == ("A courtyard", "La Candelaria", "Bogotá")
    assert (found.region, found.country) == ("D. C.", "CO")
    assert (found.latitude, found.longitude) == (4.5964, -74.0)
    assert (found.online_url, found.donation_url) == ("https://example.org/live", "https://example.org/give")
    assert (found.contact, found.capacity, found.largest_party) == ("bogota@example.org", 60, 4)
    assert found.texts == {"es": {"title": "Noche", "summary": "Poesía y canto."}}
    assert [item["at"] for item in found.programme] == ["18:00", ""]
    assert found.programme[0]["title"] == {"es": "Poesía", "fa": "شعر"}
    assert found.programme[0]["note"] == {"es": "En dos lenguas"}


def test_an_unchanged_file_changes_nothing(tmp_path: Path) -> None:
    loaded(tmp_path, NIGHT)
    before = event("bogota").revised_at

    again = loaded(tmp_path, NIGHT, clock.now() + dt.timedelta(days=1))

    assert again == Loaded(unchanged=["nights", "bogota"])
    assert (event("bogota").revised_at, event("bogota").sequence) == (before, 0)


def test_a_changed_file_revises(tmp_path: Path) -> None:
    loaded(tmp_path, NIGHT)
    uid = event("bogota").uid

    again = loaded(tmp_path, NIGHT.replace("T18:00:00", "T17:45:00").replace('"Nights"', '"Noches"'))

    assert again == Loaded(revised=["nights", "bogota"])
    assert (event("bogota").sequence, event("bogota").uid) == (1, uid)
    assert local("bogota") == "2027-02-20 17:45"


@pytest.mark.parametrize("first", ["draft", "published", "cancelled", "postponed"])
@pytest.mark.parametrize("then", ["draft", "published", "cancelled", "postponed"])
def test_any_status_leads_to_any_other(tmp_path: Path, first: str, then: str) -> None:
    loaded(tmp_path, NIGHT.replace('"published"', f'"{first}"'))
    assert event("bogota").status == first

    again = loaded(tmp_path, NIGHT.replace('"published"', f'"{then}"'))

    assert event("bogota").status == then
    assert ("bogota" in again.unchanged) == (first == then)


def test_without_a_status_it_begins_as_a_draft_and_keeps_what_it_has(tmp_path: Path) -> None:
    silent = NIGHT.replace('status = "published"\n', "")
    loaded(tmp_path, silent)
    assert event("bogota").status == "draft"

    loaded(tmp_path, NIGHT)
    assert loaded(tmp_path, silent).unchanged == ["nights", "bogota"]
    assert event("bogota").status == "published"


def test_an_event_may_name_a_campaign_that_is_there_already(tmp_path: Path) -> None:
    loaded(tmp_path, NIGHT)
    more = NIGHT[NIGHT.index("[[event]]") :].replace('slug = "bogota"', 'slug = "cali"')

    assert loaded(tmp_path, more) == Loaded(created=["cali"])
    assert event("cali").campaign_id == event("bogota").campaign_id


def test_a_picture_beside_the_file_is_kept_once(tmp_path: Path) -> None:
    out = io.BytesIO()
    Pillow.new("RGB", (60, 40), "orange").save(out, "PNG")
    (tmp_path / "poster.png").write_bytes(out.getvalue())
    worded = NIGHT.replace('summary = "Poesía y canto."', 'image_alt = "Un naranja."')
    pictured = worded.replace("capacity = 60", 'image = "poster.png"')

    loaded(tmp_path, pictured + pictured[pictured.index("[[event]]") :].replace('"bogota"', '"cali"'))
    name = event("bogota").image_name

    assert name is not None
    assert event("cali").image_name == name
    assert loaded(tmp_path, pictured).unchanged == ["nights", "bogota"]
    assert (event("bogota").image_name, count(Image)) == (name, 1)


def test_a_picture_has_words_for_those_who_cannot_see_it(tmp_path: Path) -> None:
    out = io.BytesIO()
    Pillow.new("RGB", (60, 40), "orange").save(out, "PNG")
    (tmp_path / "poster.png").write_bytes(out.getvalue())
    with pytest.raises(BadFile, match=r"event\[1\].image: nobody who cannot see it"):
        loaded(tmp_path, NIGHT.replace("capacity = 60", 'image = "poster.png"'))


MONDAY = dt.datetime(2027, 1, 18, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("now", "starts", "day"),
    [
        (MONDAY, '{ first = "Saturday", after_days = 21, at = "18:00" }', "2027-02-13 18:00"),
        (MONDAY, '{ first = "Monday", after_days = 21, at = "18:00" }', "2027-02-08 18:00"),
        (MONDAY, '{ first = "Monday", after_days = 0, at = "18:00" }', "2027-01-18 18:00"),
        (MONDAY, '{ on = 2027-02-20, at = "18:00" }', "2027-02-20 18:00"),
        (MONDAY, "{ on = 2027-02-20, at = 18:00:00 }", "2027-02-20 18:00"),
    ],
)
def test_dates_count_from_the_day_of_loading(tmp_path: Path, now: dt.datetime, starts: str, day: str) -> None:
    text = NIGHT.replace("2027-02-20T18:00:00", starts).replace("rsvp_closes = 2027-02-20T12:00:00\n", "")
    loaded(tmp_path, text.replace('rsvp_opens = { days_earlier = 20, at = "09:00" }\n', ""), now)
    assert local("bogota") == day


def test_an_end_on_the_next_day(tmp_path: Path) -> None:
    loaded(tmp_path, NIGHT.replace('ends = "21:00"', 'ends = { days_later = 1, at = "01:00" }'))
    assert event("bogota").ends_at - event("bogota").starts_at == dt.timedelta(hours=7)


@pytest.mark.parametrize(
    ("starts", "ends", "days"),
    [
        ("2027-03-14", "", ("2027-03-14 00:00", "2027-03-15 00:00")),
        ("2027-03-13", "ends = 2027-03-15", ("2027-03-13 00:00", "2027-03-16 00:00")),
        (
            '{ first = "Saturday", after_days = 7 }',
            "ends = { days_later = 1 }",
            ("2027-01-23 00:00", "2027-01-25 00:00"),
        ),
    ],
)
def test_days_without_hours(tmp_path: Path, starts: str, ends: str, days: tuple[str, str]) -> None:
    text = NIGHT.replace('starts = 2027-02-20T18:00:00\nends = "21:00"\ndoors = "17:30"', f"starts = {starts}\n{ends}")
    text = text.replace("rsvp_closes = 2027-02-20T12:00:00\n", "").replace("rsvp_opens = { days_earlier = 20, at", "# ")
    loaded(tmp_path, text.replace("[event.text.es]", "all_day = true\n[event.text.es]"))
    found = event("bogota")
    assert (found.all_day, found.doors_at) == (True, None)
    assert (clocks(found.starts_at, found.time_zone), clocks(found.ends_at, found.time_zone)) == days


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            'starts = 2027-02-20T18:00:00\nends = "21:00"',
            "starts: an event that lasts all day has no hours; write 2027",
        ),
        ('starts = 2027-02-20\nends = "21:00"', "ends: an event that lasts all day has no hours; write 2027-02-20 or"),
        ("starts = 2027-02-20\nends = 2027-02-19", "ends: the last day is before the first (2027-02-20)"),
        ('starts = 2027-02-20\ndoors = "17:30"', "doors: an event that lasts all day has no time for its doors"),
        ("starts = 1990-02-20", "starts: 1990-02-20 does not fit; write a day in a year from 2000 to 2100."),
        ("ends = 2027-02-20", "starts: this is missing; write starts = 2027-02-20."),
        ("starts = 2027-02-20\nends = 2027-04-20", "ends: an event can last 31 days at most"),
        ("starts = 2027-02-20\nreminders = [24, 3]", "reminders: write hours before the start, some of [168, 24, 2]"),
        ("starts = 2027-02-20\nreminders = 24", "reminders: write hours before the start, some of [168, 24, 2]"),
        ("starts = 2027-02-20\nreminders = [true]", "reminders: write hours before the start, some of [168, 24, 2]"),
    ],
)
def test_days_and_reminders_that_do_not_fit_are_told_with_their_line(tmp_path: Path, line: str, complaint: str) -> None:
    text = f'[[event]]\nslug = "day"\ntime_zone = "America/Bogota"\nall_day = true\n{line}\ncity = "Bogotá"\n'
    problems = refused(tmp_path, f'{text}[event.text.en]\ntitle = "A day"\n')
    assert [problem for problem in problems if complaint in problem], problems


def test_an_event_that_people_know_of_is_not_moved_into_the_past(tmp_path: Path) -> None:
    loaded(tmp_path, NIGHT)
    past = NIGHT.replace("rsvp_closes = 2027-02-20T12:00:00", "").replace("2027-02-20", "2026-02-20")
    (problem,) = refused(tmp_path, past)
    assert problem.endswith("event[1].starts: By these dates the event would be over already, and its list soon "
                            "destroyed. Please check them.")  # fmt: skip
    assert local("bogota") == "2027-02-20 18:00"


def test_letters_and_the_note_for_the_gate_come_in(tmp_path: Path) -> None:
    loaded(tmp_path, NIGHT)
    assert (event("bogota").reminders, event("bogota").thanks) == ([24], False)
    chosen = 'reminders = [2, 168]\nthanks = true\n[event.text.es]\ngate_note = "Toca dos veces."'
    loaded(tmp_path, NIGHT.replace("[event.text.es]", chosen))
    assert (event("bogota").reminders, event("bogota").thanks) == ([168, 2], True)
    assert event("bogota").texts["es"]["gate_note"] == "Toca dos veces."


def test_a_time_that_comes_twice_is_told_apart(tmp_path: Path) -> None:
    autumn = NIGHT.replace("America/Bogota", "America/Los_Angeles").replace("rsvp_closes = 2027-02-20T12:00:00\n", "")
    twice = autumn.replace("starts = 2027-02-20T18:00:00", 'starts = { on = 2027-11-07, at = "01:30", fold = "FOLD" }')
    twice = twice.replace('doors = "17:30"\n', "")

    loaded(tmp_path, twice.replace("FOLD", "first"))
    assert event("bogota").starts_at == dt.datetime(2027, 11, 7, 8, 30, tzinfo=dt.UTC)
    loaded(tmp_path, twice.replace("FOLD", "second"))
    assert event("bogota").starts_at == dt.datetime(2027, 11, 7, 9, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("capacity = 60", "capacity = 0", "event[1].capacity: 0 does not fit; write a whole number from 1 to"),
        ("capacity = 60", "capasity = 60", 'event[1].capasity: this key is not known here; did you mean "cap'),
        ("capacity = 60", 'capacity = "60"', 'event[1].capacity: "60" does not fit; write a whole number'),
        ('"Nights"', '""', "campaign[1].text.en.title: the title is missing; write title ="),
        ('title = "Noche"\n', "", "line 29, event[1].text.es.title: the title is missing"),
        (
            "[event.text.es]",
            "[event.text.de]",
            "event[1].text.de: this language is not known here; write en or",
        ),
        (
            "America/Bogota",
            "America/Bogotá",
            'event[1].time_zone: there is no time zone "America/Bogotá"; did',
        ),
        ('time_zone = "America/Bogota"\n', "", "line 7, event[1].time_zone: this is missing; write the zone of the"),
        ("starts = 2027-02-20T18:00:00\n", "", "line 7, event[1].starts: this is missing; write starts = 2027-02-20T"),
        ('ends = "21:00"\n', "", "line 7, event[1].ends: this is missing"),
        (
            '"21:00"',
            '"18:00"',
            "event[1].ends: the end is not after the start (2027-02-20 18:00); for the day",
        ),
        (
            '"21:00"',
            '"9 pm"',
            'event[1].ends: this is no time of day; write hours and minutes, such as "18:30"',
        ),
        ('"21:00"', "{ days = 1 }", "event[1].ends.at: this is no time of day"),
        ('ends = "21:00"', "ends = 9", 'event[1].ends: this is no date and time; write "21:00" for the same'),
        (
            "18:00:00\n",
            "18:00:00Z\n",
            "event[1].starts: times are those of the place, without an offset; write",
        ),
        ("18:00:00\n", "18:00:30\n", "event[1].starts: 2027-02-20 18:00:30 does not fit; write whole minutes"),
        ("2027-02-20T18", "1999-02-20T18", "event[1].starts: 1999-02-20 18:00:00 does not fit"),
        ("2027-02-20T18:00:00", "2027-02-20", "event[1].starts: this is no date and time; write 2027-02-20T"),
        ("02-20T12:00", "02-22T12:00", "event[1].rsvp_closes: RSVPs must close before the event ends"),
        ('"17:30"', '"19:30"', "event[1].doors: doors must open before the start"),
        ('"CO"', '"Colombia"', 'event[1].country: "Colombia" is no country; write its two capital letters'),
        ('"CO"', '"XX"', 'event[1].country: "XX" is no country'),
        ("4.5964", "94.5", "event[1].latitude: 94.5 does not fit; write a number from -90 to 90"),
        ("longitude = -74\n", "", "line 7, event[1].longitude: coordinates need both numbers"),
        (
            "https://example.org/live",
            "http://example.org",
            'event[1].online_url: "http://example.org" is no safe',
        ),
        ("https://example.org/give", "javascript:alert(1)", "event[1].donation_url: "),
        (
            'campaign = "nights"',
            'campaign = "night"',
            'event[1].campaign: there is no campaign "night"; did you',
        ),
        ('slug = "bogota"', 'slug = "Bogotá!"', 'event[1].slug: "Bogotá!" does not fit; write small Latin'),
        ('slug = "bogota"\n', "", 'line 7, event[1].slug: "" does not fit'),
        ('"published"', '"publshed"', 'event[1].status: "publshed" is not known; did you mean "published"?'),
        ("published = true", "published = 1", "campaign[1].published: 1 does not fit; write true or false"),
        ('at = "18:00"', 'at = "6 pm"', 'event[1].programme[1].at: "6 pm" is no time of day'),
        ('title = { es = "Baile" }', "", "line 36, event[1].programme[2].title: the title is missing"),
        (
            'note = { es = "En',
            'note = { is = "En',
            "event[1].programme[1].note.is: this key is not known here",
        ),
        ("capacity = 60", 'image = "../x.png"', 'event[1].image: "../x.png" leads elsewhere'),
        ("capacity = 60", 'image = "x.png"', 'event[1].image: "x.png" cannot be read (No such file'),
        ("capacity = 60", 'image = "nights.toml"', "event[1].image: this file could not be read as a picture"),
        (
            "[[campaign]]",
            "[campaign]",
            "campaign: a table does not fit; begin each with its own line [[campaign]]",
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_changes_nothing(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in NIGHT
    """`problem` begins with the line, or else is about the line that was changed."""
    if not problem.startswith("line "):
        problem = f"line {NIGHT[: NIGHT.index(old)].count(chr(10)) + 1}, {problem}"
    problems = refused(tmp_path, NIGHT.replace(old, new, 1))
    assert any(found.startswith(problem) for found in problems), problems


def test_a_time_in_a_spring_gap_is_asked_about(tmp_path: Path) -> None:
    spring = NIGHT.replace("America/Bogota", "America/Los_Angeles").replace(
        "2027-02-20T18:00:00", "2027-03-14T02:30:00"
    )
    assert (
        "line 12, event[1].starts: 2027-03-14 02:30 does not exist in America/Los_Angeles: clocks go forward from "
        "02:00 to 03:00 there; write a time before or after that." in refused(tmp_path, spring)
    )


def test_a_time_that_comes_twice_is_asked_about(tmp_path: Path) -> None:
    autumn = NIGHT.replace("America/Bogota", "America/Los_Angeles").replace(
        "2027-02-20T18:00:00", "2027-11-07T01:30:00"
    )
    assert (
        "line 12, event[1].starts: 2027-11-07 01:30 comes twice in America/Los_Angeles, as clocks go back: first at "
        'UTC-7, then at UTC-8; write { on = 2027-11-07, at = "01:30", fold = "first" }, or "second".'
        in refused(tmp_path, autumn)
    )


def test_a_slug_is_not_given_twice(tmp_path: Path) -> None:
    twice = NIGHT + NIGHT[NIGHT.index("[[event]]") :]
    (problem,) = refused(tmp_path, twice)
    assert problem == 'line 39, event[2].slug: "bogota" is taken by line 8 already; give each its own.'


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    bad = NIGHT.replace("capacity = 60", "capacity = 0").replace('"CO"', '"co"').replace('"Nights"', "7")
    assert [problem.split(":")[0] for problem in refused(tmp_path, bad)] == [
        "line 5, campaign[1].text.en.title",
        "line 21, event[1].country",
        "line 27, event[1].capacity",
    ]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "# nothing\n") == [
        "line 1, the file: there is no campaign and no event in it; begin one with a line [[event]]."
    ]


def test_a_capacity_below_the_seats_taken_is_told_and_nothing_changes(tmp_path: Path) -> None:
    loaded(tmp_path, NIGHT)
    with atomic():
        event("bogota").seats_taken = 5

    (problem,) = refused(tmp_path, NIGHT.replace("capacity = 60", "capacity = 4").replace('"Nights"', '"Other"'))

    assert problem.startswith("line 27, event[1].capacity: 5 seats are taken already.")
    assert event("bogota").capacity == 60
    assert db.session.scalars(sa.select(Campaign.texts)).one()["en"]["title"] == "Nights"


def test_the_days_a_list_is_kept(tmp_path: Path) -> None:
    loaded(tmp_path, NIGHT)
    assert event("bogota").keep_days == 14
    loaded(tmp_path, NIGHT.replace("capacity = 60", "capacity = 60\nkeep_days = 3"))
    assert event("bogota").keep_days == 3
    (problem,) = refused(tmp_path, NIGHT.replace("capacity = 60", "keep_days = 15"))
    assert "write a whole number from 0 to 14" in problem
    with atomic():
        event("bogota").lines_given = 1
    (problem,) = refused(tmp_path, NIGHT)
    assert problem.startswith("line 7, event[1].keep_days: People have signed up")


# --- The command


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    result = CliRunner().invoke(load_file, [str(written(tmp_path, NIGHT))])
    assert (result.exit_code, result.output) == (0, "New: nights, bogota\n")


def test_the_command_leaves_messages_to_people_and_says_so() -> None:
    result = CliRunner().invoke(load_file, [str(SAMPLE)])

    assert result.exit_code == 0
    assert "Left out: 16 messages" in result.output
    assert count(Message) == 0


def test_the_command_tells_each_mistake_and_fails(tmp_path: Path) -> None:
    file = written(tmp_path, NIGHT.replace("capacity = 60", "capacity = 0"))
    result = CliRunner().invoke(load_file, [str(file)])

    assert result.exit_code == 1
    assert f"{file}, line 27, event[1].capacity: 0 does not fit" in result.stderr
    assert "Nothing was changed." in result.stderr
    assert count(Event) == 0


def test_how_people_sign_up_is_read_and_what_is_not_written_is_as_before_these_were_thought_of(tmp_path: Path) -> None:
    load(written(tmp_path, NIGHT), now=clock.now())
    plain = event("bogota")
    assert (plain.offer_hours, plain.hold_hours, plain.listed, plain.confirms_address) == (None, 24, True, False)
    assert not any(
        (plain.needs_approval, plain.address_hidden, plain.asks_companions, plain.asks_children, plain.puzzle)
    )
    flags = ("confirms_address", "needs_approval", "address_hidden", "asks_companions", "asks_children", "puzzle")
    assert not any(getattr(plain, flag) for flag in flags)
    lines = "\n".join(("hold_hours = 48", "offer_hours = 168", *(f"{flag} = true" for flag in flags)))
    load(written(tmp_path, NIGHT.replace("capacity = 60", f"capacity = 60\n{lines}")), now=clock.now())
    full = event("bogota")
    assert (full.hold_hours, full.offer_hours, full.sequence) == (48, 168, plain.sequence)
    assert all(getattr(full, flag) for flag in flags)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("hold_hours = 49", "event[1].hold_hours: 49 does not fit; write a whole number from 1 to 48."),
        ("offer_hours = 0", "to 168, or leave the line out to give freed seats at once."),
        ('puzzle = "yes"', "event[1].puzzle: 'yes' does not fit; write true or false, without quotes."),
        ("asks_children = true\nlargest_party = 1", "event[1].asks_children: the largest party is one person"),
        ("listed = false", 'event[1].slug: "bogota" can be guessed, and listed is false; write for example "bogota-'),
        ("under_attack = true", "event[1].under_attack: this key is not known here"),
    ],
    ids=str,
)
def test_ways_to_sign_up_that_do_not_fit_are_told_with_their_line(tmp_path: Path, line: str, complaint: str) -> None:
    text = NIGHT.replace("largest_party = 4\n", "") if "largest_party" in line else NIGHT
    with pytest.raises(BadFile) as refused:
        load(written(tmp_path, text.replace("capacity = 60", f"capacity = 60\n{line}")), now=clock.now())
    assert complaint in " ".join(refused.value.problems).replace('"yes"', "'yes'")


def test_an_event_by_link_loads_under_its_own_slug_and_again(tmp_path: Path) -> None:
    text = NIGHT.replace('slug = "bogota"', 'slug = "bogota-k4w2mz7qap3x"\nlisted = false')
    assert load(written(tmp_path, text), now=clock.now()).created[-1] == "bogota-k4w2mz7qap3x"
    assert load(written(tmp_path, text), now=clock.now()).unchanged == ["nights", "bogota-k4w2mz7qap3x"]


def test_loading_leaves_the_switches_that_organizers_pressed(tmp_path: Path) -> None:
    file = written(tmp_path, NIGHT)
    load(file, now=clock.now())
    with atomic():
        found = event("bogota")
        found.closed_early = found.under_attack = True
    assert load(file, now=clock.now()).unchanged == ["nights", "bogota"]
    assert (event("bogota").closed_early, event("bogota").under_attack) == (True, True)


def test_an_event_that_is_nowhere_is_not_published(tmp_path: Path) -> None:
    text = NIGHT.replace('city = "Bogotá"\n', "").replace('online_url = "https://example.org/live"\n', "")
    with pytest.raises(BadFile) as refused:
        load(written(tmp_path, text), now=clock.now())
    assert "event[1].city: To be published, the event needs a city, or an online address." in refused.value.problems[0]


def test_the_sample_shows_offers_confirmation_and_screening(tmp_path: Path) -> None:
    del tmp_path
    load(SAMPLE, now=clock.now())
    bogota, online = event("bogota"), event("online")
    assert (bogota.confirms_address, bogota.hold_hours, bogota.offer_hours) == (True, 24, 48)
    assert (online.needs_approval, online.address_hidden) == (True, True)


# --- What comes again

VIGIL = """\
[[event]]
slug = "vigil"
status = "published"
time_zone = "America/Los_Angeles"
starts = 2027-02-02T18:00:00
ends = "19:00"
city = "Berkeley"
capacity = 20
[event.text.en]
title = "Vigil"
[event.again]
every = "week"
times = 9
[[event.question]]
name = "candle"
kind = "yes_no"
text.en = { label = "Do you have a candle?" }
"""


def test_what_comes_again_is_made_once_and_then_revised(tmp_path: Path) -> None:
    file = tmp_path / "vigil.toml"
    file.write_text(VIGIL, encoding="utf-8")
    assert load(file, now=clock.now()).created == ["vigil"]
    assert days(status="published")[0] == "02-03 02"
    assert len(days()) == 9
    asked = db.session.scalars(sa.select(Question.event_id)).all()
    assert sorted(asked) == sorted(one.id for one in dates())
    assert load(file, now=clock.now()).unchanged == ["vigil"]
    file.write_text(VIGIL.replace("capacity = 20", "capacity = 30"), encoding="utf-8")
    assert load(file, now=clock.now()).revised == ["vigil"]
    assert {one.capacity for one in dates()} == {30}


@pytest.mark.parametrize(
    ("written", "instead", "line", "said"),
    [
        ('every = "week"', 'every = "year"', 12, '"year" is not known'),
        ('every = "week"', 'on = ["Tuseday"]', 12, 'did you mean "Tuesday"'),
        ("times = 9", "", 11, "write either until"),
        ("times = 9", "times = 9\nuntil = 2027-06-30", 11, "write either until"),
        ("times = 9", 'until = "June"', 13, "this is no day"),
        ("times = 9", "until = 2027-02-03", 11, "no second date"),
        ("times = 9", 'times = 9\nnth = "first"', 11, "this is no rule"),
        ('status = "published"', 'status = "postponed"', 3, "what comes again is one of"),
        ('every = "week"', 'every = "day"\non = ["Tuesday"]', 13, "every day is every day"),
        ('slug = "vigil"', f'slug = "vigil-{"a" * 64}"', 2, "too long for what comes again; write 69 signs"),
    ],
)
def test_a_rule_that_is_wrong_is_told_by_its_line(
    tmp_path: Path, written: str, instead: str, line: int, said: str
) -> None:
    file = tmp_path / "vigil.toml"
    file.write_text(VIGIL.replace(written, instead), encoding="utf-8")
    with pytest.raises(BadFile) as refused:
        load(file, now=clock.now())
    assert any(f"line {line}," in problem and said in problem for problem in refused.value.problems), (
        refused.value.problems
    )


def test_what_organizers_changed_of_one_date_stays_when_the_file_is_loaded_again(tmp_path: Path) -> None:
    loaded(tmp_path, VIGIL)
    first = dates()[0]
    revise_event(slug=first.slug, draft=replace(draft_of(first), capacity=30), campaign_slug=None, now=clock.now())
    assert loaded(tmp_path, VIGIL).unchanged == ["vigil"]
    loaded(tmp_path, VIGIL.replace("capacity = 20", "capacity = 10"))
    assert [one.capacity for one in dates()] == [30, *[10] * 8]


def test_what_organizers_changed_of_each_date_alone_stays_when_the_file_is_loaded_again(tmp_path: Path) -> None:
    file = VIGIL.replace("times = 9", "times = 2")
    loaded(tmp_path, file)
    first, last = (draft_of(one) for one in dates())
    for one, draft in zip(dates(), (replace(first, capacity=30), replace(last, venue="La Peña")), strict=True):
        revise_event(slug=one.slug, draft=draft, campaign_slug=None, now=clock.now())
    assert loaded(tmp_path, file).unchanged == ["vigil"]
    loaded(tmp_path, file.replace("capacity = 20", "capacity = 10"))
    assert [(one.capacity, one.venue == "La Peña") for one in dates()] == [(30, False), (10, True)]


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('[event.again]\nevery = "week"\ntimes = 9\n', "", "line 2, event.1..slug: this comes again"),
        ('"published"', '"draft"', "line 3, event.1..status: some of its dates are published"),
    ],
)
def test_what_comes_again_is_neither_doubled_nor_left_public_without_a_word(
    tmp_path: Path, written: str, instead: str, said: str
) -> None:
    loaded(tmp_path, VIGIL)
    with pytest.raises(BadFile, match=said):
        loaded(tmp_path, VIGIL.replace(written, instead))
    assert len(dates()) == 9 == count(Event)


def test_a_file_never_changes_a_rule(tmp_path: Path) -> None:
    file = tmp_path / "vigil.toml"
    file.write_text(VIGIL, encoding="utf-8")
    load(file, now=clock.now())
    file.write_text(VIGIL.replace('every = "week"', 'every = "day"'), encoding="utf-8")
    with pytest.raises(BadFile, match="another rule already"):
        load(file, now=clock.now())
