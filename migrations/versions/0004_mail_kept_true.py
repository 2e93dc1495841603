"""letters that are quiet, counted, and told of once"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The index of what is to go out -> which of those letters, and the one that was there before.
DUE = {
    "ix_outbox_due": sa.text("done_at IS NULL AND part_of IS NULL"),
    "ix_outbox_due_parts": sa.text("done_at IS NULL AND part_of IS NOT NULL"),
}
DUE_BEFORE = sa.text("done_at IS NULL")
NEWS = sa.text("news")
RSVP_COLUMNS = (
    ("reminded_hours", sa.Integer(), None),
    ("wants_letters", sa.Boolean(), sa.true()),
    ("thanked", sa.Boolean(), sa.false()),
    ("quiet", sa.Boolean(), sa.false()),
    ("sequence_ahead", sa.Integer(), sa.text("0")),
)


def upgrade() -> None:
    _upgrade_outbox()
    op.add_column("rsvps", sa.Column("mail_refused_on", sa.Date(), nullable=True))
    _upgrade_letters()


def downgrade() -> None:
    _downgrade_letters()
    with op.batch_alter_table("rsvps") as rsvps:
        rsvps.drop_column("mail_refused_on")
    _downgrade_outbox()


def _upgrade_outbox() -> None:
    op.drop_index("ix_outbox_due", "outbox")
    moment = sa.DateTime(timezone=True)
    op.add_column("outbox", sa.Column("part_of", sa.String(16), nullable=True))
    op.add_column("outbox", sa.Column("handed_at", moment, nullable=True))
    op.add_column("outbox", sa.Column("uncertain_at", moment, nullable=True))
    op.add_column("outbox", sa.Column("news", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_outbox_part_of", "outbox", ["part_of"])
    for name, which in DUE.items():
        op.create_index(name, "outbox", ["due_at"], postgresql_where=which, sqlite_where=which)
    op.create_index("ix_outbox_news", "outbox", ["about"], postgresql_where=NEWS, sqlite_where=NEWS)
    op.create_table(
        "mail_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(80), nullable=True),
        sa.Column("trouble_since", moment, nullable=True),
        sa.Column("rests_until", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_state")),
        info={"born_with_a_row": True},
    )
    op.execute("INSERT INTO mail_state (id, taken, failures) VALUES (1, '[]', 0)")


def _downgrade_outbox() -> None:
    op.drop_table("mail_state")
    for name in ("ix_outbox_news", *DUE, "ix_outbox_part_of"):
        op.drop_index(name, "outbox")
    with op.batch_alter_table("outbox") as outbox:
        for name in ("news", "uncertain_at", "handed_at", "part_of"):
            outbox.drop_column(name)
    op.create_index("ix_outbox_due", "outbox", ["due_at"], postgresql_where=DUE_BEFORE, sqlite_where=DUE_BEFORE)


def _upgrade_letters() -> None:
    for name, kind, default in RSVP_COLUMNS:
        op.add_column("rsvps", sa.Column(name, kind, nullable=name == "reminded_hours", server_default=default))
    op.execute("UPDATE rsvps SET reminded_hours = 24 WHERE reminded_of IS NOT NULL")  # there was no other reminder
    # Who left was sent a CANCEL of one SEQUENCE above the event's; calendars take nothing lower when they come back.
    op.execute("UPDATE rsvps SET sequence_ahead = 2 WHERE status IN ('not_coming', 'cancelled', 'removed')")
    op.create_table(
        "event_versions",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_event_versions_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "sequence", name=op.f("pk_event_versions")),
    )


def _downgrade_letters() -> None:
    op.drop_table("event_versions")
    with op.batch_alter_table("rsvps") as rsvps:
        for name, _kind, _default in reversed(RSVP_COLUMNS):
            rsvps.drop_column(name)
