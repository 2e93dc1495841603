"""The end of a list: at its term or before, whole, and so that no backup and no key opens it again."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from iec_events.access.actions import Holder, give_access
from iec_events.core import clock as our_clock
from iec_events.core.archive import make_archive, restore_archive
from iec_events.core.crypto import BoxRefused
from iec_events.core.db import atomic, db
from iec_events.core.shreds import FOLDER, has_shred, uncover
from iec_events.events.keys import give, shreds_of
from iec_events.events.models import Event, EventKey, KeyCopy
from iec_events.events.queries import EventUnknown, any_event
from iec_events.mail.models import OutboxMail
from iec_events.organizers.actions import sign_in
from iec_events.organizers.keys import private_of_session
from iec_events.privacy import actions
from iec_events.privacy.actions import destroy_due, destroy_list, rounded
from iec_events.rsvps.boxes import address_of, own_words
from iec_events.rsvps.models import Receipt, Rsvp, RsvpLink
from iec_events.rsvps.queries import LinkUnknown, link_by_token, own_rsvp
from iec_events.worker import run_all_once
from tests.conftest import Installation
from tests.factories import an_event
from tests.octets import octets_of
from tests.privacy.people import CANARY_MAIL, CANARY_NAME, CANARY_NOTE, SECRET, an_account, comes, names

pytestmark = pytest.mark.usefixtures("app")
LISTS = (Rsvp, RsvpLink, OutboxMail, EventKey, KeyCopy)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def rows() -> dict[str, int]:
    db.session.rollback()
    return {t.__tablename__: db.session.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in LISTS}


def after_the_end(event: Event, days: float, clock: time_machine.Traveller) -> None:
    clock.move_to(event.ends_at + days * DAY)
    destroy_due(our_clock.now())


def test_a_list_ends_fourteen_days_after_its_event(clock: time_machine.Traveller) -> None:
    nasrin, event = an_account(), an_event(capacity=50)
    for _ in range(13):
        comes(event)
    after_the_end(event, 13.99, clock)
    nasrin = (nasrin[0], sign_in(email="nasrin@example.org", password=SECRET, now=our_clock.now()))
    assert names(nasrin, event) == [CANARY_NAME] * 13
    after_the_end(event, 14, clock)
    assert set(rows().values()) == {0}
    db.session.refresh(event)
    assert (event.seats_taken, event.lines_given, event.status) == (0, 0, "published")
    receipt = db.session.scalars(sa.select(Receipt)).one()
    assert (receipt.parties, receipt.seats, receipt.early) == (10, 10, False)
    assert receipt.at == receipt.keys_gone_at == event.ends_at + 14 * DAY


def test_who_gives_access_while_a_list_is_destroyed_is_not_disturbed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nasrin, token), event = an_account(), an_event()
    comes(event)
    omid, _token = an_account("omid@example.org")
    slug = event.slug

    def destroy() -> None:
        with app.app_context():
            destroy_list(slug=slug, now=our_clock.now())

    destroying = threading.Thread(target=destroy)

    def meanwhile(event_key_id: str, private: bytes, to: dict[str, bytes]) -> None:
        if not destroying.ident:
            destroying.start()
            destroying.join(0.1)
        give(event_key_id, private, to)

    monkeypatch.setattr("iec_events.access.actions.keys.give", meanwhile)
    holder = Holder(nasrin, private_of_session(token))
    assert give_access(organizer_id=omid, by=holder, now=our_clock.now()) == 2
    destroying.join()
    assert set(rows().values()) == {0, 1}  # a letter that there is one more key


def test_a_list_whose_event_was_moved_a_moment_ago_stays(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_account()
    event = an_event()
    comes(event)
    monkeypatch.setattr("iec_events.privacy.actions._over", lambda _now: [event.id])  # as it was found
    after_the_end(event, 13.9, clock)
    assert rows()["rsvps"] == 1


def test_destroying_again_does_nothing(clock: time_machine.Traveller) -> None:
    an_account()
    event = an_event()
    comes(event)
    for _ in range(3):
        after_the_end(event, 14, clock)
    destroy_list(slug=event.slug, now=our_clock.now())
    assert len(db.session.scalars(sa.select(Receipt)).all()) == 1


@pytest.mark.parametrize("keep_days", [0, 3])
def test_organizers_may_choose_a_shorter_term(clock: time_machine.Traveller, keep_days: int) -> None:
    event = an_event(keep_days=keep_days)
    comes(event)
    after_the_end(event, keep_days - 0.01, clock)
    assert rows()["rsvps"] == 1
    after_the_end(event, keep_days, clock)
    assert rows()["rsvps"] == 0


def test_an_event_that_was_moved_takes_its_list_along(clock: time_machine.Traveller) -> None:
    event = an_event()
    comes(event)
    end = event.ends_at
    with atomic():
        event.starts_at, event.ends_at = event.starts_at + 40 * DAY, end + 40 * DAY
    clock.move_to(end + 20 * DAY)
    destroy_due(our_clock.now())
    assert rows()["rsvps"] == 1


def test_other_lists_stay(clock: time_machine.Traveller) -> None:
    nasrin, over, coming = an_account(), an_event(), an_event(starts_at=our_clock.now() + 300 * DAY)
    comes(over, "Sara")
    comes(coming, "Ali")
    after_the_end(over, 14, clock)
    nasrin = (nasrin[0], sign_in(email="nasrin@example.org", password=SECRET, now=our_clock.now()))
    assert names(nasrin, coming) == ["Ali"]
    assert rows()["event_keys"] == 2


def test_a_list_destroyed_before_the_event_can_begin_anew() -> None:
    nasrin, event = an_account(), an_event(capacity=5)
    old_link = comes(event, party_size=5)
    before = shreds_of(event.id)
    destroy_list(slug=event.slug, now=our_clock.now())
    assert set(rows().values()) == {0}
    assert not any(has_shred(one) for one in before)
    with pytest.raises(LinkUnknown):
        own_rsvp(token=old_link, slug=event.slug)
    comes(event, "Ali", party_size=5)
    assert names(nasrin, event) == ["Ali"]
    assert not before & shreds_of(event.id)
    assert db.session.scalars(sa.select(Receipt)).one().early


def test_there_is_no_list_of_an_event_that_is_not() -> None:
    with pytest.raises(EventUnknown):
        destroy_list(slug="nowhere", now=our_clock.now())


@pytest.mark.parametrize(("number", "told"), [(0, None), (9, None), (10, 10), (14, 10), (15, 15), (301, 300)])
def test_only_coarse_numbers_stay(number: int, told: int | None) -> None:
    assert rounded(number) == told


def test_a_crash_before_the_keys_were_destroyed_is_made_good(monkeypatch: pytest.MonkeyPatch) -> None:
    an_account()
    event = an_event()
    comes(event)
    shreds = shreds_of(event.id)

    def killed(_key_ids: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(actions, "destroy_shreds", killed)
        with pytest.raises(KeyboardInterrupt):
            destroy_list(slug=event.slug, now=our_clock.now())
    assert all(has_shred(one) for one in shreds)
    assert db.session.scalars(sa.select(Receipt)).one().keys_gone_at is None
    destroy_due(our_clock.now())
    assert not any(has_shred(one) for one in shreds)
    db.session.rollback()
    assert db.session.scalars(sa.select(Receipt)).one().keys_gone_at is not None


def test_a_list_without_a_key_file_reads_as_sealed_and_takes_new_people(installation: Installation) -> None:
    """As after restoring an old copy of the database: what is lost stays lost, what comes is kept."""
    nasrin, event = an_account(), an_event()
    token = comes(event, "Sara")
    for file in (installation.folder / "keys" / FOLDER).iterdir():
        file.unlink()
    assert names(nasrin, event) == [None]
    assert own_rsvp(token=token, slug=event.slug).name is None
    comes(event, "Ali")
    assert names(nasrin, event) == [None, "Ali"]


def test_what_the_server_reads_and_what_the_attendee_reads_goes_with_the_key_too() -> None:
    an_account()
    event = an_event()
    token = comes(event)
    rsvp, link = db.session.scalars(sa.select(Rsvp)).one(), link_by_token(token)
    assert (address_of(rsvp) or {})["to"] == CANARY_MAIL
    kept = {name: getattr(rsvp, name) for name in (column.key for column in Rsvp.__table__.columns)}
    own_key = link.own_key
    destroy_list(slug=event.slug, now=our_clock.now())
    back, back_link = Rsvp(**kept), RsvpLink(token_hash="x", rsvp_id=kept["id"], own_key=own_key)
    assert address_of(back) is None
    assert own_words(back, back_link, token) is None


def test_what_came_before_anybody_held_a_key_is_covered_later() -> None:
    event = an_event()
    token = comes(event)
    an_account()
    run_all_once(db_app())
    db.session.rollback()
    rsvp = db.session.scalars(sa.select(Rsvp)).one()
    assert (address_of(rsvp) or {})["to"] == CANARY_MAIL
    assert own_rsvp(token=token, slug=event.slug).name == CANARY_NAME
    assert rsvp.mailable is not None
    assert rsvp.mailable[:1] == b"\x04"


def db_app() -> Flask:
    from flask import current_app  # noqa: PLC0415

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def test_nothing_is_left_in_the_files_and_last_months_backup_does_not_open(
    installation: Installation, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    nasrin, event = an_account(), an_event(slug="berkeley")
    comes(event)
    boxes = _boxes()
    path = installation.engine.url.database if installation.engine.dialect.name == "sqlite" else None
    if path:
        _copy(path, tmp_path / "backup.db")
        assert all(box in (tmp_path / "backup.db").read_bytes() for box in boxes)
    kept = _all_rows()
    db.session.refresh(event)
    clock.move_to(event.ends_at + 14 * DAY)
    db.session.rollback()  # whoever is reading keeps the log from being emptied
    run_all_once(installation.app)
    db.session.rollback()
    if path:
        octets = octets_of(path, path + "-wal")
        for needle in (*boxes, CANARY_NAME.encode(), CANARY_NOTE.encode(), CANARY_MAIL.encode()):
            assert needle not in octets
    nasrin = (nasrin[0], sign_in(email="nasrin@example.org", password=SECRET, now=our_clock.now()))
    _put_back(kept)
    assert names(nasrin, event) == [None]
    rsvp = db.session.scalars(sa.select(Rsvp)).one()
    assert address_of(rsvp) is None
    if path:
        restored = installation.make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'backup.db'}")
        with restored.app_context():
            session = sign_in(email="nasrin@example.org", password=SECRET, now=our_clock.now())
            assert names((nasrin[0], session), any_event("berkeley")) == [None]
            db.session.rollback()


def test_a_backup_opens_until_the_list_is_destroyed_and_never_after(
    tmp_path: Path, clock: time_machine.Traveller
) -> None:
    nasrin, event = an_account(), an_event(slug="berkeley")
    comes(event)
    term = event.list_ends_at
    make_archive(tmp_path / "night", now=our_clock.now())

    def back() -> tuple[str, str]:
        db.session.rollback()
        restore_archive(tmp_path / "night", replace=True)
        return nasrin[0], sign_in(email="nasrin@example.org", password=SECRET, now=our_clock.now())

    assert names(back(), any_event("berkeley")) == [CANARY_NAME]
    db.session.rollback()
    clock.move_to(term)
    destroy_due(our_clock.now())
    assert names(back(), any_event("berkeley")) == [None]
    db.session.rollback()
    destroy_due(our_clock.now())
    assert set(rows().values()) == {0}


def test_the_key_is_on_the_disk_before_what_it_covers_is_kept() -> None:
    an_account()
    seen: list[bool] = []

    def look(session: Session) -> None:
        seen.extend(has_shred(one) for one in session.scalars(sa.select(EventKey.shred_id)))

    sa.event.listen(Session, "before_commit", look)
    try:
        comes(an_event())
    finally:
        sa.event.remove(Session, "before_commit", look)
    assert seen
    assert all(seen)


def _boxes() -> list[bytes]:
    """A stretch from the middle of every box, short enough not to be split over pages of the file."""
    db.session.rollback()
    found = [box for row in db.session.execute(sa.select(Rsvp.sealed, Rsvp.own, Rsvp.mailable)) for box in row]
    found += list(db.session.scalars(sa.select(KeyCopy.sealed))) + list(
        db.session.scalars(sa.select(OutboxMail.sealed))
    )
    return [box[100:130] for box in found if box]


def _copy(path: str, to: Path) -> None:
    with sqlite3.connect(path) as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()


def _all_rows() -> list[tuple[sa.Table, list[dict[str, object]]]]:
    db.session.rollback()
    tables = [model.__table__ for model in (EventKey, KeyCopy, Rsvp, RsvpLink)]
    return [(t, [dict(row) for row in db.session.execute(sa.select(t)).mappings()]) for t in tables]  # type: ignore[misc]


def _put_back(kept: list[tuple[sa.Table, list[dict[str, object]]]]) -> None:
    with atomic():
        for table, rows_of_table in kept:
            db.session.execute(sa.insert(table), rows_of_table)


def test_a_covered_box_of_another_list_opens_nothing() -> None:
    nasrin, one, other = an_account(), an_event(), an_event()
    comes(one, "Sara")
    comes(other, "Ali")
    with atomic():
        first, second = db.session.scalars(sa.select(KeyCopy).join(EventKey).where(EventKey.scope == "roster")).all()
        first.sealed, second.sealed = second.sealed, first.sealed
    assert names(nasrin, one) == names(nasrin, other) == [None]


def test_a_key_file_that_was_cut_short_opens_nothing(installation: Installation) -> None:
    nasrin, event = an_account(), an_event()
    comes(event)
    for file in (installation.folder / "keys" / FOLDER).iterdir():
        file.write_bytes(b"short")
    assert names(nasrin, event) == [None]
    with pytest.raises(BoxRefused, match="unknown version"):
        uncover("x", b"\x02" + bytes(40))
