"""events that come again"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=120), nullable=False),
        sa.Column("thread", sa.String(length=16), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=True),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("pattern", sa.JSON(), nullable=False),
        sa.Column("offsets", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_event_series_campaign_id_campaigns"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_series")),
        sa.UniqueConstraint("slug", name=op.f("uq_event_series_slug")),
        sa.UniqueConstraint("uid", name=op.f("uq_event_series_uid")),
    )
    op.create_index(op.f("ix_event_series_campaign_id"), "event_series", ["campaign_id"])
    op.create_index(op.f("ix_event_series_thread"), "event_series", ["thread"])
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("series_id", sa.Integer(), nullable=True))
        events.add_column(sa.Column("recurs_at", sa.DateTime(timezone=True), nullable=True))
        events.create_foreign_key(op.f("fk_events_series_id_event_series"), "event_series", ["series_id"], ["id"])
        events.create_unique_constraint(op.f("uq_events_series_id_recurs_at"), ["series_id", "recurs_at"])


def downgrade() -> None:
    with op.batch_alter_table("events") as events:
        events.drop_constraint(op.f("uq_events_series_id_recurs_at"), type_="unique")
        events.drop_constraint(op.f("fk_events_series_id_event_series"), type_="foreignkey")
        events.drop_column("recurs_at")
        events.drop_column("series_id")
    op.drop_index(op.f("ix_event_series_thread"), table_name="event_series")
    op.drop_index(op.f("ix_event_series_campaign_id"), table_name="event_series")
    op.drop_table("event_series")
