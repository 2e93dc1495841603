"""what was announced: the hour on the wall, beside its moment"""

import datetime as dt
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OWN = ("starts_at", "ends_at", "doors_at", "rsvp_opens_at", "rsvp_closes_at")
SAID = ("starts_at", "ends_at")
MOMENT = sa.DateTime(timezone=True)
AT_ONCE = 500
EVENTS = sa.table(
    "events",
    sa.column("id", sa.Integer),
    sa.column("series_id", sa.Integer),
    sa.column("time_zone", sa.String),
    *(sa.column(name, MOMENT) for name in (*OWN, "recurs_at")),
    sa.column("walls", sa.JSON),
)
SERIES = sa.table(
    "event_series",
    sa.column("id", sa.Integer),
    sa.column("time_zone", sa.String),
    sa.column("starts_at", MOMENT),
    sa.column("walls", sa.JSON),
)
VERSIONS = sa.table(
    "event_versions",
    sa.column("event_id", sa.Integer),
    sa.column("sequence", sa.Integer),
    sa.column("said", sa.JSON),
)
SITE = sa.table("site_state", sa.column("tzdata", sa.String))


def upgrade() -> None:
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("walls", sa.JSON(), nullable=False, server_default="{}"))
        events.add_column(sa.Column("clocks", sa.String(length=8), nullable=False, server_default=""))
    with op.batch_alter_table("event_series") as series:
        series.add_column(sa.Column("walls", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("site_state") as site:
        site.add_column(sa.Column("tzdata", sa.String(length=20), nullable=True))
    op.execute(sa.update(SITE).values(tzdata=version("tzdata")))
    _note_walls()


def _note_walls() -> None:
    """By the rules of time zones that are in use now: nobody knows by which ones a row was written."""
    zones: dict[int, str] = {}
    for row in _rows(SERIES, SERIES.c.id):
        zones[row["id"]] = row["time_zone"]
        walls = _walls(row, {"starts_at": row["time_zone"]})
        op.execute(sa.update(SERIES).where(SERIES.c.id == row["id"]).values(walls=walls))
    for row in _rows(EVENTS, EVENTS.c.id):
        clocks = dict.fromkeys(OWN, row["time_zone"])
        if row["series_id"] is not None:
            clocks["recurs_at"] = zones[row["series_id"]]
        op.execute(sa.update(EVENTS).where(EVENTS.c.id == row["id"]).values(walls=_walls(row, clocks)))
    for row in _rows(VERSIONS, VERSIONS.c.event_id, VERSIONS.c.sequence):
        said = {name: dt.datetime.fromisoformat(row["said"][name]) for name in SAID}
        walls = _walls(said, dict.fromkeys(SAID, row["said"]["time_zone"]))
        _say(row, {**row["said"], "walls": walls})


def _rows(table: sa.TableClause, *order: sa.ColumnElement[Any]) -> Iterator[dict[str, Any]]:
    """Some at a time; what is written meanwhile changes neither their number nor their order."""
    query, start = sa.select(table).order_by(*order).limit(AT_ONCE), 0
    while rows := op.get_bind().execute(query.offset(start)).mappings().all():
        yield from (dict(row) for row in rows)
        start += AT_ONCE


def _walls(row: dict[str, Any], clocks: dict[str, str]) -> dict[str, list[Any]]:
    found = {}
    for name, zone in clocks.items():
        moment = row[name]
        if moment is not None:
            aware = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
            local = aware.astimezone(ZoneInfo(zone))
            found[name] = [local.replace(tzinfo=None, fold=0).isoformat(), local.fold]
    return found


def _say(row: dict[str, Any], said: dict[str, Any]) -> None:
    mine = sa.and_(VERSIONS.c.event_id == row["event_id"], VERSIONS.c.sequence == row["sequence"])
    op.execute(sa.update(VERSIONS).where(mine).values(said=said))


def downgrade() -> None:
    for row in _rows(VERSIONS, VERSIONS.c.event_id, VERSIONS.c.sequence):
        _say(row, {name: said for name, said in row["said"].items() if name != "walls"})
    with op.batch_alter_table("site_state") as site:
        site.drop_column("tzdata")
    with op.batch_alter_table("event_series") as series:
        series.drop_column("walls")
    with op.batch_alter_table("events") as events:
        events.drop_column("clocks")
        events.drop_column("walls")
