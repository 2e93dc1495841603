"""days without hours, reminders, thanks"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("all_day", sa.Boolean(), nullable=False, server_default=sa.false()))
        events.add_column(sa.Column("reminders", sa.JSON(), nullable=False, server_default="[24]"))
        events.add_column(sa.Column("thanks", sa.Boolean(), nullable=False, server_default=sa.false()))
    _hide_places_until_approved()


def _hide_places_until_approved() -> None:
    """Approval hides the place, and that is another place for strangers (decision 0013): those who signed up miss nothing."""
    op.execute(
        "UPDATE rsvps SET told_sequence = told_sequence + 1 WHERE EXISTS (SELECT 1 FROM events WHERE id = rsvps.event_id"
        " AND needs_approval AND NOT address_hidden AND sequence = rsvps.told_sequence)"
    )
    op.execute(
        sa.text(
            "UPDATE events SET address_hidden = true, sequence = sequence + 1, revised_at = :now"
            " WHERE needs_approval AND NOT address_hidden"
        ).bindparams(sa.bindparam("now", dt.datetime.now(dt.UTC).replace(microsecond=0), sa.DateTime(timezone=True)))
    )


def downgrade() -> None:
    with op.batch_alter_table("events") as events:
        for name in ("thanks", "reminders", "all_day"):
            events.drop_column(name)
