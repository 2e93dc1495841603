"""days without hours, reminders, thanks"""

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


def downgrade() -> None:
    with op.batch_alter_table("events") as events:
        for name in ("thanks", "reminders", "all_day"):
            events.drop_column(name)
