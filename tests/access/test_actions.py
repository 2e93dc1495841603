"""Giving, taking, recovering and renewing keys, on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import suppress

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.access.actions import (
    Holder,
    KeyMissing,
    LastHolder,
    NotReadable,
    OnlyOnPaper,
    PhraseWrong,
    check_recovery_key,
    give_access,
    make_recovery_key,
    new_list_key,
    recover,
    take_access,
)
from iec_events.access.commands import recover_lists
from iec_events.access.queries import HolderUnknown, access
from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token
from iec_events.events.keys import may_hold, private_keys, take_away
from iec_events.events.models import Event, EventKey, KeyCopy
from iec_events.mail.models import OutboxMail
from iec_events.organizers.actions import accept_invitation, grant, invite
from iec_events.organizers.keys import RECOVERY, new_phrase, pair_of_phrase, private_of_session
from iec_events.organizers.models import AuditEntry, RoleGrant
from iec_events.organizers.queries import organizer_by_email
from iec_events.organizers.roles import DOOR as DOORKEEPER
from iec_events.organizers.roles import Grant
from iec_events.questions.models import SHORT
from iec_events.questions.queries import questions_of
from iec_events.rsvps.actions import Party, place_rsvp, remark_on
from iec_events.rsvps.answers import keep_answers, read_answers
from iec_events.rsvps.boxes import reader_of
from iec_events.rsvps.models import Rsvp
from iec_events.rsvps.queries import own_rsvp
from iec_events.team.actions import begin_anew, make_reset_link
from iec_events.worker import LETTERS
from tests.factories import an_event, roster
from tests.questions.asking import a_question

pytestmark = pytest.mark.usefixtures("app")


def an_account(name: str) -> Holder:
    email = f"{name.lower()}@example.org"
    token = accept_invitation(
        token=invite(now=clock.now()), name=name, email=email, password="nine poems by the river", now=clock.now()
    )
    account = organizer_by_email(email)
    assert account is not None
    return Holder(account.id, private_of_session(token))


def comes(event: Event, name: str) -> str:
    token = new_token()
    party = Party(name=name, email=None, party_size=1, note="", locale="en")
    place_rsvp(slug=event.slug, party=party, token=token, now=clock.now())
    return token


def names(event: Event, holder: Holder) -> list[str | None]:
    return [one.name for one in roster(event.id, reader=reader_of(holder.id, holder.private, event.id))]


def test_a_colleague_reads_the_lists_after_they_were_given_access() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    omid = an_account("Omid")
    assert names(event, omid) == [None]
    assert give_access(organizer_id=omid.id, by=nasrin, now=clock.now()) == 2
    assert names(event, omid) == ["Sara"]


def test_everybody_who_opens_a_list_hears_of_one_more_key() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    omid, simin = an_account("Omid"), an_account("Simin")
    told = sa.select(OutboxMail.about).where(OutboxMail.kind == "access.given").order_by(OutboxMail.posted_at)

    def hears(now: dt.datetime) -> set[str]:
        return set(db.session.scalars(told.where(OutboxMail.posted_at == now)))

    first, second, again, paper = (clock.now() + dt.timedelta(minutes=minute) for minute in range(4))
    give_access(organizer_id=omid.id, by=nasrin, now=first)
    assert hears(first) == {nasrin.id}
    give_access(organizer_id=simin.id, by=omid, now=second)
    assert hears(second) == {nasrin.id, omid.id}
    give_access(organizer_id=simin.id, by=nasrin, now=again)  # who holds it already
    assert hears(again) == set()
    make_recovery_key(by=nasrin, now=paper)
    assert hears(paper) == {nasrin.id, omid.id, simin.id}
    letter = LETTERS["access.given"]({})
    assert letter
    assert "/organize" in letter.text
    assert "Nasrin" not in letter.text


def test_who_holds_nothing_gives_nothing() -> None:
    nasrin = an_account("Nasrin")
    comes(an_event(), "Sara")
    omid, simin = an_account("Omid"), an_account("Simin")
    for who in (omid, Holder(nasrin.id, None)):
        with pytest.raises(KeyMissing):
            give_access(organizer_id=simin.id, by=who, now=clock.now())
    with pytest.raises(HolderUnknown):
        give_access(organizer_id="nobody", by=nasrin, now=clock.now())


def test_taking_access_away() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    omid = an_account("Omid")
    give_access(organizer_id=omid.id, by=nasrin, now=clock.now())
    take_access(organizer_id=omid.id, now=clock.now())
    assert names(event, omid) == [None]
    assert names(event, nasrin) == ["Sara"]


def test_the_last_holder_keeps_the_keys() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    with pytest.raises(LastHolder):
        take_access(organizer_id=nasrin.id, now=clock.now())
    assert names(event, nasrin) == ["Sara"]
    phrase = make_recovery_key(by=nasrin, now=clock.now())
    with pytest.raises(LastHolder):  # perhaps its words stand on no paper
        take_access(organizer_id=nasrin.id, now=clock.now())
    check_recovery_key(phrase=phrase, now=clock.now())
    take_access(organizer_id=nasrin.id, now=clock.now())
    assert names(event, nasrin) == [None]


def test_the_recovery_key_opens_what_was_sealed_before_and_after_it_was_made() -> None:
    nasrin, before = an_account("Nasrin"), an_event()
    comes(before, "Sara")
    phrase = make_recovery_key(by=nasrin, now=clock.now())
    after = an_event()
    comes(after, "Ali")
    omid = an_account("Omid")
    with atomic():
        db.session.execute(sa.delete(KeyCopy).where(KeyCopy.holder == nasrin.id))
    assert recover(phrase=f"  {phrase.upper()} ", email="omid@example.org", now=clock.now()) == 4
    assert (names(before, omid), names(after, omid)) == (["Sara"], ["Ali"])


def test_wrong_words_open_nothing_and_change_nothing() -> None:
    nasrin = an_account("Nasrin")
    comes(an_event(), "Sara")
    phrase = make_recovery_key(by=nasrin, now=clock.now())
    first, *rest = phrase.split()
    for wrong in ("", "x", new_phrase(), " ".join(rest), " ".join([*rest, first]), "\0" * 50):
        with pytest.raises(PhraseWrong):
            recover(phrase=wrong, email="nasrin@example.org", now=clock.now())
        with pytest.raises(PhraseWrong):
            check_recovery_key(phrase=wrong, now=clock.now())
    assert not access().recovery_checked
    check_recovery_key(phrase=phrase, now=clock.now())
    assert access().recovery_checked


def test_a_new_recovery_key_makes_the_old_words_worthless() -> None:
    nasrin = an_account("Nasrin")
    comes(an_event(), "Sara")
    old = make_recovery_key(by=nasrin, now=clock.now())
    new = make_recovery_key(by=nasrin, now=clock.now())
    with pytest.raises(PhraseWrong):
        recover(phrase=old, email="nasrin@example.org", now=clock.now())
    assert recover(phrase=new, email="nasrin@example.org", now=clock.now()) == 2


def test_the_old_words_open_nothing_of_what_their_successor_does_not_either() -> None:
    nasrin, before = an_account("Nasrin"), an_event()
    comes(before, "Sara")
    old = make_recovery_key(by=nasrin, now=clock.now())
    omid, after = an_account("Omid"), an_event()
    comes(after, "Ali")
    make_recovery_key(by=omid, now=clock.now())
    held = sa.select(EventKey.event_id).join(KeyCopy).where(KeyCopy.holder == RECOVERY).distinct()
    assert db.session.scalars(held).all() == [after.id]
    assert private_keys(RECOVERY, pair_of_phrase(old).private) == {}


def test_words_before_any_were_made_are_wrong() -> None:
    an_account("Nasrin")
    with pytest.raises(PhraseWrong):
        check_recovery_key(phrase=new_phrase(), now=clock.now())
    with pytest.raises(PhraseWrong):
        recover(phrase=new_phrase(), email="nasrin@example.org", now=clock.now())


def test_what_is_done_with_keys_stands_in_the_trail() -> None:
    nasrin, event = an_account("Nasrin"), an_event(slug="berkeley")
    comes(event, "Sara")
    omid = an_account("Omid")
    before = db.session.scalar(sa.select(sa.func.max(AuditEntry.id)))
    check_recovery_key(phrase=make_recovery_key(by=nasrin, now=clock.now()), now=clock.now())
    give_access(organizer_id=omid.id, by=nasrin, now=clock.now())
    take_access(organizer_id=omid.id, now=clock.now())
    new_list_key(slug=event.slug, by=nasrin, now=clock.now())
    noted = sa.select(AuditEntry.what, AuditEntry.about).where(AuditEntry.id > before).order_by(AuditEntry.id)
    assert [tuple(row) for row in db.session.execute(noted)] == [
        ("recovery.made", "recovery"),
        ("recovery.checked", "recovery"),
        ("access.given", f"organizer:{omid.id}"),
        ("access.taken", f"organizer:{omid.id}"),
        ("list.key-changed", "event:berkeley"),
    ]


def test_using_the_recovery_key_and_failing_to_stands_in_the_trail(app: Flask) -> None:
    nasrin = an_account("Nasrin")
    comes(an_event(), "Sara")
    words, run = make_recovery_key(by=nasrin, now=clock.now()), app.test_cli_runner().invoke
    for phrase, told in ((new_phrase(), "not the words of the recovery key"), (words, "2 keys were given")):
        assert told in run(recover_lists, ["--to", "nasrin@example.org"], input=phrase + "\n").output
    noted = db.session.scalars(sa.select(AuditEntry.what).order_by(AuditEntry.id)).all()
    assert noted[-3:] == ["recovery.refused", "recovery.used", "access.given"]
    with atomic():
        db.session.execute(sa.delete(RoleGrant))
    told = run(recover_lists, ["--to", "nasrin@example.org"], input=words + "\n").output
    assert "it has no role that reads lists" in told


def begins_anew(holder: Holder) -> Holder:
    link = make_reset_link(organizer_id=holder.id, now=clock.now())
    token = begin_anew(token=link, password="ten poems by the sea", now=clock.now())
    return Holder(holder.id, private_of_session(token))


def test_new_words_never_lose_what_only_the_old_ones_open() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    phrase = make_recovery_key(by=nasrin, now=clock.now())
    nasrin = begins_anew(nasrin)
    with pytest.raises(OnlyOnPaper):
        make_recovery_key(by=nasrin, now=clock.now())
    recover(phrase=phrase, email="nasrin@example.org", now=clock.now())
    assert names(event, nasrin) == ["Sara"]
    make_recovery_key(by=nasrin, now=clock.now())


def test_who_comes_after_all_keys_were_lost_can_be_read_again() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    nasrin = begins_anew(nasrin)
    comes(event, "Ali")
    assert names(event, nasrin) == [None, "Ali"]


def test_two_who_take_the_last_two_copies_at_once_leave_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    omid = an_account("Omid")
    give_access(organizer_id=omid.id, by=nasrin, now=clock.now())
    event_id = event.id
    db.session.remove()
    meet, refused = threading.Barrier(2), list[Exception]()

    def at_once(holder: str) -> None:
        with suppress(threading.BrokenBarrierError):
            meet.wait(0.3)
        take_away(holder)

    def take(holder: Holder) -> None:
        with app.app_context():
            try:
                take_access(organizer_id=holder.id, now=clock.now())
            except LastHolder as refusal:
                refused.append(refusal)

    monkeypatch.setattr("iec_events.access.actions.keys.take_away", at_once)
    takers = [threading.Thread(target=take, args=(holder,)) for holder in (nasrin, omid)]
    for one in takers:
        one.start()
    for one in takers:
        one.join()
    assert len(refused) == 1
    event = db.session.get_one(Event, event_id)
    assert sorted([names(event, nasrin), names(event, omid)], key=str) == [["Sara"], [None]]


def test_words_that_are_checked_while_others_are_made_do_not_count_for_those(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    nasrin = an_account("Nasrin")
    old = make_recovery_key(by=nasrin, now=clock.now())
    db.session.remove()

    def make() -> None:
        with app.app_context():
            make_recovery_key(by=nasrin, now=clock.now())

    maker = threading.Thread(target=make)

    def meanwhile(phrase: str) -> bytes:
        maker.start()
        maker.join(0.1)
        return pair_of_phrase(phrase).public

    monkeypatch.setattr("iec_events.access.actions.keys._pair", meanwhile)
    check_recovery_key(phrase=old, now=clock.now())
    maker.join()
    assert not access().recovery_checked


def test_the_words_stand_nowhere() -> None:
    phrase = make_recovery_key(by=an_account("Nasrin"), now=clock.now())
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)):
            assert phrase not in str(row)
            assert pair_of_phrase(phrase).private not in [value for value in row if isinstance(value, bytes)]


def test_a_new_key_keeps_out_who_lost_access_and_loses_nobody() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    sara = comes(event, "Sara")
    omid = an_account("Omid")
    give_access(organizer_id=omid.id, by=nasrin, now=clock.now())
    stolen = reader_of(omid.id, omid.private, event.id)
    take_access(organizer_id=omid.id, now=clock.now())
    new_list_key(slug=event.slug, by=nasrin, now=clock.now())
    comes(event, "Ali")
    assert names(event, nasrin) == ["Sara", "Ali"]
    assert [one.name for one in roster(event.id, reader=stolen)] == [None, None]
    assert own_rsvp(token=sara, slug=event.slug).name == "Sara"
    assert set(db.session.scalars(sa.select(EventKey.version))) == {2}


def test_keys_of_a_door_go_to_who_stands_at_it_until_the_night_is_over() -> None:
    nasrin, event, night = an_account("Nasrin"), an_event(slug="berkeley"), dt.timedelta(hours=12)
    omid, until = an_account("Omid"), clock.now() + night
    with atomic():
        db.session.execute(sa.delete(RoleGrant).where(RoleGrant.organizer_id == omid.id))
        grant(omid.id, Grant(role=DOORKEEPER, place="event:berkeley", expires_at=until))
    assert may_hold(event.id, "door", clock.now()).keys() == {nasrin.id, omid.id}
    assert may_hold(event.id, "door", until).keys() == {nasrin.id}
    assert may_hold(event.id, "roster", clock.now()).keys() == {nasrin.id}
    assert may_hold(an_event(slug="paris").id, "door", clock.now()).keys() == {nasrin.id}


def test_a_new_key_goes_to_nobody_who_did_not_hold_the_old_one() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    omid, later = an_account("Omid"), an_event()
    comes(later, "Ali")
    new_list_key(slug=event.slug, by=nasrin, now=clock.now())
    assert (names(event, omid), names(later, omid)) == ([None], ["Ali"])


def test_a_new_key_opens_remarks_and_answers_as_well() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    why = a_question(event, SHORT)
    with atomic():
        sara = db.session.scalars(sa.select(Rsvp)).one()
        keep_answers(sara, {why.id: "for the songs"}, questions_of(event.id), None, clock.now())
    remark_on(slug=event.slug, rsvp_id=sara.id, text="came by bus", now=clock.now())
    new_list_key(slug=event.slug, by=nasrin, now=clock.now())
    reader = reader_of(nasrin.id, nasrin.private, event.id)
    db.session.expire_all()
    assert reader.remark(db.session.get_one(Rsvp, sara.id)) == "came by bus"
    assert read_answers([sara.id], reader) == {sara.id: {why.id: "for the songs"}}


def test_a_key_is_not_changed_by_who_cannot_read_all_of_the_list() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    comes(event, "Ali")
    with atomic():
        rsvp = db.session.scalars(sa.select(Rsvp).order_by(Rsvp.line)).first()
        assert rsvp is not None
        rsvp.sealed = rsvp.sealed[:-1] + bytes([rsvp.sealed[-1] ^ 1])
    with pytest.raises(NotReadable):
        new_list_key(slug=event.slug, by=nasrin, now=clock.now())
    assert names(event, nasrin) == [None, "Ali"]


def test_a_remark_that_does_not_open_keeps_the_key_from_being_changed() -> None:
    nasrin, event = an_account("Nasrin"), an_event()
    comes(event, "Sara")
    sara = db.session.scalars(sa.select(Rsvp)).one().id
    remark_on(slug=event.slug, rsvp_id=sara, text="came by bus", now=clock.now())
    with atomic():
        rsvp = db.session.get_one(Rsvp, sara)
        rsvp.remark = (rsvp.remark or b"")[:-1]
    with pytest.raises(NotReadable):
        new_list_key(slug=event.slug, by=nasrin, now=clock.now())
