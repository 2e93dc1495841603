"""the RSVP, whole: confirmation, offers, screening, removal, history"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NO, YES = sa.false(), sa.true()
EVENT_COLUMNS = (
    ("confirms_address", sa.Boolean(), NO),
    ("hold_hours", sa.Integer(), sa.text("24")),
    ("offer_hours", sa.Integer(), None),
    ("needs_approval", sa.Boolean(), NO),
    ("address_hidden", sa.Boolean(), NO),
    ("listed", sa.Boolean(), YES),
    ("asks_companions", sa.Boolean(), NO),
    ("asks_children", sa.Boolean(), NO),
    ("under_attack", sa.Boolean(), NO),
    ("puzzle", sa.Boolean(), NO),
    ("closed_early", sa.Boolean(), NO),
)
RSVP_COLUMNS = (
    ("holds_seats", sa.Boolean(), NO),
    ("until", sa.DateTime(timezone=True), None),
    ("warned", sa.Boolean(), NO),
    ("address_confirmed", sa.Boolean(), NO),
    ("approved", sa.Boolean(), NO),
    ("passed_over", sa.Integer(), sa.text("0")),
    ("wants_reminders", sa.Boolean(), YES),
    ("reminded_of", sa.DateTime(timezone=True), None),
    ("address_index", sa.String(64), None),
    ("remark", sa.LargeBinary(), None),
    ("remark_key_id", sa.String(16), None),
    ("removal_id", sa.String(16), None),
    ("status_before", sa.String(11), None),
)
STATUSES = (
    "status IN ('unconfirmed', 'pending', 'confirmed', 'waitlisted', 'offered', 'not_coming', 'declined', "
    "'lapsed', 'cancelled', 'removed')"
)
SEATS = (
    "(status IN ('confirmed', 'offered') AND holds_seats) OR status = 'unconfirmed' OR "
    "(status NOT IN ('confirmed', 'offered') AND NOT holds_seats)"
)


def upgrade() -> None:
    op.create_table(
        "rsvp_removals",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(16), nullable=False),
        sa.Column("parties", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_rsvp_removals_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rsvp_removals")),
    )
    op.create_index(op.f("ix_rsvp_removals_event_id"), "rsvp_removals", ["event_id"])
    op.create_table(
        "lost_links",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lost_links")),
    )
    op.create_table(
        "image_renditions",
        sa.Column("image_name", sa.String(22), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_name"], ["images.name"], name=op.f("fk_image_renditions_image_name_images"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("image_name", "width", name=op.f("pk_image_renditions")),
    )
    op.add_column("images", sa.Column("widths", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    with op.batch_alter_table("events") as batch:
        for name, kind, default in EVENT_COLUMNS:
            batch.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
        batch.create_check_constraint(op.f("ck_events_hold_not_long"), "hold_hours BETWEEN 1 AND 48")
        batch.create_check_constraint(
            op.f("ck_events_offer_not_long"), "offer_hours IS NULL OR offer_hours BETWEEN 1 AND 168"
        )
    with op.batch_alter_table("rsvps") as batch:
        batch.drop_constraint(op.f("ck_rsvps_status_known"), type_="check")
        batch.alter_column("status", type_=sa.String(11), existing_type=sa.String(10), existing_nullable=False)
        for name, kind, default in RSVP_COLUMNS:
            batch.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
        batch.create_foreign_key(op.f("fk_rsvps_remark_key_id_event_keys"), "event_keys", ["remark_key_id"], ["id"])
        batch.create_foreign_key(
            op.f("fk_rsvps_removal_id_rsvp_removals"), "rsvp_removals", ["removal_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_check_constraint(op.f("ck_rsvps_status_known"), STATUSES)
    op.execute(sa.text("UPDATE rsvps SET holds_seats = true WHERE status = 'confirmed'"))
    with op.batch_alter_table("rsvps") as batch:
        batch.create_check_constraint(op.f("ck_rsvps_seats_follow_status"), SEATS)
    op.create_index("ix_rsvps_event_address", "rsvps", ["event_id", "address_index"])
    op.create_index(op.f("ix_rsvps_removal_id"), "rsvps", ["removal_id"])
    set_until = sa.text("until IS NOT NULL")
    op.create_index("ix_rsvps_until", "rsvps", ["until"], postgresql_where=set_until, sqlite_where=set_until)
    op.create_table(
        "rsvp_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rsvp_id", sa.String(16), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("what", sa.String(24), nullable=False),
        sa.Column("by", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["rsvp_id"], ["rsvps.id"], name=op.f("fk_rsvp_steps_rsvp_id_rsvps"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rsvp_steps")),
    )
    op.create_index(op.f("ix_rsvp_steps_rsvp_id"), "rsvp_steps", ["rsvp_id"])
    with op.batch_alter_table("rsvp_links") as batch:
        batch.add_column(sa.Column("proves_address", sa.Boolean(), nullable=False, server_default=NO))
    op.create_table(
        "questions",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(7), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("shown_if", sa.JSON(), nullable=True),
        sa.Column("seen_by", sa.String(10), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=True),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('short', 'long', 'one', 'several', 'yes_no', 'number')", name=op.f("ck_questions_kind_known")
        ),
        sa.CheckConstraint("seen_by IN ('organizers', 'door')", name=op.f("ck_questions_reader_known")),
        sa.CheckConstraint(
            "keep_days IS NULL OR keep_days BETWEEN 0 AND 13", name=op.f("ck_questions_answers_not_kept_long")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_questions_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    op.create_index(op.f("ix_questions_event_id"), "questions", ["event_id"])
    op.create_table(
        "rsvp_answers",
        sa.Column("rsvp_id", sa.String(16), nullable=False),
        sa.Column("keep_days", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("roster_key_id", sa.String(16), nullable=True),
        sa.Column("door_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("door_key_id", sa.String(16), nullable=True),
        sa.Column("own", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rsvp_id"], ["rsvps.id"], name=op.f("fk_rsvp_answers_rsvp_id_rsvps"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["roster_key_id"], ["event_keys.id"], name=op.f("fk_rsvp_answers_roster_key_id_event_keys")
        ),
        sa.ForeignKeyConstraint(
            ["door_key_id"], ["event_keys.id"], name=op.f("fk_rsvp_answers_door_key_id_event_keys")
        ),
        sa.PrimaryKeyConstraint("rsvp_id", "keep_days", name=op.f("pk_rsvp_answers")),
    )
    for column in ("roster_key_id", "keep_days"):
        op.create_index(op.f(f"ix_rsvp_answers_{column}"), "rsvp_answers", [column])
    op.create_table(
        "list_releases",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(4), nullable=False),
        sa.Column("asked_by", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.String(16), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("yes", sa.Boolean(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('csv', 'xlsx')", name=op.f("ck_list_releases_kind_known")),
        sa.CheckConstraint("answered_by <> asked_by", name=op.f("ck_list_releases_answered_by_another")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_list_releases_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_releases")),
    )
    for column in ("event_id", "asked_at"):
        op.create_index(op.f(f"ix_list_releases_{column}"), "list_releases", [column])
    op.create_table(
        "arrivals",
        sa.Column("rsvp_id", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(16), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.CheckConstraint("people >= 1", name=op.f("ck_arrivals_somebody_came")),
        sa.ForeignKeyConstraint(["rsvp_id"], ["rsvps.id"], name=op.f("fk_arrivals_rsvp_id_rsvps"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("rsvp_id", name=op.f("pk_arrivals")),
    )

    op.create_table(
        "email_changes",
        sa.Column("organizer_id", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organizer_id"],
            ["organizers.id"],
            name=op.f("fk_email_changes_organizer_id_organizers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organizer_id", name=op.f("pk_email_changes")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_email_changes_token_hash")),
    )
    op.create_table(
        "unsent_forms",
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("page", sa.String(64), nullable=False),
        sa.Column("organizer_id", sa.String(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organizer_id"],
            ["organizers.id"],
            name=op.f("fk_unsent_forms_organizer_id_organizers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("browser", "page", name=op.f("pk_unsent_forms")),
    )
    op.create_index(op.f("ix_unsent_forms_organizer_id"), "unsent_forms", ["organizer_id"])


def downgrade() -> None:
    for table in ("unsent_forms", "email_changes"):
        op.drop_table(table)
    for table in ("arrivals", "list_releases"):
        op.drop_table(table)
    for table in ("rsvp_answers", "questions"):
        op.drop_table(table)
    with op.batch_alter_table("rsvp_links") as batch:
        batch.drop_column("proves_address")
    op.drop_table("rsvp_steps")
    for index in ("ix_rsvps_until", "ix_rsvps_removal_id", "ix_rsvps_event_address"):
        op.drop_index(index, "rsvps")
    with op.batch_alter_table("rsvps") as batch:
        batch.drop_constraint(op.f("ck_rsvps_seats_follow_status"), type_="check")
        batch.drop_constraint(op.f("ck_rsvps_status_known"), type_="check")
    op.execute(
        sa.text(
            "UPDATE events SET seats_taken = coalesce((SELECT sum(party_size) FROM rsvps "
            "WHERE event_id = events.id AND status IN ('confirmed', 'offered')), 0)"
        )
    )
    op.execute(sa.text("UPDATE rsvps SET status = 'confirmed' WHERE status = 'offered'"))
    op.execute(sa.text("UPDATE rsvps SET status = 'waitlisted' WHERE status IN ('unconfirmed', 'pending')"))
    op.execute(sa.text("UPDATE rsvps SET status = 'cancelled' WHERE status NOT IN ('confirmed', 'waitlisted')"))
    with op.batch_alter_table("rsvps") as batch:
        batch.drop_constraint(op.f("fk_rsvps_removal_id_rsvp_removals"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_rsvps_remark_key_id_event_keys"), type_="foreignkey")
        for name, _kind, _default in reversed(RSVP_COLUMNS):
            batch.drop_column(name)
        batch.alter_column("status", type_=sa.String(10), existing_type=sa.String(11), existing_nullable=False)
        batch.create_check_constraint(
            op.f("ck_rsvps_status_known"), "status IN ('confirmed', 'waitlisted', 'cancelled')"
        )
    with op.batch_alter_table("events") as batch:
        batch.drop_constraint(op.f("ck_events_offer_not_long"), type_="check")
        batch.drop_constraint(op.f("ck_events_hold_not_long"), type_="check")
        for name, _kind, _default in reversed(EVENT_COLUMNS):
            batch.drop_column(name)
    with op.batch_alter_table("images") as batch:
        batch.drop_column("widths")
    op.drop_table("image_renditions")
    op.drop_table("lost_links")
    op.drop_table("rsvp_removals")
