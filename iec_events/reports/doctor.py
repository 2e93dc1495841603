"""What is weak in this installation, gravest first: each finding is one sentence with what to do about it.

Nothing is changed, and nothing outside this machine is asked. `grave` is what can lose or betray data, or leaves people
without an answer; `weak` is what will, one day; `hint` is for those who know better.
"""

from __future__ import annotations

import datetime as dt
import gzip
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote, urlsplit

import sqlalchemy as sa
from flask import current_app

from ..access import concerns as kinds
from ..access.concerns import concerns
from ..core import shreds, tombstones
from ..core.archive_format import FORMAT
from ..core.config import Settings, settings
from ..core.db import SiteState, db, key_check_fits
from ..core.revisions import known_revisions, newest_revision, revision_of
from ..core.shreds import has_shred
from ..events.models import EventKey
from ..mail.letters import MAILBOX
from ..mail.queries import mail_health
from ..mail.smtp import wants_starttls
from ..organizers.audit import latest_at
from ..organizers.audit_check import verify
from ..privacy.actions import overdue
from ..privacy.vault_boxes import older_boxes

GRAVE, WEAK, HINT = "grave", "weak", "hint"
ORDER = (GRAVE, WEAK, HINT)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
NOBODYS = (".example", ".invalid", ".test", ".localhost", ".example.org", ".example.com", ".example.net")
OTHERS_READ, OTHERS_ENTER, OTHERS_AT_ALL = 0o044, 0o011, 0o077
OLD_BACKUP = dt.timedelta(days=30)
AHEAD = dt.timedelta(hours=1)
FILES_AT_MOST = 5000
PEOPLE = {
    kinds.NO_READER: (
        HINT,
        "Nobody can read guest lists yet: `iec-events organizer invite` makes the first account.",
    ),
    kinds.NO_RECOVERY: (
        WEAK,
        "If all passwords are lost, so are the guest lists: make a recovery key on the page “Keys”.",
    ),
    kinds.NO_RECOVERY_AND_ONE_READER: (
        GRAVE,
        "One lost password loses every guest list: make a recovery key on the page “Keys”.",
    ),
    kinds.RECOVERY_UNCHECKED: (
        WEAK,
        "Nobody has checked the recovery key: write its words once into the page “Keys”.",
    ),
    kinds.LISTS_WITHOUT_RECOVERY: (
        WEAK,
        "The recovery key does not open {count} guest lists: have one who reads them make a new key (page “Keys”).",
    ),
    kinds.LISTS_OF_NOBODY: (
        GRAVE,
        "No account can open {count} guest lists ({events}): run `iec-events recover` with the recovery key.",
    ),
    kinds.ONE_READER: (WEAK, "Only one account can open the guest lists: invite a second organizer."),
    kinds.LISTS_OF_ONE: (
        WEAK,
        "Only one account can open {count} guest lists ({events}): give somebody else access on the page “Keys”.",
    ),
    kinds.NO_OWNER: (
        GRAVE,
        "No account is an owner, so nobody can look after people and keys: `iec-events organizer add --role owner`.",
    ),
    kinds.ONE_OWNER: (
        WEAK,
        "Only one account is an owner: make somebody else an owner on the page “Team”, in case that one is lost.",
    ),
    kinds.NO_FACTOR: (
        WEAK,
        "{count} accounts have no second factor, so a stolen password opens them: have one set up, or remove them.",
    ),
    kinds.DOOR_WITHOUT_KEY: (
        WEAK,
        "{count} accounts can't read the names at the door where they stand: give them its key on the page “Keys”.",
    ),
}


@dataclass(frozen=True)
class Finding:
    """How grave it is, and one sentence for the operator."""

    gravity: str
    text: str


Findings = Iterator[Finding]


def findings(now: dt.datetime) -> list[Finding]:
    """Everything that is weak, gravest first."""
    chosen = settings()
    found = [*_of_settings(chosen), *_of_zones(now, version("tzdata")), *_of_files(chosen, now), *_of_database(now)]
    return sorted(found, key=lambda finding: ORDER.index(finding.gravity))


def _of_settings(chosen: Settings) -> Findings:
    trial = chosen.host in LOOPBACK
    if current_app.debug:
        yield Finding(GRAVE, "Debug mode is on, which shows strangers the insides: take FLASK_DEBUG away.")
    if trial:
        yield Finding(
            HINT, "Only this machine can reach the public address: set IEC_PUBLIC_URL to the one people type."
        )
    elif not chosen.https and not chosen.host.endswith(".onion"):
        yield Finding(GRAVE, "People are led to an address without TLS: set IEC_PUBLIC_URL to one with https://.")
    if chosen.secret_key in chosen.vault_keys:
        yield Finding(WEAK, "One key serves as secret key and as vault key: make another secret key.")
    if chosen.trusted_proxies and not chosen.redis_url:
        yield Finding(HINT, "Each process counts rate limits for itself: with several of them, set IEC_REDIS_URL.")
    yield from _of_mail_settings(chosen, trial=trial)


def _of_mail_settings(chosen: Settings, *, trial: bool) -> Findings:
    serious = HINT if trial else GRAVE
    url = urlsplit(chosen.mail_url)
    if url.scheme == "file":
        yield Finding(
            serious, "Mail is written into a folder and reaches nobody: set IEC_MAIL_URL to your mail server."
        )
    elif url.scheme == "smtp" and url.hostname not in {"127.0.0.1", "localhost", "::1"}:
        tls = wants_starttls(chosen.mail_url)
        if not tls and url.username:
            yield Finding(GRAVE, "The mail server's password travels in the open: begin IEC_MAIL_URL with smtps://.")
        elif not tls:
            yield Finding(
                WEAK, "Mail leaves without TLS: add ?tls=starttls to IEC_MAIL_URL, or begin it with smtps://."
            )
    if f".{chosen.mail_from.rpartition('@')[2].casefold()}".endswith(NOBODYS):
        yield Finding(serious, f"Mail comes from {chosen.mail_from}, which is nobody: set IEC_MAIL_FROM.")
    if not MAILBOX.fullmatch(chosen.mail_from):
        yield Finding(GRAVE, "IEC_MAIL_FROM is no mail address, so no mail goes out: write it like events@example.org.")


def _of_zones(now: dt.datetime, tzdata: str) -> Findings:
    year = int(tzdata.partition(".")[0])
    if now.year < year:
        yield Finding(
            GRAVE, f"The clock says {now:%Y-%m-%d}, before the time zones in use were written: set the clock."
        )
    elif now.year - year > 1:
        yield Finding(WEAK, f"The rules of time zones are of {year}: install a newer version of the package tzdata.")


def _of_files(chosen: Settings, now: dt.datetime) -> Findings:
    for folder in dict.fromkeys((chosen.data_dir, chosen.key_dir)):
        if folder.is_dir() and folder.stat().st_mode & OTHERS_AT_ALL:
            yield Finding(GRAVE, f"Others on this machine can look into {folder}: run `chmod 700 {folder}`.")
    for file in filter(_others_can_read, _inside(chosen.key_dir)):
        yield Finding(GRAVE, f"Others on this machine can read the key {file}: run `chmod 600 {file}`.")
    for folder in (chosen.key_dir, chosen.key_dir / shreds.FOLDER, chosen.key_dir / tombstones.FOLDER):
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            yield Finding(
                GRAVE, f"Lists cannot be begun or destroyed: make {folder} writable for the service's account."
            )
    if chosen.key_dir.is_relative_to(chosen.data_dir) and chosen.key_dir.is_dir():
        yield Finding(
            HINT, "The keys lie in the data folder, so a copy of it holds both: set IEC_KEY_DIR to another place."
        )
    yield from _of_copies(chosen, now)


def _of_copies(chosen: Settings, now: dt.datetime) -> Findings:
    """The database, and copies of one in the data folder, beside it, and beside the database."""
    database = _database_file(chosen)
    live = {database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal")}
    places = {chosen.data_dir, chosen.data_dir.parent, database.parent}
    # Closing a file lets go of all locks that this process has on it, SQLite's included: the live one is not opened.
    found = {file for place in places for file in _inside(place, deep=place == chosen.data_dir)} - live
    copies = sorted(filter(_is_copy, found))
    for file in filter(_others_can_read, (*sorted(live), *copies)):
        yield Finding(GRAVE, f"Others on this machine can read {file}: run `chmod 600 {file}`.")
    limit = (now - OLD_BACKUP).timestamp()
    old = [file for file in copies if file.stat().st_mtime < limit]
    if old:
        which = f"such as {old[0]} ({len(old)} in all)"
        yield Finding(WEAK, f"Copies older than a month, {which}, still hold what was erased here since: erase them.")


def _database_file(chosen: Settings) -> Path:
    path = sa.make_url(chosen.database_url).database if chosen.database_url.startswith("sqlite") else None
    return Path(path or chosen.data_dir / "none").absolute()


def _inside(folder: Path, *, deep: bool = True) -> list[Path]:
    """Files of a folder, so many at most."""
    found: list[Path] = []
    with suppress(OSError):
        for file in folder.rglob("*") if deep else folder.glob("*"):
            if len(found) >= FILES_AT_MOST:
                break
            if file.is_file() and not file.is_symlink():
                found.append(file)
    return found


def _is_copy(file: Path) -> bool:
    """Whether a file holds our rows: an archive of ours, or an SQLite database with our tables."""
    try:
        with file.open("rb") as octets:
            begins = octets.read(16)
        if begins == b"SQLite format 3\0":
            return _has_our_tables(file)
        if begins[:2] != b"\x1f\x8b":
            return False
        with gzip.open(file) as lines:
            return FORMAT.encode() in lines.read(100)
    except (OSError, EOFError, zlib.error):
        return False


def _has_our_tables(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)) as database:
            ours = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [SiteState.__tablename__]).fetchone()
    except sqlite3.Error:
        return False
    return ours is not None


def _others_can_read(file: Path) -> bool:
    """Whether other accounts of this machine get at a file: it and every folder above it must be open."""
    try:
        return bool(file.stat().st_mode & OTHERS_READ) and all(
            folder.stat().st_mode & OTHERS_ENTER for folder in file.absolute().parents
        )
    except OSError:
        return False


def _of_database(now: dt.datetime) -> Iterable[Finding]:
    try:
        with db.engine.connect() as connection:
            revision = revision_of(connection)
    except sa.exc.SQLAlchemyError:
        return [Finding(GRAVE, "The database does not answer: look at IEC_DATABASE_URL and at the database server.")]
    if revision is None:
        return [Finding(GRAVE, "The database has no tables: run `iec-events init`.")]
    if revision not in known_revisions():
        return [Finding(GRAVE, "The database is newer than this version of IEC Events: install the newer one again.")]
    if revision != newest_revision():
        return [Finding(GRAVE, "The database is behind this version of IEC Events: run `iec-events migrate`.")]
    checks: tuple[Callable[[dt.datetime], Findings], ...] = (_of_clock, _of_mail, _of_keys, _of_trail)
    return [finding for check in checks for finding in check(now)]


def _of_clock(now: dt.datetime) -> Findings:
    noted = [moment for moment in (db.session.scalar(sa.select(SiteState.worker_seen_at)), latest_at()) if moment]
    if noted and max(noted) > now + AHEAD:
        yield Finding(
            GRAVE, f"The clock went back: something here was done at {max(noted):%Y-%m-%d %H:%M} UTC; set it."
        )


def _of_mail(now: dt.datetime) -> Findings:
    health = mail_health(now)
    if health.worker_seen_at is None:
        yield Finding(GRAVE, "The worker has never run, so no mail goes out: start `iec-events worker`.")
    elif health.worker_silent:
        seen = f"{health.worker_seen_at:%Y-%m-%d %H:%M} UTC"
        yield Finding(GRAVE, f"The worker has not run since {seen}, so no mail goes out: start `iec-events worker`.")
    if health.trouble and health.trouble_since:
        since = f"{health.trouble_since:%Y-%m-%d %H:%M} UTC"
        yield Finding(
            GRAVE, f"No mail goes out since {since} ({health.trouble}): find out with `iec-events mail test`."
        )
    if health.uncertain:
        yield Finding(
            WEAK,
            f"Nobody knows whether {health.uncertain} mails arrived: an owner can send them again on the dashboard.",
        )
    why = f" ({', '.join(health.last_errors)})" if health.last_errors else ""
    if health.stuck:
        yield Finding(WEAK, f"{health.stuck} mails were refused again and again{why}: look at the mail server.")
    if health.given_up:
        yield Finding(WEAK, f"{health.given_up} mails were given up{why}: write to these people in another way.")


def _of_keys(now: dt.datetime) -> Findings:
    if db.session.scalar(sa.select(SiteState.key_check)) is not None and not key_check_fits():
        yield Finding(GRAVE, "The vault key is not the one this database was begun with: put the old key file back.")
        return
    if len(settings().vault_keys) > 1:
        older = older_boxes()
        needed = f"{older} boxes need older vault keys: run `iec-events vault reseal`."
        free = "No box needs the older vault keys any more: take them out of vault.keys, and start the service again."
        yield Finding(WEAK if older else HINT, needed if older else free)
    shreds = db.session.scalars(sa.select(EventKey.shred_id).distinct()).all()
    gone = sum(not has_shred(shred_id) for shred_id in shreds)
    if gone:
        yield Finding(GRAVE, f"The keys of {gone} guest lists are gone: put the folder `shred` of the key folder back.")
    late = overdue(now)
    if late:
        folder = settings().key_dir
        yield Finding(
            GRAVE, f"{late} guest lists or their keys are beyond their term: may the worker write to {folder}?"
        )
    yield from _of_people(now)


def _of_people(now: dt.datetime) -> Findings:
    for concern in concerns(now):
        gravity, sentence = PEOPLE[concern.kind]
        events = ", ".join((*concern.events, *(["..."] if len(concern.events) < concern.count else [])))
        yield Finding(gravity, sentence.format(count=concern.count, events=events))


def _of_trail(_now: dt.datetime) -> Findings:
    broken = verify().broken
    if broken is not None:
        yield Finding(
            GRAVE,
            f"The audit trail was tampered with ({broken}) Find out who did it; then `iec-events audit accept`.",
        )
