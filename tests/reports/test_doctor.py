"""The doctor: silent about what is well, and one sentence with a remedy for everything that is not."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from iec_events.app import create_app
from iec_events.core import clock
from iec_events.core.archive import make_archive
from iec_events.core.db import SiteState, atomic, db, key_check_fits, note_worker
from iec_events.core.tokens import new_id
from iec_events.events.keys import ROSTER, add_key
from iec_events.mail.actions import note_trouble, post
from iec_events.mail.models import OutboxMail
from iec_events.organizers.actions import rest
from iec_events.organizers.audit import note
from iec_events.organizers.keys import RECOVERY, made_key, new_phrase, pair_of_phrase
from iec_events.organizers.models import AuditEntry, Organizer, OrganizerKey, RecoveryKey, RoleGrant
from iec_events.organizers.roles import MODERATOR
from iec_events.privacy import actions as destruction
from iec_events.privacy.vault_boxes import reseal
from iec_events.reports import doctor
from iec_events.reports.commands import doctor as command
from iec_events.reports.doctor import GRAVE, HINT, WEAK, database, files, findings
from tests.conftest import KEY, Installation, settings_for
from tests.factories import PASSWORD, an_app, an_event, an_organizer
from tests.servers import free_port

HOUR = dt.timedelta(hours=1)
ONION = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
WELL = {
    "PUBLIC_URL": "https://events.iec.community",
    "MAIL_URL": "smtps://events:secret@mail.iec.community",
    "MAIL_FROM": "events@iec.community",
}


@pytest.fixture(autouse=True)
def _this_years_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", lambda _package: "2026.3")


@pytest.fixture
def well(installation: Installation, app: Flask, tmp_path: Path) -> Flask:
    """An installation with nothing to complain about."""
    del app
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    for number in range(2):
        organizer = an_app(an_organizer(email=f"organizer-{number}@example.org"))
        with atomic():
            db.session.add(made_key(organizer.id, PASSWORD)[0])
    with atomic():
        public = pair_of_phrase(new_phrase()).public
        db.session.add(RecoveryKey(id=1, public=public, made_at=clock.now(), checked_at=clock.now()))
    note("sign-in.refused", "", now=clock.now())
    note_worker(clock.now())
    return installation.make_app(KEY_DIR=keys, **WELL)


def told(app: Flask, now: dt.datetime | None = None) -> list[tuple[str, str]]:
    with app.app_context():
        found = [(finding.gravity, finding.text) for finding in findings(now or clock.now())]
        db.session.remove()
        return found


def only(app: Flask, now: dt.datetime | None = None) -> tuple[str, str]:
    (finding,) = told(app, now)
    return finding


def test_nothing_is_said_of_what_is_well(well: Flask) -> None:
    assert told(well) == []
    with well.app_context():
        answer = well.test_cli_runner().invoke(command)
    assert (answer.exit_code, answer.output) == (0, "All is well.\n")


def test_the_gravest_comes_first_and_ends_with_status_1(app: Flask) -> None:
    with atomic():
        db.session.execute(sa.update(SiteState).values(worker_seen_at=None))
    answer = app.test_cli_runner().invoke(command)
    lines = answer.output.splitlines()
    order = [line.partition(":")[0] for line in lines]
    assert answer.exit_code == 1
    assert order == sorted(order, key=doctor.ORDER.index)
    assert lines[0] == "grave: The worker has never run, so no mail goes out: start `iec-events worker`."
    assert {"grave", "hint"} <= set(order)
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize(
    ("settings", "gravity", "words"),
    [
        ({"PUBLIC_URL": "http://events.iec.community"}, GRAVE, "without TLS"),
        ({"PUBLIC_URL": "http://127.0.0.1:8000"}, HINT, "Only this machine"),
        ({"MAIL_URL": "smtp://me:secret@mail.iec.community?tls=none"}, GRAVE, "password travels in the open"),
        ({"MAIL_URL": "smtp://mail.iec.community"}, WEAK, "leaves without TLS"),
        ({"MAIL_URL": "file:/nowhere"}, GRAVE, "reaches nobody"),
        ({"MAIL_FROM": "events@example.org"}, GRAVE, "set IEC_MAIL_FROM"),
        ({"TRUSTED_PROXIES": 1}, HINT, "IEC_REDIS_URL"),
        ({"PUBLIC_URL": "http://abcdefghijklmnop.onion"}, WEAK, "one can shut out all"),
        ({"ONION_URL": f"http://{ONION}"}, WEAK, "IEC_TRUSTED_PROXIES"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_settings_that_are_weak(
    installation: Installation, well: Flask, settings: dict[str, Any], gravity: str, words: str
) -> None:
    keys = well.extensions["settings"].key_dir
    found = only(installation.make_app(**{"KEY_DIR": keys, **WELL, **settings}))
    assert found[0] == gravity
    assert words in found[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"MAIL_URL": "smtp://me:secret@mail.iec.community"},
        {"MAIL_URL": "smtp://127.0.0.1"},
        {"MAIL_FROM": "events@notexample.org"},
    ],
    ids=str,
)
def test_settings_that_are_well(installation: Installation, well: Flask, settings: dict[str, Any]) -> None:
    keys = well.extensions["settings"].key_dir
    assert told(installation.make_app(**{"KEY_DIR": keys, **WELL, **settings})) == []


def test_debug_mode_and_one_key_for_both(installation: Installation, well: Flask) -> None:
    keys, own = well.extensions["settings"].key_dir, settings_for(Path(), "")["VAULT_KEYS"]
    app = installation.make_app(KEY_DIR=keys, SECRET_KEY=own, **WELL)
    app.debug = True
    found = told(app)
    assert [gravity for gravity, _text in found] == [GRAVE, WEAK]
    assert "FLASK_DEBUG" in found[0][1]
    assert "another secret key" in found[1][1]


def test_zones_and_clock(well: Flask, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller) -> None:
    now = dt.datetime.now(dt.UTC)
    monkeypatch.setattr(doctor, "version", lambda _package: "2025.3")
    assert "tzdata" in only(well)[1]
    monkeypatch.setattr(doctor, "version", lambda _package: "2028.1")
    assert (only(well)[0], "before the time zones" in only(well)[1]) == (GRAVE, True)
    monkeypatch.setattr(doctor, "version", lambda _package: "2026.3")
    clock.move_to(now - 3 * HOUR)
    assert (only(well)[0], "The clock went back" in only(well)[1]) == (GRAVE, True)


@pytest.mark.parametrize(("noted", "said"), [(None, False), ("2025.10", False), ("2099.10", True)])
def test_rules_of_time_zones_that_are_older_than_those_that_times_are_kept_by(
    well: Flask, noted: str | None, *, said: bool
) -> None:
    with atomic():
        db.session.execute(sa.update(SiteState).values(tzdata=noted))
    texts = [text for gravity, text in told(well) if gravity == WEAK]
    assert [f"install tzdata {noted}" in text for text in texts] == [True] * said


def test_folders_and_keys_that_others_can_read(well: Flask) -> None:
    chosen = well.extensions["settings"]
    key = chosen.key_dir / "vault.keys"
    key.write_text("a key")
    key.chmod(0o644)
    chosen.key_dir.chmod(0o755)
    chosen.data_dir.chmod(0o750)
    try:
        texts = [text for gravity, text in told(well) if gravity == GRAVE]
        assert f"Others on this machine can look into {chosen.data_dir}: run `chmod 700 {chosen.data_dir}`." in texts
        assert f"Others on this machine can look into {chosen.key_dir}: run `chmod 700 {chosen.key_dir}`." in texts
    finally:
        chosen.data_dir.chmod(0o700)


def test_a_key_folder_that_cannot_be_written(well: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = well.extensions["settings"].key_dir / "shred"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "access", lambda asked, _mode: asked != folder)  # to root, everything is open
    gravity, text = only(well)
    assert (gravity, text.partition(":")[0]) == (GRAVE, "Lists cannot be begun or destroyed")
    assert str(folder) in text


def test_a_disk_that_is_full(well: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    full = well.extensions["settings"].key_dir
    disk = SimpleNamespace(free=4096, total=10**10)
    large = SimpleNamespace(free=10**9, total=10**10)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: disk if folder == full else large)
    assert only(well) == (GRAVE, f"The disk of {full} is full, or nearly: make room before sign-ups fail.")
    disk.free, disk.total = 20_000_000, 30_000_000  # one for keys alone
    assert told(well) == []


def test_a_redis_that_does_not_answer(installation: Installation, well: Flask) -> None:
    keys = well.extensions["settings"].key_dir
    app = installation.make_app(KEY_DIR=keys, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0", **WELL)
    try:
        assert only(app) == (
            WEAK,
            "Redis does not answer, so each process counts rate limits for itself: look at IEC_REDIS_URL and at it.",
        )
    finally:
        installation.make_app(**WELL)  # the limiter is one for all


def test_who_can_read_a_file_depends_on_its_folders(tmp_path: Path) -> None:
    file = tmp_path / "vault.keys"
    file.write_text("a key")
    file.chmod(0o644)
    closed = next((one for one in file.parents if not one.stat().st_mode & 0o011), None)
    assert files._others_can_read(file) is (closed is None)
    file.chmod(0o600)
    assert not files._others_can_read(file)
    assert not files._others_can_read(tmp_path / "nothing")


def test_backups_that_are_open_or_old(well: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        files, "_others_can_read", lambda file: file.name == "night" and bool(file.stat().st_mode & 0o044)
    )
    file = well.extensions["settings"].data_dir / "night"
    try:
        with well.app_context():
            make_archive(file, now=clock.now())
        os.utime(file, (clock.now().timestamp(),) * 2)
        assert told(well) == []
        file.chmod(0o644)
        assert only(well) == (GRAVE, f"Others on this machine can read {file}: run `chmod 600 {file}`.")
        file.chmod(0o600)
        month_ago = (clock.now() - dt.timedelta(days=31)).timestamp()
        os.utime(file, (month_ago, month_ago))
        assert (only(well)[0], str(file) in only(well)[1]) == (WEAK, True)
    finally:
        file.unlink()


def test_a_copy_of_the_database_is_known_from_others_databases(well: Flask, tmp_path: Path) -> None:
    del well
    mine, theirs, text = tmp_path / "mine?", tmp_path / "theirs", tmp_path / "text"
    for file, name in ((mine, "site_state"), (theirs, "songs")):
        with closing(sqlite3.connect(file)) as database:
            database.execute(f"CREATE TABLE {name} (id INTEGER)")
    text.write_text("SQLite")
    assert [files._is_copy(file) for file in (mine, theirs, text, tmp_path / "none")] == [True, False, False, False]


def test_keys_beside_the_data(installation: Installation, well: Flask) -> None:
    del well
    (installation.folder / "keys").mkdir(mode=0o700, exist_ok=True)
    assert "IEC_KEY_DIR" in only(installation.make_app(**WELL))[1]


def test_a_worker_that_sleeps(well: Flask, clock: time_machine.Traveller) -> None:
    clock.shift(3 * HOUR)
    expected = "The worker has not run since 2027-01-15 12:00 UTC, so no mail goes out: start `iec-events worker`."
    assert only(well) == (GRAVE, expected)


def test_mails_that_do_not_get_through(well: Flask) -> None:
    now = clock.now()
    for _ in range(3):
        with atomic():
            post(kind="rsvps.confirmed", about="rsvp:x", to="sara@example.org", locale="en", facts={}, now=now)
    ids = db.session.scalars(sa.select(OutboxMail.id)).all()
    with atomic():
        stuck, given_up = sa.update(OutboxMail).where(OutboxMail.id == ids[0]), sa.update(OutboxMail)
        db.session.execute(stuck.values(tries=4, last_error="recipient refused 450"))
        db.session.execute(given_up.where(OutboxMail.id == ids[1]).values(given_up_at=now))
    assert told(well) == [
        (WEAK, "1 mails were refused again and again (recipient refused 450): look at the mail server."),
        (WEAK, "1 mails were given up (recipient refused 450): write to these people in another way."),
    ]


def test_mail_that_goes_out_no_more_or_into_the_unknown(well: Flask) -> None:
    now = clock.now()
    with atomic():
        post(kind="rsvps.confirmed", about="rsvp:x", to="sara@example.org", locale="en", facts={}, now=now)
        db.session.execute(sa.update(OutboxMail).values(handed_at=now, uncertain_at=now))
        note_trouble(letters=[], error="SMTPAuthenticationError 535", now=now)
    since = "No mail goes out since 2027-01-15 12:00 UTC (SMTPAuthenticationError 535)"
    assert told(well) == [
        (GRAVE, f"{since}: find out with `iec-events mail test`."),
        (WEAK, "Nobody knows whether 1 mails arrived: an owner can send them again on the dashboard."),
    ]


def test_a_sender_that_is_no_address(installation: Installation) -> None:
    expected = "IEC_MAIL_FROM is no mail address, so no mail goes out: write it like events@example.org."
    assert (GRAVE, expected) in told(installation.make_app(**{**WELL, "MAIL_FROM": "Events <a@iec.example.net>"}))


def test_a_database_that_is_empty_behind_ahead_or_away(
    well: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = well.extensions["settings"].key_dir
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)

    def app_on(url: str) -> Flask:
        return create_app(settings_for(folder, url, KEY_DIR=keys, **WELL))

    empty = app_on(f"sqlite:///{folder / 'empty.db'}")
    assert only(empty) == (GRAVE, "The database has no tables: run `iec-events init`.")
    with empty.app_context():
        db.engine.dispose()
    (folder / "empty.db").unlink()
    away = app_on("postgresql+psycopg://nobody@/none?host=/nowhere")
    assert "does not answer" in only(away)[1]
    monkeypatch.setattr(database, "newest_revision", lambda: "0099")
    assert "run `iec-events migrate`" in only(well)[1]
    monkeypatch.setattr(database, "known_revisions", lambda: ("0000",))
    assert "newer than this version" in only(well)[1]


def test_other_vault_keys(installation: Installation, well: Flask) -> None:
    with well.app_context():
        assert key_check_fits()
    other = settings_for(Path(), "")["SECRET_KEY"]
    app = installation.make_app(
        KEY_DIR=well.extensions["settings"].key_dir, VAULT_KEYS=other, SECRET_KEY="A" * 20 + str(other)[20:], **WELL
    )
    found = told(app)
    assert (GRAVE, "The vault key is not the one this database was begun with: put the old key file back.") in found
    assert "audit accept" not in str(found), "whoever did so would seal the trail with a key that is not the service's"
    with atomic():
        db.session.execute(sa.update(SiteState).values(key_check=None))


def test_older_vault_keys_that_are_needed_or_not(installation: Installation, well: Flask) -> None:
    keys, own = well.extensions["settings"].key_dir, settings_for(Path(), "")["VAULT_KEYS"]
    app = installation.make_app(KEY_DIR=keys, VAULT_KEYS=f"{'B' * 20}{str(KEY)[20:]},{own}", **WELL)
    assert (only(app)[0], "boxes need older vault keys: run `iec-events vault reseal`" in only(app)[1]) == (WEAK, True)
    with app.app_context():
        reseal()
    assert (only(app)[0], "No box needs the older vault keys any more" in only(app)[1]) == (HINT, True)
    with atomic():
        db.session.execute(sa.update(SiteState).values(key_check=None))


def remove(*kinds: type[Any]) -> None:
    with atomic():
        for kind in kinds:
            db.session.execute(sa.delete(kind))


def test_recovery_keys_and_holders(well: Flask) -> None:
    with atomic():
        db.session.execute(sa.update(RecoveryKey).values(checked_at=None))
    assert only(well) == (
        WEAK,
        "Nobody has checked the recovery key: write its words once into the page “Keys”.",
    )
    remove(RecoveryKey)
    assert only(well)[0] == WEAK
    with atomic():
        one = sa.text("DELETE FROM organizer_keys WHERE organizer_id = (SELECT max(organizer_id) FROM organizer_keys)")
        db.session.execute(one)
    assert [gravity for gravity, _text in told(well)] == [GRAVE, WEAK]
    assert "One lost password loses every guest list" in told(well)[0][1]
    assert "invite a second organizer" in told(well)[1][1]


def test_a_list_that_the_recovery_key_does_not_open_or_nobody(well: Flask) -> None:
    event = an_event()
    with well.app_context(), atomic():
        add_key(event.id, ROSTER, {new_id(): pair_of_phrase(new_phrase()).public for _ in range(2)}, clock.now())
    assert "does not open 1 guest lists" in only(well)[1]
    for file in (well.extensions["settings"].key_dir / "shred").iterdir():
        file.unlink()
    assert (told(well)[0][0], "The keys of 1 guest lists are gone" in told(well)[0][1]) == (GRAVE, True)
    assert RECOVERY == "recovery"


def test_lists_and_keys_that_nobody_destroys(well: Flask) -> None:
    event = an_event(keep_days=0)
    ids = {row.organizer_id: row.public for row in db.session.scalars(sa.select(OrganizerKey))}
    public = db.session.get_one(RecoveryKey, 1).public
    with well.app_context(), atomic():
        add_key(event.id, ROSTER, {**ids, RECOVERY: public}, clock.now())
    end = event.ends_at
    db.session.rollback()  # who reads keeps the log of SQLite from being emptied

    def late(hours: float) -> list[str]:
        with well.app_context():
            note_worker(end + hours * HOUR)
        return [text for gravity, text in told(well, end + hours * HOUR) if gravity == GRAVE]

    assert late(0.9) == []
    assert "1 guest lists or their keys are beyond their term" in late(1)[0]
    with well.app_context(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(destruction, "destroy_shreds", _fails)
        with pytest.raises(PermissionError):
            destruction.destroy_due(end + HOUR)
    assert late(1.9) == []
    assert "1 guest lists or their keys are beyond their term" in late(2)[0]
    with well.app_context():
        destruction.destroy_due(end + 2 * HOUR)
    assert late(3) == []


def _fails(_key_ids: object) -> None:
    raise PermissionError


def a_list(slug: str, *holders: str) -> None:
    event = an_event(slug=slug)
    with atomic():
        public = pair_of_phrase(new_phrase()).public
        add_key(event.id, ROSTER, dict.fromkeys((*holders, RECOVERY), public), clock.now())


def test_lists_that_one_account_can_open_or_none(well: Flask) -> None:
    with well.app_context():
        a_list("berkeley", new_id(), new_id())
        assert told(well) == []
        a_list("bogota", new_id())
        assert only(well)[0] == WEAK
        assert "Only one account can open 1 guest lists (bogota): give somebody else access" in only(well)[1]
        for number in range(4):
            a_list(f"night-{number}")
    found = told(well)
    assert [gravity for gravity, _text in found] == [GRAVE, WEAK]
    assert "No account can open 4 guest lists (night-0, night-1, night-2, ...)" in found[0][1]


def test_owners_and_second_factors(well: Flask) -> None:
    an_organizer("Parvin", "parvin@example.org", role=MODERATOR)
    assert (only(well)[0], "1 accounts have no second factor" in only(well)[1]) == (WEAK, True)
    remove(RoleGrant)
    assert (told(well)[0][0], "No account is an owner" in told(well)[0][1]) == (GRAVE, True)
    an_app(an_organizer("Omid", "omid@example.org"))
    assert "Only one account is an owner" in told(well)[0][1]


def test_owners_at_rest_look_after_nothing(well: Flask) -> None:
    *others, last = db.session.scalars(sa.select(Organizer.id)).all()
    for owner in others:
        rest(organizer_id=owner, until=None, now=clock.now())
    assert "All owners' accounts but one rest" in only(well)[1]
    rest(organizer_id=last, until=None, now=clock.now())
    assert "iec-events organizer wake" in only(well)[1]


def test_a_trail_that_was_tampered_with(well: Flask) -> None:
    with atomic():
        db.session.execute(sa.update(AuditEntry).values(who="worker"))
    assert only(well) == (
        GRAVE,
        "The audit trail was tampered with (Entry 1 was changed.) Find out who did it; then `iec-events audit accept`.",
    )
