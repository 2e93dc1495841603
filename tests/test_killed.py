"""A worker that is killed at every single step: what was promised is still done by the next one, and once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes

import pytest
import sqlalchemy as sa

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_token
from iec_events.events.models import Event
from iec_events.mail.actions import ANSWER_LEASE, post, send_again
from iec_events.mail.delivery import deliver_due
from iec_events.mail.models import OutboxMail
from iec_events.rsvps import actions
from iec_events.rsvps.actions import Party
from iec_events.rsvps.models import Rsvp
from iec_events.worker import LETTERS, jobs
from tests.broadcasts.people import a_letter, sends
from tests.conftest import Installation, settings_for
from tests.factories import an_event
from tests.mailers import MailServer
from tests.mortals import Mortals

DAY = dt.timedelta(days=1)
BUSY = ("deadlines", "deadlines near", "reminders", "lost links", "waitlists", "letters", "erase unconfirmed")
LATER = ANSWER_LEASE + dt.timedelta(minutes=1)


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def mortals(installation: Installation, mail_server: MailServer) -> Iterator[Mortals]:
    """Workers on this database and that mail server; the test's own application uses them, too."""
    given = {"MAIL_URL": mail_server.url}
    made = Mortals(settings_for(installation.folder, installation.database_url, **given))
    with installation.make_app(**given).app_context():
        yield made
        db.session.remove()
    made.close()
    installation.clean(certainly=True)


def two_letters() -> dict[str, str]:
    """Their Message-IDs by the ids of their rows; nothing else is in the outbox."""
    now = clock.now()
    with atomic():
        db.session.execute(sa.delete(OutboxMail))
        facts = {"at": now.isoformat()}
        ids = [
            post(kind="organizers.address_changed", about="x", to="o@example.org", locale="en", facts=facts, now=now)
            for _ in range(2)
        ]
    return {mail_id: f"<{mail_id}@127.0.0.1>" for mail_id in ids}


def next_worker() -> None:
    deliver_due(now=clock.now() + LATER, writers=LETTERS)


def test_nothing_is_sent_twice_and_nothing_lost_wherever_the_worker_is_killed(
    mortals: Mortals, mail_server: MailServer, smtp_allowed: None
) -> None:
    del smtp_allowed
    two_letters()
    died, steps = mortals.run("mail", clock.now())
    assert not died
    assert steps.count("send the last line") == 2
    handed = [n for n, step in enumerate(steps) if step == "send the last line"]
    unknown = {n for last in handed for n in range(last - 1, steps.index("before commit", last) + 1)}
    assert {steps[n] for n in unknown} == {"after commit", "send the last line", "getreply", "before commit"}
    second = steps.index("send mail", handed[0])
    for number, step in enumerate(steps[: second + 2]):  # from there on it is the same again
        mail_server.settle()
        mail_server.whole.clear()
        letters = two_letters()
        died, made = mortals.run("mail", clock.now(), number + 1)
        assert (died, made[-1]) == (True, step)
        mail_server.settle()
        next_worker()
        came = Counter(message_from_bytes(letter)["Message-ID"] for letter in mail_server.whole)
        uncertain = set(db.session.scalars(sa.select(OutboxMail.id).where(OutboxMail.uncertain_at.is_not(None))))
        done = set(db.session.scalars(sa.select(OutboxMail.id).where(OutboxMail.done_at.is_not(None))))
        assert done | uncertain == set(letters), (number, step)
        assert len(uncertain) == (number in unknown), (number, step)
        assert all(came[letters[one]] == 1 for one in done), (number, step, came)
        assert all(came[letters[one]] <= 1 for one in uncertain), (number, step, came)
    assert send_again(now=clock.now()) == 0


def a_day_of_work() -> dict[str, Counter[str]]:
    """Something to do for each timed job that writes to people; which letters each party is owed in the end."""
    now = clock.now()
    owed: dict[str, Counter[str]] = {}

    def place(event: Event, name: str, *kinds: str) -> tuple[str, str]:
        token = new_token()
        party = Party(name=name, email=f"{name}@example.org", party_size=1, note="", locale="en")
        rsvp_id = actions.place_rsvp(slug=event.slug, party=party, token=token, now=now).rsvp_id
        owed[rsvp_id] = Counter(kinds)
        return rsvp_id, token

    offers = an_event(capacity=1, offer_hours=2)
    _sara, sara = place(offers, "sara", "confirmed", "not_coming")
    place(offers, "ali", "waitlisted", "offered", "lapsed")
    place(offers, "omid", "waitlisted", "offered")
    actions.say_not_coming(token=sara, now=now)
    place(an_event(confirms_address=True, hold_hours=12), "mina", "unconfirmed", "hold_ending")
    place(an_event(starts_at=now + dt.timedelta(hours=32)), "nima", "confirmed", "reminder")
    place(an_event(), "lost", "confirmed", "link")
    grows = an_event(capacity=1)
    place(grows, "first", "confirmed")
    place(grows, "second", "waitlisted", "promoted")
    gone, _token = place(an_event(confirms_address=True), "gone")
    over = {"status": "lapsed", "status_before": "unconfirmed", "holds_seats": False, "until": now - 3 * DAY}
    with atomic():
        db.session.execute(sa.update(Event).where(Event.id == grows.id).values(capacity=2))
        db.session.execute(sa.update(Rsvp).where(Rsvp.id == gone).values(**over))
    reached = an_event()
    place(reached, "reader", "confirmed", "broadcasts.letter")
    sends(reached, a_letter(reached))
    actions.ask_for_links(email="lost@example.org", now=now)
    return {f"rsvp:{rsvp_id}": kinds for rsvp_id, kinds in owed.items()}


def test_what_is_due_after_a_missed_night_happens_once_wherever_the_worker_is_killed(mortals: Mortals) -> None:
    owed = a_day_of_work()
    later = clock.now() + dt.timedelta(hours=10)
    doing = [job for job in jobs() if job.name not in {"heartbeat", "mail"}]
    for name in BUSY:
        step = 1
        while mortals.run(name, later, die_at=step)[0]:
            step += 1
        assert step > 2, f"{name} had nothing to do"
    for _ in range(2):
        for job in doing:
            job.run(later)
    posted: dict[str, Counter[str]] = {about: Counter() for about, kinds in owed.items() if kinds}
    for about, kind in db.session.execute(sa.select(OutboxMail.about, OutboxMail.kind)):
        posted[about][kind.removeprefix("rsvps.")] += 1
    assert posted == {about: kinds for about, kinds in owed.items() if kinds}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Rsvp)) == len(posted)
