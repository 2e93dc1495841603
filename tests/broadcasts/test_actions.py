"""Letters on both databases: kept, sent once, stopped, to those and only those for whom they are when they go."""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from time_machine import Traveller

from iec_events import worker
from iec_events.broadcasts import actions
from iec_events.broadcasts.actions import posting, sending
from iec_events.broadcasts.drafts import LetterDraft
from iec_events.broadcasts.models import ALL, COMING, TO_CONFIRM, WAITING, Broadcast, BroadcastCopy
from iec_events.broadcasts.queries import letters_to, progress_of, reached, same_letters
from iec_events.broadcasts.wording import texts_of
from iec_events.core import clock as our_clock
from iec_events.core.db import atomic, db
from iec_events.core.i18n import speaking
from iec_events.core.tokens import new_id
from iec_events.events.actions import cancel_event, postpone_event, reinstate
from iec_events.events.models import Event
from iec_events.mail.actions import claim, hand_over, note_delivered, note_failed, note_uncertain, send_again, sweep
from iec_events.mail.delivery import deliver_due
from iec_events.mail.letters import NotYet
from iec_events.mail.models import OutboxMail
from iec_events.organizers.models import AuditEntry
from iec_events.organizers.roles import Reach
from iec_events.privacy.actions import destroy_list
from iec_events.privacy.vault_boxes import PURPOSES
from iec_events.rsvps.actions import erase_own_rsvp, say_not_coming, withdraw_rsvp
from iec_events.rsvps.models import Rsvp
from tests.broadcasts.people import BOTH, a_letter, letter, mails, now_is, sends, signs_up, to_whom, written
from tests.factories import a_campaign, an_event

pytestmark = pytest.mark.usefixtures("app")


class Killed(BaseException):
    """The worker is no more."""


HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def post() -> None:
    actions.post_letters(our_clock.now())


def deeds() -> list[tuple[str, str]]:
    return [(row.what, row.about) for row in db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))]


def test_it_works() -> None:
    event = an_event(slug="berkeley")
    rsvp_id, _token = signs_up(event)
    signs_up(event, "reza@example.org", "fa")
    letter_id = a_letter(event)
    assert sends(event, letter_id) == 2
    post()
    first, second = sorted(mails(), key=lambda mail: mail.to)
    assert (first.to, first.locale, second.to, second.locale) == ("reza@example.org", "fa", "sara@example.org", "en")
    assert first.part_of == second.part_of == letter_id
    with speaking("en"):
        mail = written(second)
    assert mail is not None
    assert mail.subject == "Please come early"
    assert "Doors open **earlier**." in mail.text
    assert "Doors open <strong>earlier</strong>." in mail.html
    assert mail.unsubscribe is not None
    assert mail.unsubscribe in mail.text
    assert second.facts["token"] in mail.text
    for one in (first, second):
        hand_over(letter=one, now=our_clock.now())
        note_delivered(mail_id=one.id, now=our_clock.now())
    post()
    row = letter(letter_id)
    assert (row.state, row.handed_over, row.failed) == ("sent", 2, 0)
    assert [own.subject for own in letters_to(rsvp_id, "fa")] == ["زودتر بیایید"]
    assert deeds() == [("letter.written", "event:berkeley"), ("letter.sent", "letter:berkeley")]


def test_the_trail_tells_of_crowds_in_steps_only() -> None:
    event = an_event(slug="berkeley")
    for number in range(13):
        signs_up(event, f"guest{number}@example.org")
    sends(event, a_letter(event))
    assert deeds()[-1] == ("letter.sent", "letter:berkeley 10")


@pytest.mark.parametrize(
    ("audience", "reached_by"),
    [
        (COMING, ["confirmed"]),
        (WAITING, ["offered", "pending", "waitlisted"]),
        (TO_CONFIRM, ["unconfirmed"]),
        (ALL, ["confirmed", "offered", "pending", "unconfirmed", "waitlisted"]),
    ],
)
def test_each_group_is_who_it_says(audience: str, reached_by: list[str]) -> None:
    event = an_event()
    statuses = ("confirmed", "offered", "pending", "unconfirmed", "waitlisted", "cancelled", "declined", "removed")
    for rsvp_id, status in [(signs_up(event, f"{status}@example.org")[0], status) for status in statuses]:
        now_is(rsvp_id, status=status, holds_seats=status in {"confirmed", "offered"})
    signs_up(an_event(), "elsewhere@example.org")
    letter_id = a_letter(event, audience)
    assert reached(event.id, audience, BOTH).mails == {"en": len(reached_by)}
    sends(event, letter_id)
    post()
    assert to_whom() == [f"{status}@example.org" for status in reached_by]


def test_no_address_an_address_twice_and_no_wish_for_letters() -> None:
    event = an_event()
    without, _token = signs_up(event, None)
    signs_up(event, "twice@example.org")
    signs_up(event, "TWICE@example.org")
    spared, _token = signs_up(event, "spared@example.org")
    now_is(spared, wants_letters=False)
    found = reached(event.id, COMING, BOTH)
    assert (found.mails, found.page_only, found.unwanted) == ({"en": 1}, 2, 1)
    letter_id = a_letter(event)
    sends(event, letter_id)
    post()
    assert [address.casefold() for address in to_whom()] == ["twice@example.org"]
    progress = progress_of(letter(letter_id))
    assert (progress.parties, progress.mails, progress.page_only, progress.unwanted) == (4, 1, 2, 1)
    assert all(letters_to(rsvp_id, "en") for rsvp_id in (without, spared))


def test_an_address_twice_gets_it_once_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "AT_ONCE", 1)
    event = an_event()
    for _ in range(3):
        signs_up(event, "twice@example.org")
    sends(event, a_letter(event))
    post()
    assert len(to_whom()) == 1


def test_those_who_left_or_changed_while_it_waited_get_nothing() -> None:
    event = an_event()
    leaves = {
        name: signs_up(event, f"{name}@example.org") for name in ("cancels", "absent", "erased", "spared", "comes")
    }
    sends(event, a_letter(event))
    post()
    claimed = {mail.to.partition("@")[0]: mail for mail in mails()}
    assert set(claimed) == set(leaves)
    withdraw_rsvp(token=leaves["cancels"][1], now=our_clock.now())
    say_not_coming(token=leaves["absent"][1], now=our_clock.now())
    erase_own_rsvp(token=leaves["erased"][1], now=our_clock.now())
    now_is(leaves["spared"][0], wants_letters=False)
    with speaking("en"):
        assert {name for name, mail in claimed.items() if written(mail)} == {"comes"}
    assert letters_to(leaves["cancels"][0], "en") == []


def test_who_it_is_for_is_looked_up_when_it_goes(clock: Traveller) -> None:
    event = an_event()
    _id, token = signs_up(event)
    letter_id = a_letter(event)
    sends(event, letter_id, our_clock.now() + HOUR)
    post()
    assert letter(letter_id).state == "scheduled"
    withdraw_rsvp(token=token, now=our_clock.now())
    signs_up(event, "late@example.org")
    clock.shift(HOUR)
    post()
    assert to_whom() == ["late@example.org"]


def test_the_group_decides_what_the_own_page_shows() -> None:
    event = an_event()
    rsvp_id, _token = signs_up(event)
    sends(event, a_letter(event))
    post()
    assert letters_to(rsvp_id, "en")
    sends(event, a_letter(event, ALL, {"es": {"subject": "Para todos", "text": "Hola"}}))
    post()
    assert len(letters_to(rsvp_id, "en")) == 2
    now_is(rsvp_id, status="pending", holds_seats=False)
    assert [own.subject for own in letters_to(rsvp_id, "en")] == ["Para todos"]
    now_is(rsvp_id, status="removed")
    assert letters_to(rsvp_id, "en") == []


def test_quiet_mails_tell_nothing() -> None:
    event = an_event("Night of the Canary")
    rsvp_id, _token = signs_up(event)
    now_is(rsvp_id, quiet=True)
    sends(event, a_letter(event))
    post()
    (mail,) = mails()
    with speaking("en"):
        quiet = written(mail)
    assert quiet is not None
    told = f"{quiet.subject} {quiet.text} {quiet.html} {quiet.sender_name}"
    for word in ("Canary", "early", "earlier", event.city, event.venue, "IEC", event.slug):
        assert word not in told
    assert mail.facts["token"] in quiet.text
    assert [own.text for own in letters_to(rsvp_id, "en")] == [BOTH["en"]["text"]]


# --- Twice, too late, in two tabs


@pytest.mark.parametrize(("step", "dated"), [(postpone_event, False), (cancel_event, True)])
def test_a_letter_says_that_the_event_is_off(step: Any, *, dated: bool) -> None:
    """And names no day of one that is postponed."""
    event = an_event(starts_at=dt.datetime(2027, 1, 31, 20, tzinfo=dt.UTC))
    signs_up(event)
    step(slug=event.slug, now=our_clock.now())
    sends(event, a_letter(event))
    actions.post_letters(our_clock.now())
    [mail] = mails()
    with speaking("en"):
        letter = written(mail)
    assert letter
    for text in (letter.text, letter.html):
        assert f"This event is {event.status}." in text
        assert ("31 January" in text) == dated


@pytest.mark.parametrize("step", [postpone_event, cancel_event])
def test_a_letter_that_waits_for_its_time_does_not_go_when_the_event_is_off_by_then(
    clock: Traveller, step: Any
) -> None:
    """It may ask people to come. One that was given its time afterwards goes, and so does one when it is on again."""
    event = an_event()
    signs_up(event)
    letter_id, other = a_letter(event), a_letter(event, ALL)
    sends(event, letter_id, our_clock.now() + 2 * HOUR)
    clock.shift(HOUR)
    step(slug=event.slug, now=our_clock.now())
    sends(event, other, our_clock.now() + 2 * HOUR)
    clock.shift(2 * HOUR)
    post()
    post()
    assert (letter(letter_id).state, letter(other).state, len(to_whom())) == ("draft", "sending", 1)
    assert deeds()[-1] == ("letter.stopped", f"event:{event.slug}")
    sends(event, letter_id, our_clock.now() + HOUR)
    reinstate(slug=event.slug, now=our_clock.now())
    clock.shift(HOUR)
    post()
    assert letter(letter_id).state == "sending"


def test_what_is_not_out_when_the_event_is_called_off_stays_here(clock: Traveller) -> None:
    event = an_event()
    signs_up(event)
    sends(event, a_letter(event))
    clock.shift(HOUR)
    post()
    (mail,) = mails()
    with speaking("en"):
        assert written(mail)
        cancel_event(slug=event.slug, now=our_clock.now())
        with pytest.raises(NotYet):
            written(mail)  # it may have been a slip
        clock.shift(HOUR)
        assert written(mail) is None


def test_a_slip_of_the_hand_stops_no_letter(clock: Traveller) -> None:
    event = an_event()
    signs_up(event)
    letter_id, other = a_letter(event), a_letter(event, ALL)
    for one in (letter_id, other):
        sends(event, one, our_clock.now() + HOUR)
    clock.shift(HOUR)
    cancel_event(slug=event.slug, now=our_clock.now())
    post()
    assert {letter(one).state for one in (letter_id, other)} == {"scheduled"}
    clock.shift(posting.MOMENT)
    reinstate(slug=event.slug, now=our_clock.now())
    post()
    assert {letter(one).state for one in (letter_id, other)} == {"sending"}


def test_a_letter_that_waits_for_a_time_after_the_event_does_not_go(clock: Traveller) -> None:
    event = an_event()
    signs_up(event)
    letter_id = a_letter(event)
    sends(event, letter_id, our_clock.now() + 5 * HOUR)
    with atomic():
        moved = {"starts_at": our_clock.now() + HOUR, "ends_at": our_clock.now() + 3 * HOUR}
        db.session.execute(sa.update(Event).where(Event.id == event.id).values(moved))
    clock.shift(5 * HOUR)
    post()
    assert (letter(letter_id).state, to_whom()) == ("draft", [])


def test_sending_twice_sends_once() -> None:
    event = an_event()
    signs_up(event)
    letter_id = a_letter(event)
    assert [sends(event, letter_id), sends(event, letter_id)] == [1, 0]
    post()
    post()
    assert len(to_whom()) == 1
    assert [what for what, _about in deeds()].count("letter.sent") == 1


def test_what_another_tab_changed_is_not_sent_unseen() -> None:
    event = an_event()
    signs_up(event)
    letter_id = a_letter(event)
    draft = LetterDraft(audience=ALL, texts=BOTH)
    for made_from in (1, 2):
        actions.revise_letter(
            slug=event.slug, letter_id=letter_id, draft=draft, made_from=made_from, now=our_clock.now()
        )
    with pytest.raises(actions.Changed):
        sends(event, letter_id, made_from=1)
    with pytest.raises(actions.Changed):
        actions.revise_letter(slug=event.slug, letter_id=letter_id, draft=draft, made_from=1, now=our_clock.now())
    sends(event, letter_id)
    with pytest.raises(actions.LetterSent):
        sends(event, letter_id, made_from=1)
    with pytest.raises(actions.LetterSent):
        actions.revise_letter(slug=event.slug, letter_id=letter_id, draft=draft, made_from=3, now=our_clock.now())
    with pytest.raises(actions.LetterSent):
        actions.delete_letter(slug=event.slug, letter_id=letter_id, now=our_clock.now())


def test_another_events_letter_is_unknown() -> None:
    mine, other = an_event(), an_event()
    letter_id = a_letter(other)
    for act in (actions.stop_letter, actions.delete_letter):
        try:
            act(slug=mine.slug, letter_id=letter_id, now=our_clock.now())
        except actions.LetterUnknown:
            continue
    assert letter(letter_id).state == "draft"
    with pytest.raises(actions.LetterUnknown):
        sends(mine, letter_id)


@pytest.mark.parametrize(
    ("refusal", "shift", "due"),
    [
        (actions.TimeOver, dt.timedelta(0), -HOUR),
        (actions.TimeOver, dt.timedelta(0), dt.timedelta(0)),
        (actions.EventOver, dt.timedelta(0), 31 * DAY),
        (actions.EventOver, 31 * DAY, None),
    ],
)
def test_not_in_the_past_and_not_after_the_event(
    clock: Traveller, refusal: type[Exception], shift: dt.timedelta, due: dt.timedelta | None
) -> None:
    event = an_event()
    signs_up(event)
    letter_id = a_letter(event)
    clock.shift(shift)
    with pytest.raises(refusal):
        sends(event, letter_id, None if due is None else our_clock.now() + due)


def test_of_a_postponed_event_one_hears_as_long_as_its_list_is_kept(clock: Traveller) -> None:
    event = an_event()
    signs_up(event)
    postpone_event(slug=event.slug, now=our_clock.now())
    letter_id = a_letter(event)
    clock.shift(31 * DAY)
    assert sends(event, letter_id) == 1
    post()
    (mail,) = [mail for mail in mails() if mail.part_of == letter_id]
    with speaking("en"):
        assert written(mail)
    late = a_letter(event)
    clock.shift(14 * DAY)
    with pytest.raises(actions.EventOver):
        sends(event, late)


def test_nobody_is_written_to_now_and_perhaps_later() -> None:
    event = an_event()
    letter_id = a_letter(event)
    with pytest.raises(actions.NobodyThere):
        sends(event, letter_id)
    assert sends(event, letter_id, our_clock.now() + HOUR) == 0
    assert letter(letter_id).state == "scheduled"


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({}, "texts"),
        ({"en": {"subject": "Hello"}}, "text_en"),
        ({"fa": {"text": "سلام"}}, "subject_fa"),
        ({"de": {"subject": "Hallo", "text": "Hallo"}}, "texts"),
    ],
)
def test_a_letter_has_both_parts_in_each_of_its_languages(texts: Any, field: str) -> None:
    with pytest.raises(actions.LetterRefused) as refused:
        a_letter(an_event(), texts=texts)
    assert refused.value.field == field


# --- Stopping


def test_before_it_begins_it_becomes_a_draft_again() -> None:
    event = an_event()
    signs_up(event)
    letter_id = a_letter(event)
    sends(event, letter_id)
    for _ in range(2):
        assert actions.stop_letter(slug=event.slug, letter_id=letter_id, now=our_clock.now()) == "draft"
    post()
    assert to_whom() == []
    assert sends(event, letter_id) == 1
    assert [what for what, _about in deeds()].count("letter.stopped") == 1


def test_in_the_middle_what_is_not_out_is_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "AT_ONCE", 2)
    monkeypatch.setattr(posting, "BATCHES", 2)
    event = an_event()
    rsvp_id, *_others = [signs_up(event, f"guest{number}@example.org")[0] for number in range(6)]
    letter_id = a_letter(event)
    sends(event, letter_id)
    post()
    first, second, *_rest = mails()
    hand_over(letter=first, now=our_clock.now())
    note_delivered(mail_id=first.id, now=our_clock.now())
    for _ in range(2):
        assert actions.stop_letter(slug=event.slug, letter_id=letter_id, now=our_clock.now()) == "stopped"
    assert not hand_over(letter=second, now=our_clock.now())  # claimed, and not yet with the mail server
    with speaking("en"):
        assert written(second) is None
    post()
    assert to_whom() == []
    row, progress = letter(letter_id), progress_of(letter(letter_id))
    assert (row.state, row.ended_at is not None) == ("stopped", True)
    assert (progress.mails, progress.handed_over, progress.dropped) == (4, 1, 3)
    assert letters_to(rsvp_id, "en") == []


# --- To a whole campaign


def a_programme(**of_the_first: Any) -> list[Event]:
    """Two nights of a campaign; one that is over by then, one that is off, and one of another campaign beside them."""
    campaign_id, start = a_campaign().id, our_clock.now() + DAY
    first = an_event(campaign_id=campaign_id, **of_the_first)
    return [
        first,
        an_event(campaign_id=campaign_id),
        an_event(campaign_id=campaign_id, starts_at=start, ends_at=start + HOUR),
        an_event(campaign_id=campaign_id, status="cancelled"),
        an_event(campaign_id=a_campaign("Another").id),
    ]


def copies_of(letter_id: str) -> dict[int, str]:
    """Event -> state, of the letter and its copies."""
    return {one.event_id: one.state for one in (letter(letter_id), *same_letters(letter(letter_id)))}


def test_a_letter_to_a_campaign_reaches_each_address_once(monkeypatch: pytest.MonkeyPatch, clock: Traveller) -> None:
    monkeypatch.setattr(posting, "AT_ONCE", 2)
    first, second, over, _off, another = a_programme()
    for event, people in ((first, "abc"), (second, "bcCde"), (over, "f"), (another, "h")):
        for name in people:
            signs_up(event, f"{name}@example.org")
    letter_id = a_letter(first)
    assert sends(first, letter_id, our_clock.now() + 3 * DAY, everywhere=True) == 3
    assert copies_of(letter_id) == dict.fromkeys((first.id, second.id), "scheduled")
    clock.shift(3 * DAY)
    for _ in range(3):
        post()
    assert sorted(address.casefold()[0] for address in to_whom()) == list("abcde")
    assert {what for what, about in deeds() if about.startswith("letter:")} == {"letter.scheduled"}


@pytest.mark.parametrize("says_no_to", [0, 1, 2])
def test_who_wants_no_letters_on_one_list_gets_none_by_way_of_another(says_no_to: int) -> None:
    """Else whoever ended them in one mail would get the next one all the same."""
    campaign_id = a_campaign().id
    events = [an_event(campaign_id=campaign_id) for _ in range(3)]
    mine = [signs_up(event)[0] for event in events]
    for event in events[1:]:
        signs_up(event, "reza@example.org")
    now_is(mine[says_no_to], wants_letters=False)
    sends(events[0], a_letter(events[0]), everywhere=True)
    post()
    assert to_whom() == ["reza@example.org"]
    assert [len(letters_to(one, "en")) for one in mine] == [1] * 3, "it stands on the own pages"


def test_who_never_confirmed_an_address_ends_nobodys_letters() -> None:
    first, second, *_others = a_programme()
    signs_up(first)
    now_is(signs_up(second)[0], wants_letters=False, status="unconfirmed")
    sends(first, a_letter(first, ALL), everywhere=True)
    post()
    assert to_whom() == ["sara@example.org"]


def test_a_letter_that_got_other_words_or_goes_alone_minds_no_copies_of_before(clock: Traveller) -> None:
    """Who read the copy, or wants none from over there, is still on this list."""
    first, second, *_others = a_programme()
    signs_up(first)
    there, _token = signs_up(second)
    letter_id = a_letter(first)
    sends(first, letter_id, our_clock.now() + HOUR, everywhere=True)
    reach = Reach(everywhere=False, events=frozenset({first.slug}))
    actions.stop_letter(slug=first.slug, letter_id=letter_id, now=our_clock.now(), reach=reach)
    clock.shift(HOUR)
    post()
    assert to_whom() == ["sara@example.org"], "the copy"
    draft = LetterDraft(audience=COMING, texts={"en": {"subject": "Ours", "text": "Ours"}})
    version = letter(letter_id).version
    actions.revise_letter(slug=first.slug, letter_id=letter_id, draft=draft, made_from=version, now=our_clock.now())
    sends(first, letter_id)
    post()
    assert to_whom() == ["sara@example.org"], "other words"
    now_is(there, wants_letters=False)
    alone = a_letter(first)
    sends(first, alone, our_clock.now() + HOUR, everywhere=True)
    actions.stop_letter(slug=first.slug, letter_id=alone, now=our_clock.now())
    sends(first, alone)
    post()
    assert to_whom() == ["sara@example.org"], "alone"


def test_two_workers_write_to_an_address_on_two_lists_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "AT_ONCE", 4)  # all of them: which come first is chance
    monkeypatch.setattr(posting, "BATCHES", 1)
    first, second, *_others = a_programme()
    for event in (first, second):
        for name in "abcd":
            signs_up(event, f"{name}@example.org")
    sends(first, a_letter(first), everywhere=True)
    elsewhere, meet = posting._elsewhere, threading.Barrier(2)

    def and_waits(parties: Any, *given: Any) -> Any:
        """Between looking and writing, another worker may look as well; if it can't, there is no waiting for it."""
        found = elsewhere(parties, *given)
        with suppress(threading.BrokenBarrierError):
            if parties:  # there is a list without anybody, too
                meet.wait(0.2)
        return found

    monkeypatch.setattr(posting, "_elsewhere", and_waits)

    def work() -> None:
        with app.app_context():
            for _ in range(5):
                post()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [address[0] for address in to_whom()] == list("abcd")


def test_a_campaigns_letter_is_stopped_and_sent_again_as_one_and_what_was_made_another_stays() -> None:
    first, second, *_others = a_programme()
    for event in (first, second):
        signs_up(event, f"{event.slug}@example.org")
    letter_id = a_letter(first)
    sends(first, letter_id, everywhere=True)
    actions.stop_letter(slug=first.slug, letter_id=letter_id, now=our_clock.now())
    assert set(copies_of(letter_id).values()) == {"draft"}
    sends(first, letter_id, everywhere=True)
    assert len(copies_of(letter_id)) == 3
    actions.stop_letter(slug=first.slug, letter_id=letter_id, now=our_clock.now())
    copy = next(one for one in same_letters(letter(letter_id)) if one.event_id == second.id)
    draft = LetterDraft(audience=COMING, texts={"en": {"subject": "Ours", "text": "Ours"}})
    actions.revise_letter(slug=second.slug, letter_id=copy.id, draft=draft, made_from=copy.version, now=our_clock.now())
    sends(first, letter_id, everywhere=True)
    post()
    assert (to_whom(), letter(copy.id).state) == ([f"{first.slug}@example.org"], "draft")


def test_a_copy_that_is_sent_to_the_campaign_itself_reaches_each_address_once_and_is_stopped_as_one() -> None:
    first, second, *_others = a_programme()
    for event in (first, second):
        signs_up(event)
        signs_up(event, f"{event.slug}@example.org")
    letter_id = a_letter(first)
    sends(first, letter_id, our_clock.now() + HOUR, everywhere=True)
    actions.stop_letter(slug=first.slug, letter_id=letter_id, now=our_clock.now())
    copy = next(one.id for one in same_letters(letter(letter_id)) if one.event_id == second.id)
    sends(second, copy, everywhere=True)
    assert copies_of(copy)[first.id] == "scheduled"
    post()
    assert to_whom() == sorted([f"{first.slug}@example.org", f"{second.slug}@example.org", "sara@example.org"])
    actions.stop_letter(slug=second.slug, letter_id=copy, now=our_clock.now())
    assert [copies_of(copy)[event.id] for event in (first, second)] == ["stopped"] * 2


def test_a_copy_is_stopped_also_when_its_event_left_the_campaign_since() -> None:
    first, second, *_others = a_programme()
    sends(first, a_letter(first), our_clock.now() + HOUR, everywhere=True)
    with atomic():
        db.session.execute(sa.update(Event).where(Event.id == second.id).values(campaign_id=None))
    [letter_id] = db.session.scalars(sa.select(Broadcast.id).where(Broadcast.event_id == first.id))
    actions.stop_letter(slug=first.slug, letter_id=letter_id, now=our_clock.now())
    states = sa.select(Broadcast.state).distinct()
    assert db.session.scalars(states).all() == ["draft"]


def test_who_comes_to_one_event_is_not_told_by_a_campaigns_letter_where_another_is() -> None:
    first, *_others = a_programme(address_hidden=True)
    signs_up(first)
    letter_id = a_letter(first, texts={"en": {"subject": "Where", "text": f"We meet at {first.venue}."}})
    with pytest.raises(actions.PlaceTold):
        sends(first, letter_id, everywhere=True)
    assert sends(first, letter_id) == 1


# --- The worker


def test_a_worker_killed_between_any_two_statements_writes_to_nobody_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try dies at a later statement; in the end everybody was written to once."""
    monkeypatch.setattr(posting, "AT_ONCE", 2)
    event = an_event()
    everybody = [f"guest{number}@example.org" for number in range(5)]
    for address in everybody:
        signs_up(event, address)
    letter_id = a_letter(event)
    sends(event, letter_id)
    asked, tries = 0, 0

    def die(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal asked
        asked += not statement.startswith("BEGIN")
        if asked > tries:
            raise Killed

    while not letter(letter_id).all_written:
        tries, asked = tries + 1, 0
        sa.event.listen(db.engine, "before_cursor_execute", die)
        with suppress(Killed):
            posting._post_batch(our_clock.now())
        sa.event.remove(db.engine, "before_cursor_execute", die)
        db.session.rollback()
    assert tries > 5
    assert to_whom() == everybody
    assert db.session.scalar(sa.select(sa.func.count()).select_from(BroadcastCopy)) == 5


def test_the_worker_has_what_sends_them() -> None:
    assert {"letters", "erase letters"} <= {job.name for job in worker.jobs()}
    assert {"broadcasts.letter", "broadcasts.test"} <= set(worker.LETTERS)


def test_it_goes_at_its_time_and_its_numbers_stay(clock: Traveller) -> None:
    event = an_event()
    signs_up(event)
    letter_id = a_letter(event)
    sends(event, letter_id, our_clock.now() + HOUR)
    post()
    assert letter(letter_id).state == "scheduled"
    clock.shift(HOUR)
    post()
    assert deliver_due(now=our_clock.now(), writers=worker.LETTERS) == 1
    post()
    row = letter(letter_id)
    assert (row.state, row.handed_over) == ("sent", 1)
    sweep(our_clock.now() + 8 * DAY)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 0
    assert progress_of(letter(letter_id)).handed_over == 1


def test_what_cannot_be_delivered_is_counted() -> None:
    event = an_event()
    signs_up(event)
    letter_id = a_letter(event)
    sends(event, letter_id)
    post()
    (mail,) = mails()
    note_failed(letter=mail, error="recipient refused 550", for_ever=True, now=our_clock.now())
    post()
    row, progress = letter(letter_id), progress_of(letter(letter_id))
    assert (row.state, progress.failed, progress.waiting, progress.dropped) == ("sent", 1, 0, 0)


def test_what_was_uncertain_and_is_sent_again_is_counted_as_what_became_of_it() -> None:
    event = an_event()
    signs_up(event)
    signs_up(event, "reza@example.org")
    letter_id = a_letter(event)
    sends(event, letter_id)
    post()
    for mail in mails():
        hand_over(letter=mail, now=our_clock.now())
        note_uncertain(letter=mail, error="TimeoutError", now=our_clock.now())
    post()
    row, progress = letter(letter_id), progress_of(letter(letter_id))
    assert (row.state, row.ended_at, progress.uncertain) == ("sent", None, 2)
    later = our_clock.now() + DAY
    send_again(now=later)
    for mail in claim(now=later, how_many=9):
        hand_over(letter=mail, now=later)
        note_delivered(mail_id=mail.id, now=later)
    post()
    progress = progress_of(letter(letter_id))
    assert (letter(letter_id).ended_at is not None, progress.handed_over, progress.uncertain) == (True, 2, 0)


# --- At rest, and the end


def test_the_words_lie_in_a_box_that_can_be_sealed_anew() -> None:
    letter_id = a_letter(an_event())
    row = letter(letter_id)
    assert b"early" not in row.sealed
    assert texts_of(row) == BOTH
    assert ("broadcasts", "sealed") in PURPOSES


def test_letters_go_with_the_list(clock: Traveller) -> None:
    event = an_event(keep_days=3)
    signs_up(event)
    a_letter(event)
    clock.move_to(event.ends_at + 3 * DAY - HOUR)
    actions.erase_letters(our_clock.now())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Broadcast)) == 1
    clock.shift(HOUR)
    actions.erase_letters(our_clock.now())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Broadcast)) == 0


def test_letters_go_when_the_list_is_destroyed_early(clock: Traveller) -> None:
    event, other = an_event(), an_event()
    for one in (event, other):
        signs_up(one)
        a_letter(one)
    clock.shift(HOUR)
    destroy_list(slug=event.slug, now=our_clock.now())
    actions.erase_letters(our_clock.now())
    assert db.session.scalars(sa.select(Broadcast.event_id)).all() == [other.id]
    clock.shift(HOUR)
    a_letter(db.session.get_one(Event, event.id))
    actions.erase_letters(our_clock.now())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Broadcast)) == 2


def test_tests_go_to_who_asks_and_not_by_the_dozen() -> None:
    event = an_event()
    letter_id = a_letter(event)
    for _ in range(5):
        actions.send_test(
            slug=event.slug, letter_id=letter_id, to="nasrin@example.org", locale="fa", now=our_clock.now()
        )
    found = mails()
    assert [(mail.to, mail.locale) for mail in found] == [("nasrin@example.org", "fa")] * sending.TESTS_AT_ONCE
    with speaking("fa"):
        mail = written(found[0])
    assert mail is not None
    assert "زودتر بیایید" in mail.subject
    assert mail.subject != "زودتر بیایید"
    actions.delete_letter(slug=event.slug, letter_id=letter_id, now=our_clock.now())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 0


def test_nobody_erased_is_left_in_what_was_sent() -> None:
    event = an_event()
    _id, token = signs_up(event)
    sends(event, a_letter(event))
    post()
    erase_own_rsvp(token=token, now=our_clock.now())
    with atomic():
        assert not db.session.scalars(sa.select(BroadcastCopy)).all()
        assert not db.session.scalars(sa.select(OutboxMail)).all()
        assert not db.session.scalars(sa.select(Rsvp)).all()


def test_a_double_press_keeps_one_draft() -> None:
    event, letter_id = an_event(), new_id()
    for _ in range(2):
        actions.keep_letter(
            slug=event.slug,
            letter_id=letter_id,
            draft=LetterDraft(audience=COMING, texts=BOTH),
            now=our_clock.now(),
        )
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Broadcast)) == 1
