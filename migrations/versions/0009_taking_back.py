"""the link by which a message is taken back"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("link_hash", sa.String(64), nullable=True))
    op.create_index(op.f("ix_messages_link_hash"), "messages", ["link_hash"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_messages_link_hash"), "messages")
    with op.batch_alter_table("messages") as messages:
        messages.drop_column("link_hash")
