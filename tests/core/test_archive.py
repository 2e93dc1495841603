"""Archives: everything comes back, on either database and from one to the other; what is wrong changes nothing."""

from __future__ import annotations

import base64
import datetime as dt
import errno
import gzip
import hashlib
import json
import os
import secrets
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from iec_events.app import create_app
from iec_events.core import archive, archive_format, clock
from iec_events.core.archive import make_archive, restore_archive
from iec_events.core.archive_format import ArchiveRefused, check_archive
from iec_events.core.db import SiteState, atomic, db, key_check_fits
from iec_events.core.revisions import newest_revision, tables_at
from iec_events.events.actions import keep_image
from iec_events.events.models import Campaign
from iec_events.organizers.audit import note
from iec_events.organizers.audit_check import verify
from iec_events.organizers.models import Invitation, ResetLink
from iec_events.rsvps.actions import Party, ask_for_links, place_rsvp
from iec_events.solidarity.actions import leave_message
from tests.conftest import settings_for
from tests.factories import a_campaign, an_event, an_organizer, an_organizer_session

NOT_BACK: dict[str, list[Any]] = {
    name: [] for name in ("organizer_sessions", "invitations", "reset_links", "lost_links")
}
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(7, 39))).decode()


@pytest.fixture(params=["to sqlite", "to postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """Another installation with the same keys, whose database has no tables yet."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if request.param == "to sqlite":
        made = create_app(settings_for(folder, f"sqlite:///{folder / 'other.db'}"))
        yield made
        with made.app_context():
            db.engine.dispose()
        return
    server = sa.create_engine(request.getfixturevalue("postgres_url"), isolation_level="AUTOCOMMIT")
    name = f"other_{secrets.token_hex(4)}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    made = create_app(settings_for(folder, server.url.set(database=name).render_as_string(hide_password=False)))
    yield made
    with made.app_context():
        db.engine.dispose()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


@pytest.fixture
def full(app: Flask) -> Flask:
    """A database with rows of every kind that people make."""
    now = clock.now()
    keep_image(name="picture", content=bytes(range(256)) * 5, width=16, height=9, now=now)
    campaign = a_campaign("شبِ شورش «فرهنگی» \u2028 🕯")
    event = an_event(slug="berkeley", campaign_id=campaign.id, image_name="picture", latitude=37.1 / 3, capacity=3)
    an_event(slug="paris", programme=[{"at": "", "title": {"fa": "شعر"}, "note": {}}])
    for number in range(5):
        party = Party(name=f"Sara {number}", email="sara@example.org", party_size=1, note="…", locale="fa")
        place_rsvp(slug=event.slug, party=party, token=f"token {number}", now=now + dt.timedelta(microseconds=1))
    words = {"text": "Freedom", "signature": "Sima", "language": "en", "seed": "one"}
    leave_message(event_slug="berkeley", read_aloud=True, now=now, **words)
    organizer = an_organizer()
    an_organizer_session(organizer)
    with atomic():
        made = {"token_hash": "0" * 64, "expires_at": now}
        db.session.add_all([Invitation(role="owner", **made), ResetLink(organizer_id=organizer.id, **made)])
    ask_for_links(email="sara@example.org", now=now)
    note("event.published", "event:berkeley", now=now, who="operator")
    assert key_check_fits()
    db.session.rollback()
    return app


def contents() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; what may differ after a restore is left out."""
    db.session.rollback()
    found = {}
    for table in db.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name != "generation"]
        rows = db.session.execute(sa.select(*columns).order_by(*table.primary_key.columns)).all()
        found[table.name] = [tuple(row) for row in rows]
    db.session.rollback()
    return found


def archived(app: Flask, file: Path) -> dict[str, list[tuple[Any, ...]]]:
    with app.app_context():
        before = contents()
        make_archive(file, now=clock.now())
    return before


def rewritten(file: Path, change: Callable[[list[bytes]], None], *, with_checksum: bool = False) -> None:
    """What somebody may do to an archive; with a checksum that fits, but without the keys, if wanted."""
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    change(lines)
    if with_checksum:
        end = json.loads(lines[-1])
        end["end"]["sha256"] = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
        lines[-1] = json.dumps(end).encode() + b"\n"
    file.write_bytes(gzip.compress(b"".join(lines)))


def test_everything_is_found_elsewhere(full: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night.archive"
    before = archived(full, file)
    filled = {name for name, rows in before.items() if rows}
    assert {"events", "campaigns", "images", "rsvps", "messages", "outbox", "organizers", "audit_entries"} <= filled
    assert set(NOT_BACK) <= filled
    with elsewhere.app_context():
        restored = restore_archive(file)
        assert contents() == {**before, **NOT_BACK}
        assert verify().broken is None
        assert key_check_fits()
        assert restored.rows == sum(len(rows) for name, rows in before.items() if name not in NOT_BACK)
        campaign = a_campaign("The next one")  # its number must be a new one
        assert campaign.id > max(row[0] for row in before["campaigns"])


def test_there_and_back_again_is_the_same_archive(full: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    before = archived(full, first)
    with elsewhere.app_context():
        restore_archive(first)
    archived(elsewhere, second)
    with full.app_context():
        restore_archive(second, replace=True)
        db.session.remove()
        assert contents() == {**before, **NOT_BACK}
        with atomic():
            db.session.add(Campaign(slug="new", texts={}, revised_at=clock.now()))


def test_an_archive_is_a_moment_while_others_write(full: Flask, tmp_path: Path) -> None:
    """Halfway through the reading, somebody adds a campaign and two events; none of it is in the archive."""
    file = tmp_path / "night"
    packed = archive_format._packed
    seen: list[object] = []

    def write_once(value: object) -> object:
        if not seen:
            seen.append(value)
            writer = threading.Thread(target=write)
            writer.start()
            writer.join()
        return packed(value)

    def write() -> None:
        with full.app_context():
            an_event(slug="later", campaign_id=a_campaign(slug="later").id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive_format, "_packed", write_once)
        make_archive(file, now=clock.now())
    assert b'"later"' not in gzip.decompress(file.read_bytes())
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).where(Campaign.slug == "later")) == 1


def test_the_file_is_its_owners_and_holds_no_key(full: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    archived(full, file)
    assert file.stat().st_mode & 0o777 == 0o600
    text = gzip.decompress(file.read_bytes())
    for key in (full.extensions["settings"].secret_key, *full.extensions["settings"].vault_keys):
        for form in (key, base64.b64encode(key), base64.urlsafe_b64encode(key), key.hex().encode()):
            assert form not in text
    for name in (b"Sara", b"sara@example.org", b"Sima"):
        assert name not in text


def no_room(_handle: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_no_file_is_overwritten_and_none_is_left_half(full: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    file.write_text("mine")
    with full.app_context():
        with pytest.raises(ArchiveRefused, match="exists already"):
            make_archive(file, now=clock.now())
        assert file.read_text() == "mine"
        with pytest.raises(ArchiveRefused, match="cannot be written"):
            make_archive(tmp_path / "nowhere" / "night", now=clock.now())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(archive_format, "_packed", lambda _value: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                make_archive(tmp_path / "half", now=clock.now())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", no_room)
            with pytest.raises(ArchiveRefused, match="half cannot be written: No space left on device"):
                make_archive(tmp_path / "half", now=clock.now())
    assert not (tmp_path / "half").exists()


def test_a_database_in_use_is_only_replaced_when_told_so(full: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    before = archived(full, file)
    with full.app_context():
        an_event(slug="later")
        generation = db.session.scalar(sa.select(SiteState.generation)) or 0
        after = contents()
        with pytest.raises(ArchiveRefused, match="not empty"):
            restore_archive(file)
        assert contents() == after
        restore_archive(file, replace=True)
        assert contents() == {**before, **NOT_BACK}
        assert (db.session.scalar(sa.select(SiteState.generation)) or 0) > generation


def test_a_fresh_installation_is_empty(full: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    before = archived(full, file)
    with elsewhere.app_context():
        upgrade()
        assert key_check_fits()
        restore_archive(file)
        assert contents() == {**before, **NOT_BACK}


def cut(lines: list[bytes]) -> None:
    del lines[-3:]


def altered(lines: list[bytes]) -> None:
    at = next(number for number, line in enumerate(lines) if b'"berkeley"' in line)
    lines[at] = lines[at].replace(b'"berkeley"', b'"elsewhere"')


def newer(lines: list[bytes]) -> None:
    lines[0] = lines[0].replace(b'"version":1', b'"version":2')


@pytest.mark.parametrize(
    ("change", "with_checksum", "sentence"),
    [
        (cut, False, "is damaged"),
        (altered, False, "is damaged"),
        (altered, True, "does not have the server's keys"),
        (newer, False, "install a newer one"),
        (lambda lines: lines.clear(), False, "is damaged"),
        (lambda lines: lines.insert(0, b"[]\n"), False, "is damaged"),
    ],
    ids=["cut", "altered", "forged", "of a newer format", "empty", "another thing"],
)
def test_a_damaged_archive_changes_nothing(
    full: Flask, tmp_path: Path, change: Callable[[list[bytes]], None], *, with_checksum: bool, sentence: str
) -> None:
    file = tmp_path / "night"
    before = archived(full, file)
    rewritten(file, change, with_checksum=with_checksum)
    with full.app_context():
        with pytest.raises(ArchiveRefused, match=sentence):
            restore_archive(file, replace=True)
        assert contents() == before


def test_any_octet_changed_or_missing_is_found(full: Flask, tmp_path: Path) -> None:
    """But for those that change nothing: DEFLATE can say the same rows in two ways (a copy from elsewhere)."""
    file = tmp_path / "night"
    archived(full, file)
    octets = file.read_bytes()
    rows = gzip.decompress(octets)
    with full.app_context():
        for at in [*range(10, len(octets), 97), len(octets) - 1]:
            changed = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
            file.write_bytes(changed)
            if unpacked(changed) != rows:
                with pytest.raises(ArchiveRefused):
                    check_archive(file)
            file.write_bytes(octets[:at])
            with pytest.raises(ArchiveRefused):
                check_archive(file)
    with full.app_context(), pytest.raises(ArchiveRefused, match="no file"):
        check_archive(tmp_path / "nothing")


def unpacked(octets: bytes) -> bytes | None:
    try:
        return gzip.decompress(octets)
    except (OSError, EOFError, zlib.error):
        return None


def test_other_keys_are_refused_and_rotated_ones_are_not(full: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    archived(full, file)
    own = full.extensions["settings"].vault_keys[0]
    folder = tmp_path / "keys"
    folder.mkdir()
    url = f"sqlite:///{folder / 'other.db'}"
    with create_app(settings_for(folder, url, VAULT_KEYS=OTHER_KEY)).app_context():
        with pytest.raises(ArchiveRefused, match="other vault keys"):
            restore_archive(file)
        assert sa.inspect(db.engine).get_table_names() == []
        db.engine.dispose()
    rotated = f"{OTHER_KEY},{base64.urlsafe_b64encode(own).decode()}"
    with create_app(settings_for(folder, url, VAULT_KEYS=rotated)).app_context():
        assert restore_archive(file).revision == newest_revision()
        assert key_check_fits()
        db.session.remove()
        db.engine.dispose()


def test_a_newer_revision_is_refused(full: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "night"
    before = archived(full, file)
    for module in (archive, archive_format):
        monkeypatch.setattr(module, "known_revisions", lambda: ("0000",))
    with full.app_context():
        with pytest.raises(ArchiveRefused, match="newer version"):
            restore_archive(file, replace=True)
        with pytest.raises(ArchiveRefused, match="newer than this version"):
            make_archive(tmp_path / "second", now=clock.now())
        monkeypatch.undo()
        assert contents() == before


def test_a_restore_that_fails_halfway_leaves_what_was(full: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    archived(full, file)
    with full.app_context():
        an_event(slug="later")
        before = contents()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(archive_format, "AT_ONCE", 1)
            unpacked = archive_format._unpacked
            patch.setattr(
                archive_format,
                "_unpacked",
                lambda value, aware: 1 / 0 if value == "paris" else unpacked(value, aware=aware),
            )
            with pytest.raises(ZeroDivisionError):
                restore_archive(file, replace=True)
        assert contents() == before
        an_event(slug="still works")


def test_tables_of_others_in_the_same_database_are_left_alone(full: Flask, elsewhere: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    archived(full, file)
    with elsewhere.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE theirs (id INTEGER PRIMARY KEY)")
            connection.exec_driver_sql("INSERT INTO theirs VALUES (7)")
        restore_archive(file)
        restore_archive(file, replace=True)
        make_archive(tmp_path / "second", now=clock.now())
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT id FROM theirs").scalar() == 7
    assert b'"theirs"' not in gzip.decompress((tmp_path / "second").read_bytes())


def test_every_table_of_the_models_is_in_an_archive(full: Flask, tmp_path: Path) -> None:
    file = tmp_path / "night"
    archived(full, file)
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert {line["table"] for line in lines if "table" in line} == set(db.metadata.tables)
    with full.app_context():
        assert tables_at(newest_revision()) == set(db.metadata.tables)


def test_tables_that_somebody_holds_are_waited_for_but_not_for_long(
    full: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "night"
    before = archived(full, file)
    monkeypatch.setattr(archive, "LOCK_WAIT_S", 1)
    with full.app_context(), db.engine.connect() as reader:
        reader.execute(sa.select(Campaign.id)).all()
        if db.engine.dialect.name == "sqlite":  # which lets readers keep what they saw
            restore_archive(file, replace=True)
        else:
            with pytest.raises(ArchiveRefused, match="stop the service first"):
                restore_archive(file, replace=True)
            assert contents() == before
