"""What is weak in the database, and in what it tells of the clock, mail, keys and the trail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from ...core.config import settings
from ...core.db import SiteState, db, key_check_fits
from ...core.revisions import known_revisions, newest_revision, revision_of
from ...core.shreds import has_shred
from ...events.actions import newer_rules
from ...events.models import EventKey
from ...mail.queries import mail_health
from ...organizers.audit import latest_at
from ...organizers.audit_check import verify
from ...privacy.actions import overdue
from ...privacy.vault_boxes import older_boxes
from .people import of_people
from .pieces import GRAVE, HINT, WEAK, Finding, Findings

AHEAD = dt.timedelta(hours=1)


def of_database(now: dt.datetime) -> Iterable[Finding]:
    """What is weak in the database; as long as it does not fit this version, that and nothing else."""
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
    checks: tuple[Callable[[dt.datetime], Findings], ...] = (_of_clock, _of_zones, _of_mail, _of_keys, _of_trail)
    return [finding for check in checks for finding in check(now)]


def _of_clock(now: dt.datetime) -> Findings:
    noted = [moment for moment in (db.session.scalar(sa.select(SiteState.worker_seen_at)), latest_at()) if moment]
    if noted and max(noted) > now + AHEAD:
        yield Finding(
            GRAVE, f"The clock went back: something here was done at {max(noted):%Y-%m-%d %H:%M} UTC; set it."
        )


def _of_zones(_now: dt.datetime) -> Findings:
    noted = newer_rules()
    if noted:
        yield Finding(
            WEAK,
            f"Times are kept by newer rules of time zones than are installed here, by which some may be an hour off: "
            f"install tzdata {noted} or newer, and start server and worker again.",
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


def _other_key() -> bool:
    return db.session.scalar(sa.select(SiteState.key_check)) is not None and not key_check_fits()


def _of_keys(now: dt.datetime) -> Findings:
    if _other_key():
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
    yield from of_people(now)


def _of_trail(_now: dt.datetime) -> Findings:
    broken = verify().broken
    if broken is not None and not _other_key():  # to which the seal of every trail looks wrong
        yield Finding(
            GRAVE,
            f"The audit trail was tampered with ({broken}) Find out who did it; then `iec-events audit accept`.",
        )
