"""Organizer, OrganizerSession, Invitation. Name and e-mail are sealed; the address is found by a keyed hash."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment

OWNER = "owner"
ORGANIZER = "organizer"


class Organizer(Model):
    """An account. `role` is its place for the rights that come with later work; today every role may do all."""

    __tablename__ = "organizers"
    __table_args__ = (sa.CheckConstraint("role IN ('owner', 'organizer')", name="role_known"),)

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    email_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    sealed: Mapped[bytes]
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(12))
    created_on: Mapped[dt.date]


class OrganizerSession(Model):
    """A signed-in browser: 12 hours at most, 30 minutes idle. The token is in the cookie, its hash here."""

    __tablename__ = "organizer_sessions"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[dt.datetime] = mapped_column(Moment)
    seen_at: Mapped[dt.datetime] = mapped_column(Moment)


class Invitation(Model):
    """A one-time link that makes an organizer; only its hash is kept."""

    __tablename__ = "invitations"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(12))
    expires_at: Mapped[dt.datetime] = mapped_column(Moment)
