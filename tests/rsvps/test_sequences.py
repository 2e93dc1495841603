"""Whatever happens in whatever order, the sums are right: random sequences against a simple model, and threads at once.

`make test` plays some sequences, `make sequences` thousands.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from iec_events.core.crypto import vault
from iec_events.core.db import atomic, db
from iec_events.core.errors import Refusal
from iec_events.core.tokens import new_token
from iec_events.events.models import Event
from iec_events.mail.models import OutboxMail
from iec_events.rsvps import actions
from iec_events.rsvps.actions import ByHand, Party
from iec_events.rsvps.boxes import NOBODY
from iec_events.rsvps.models import ACTIVE, STATUSES, Rsvp, RsvpLink
from tests.conftest import NOW
from tests.factories import an_event

SEQUENCES = int(os.environ.get("IEC_SEQUENCES", "15"))
HOURS = dt.timedelta(hours=1)
CAPACITY_TAKEN = {"confirmed", "offered"}


@dataclass
class Guest:
    """What the model knows of a party."""

    id: str
    token: str
    by_mail: str | None
    size: int
    line: int
    status: str = "not_coming"
    seated: bool = False
    approved: bool = False
    proven: bool = False
    passed: int = 0
    until: dt.datetime | None = None
    before: str | None = None
    removal: str | None = None

    @property
    def mailed(self) -> bool:
        return self.by_mail is not None


class Night:
    """The simple model: one event, its guests, and the letters that are owed. No database, no clever thing."""

    def __init__(self, capacity: int | None, offer_hours: int | None, *, proof: bool, screened: bool) -> None:
        self.capacity, self.offer_hours, self.proof, self.screened = capacity, offer_hours, proof, screened
        self.now = NOW
        self.starts_at, self.ends_at = NOW + dt.timedelta(days=3), NOW + dt.timedelta(days=3, hours=3)
        self.guests: dict[str, Guest] = {}
        self.lines = 0
        self.letters: Counter[tuple[str, str]] = Counter()

    @property
    def taken(self) -> int:
        return sum(guest.size for guest in self.guests.values() if guest.seated)

    def room(self, seats: int) -> bool:
        return self.capacity is None or self.taken + seats <= self.capacity

    def has_room(self, guest: Guest, grown: int) -> bool:
        return not guest.seated or self.room(grown)

    def owe(self, guest: Guest, kind: str) -> None:
        if guest.mailed:
            self.letters[guest.id, kind] += 1

    def waiting(self) -> list[Guest]:
        return sorted((g for g in self.guests.values() if g.status == "waitlisted"), key=lambda g: g.line)

    def saved_for(self, line: list[Guest]) -> bool:
        """Whether somebody in this part of the line was passed so often that nobody may go past again."""
        saves = self.now < self.starts_at - dt.timedelta(days=1)
        return saves and any(g.passed >= 3 and (self.capacity is None or g.size <= self.capacity) for g in line)

    def serve(self, newcomer: Guest | None = None) -> None:
        if self.now >= self.ends_at:
            return
        still: list[Guest] = []
        for guest in self.waiting():
            if self.saved_for(still):
                return
            if not self.room(guest.size):
                still.append(guest)
                continue
            for larger in still:
                larger.passed += 1
            guest.seated = True
            if guest is newcomer or self.offer_hours is None:
                guest.status = "confirmed"
            else:
                guest.status, guest.until = "offered", self.deadline(self.offer_hours)
            if guest is not newcomer:
                self.owe(guest, "promoted" if guest.status == "confirmed" else "offered")

    def deadline(self, hours: int) -> dt.datetime:
        last = self.starts_at if self.starts_at > self.now else self.ends_at
        return min(self.now + hours * HOURS, last)

    def admit(self, guest: Guest, *, holds: bool = True) -> None:
        if self.proof and guest.mailed and not guest.proven:
            ahead = [other for other in self.waiting() if other.line < guest.line]
            free = not any(self.room(other.size) for other in ahead) and not self.saved_for(ahead)
            guest.seated = holds and guest.approved and self.room(guest.size) and free
            guest.status, guest.until = "unconfirmed", self.deadline(24)
        elif not guest.approved:
            guest.status, guest.until = "pending", None
        elif guest.seated:
            guest.status, guest.until = "confirmed", None
        else:
            self.join(guest)

    def join(self, guest: Guest) -> None:
        guest.status, guest.until = "waitlisted", None
        self.serve(guest)

    def leave(self, guest: Guest, status: str) -> None:
        guest.seated, guest.status, guest.until = False, status, None
        self.serve()


class Sequences(RuleBasedStateMachine):
    """Everything that can happen to RSVPs, each step done to the service and to the model."""

    app: ClassVar[Flask]
    numbers = itertools.count(1)

    @initialize(
        capacity=st.sampled_from([5, 3, 4, 6, 7, 5, 2, None]),
        offer_hours=st.sampled_from([None, 2, 24]),
        proof=st.sampled_from([False, False, False, True]),
        screened=st.sampled_from([False, False, False, True]),
        crowd=st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=4, max_size=9),
    )
    def begin(
        self,
        capacity: int | None,
        offer_hours: int | None,
        *,
        proof: bool,
        screened: bool,
        crowd: list[tuple[int, bool]],
    ) -> None:
        self.night = Night(capacity, offer_hours, proof=proof, screened=screened)
        event = an_event(
            capacity=capacity,
            largest_party=4,
            offer_hours=offer_hours,
            confirms_address=proof,
            needs_approval=screened,
            starts_at=self.night.starts_at,
        )
        self.event_id, self.slug = event.id, event.slug
        for size, mailed in crowd:
            self.place(size=size, mailed=mailed, trusted=True)

    def teardown(self) -> None:
        db.session.rollback()
        with atomic():
            db.session.execute(sa.delete(OutboxMail))
            db.session.execute(sa.delete(Event))
        db.session.remove()

    def any_guest(self, data: Any) -> Guest:
        guest: Guest = data.draw(st.sampled_from(list(self.night.guests.values())), label="guest")
        return guest

    @rule(size=st.integers(1, 4), mailed=st.booleans(), trusted=st.sampled_from([True, True, True, False]))
    def place(self, size: int, *, mailed: bool, trusted: bool) -> None:
        night, token = self.night, new_token()
        email = f"guest-{next(self.numbers)}@example.org" if mailed else None
        party = Party(name="Sara", email=email, party_size=size, note="", locale="en")
        too_large = night.capacity is not None and size > night.capacity
        if night.now >= night.ends_at or too_large:
            self.refused(actions.place_rsvp, slug=self.slug, party=party, token=token, trusted=trusted)
            return
        placed = actions.place_rsvp(slug=self.slug, party=party, token=token, now=night.now, trusted=trusted)
        again = actions.place_rsvp(slug=self.slug, party=party, token=token, now=night.now, trusted=trusted)
        assert (again.rsvp_id, again.new) == (placed.rsvp_id, False)
        night.lines += 1
        by_mail = self.mailed_token(placed.rsvp_id) if mailed else None
        guest = Guest(id=placed.rsvp_id, token=token, by_mail=by_mail, size=size, line=night.lines)
        guest.approved = trusted and not night.screened and (mailed or not night.proof)
        night.guests[guest.id] = guest
        night.admit(guest)
        night.owe(guest, guest.status)

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data())
    def confirm(self, data: Any) -> None:
        guest, night = self.any_guest(data), self.night
        token = guest.by_mail or guest.token
        if guest.status not in {"unconfirmed", "lapsed"} and guest.proven:
            assert actions.confirm_address(token=token, now=night.now) == guest.status
        elif not guest.mailed or night.now >= night.ends_at:
            self.refused(actions.confirm_address, token=token)
        else:
            actions.confirm_address(token=token, now=night.now)
            guest.proven = True
            if guest.status == "unconfirmed":
                night.admit(guest)
                night.owe(guest, guest.status)

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data())
    def accept(self, data: Any) -> None:
        guest, night = self.any_guest(data), self.night
        late = guest.until is not None and guest.until <= night.now
        if guest.status == "confirmed":
            assert actions.accept_offer(token=guest.token, now=night.now) == "confirmed"
        elif guest.status == "offered" and not late and night.now < night.ends_at:
            actions.accept_offer(token=guest.token, now=night.now)
            guest.status, guest.until = "confirmed", None
            night.owe(guest, "confirmed")
        else:
            self.refused(actions.accept_offer, token=guest.token)

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data())
    def come_back(self, data: Any) -> None:
        guest, night = self.any_guest(data), self.night
        if guest.status in ACTIVE:
            assert actions.come_back(token=guest.token, now=night.now) == guest.status
        elif guest.status not in {"not_coming", "lapsed"} or night.now >= night.ends_at:
            self.refused(actions.come_back, token=guest.token)
        else:
            actions.come_back(token=guest.token, now=night.now)
            night.lines += 1
            guest.line, guest.passed = night.lines, 0
            night.admit(guest, holds=False)
            night.owe(guest, guest.status)

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data())
    def not_coming(self, data: Any) -> None:
        guest, night = self.any_guest(data), self.night
        late = night.now >= night.ends_at and guest.status != "not_coming"
        if late or guest.status not in {*ACTIVE, "not_coming"}:
            self.refused(actions.say_not_coming, token=guest.token)
            return
        actions.say_not_coming(token=guest.token, now=night.now)
        if guest.status != "not_coming":
            night.leave(guest, "not_coming")
            night.owe(guest, "not_coming")

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data(), by_organizer=st.booleans())
    def cancel(self, data: Any, *, by_organizer: bool) -> None:
        guest, night = self.any_guest(data), self.night
        if by_organizer:
            actions.cancel_rsvp(slug=self.slug, rsvp_id=guest.id, now=night.now)
        elif guest.status == "declined" or (
            night.now >= night.ends_at and guest.status not in {"cancelled", "removed"}
        ):
            self.refused(actions.withdraw_rsvp, token=guest.token)
            return
        else:
            actions.withdraw_rsvp(token=guest.token, now=night.now)
        if guest.status not in {"cancelled", "removed"}:
            night.leave(guest, "cancelled")
            night.owe(guest, "cancelled" if by_organizer else "withdrawn")

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data(), size=st.integers(1, 4))
    def change(self, data: Any, size: int) -> None:
        guest, night = self.any_guest(data), self.night
        grown = size - guest.size
        change: dict[str, Any] = {"token": guest.token, "name": "Sara", "party_size": size, "note": ""}
        saved = night.saved_for(night.waiting()) or any(night.room(other.size) for other in night.waiting())
        if (
            guest.status not in ACTIVE
            or night.now >= night.ends_at
            or (grown > 0 and night.capacity is not None and size > night.capacity)
            or (grown > 0 and night.screened and guest.approved)
            or (grown > 0 and guest.seated and (saved or not night.room(grown)))
        ):
            self.refused(actions.change_rsvp, **change)
            return
        actions.change_rsvp(**change, now=night.now)
        before, guest.size = guest.status, size
        night.serve()
        if grown and guest.status == before:
            night.owe(guest, "changed")

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data(), size=st.integers(1, 4))
    def change_by_hand(self, data: Any, size: int) -> None:
        guest, night = self.any_guest(data), self.night
        grown = size - guest.size
        words = NOBODY.words(db.session.get_one(Rsvp, guest.id))
        said = ByHand(name="Sara", email=words.email if words else None, party_size=size, note="")
        change: dict[str, Any] = {"slug": self.slug, "rsvp_id": guest.id, "said": said, "reader": NOBODY}
        if guest.status not in ACTIVE or (
            grown > 0 and ((night.capacity is not None and size > night.capacity) or not night.has_room(guest, grown))
        ):
            self.refused(actions.change_by_hand, **change)
            return
        actions.change_by_hand(**change, now=night.now)
        if not grown:
            return
        before, guest.size = guest.status, size
        night.serve()
        if guest.status == before:
            night.owe(guest, "changed")

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data())
    def approve_all(self, data: Any) -> None:
        night, some = self.night, [g for g in self.night.guests.values() if data.draw(st.booleans())]
        ids = [guest.id for guest in some]
        if night.now >= night.ends_at:
            self.refused(actions.approve_rsvps, slug=self.slug, rsvp_ids=ids)
            return
        actions.approve_rsvps(slug=self.slug, rsvp_ids=ids, now=night.now)
        for guest in sorted(some, key=lambda g: g.line):
            if guest.status == "pending":
                guest.approved = True
                night.join(guest)
                night.owe(guest, "approved" if guest.status == "confirmed" else "approved_waiting")

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data())
    def cancel_many(self, data: Any) -> None:
        night, some = self.night, [g for g in self.night.guests.values() if data.draw(st.booleans())]
        actions.cancel_rsvps(slug=self.slug, rsvp_ids=[guest.id for guest in some], now=night.now)
        for guest in sorted(some, key=lambda g: (g.seated, g.line)):
            if guest.status in ACTIVE:
                night.leave(guest, "cancelled")
                night.owe(guest, "cancelled")

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data(), yes=st.booleans())
    def review(self, data: Any, *, yes: bool) -> None:
        guest, night = self.any_guest(data), self.night
        if yes:
            self.approve(guest)
        elif guest.status == "declined":
            actions.decline_rsvp(slug=self.slug, rsvp_id=guest.id, words="", now=night.now)
        elif guest.status not in {"pending", "unconfirmed"}:
            self.refused(actions.decline_rsvp, slug=self.slug, rsvp_id=guest.id, words="")
        else:
            actions.decline_rsvp(slug=self.slug, rsvp_id=guest.id, words="", now=night.now)
            if guest.status == "pending":
                night.owe(guest, "declined")
            guest.approved = False
            night.leave(guest, "declined")

    def approve(self, guest: Guest) -> None:
        night = self.night
        if guest.approved and guest.status in ACTIVE:
            assert actions.approve_rsvp(slug=self.slug, rsvp_id=guest.id, now=night.now) == guest.status
        elif guest.status not in {"pending", "declined", "unconfirmed"} or night.now >= night.ends_at:
            self.refused(actions.approve_rsvp, slug=self.slug, rsvp_id=guest.id)
        else:
            actions.approve_rsvp(slug=self.slug, rsvp_id=guest.id, now=night.now)
            guest.approved = True
            if guest.status == "declined":
                night.admit(guest)  # perhaps before the address was confirmed
            elif guest.status == "pending":
                night.join(guest)
            else:
                return
            night.owe(
                guest, {"confirmed": "approved", "waitlisted": "approved_waiting"}.get(guest.status, guest.status)
            )

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data())
    def promote(self, data: Any) -> None:
        guest, night = self.any_guest(data), self.night
        if guest.status == "confirmed":
            actions.promote_rsvp(slug=self.slug, rsvp_id=guest.id, now=night.now)
        elif (
            guest.status not in {"waitlisted", "offered"}
            or night.now >= night.ends_at
            or not (guest.seated or night.room(guest.size))
        ):
            self.refused(actions.promote_rsvp, slug=self.slug, rsvp_id=guest.id)
        else:
            actions.promote_rsvp(slug=self.slug, rsvp_id=guest.id, now=night.now)
            guest.seated, guest.status, guest.until = True, "confirmed", None
            night.owe(guest, "promoted")

    @precondition(lambda self: self.night.guests)
    @rule(data=st.data())
    def remove(self, data: Any) -> None:
        night = self.night
        chosen = data.draw(st.lists(st.sampled_from(list(night.guests.values())), unique_by=lambda g: g.id, max_size=4))
        removal = actions.remove_rsvps(slug=self.slug, rsvp_ids=[guest.id for guest in chosen], now=night.now)
        gone = [guest for guest in chosen if guest.status != "removed"]
        assert (removal is None) == (not gone)
        for guest in gone:
            guest.before, guest.status, guest.seated, guest.removal = guest.status, "removed", False, removal
        if gone:
            night.serve()

    @precondition(lambda self: any(guest.removal for guest in self.night.guests.values()))
    @rule(data=st.data())
    def undo(self, data: Any) -> None:
        night = self.night
        removals = sorted({guest.removal for guest in night.guests.values() if guest.removal})
        removal = data.draw(st.sampled_from(removals))
        actions.undo_removal(slug=self.slug, removal_id=removal, now=night.now)
        for guest in sorted(night.guests.values(), key=lambda g: g.line):
            if guest.removal == removal:
                guest.removal, before = None, guest.before
                guest.before = None
                late = guest.until is not None and guest.until <= night.now
                if before == "confirmed" or (before == "offered" and not late):
                    guest.seated = night.room(guest.size)
                    guest.status = str(before) if guest.seated else "waitlisted"
                else:
                    guest.status = "waitlisted" if before == "offered" else str(before)
                if guest.status == "waitlisted":
                    guest.until = None
                    if before == "confirmed":
                        night.owe(guest, "waitlisted")
        night.serve()

    @rule(hours=st.sampled_from([1, 3, 12, 30]))
    def time_passes(self, hours: int) -> None:
        night = self.night
        night.now += hours * HOURS
        actions.run_deadlines(night.now)
        over = [
            guest
            for guest in sorted(night.guests.values(), key=lambda g: g.line)
            if guest.status in {"unconfirmed", "offered"} and guest.until is not None and guest.until <= night.now
        ]
        for guest in over:
            guest.seated = False
            if guest.status == "offered":
                night.owe(guest, "lapsed")
            guest.status = "lapsed"
        if over:
            night.serve()
        actions.refill_waitlists(night.now)
        night.serve()

    def refused(self, verb: Callable[..., object], **arguments: Any) -> None:
        with pytest.raises(Refusal):
            verb(**arguments, now=self.night.now)

    def mailed_token(self, rsvp_id: str) -> str:
        row = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.about == f"rsvp:{rsvp_id}")).one()
        return str(vault().open("outbox", row.id, row.sealed or b"")["facts"]["token"])

    @invariant()
    def the_service_is_what_the_model_says(self) -> None:
        if not hasattr(self, "night"):
            return
        db.session.rollback()
        taken, capacity = db.session.execute(
            sa.select(Event.seats_taken, Event.capacity).where(Event.id == self.event_id)
        ).one()
        rows = db.session.execute(
            sa.select(Rsvp.id, Rsvp.status, Rsvp.holds_seats, Rsvp.party_size, Rsvp.line, Rsvp.passed_over).where(
                Rsvp.event_id == self.event_id
            )
        ).all()
        told = {row.id: tuple(row)[1:] for row in rows}
        expected = {g.id: (g.status, g.seated, g.size, g.line, g.passed) for g in self.night.guests.values()}
        assert told == expected
        assert taken == self.night.taken == sum(row.party_size for row in rows if row.holds_seats)
        assert capacity is None or taken <= capacity
        posted = db.session.execute(sa.select(OutboxMail.about, OutboxMail.kind)).all()
        owed = Counter((about.removeprefix("rsvp:"), kind.removeprefix("rsvps.")) for about, kind in posted)
        assert owed == self.night.letters


def test_random_sequences_end_where_the_model_says(app: Flask) -> None:
    Sequences.app = app
    run_state_machine_as_test(
        Sequences,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.fixture
def crowd(app: Flask) -> Callable[[Callable[[random.Random], None]], None]:
    """`crowd(doing)` lets six threads do it 25 times each, each with chance of its own."""

    def run(doing: Callable[[random.Random], None]) -> None:
        faults: list[BaseException] = []

        def one(seed: int) -> None:
            chance = random.Random(seed)  # noqa: S311 - no secret
            try:
                for _ in range(25):
                    with app.app_context(), suppress(Refusal):
                        doing(chance)
            except BaseException as fault:  # noqa: BLE001 - told in the main thread
                faults.append(fault)

        threads = [threading.Thread(target=one, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults

    return run


def test_frees_offers_expiries_and_changes_at_once_keep_the_sums_right(
    app: Flask, crowd: Callable[[Callable[[random.Random], None]], None]
) -> None:
    del app
    event = an_event(capacity=7, offer_hours=2, largest_party=4, starts_at=NOW + dt.timedelta(days=3))
    event_id, slug, tokens = event.id, event.slug, list[str]()
    db.session.rollback()

    def doing(chance: random.Random) -> None:
        now, token = NOW + chance.randint(0, 20) * HOURS, chance.choice(tokens) if tokens else ""
        what = chance.randint(0, 8) if tokens else 0
        if what <= 2:
            fresh = new_token()
            email = f"guest-{chance.randint(0, 10**9)}@example.org"
            party = Party(name="Ali", email=email, party_size=chance.randint(1, 4), note="", locale="es")
            actions.place_rsvp(slug=slug, party=party, token=fresh, now=now)
            tokens.append(fresh)
        elif what == 3:
            actions.accept_offer(token=token, now=now)
        elif what == 4:
            actions.withdraw_rsvp(token=token, now=now)
        elif what == 5:
            actions.come_back(token=token, now=now)
        elif what == 6:
            actions.change_rsvp(token=token, name="Ali", party_size=chance.randint(1, 4), note="", now=now)
        elif what == 7:
            actions.run_deadlines(now)
        else:
            actions.say_not_coming(token=token, now=now)

    crowd(doing)
    rows = db.session.scalars(sa.select(Rsvp).where(Rsvp.event_id == event_id)).all()
    taken = db.session.scalars(sa.select(Event.seats_taken).where(Event.id == event_id)).one()
    assert len(rows) == len(tokens)
    assert taken == sum(row.party_size for row in rows if row.holds_seats) <= 7
    assert all(row.status in STATUSES and row.holds_seats == (row.status in CAPACITY_TAKEN) for row in rows)
    first = sa.select(OutboxMail.about).where(OutboxMail.kind.in_(["rsvps.confirmed", "rsvps.waitlisted"]))
    assert {row.about for row in rows} <= set(db.session.scalars(first))
    assert len(db.session.scalars(sa.select(RsvpLink.rsvp_id).distinct()).all()) == len(rows)
