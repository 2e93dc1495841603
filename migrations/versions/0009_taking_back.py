"""the link by which a message is taken back"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


# Not in a batch: on SQLite that makes the table anew, without the checks that keep unapproved words out of the open.
def upgrade() -> None:
    op.add_column("messages", sa.Column("link_hash", sa.String(64), nullable=True))
    op.create_index(op.f("ix_messages_link_hash"), "messages", ["link_hash"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_messages_link_hash"), "messages")
    op.drop_column("messages", "link_hash")
