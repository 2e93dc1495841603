"""Making VEVENTs and keeping them, and noting when a feed changed. Repeating either changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..core.db import Model, atomic, db
from ..core.i18n import LOCALES, LocaleCode
from .models import Feed, StoredVevent
from .queries import made_vevents, unmade_events

AT_A_TIME = 200
SECOND = dt.timedelta(seconds=1)


def make_vevents(now: dt.datetime) -> int:
    """Make what is missing, at most 200 in each language, and give the number.

    The worker does so before anybody asks, and comes back for the rest when other work has had its turn.
    """
    made = 0
    for locale in LOCALES:
        missing = unmade_events(locale, AT_A_TIME)
        keep_vevents(event_ids=missing, locale=locale, now=now)
        made += len(missing)
    return made


def keep_vevents(*, event_ids: Sequence[int], locale: LocaleCode, now: dt.datetime) -> None:
    """Make the VEVENTs of these events in this language and keep them, a few at a time."""
    for start in range(0, len(event_ids), AT_A_TIME):
        _keep_some(event_ids[start : start + AT_A_TIME], locale, now)


@atomic()
def note_feed(*, name: str, locale: str, digest: str, now: dt.datetime) -> dt.datetime:
    """Note that a calendar has other octets than before; give its Last-Modified, in whole seconds, never going back."""
    query = sa.select(Feed.digest, Feed.changed_at).where(Feed.name == name, Feed.locale == locale)
    before = db.session.execute(query.with_for_update()).one_or_none()
    changed_at = now.replace(microsecond=0)
    if before is not None:
        known_digest, known_change = before
        if known_digest == digest:
            return known_change
        changed_at = max(changed_at, known_change + SECOND)
    _put(Feed, [{"name": name, "locale": locale, "digest": digest, "changed_at": changed_at}])
    return changed_at


@atomic()
def _keep_some(event_ids: Sequence[int], locale: LocaleCode, now: dt.datetime) -> None:
    made = made_vevents(event_ids, locale, now)
    columns = StoredVevent.__table__.columns.keys()
    _put(StoredVevent, [{name: getattr(vevent, name) for name in columns} for vevent in made])


def _put(table: type[Model], rows: list[dict[str, Any]]) -> None:
    """Insert rows, or replace those with the same key: another process may make the same ones at the same time."""
    if not rows:
        return
    dialect: Any = {"sqlite": sqlite}.get(db.session.get_bind().dialect.name, postgresql)
    insert = dialect.insert(table)
    key = [column.name for column in sa.inspect(table).primary_key]
    others = {name: insert.excluded[name] for name in rows[0] if name not in key}
    db.session.execute(insert.on_conflict_do_update(index_elements=key, set_=others), rows)
