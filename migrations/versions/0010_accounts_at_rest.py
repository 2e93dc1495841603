"""accounts that rest"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organizers", sa.Column("rests_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("organizers", sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("organizers") as organizers:
        organizers.drop_column("rests_until")
        organizers.drop_column("rests_since")
