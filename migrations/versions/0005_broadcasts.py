"""letters of organizers"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("audience", sa.String(10), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.String(16), nullable=False),
        sa.Column("all_written", sa.Boolean(), nullable=False),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'scheduled', 'sending', 'sent', 'stopped')", name=op.f("ck_broadcasts_state_known")
        ),
        sa.CheckConstraint(
            "audience IN ('all', 'coming', 'waiting', 'to_confirm')", name=op.f("ck_broadcasts_audience_known")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_broadcasts_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
    )
    op.create_index(op.f("ix_broadcasts_event_id"), "broadcasts", ["event_id"])
    op.create_table(
        "broadcast_copies",
        sa.Column("broadcast_id", sa.String(16), nullable=False),
        sa.Column("rsvp_id", sa.String(16), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.CheckConstraint("way IN ('mail', 'page', 'unwanted')", name=op.f("ck_broadcast_copies_way_known")),
        sa.ForeignKeyConstraint(
            ["broadcast_id"],
            ["broadcasts.id"],
            name=op.f("fk_broadcast_copies_broadcast_id_broadcasts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rsvp_id"], ["rsvps.id"], name=op.f("fk_broadcast_copies_rsvp_id_rsvps"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("broadcast_id", "rsvp_id", name=op.f("pk_broadcast_copies")),
    )
    op.create_index(op.f("ix_broadcast_copies_rsvp_id"), "broadcast_copies", ["rsvp_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_broadcast_copies_rsvp_id"), "broadcast_copies")
    op.drop_table("broadcast_copies")
    op.drop_index(op.f("ix_broadcasts_event_id"), "broadcasts")
    op.drop_table("broadcasts")
