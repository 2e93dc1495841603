"""attendees' own calendars: secret addresses to subscribe to"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rsvp_calendars",
        sa.Column("rsvp_id", sa.String(16), nullable=False),
        sa.Column("seed", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["rsvp_id"], ["rsvps.id"], name=op.f("fk_rsvp_calendars_rsvp_id_rsvps"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rsvp_id", name=op.f("pk_rsvp_calendars")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_rsvp_calendars_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("rsvp_calendars")
