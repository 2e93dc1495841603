"""Accounts, their sessions and keys. Name and e-mail are sealed; the address is found by a keyed hash.

Who can read a private key at rest: nobody. An organizer's is wrapped in the password, a session's copy in the cookie's
secret, and the recovery key is not here at all.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Moment


class Organizer(Model):
    """An account. `unlocked` counts how often somebody ended its waits for too many tries; see `tries`.

    Between `rests_since` and `rests_until`, or without an end where that is empty, nothing opens it.
    """

    __tablename__ = "organizers"

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    email_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    sealed: Mapped[bytes]
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    unlocked: Mapped[int] = mapped_column(default=0)
    created_on: Mapped[dt.date]
    rests_since: Mapped[dt.datetime | None] = mapped_column(Moment)
    rests_until: Mapped[dt.datetime | None] = mapped_column(Moment)


class RoleGrant(Model):
    """A role that an account holds in a place, which is empty for everywhere, or names a campaign or event by its slug.

    A text and no foreign key: this room lies below that of events. A grant without its place opens nothing.
    """

    __tablename__ = "role_grants"
    __table_args__ = (
        sa.UniqueConstraint("organizer_id", "role", "place"),
        sa.CheckConstraint("role IN ('owner', 'organizer', 'moderator', 'door')", name="role_known"),
        sa.CheckConstraint("role <> 'owner' OR place = ''", name="owner_everywhere"),
        sa.CheckConstraint("role <> 'door' OR expires_at IS NOT NULL", name="door_ends"),
    )

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(sa.String(12))
    place: Mapped[str] = mapped_column(sa.String(100), default="")
    expires_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class OrganizerSession(Model):
    """A signed-in browser: 12 hours at most, 30 minutes idle. The token is in the cookie, its hash here.

    `full_at` is when password and second factor were last given; without it the session opens nothing yet.
    """

    __tablename__ = "organizer_sessions"
    __table_args__ = {"info": {"never_archived": True}}  # noqa: RUF012 - who was signed out must not be in again

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    id: Mapped[str] = mapped_column(sa.String(16), unique=True)
    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[dt.datetime] = mapped_column(Moment)
    seen_at: Mapped[dt.datetime] = mapped_column(Moment)
    full_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    wrapped_key: Mapped[bytes | None]


class AuthenticatorApp(Model):
    """An app that shows codes (TOTP, RFC 6238). `last_step` is the time step last used: no code is taken twice."""

    __tablename__ = "organizer_apps"

    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(sa.BigInteger)
    made_at: Mapped[dt.datetime] = mapped_column(Moment)


class Passkey(Model):
    """A key of WebAuthn that signs in place of an app's code; its owner's name for it is sealed."""

    __tablename__ = "organizer_passkeys"

    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes]
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(sa.BigInteger)
    made_at: Mapped[dt.datetime] = mapped_column(Moment)
    used_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class RecoveryCode(Model):
    """A code on paper that stands in for the second factor, once; a keyed hash of it."""

    __tablename__ = "organizer_recovery_codes"

    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)


class Invitation(Model):
    """A one-time link that makes an organizer; only its hash is kept."""

    __tablename__ = "invitations"
    __table_args__ = {"info": {"never_archived": True}}  # noqa: RUF012 - what was used must not work again

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(12))
    place: Mapped[str] = mapped_column(sa.String(100), default="")
    role_ends_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    expires_at: Mapped[dt.datetime] = mapped_column(Moment)


class ResetLink(Model):
    """A one-time link by which an account that exists begins anew: password, key, second factor; only its hash."""

    __tablename__ = "reset_links"
    __table_args__ = {"info": {"never_archived": True}}  # noqa: RUF012 - what was used must not work again

    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    expires_at: Mapped[dt.datetime] = mapped_column(Moment)


class EmailChange(Model):
    """A new address for an account, until a link that went there is followed; only the link's hash."""

    __tablename__ = "email_changes"
    __table_args__ = {"info": {"never_archived": True}}  # noqa: RUF012 - what was used must not work again

    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    sealed: Mapped[bytes]
    expires_at: Mapped[dt.datetime] = mapped_column(Moment)


class UnsentForm(Model):
    """What was typed into a page and could not be sent before signing in; sealed under a secret in a cookie.

    `browser` is the hash of that secret, `page` the hash of the page's path.
    """

    __tablename__ = "unsent_forms"
    __table_args__ = {"info": {"never_archived": True}}  # noqa: RUF012 - nobody waits for it after a restore

    browser: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    page: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes]
    expires_at: Mapped[dt.datetime] = mapped_column(Moment)


class OrganizerKey(Model):
    """An organizer's key pair: the public half in the open, the private one wrapped in the password."""

    __tablename__ = "organizer_keys"

    organizer_id: Mapped[str] = mapped_column(sa.ForeignKey("organizers.id", ondelete="CASCADE"), primary_key=True)
    public: Mapped[bytes]
    salt: Mapped[bytes]
    wrapped: Mapped[bytes]


class RecoveryKey(Model):
    """The public half of the recovery key, whose words were shown once and are kept on paper; one row at most."""

    __tablename__ = "recovery_key"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public: Mapped[bytes]
    made_at: Mapped[dt.datetime] = mapped_column(Moment)
    checked_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class AuditEntry(Model):
    """Who did what to which object when; `hash` covers all of it and the hash of the entry before. See `audit`."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = mapped_column(Moment)
    who: Mapped[str] = mapped_column(sa.String(16), index=True)
    what: Mapped[str] = mapped_column(sa.String(40))
    about: Mapped[str] = mapped_column(sa.String(100))
    previous: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


class AuditHead(Model):
    """One row: number and hash of the last entry and of the last one that was pruned, sealed with the server's key."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(sa.BigInteger)
    hash: Mapped[str] = mapped_column(sa.String(64))
    pruned: Mapped[int] = mapped_column(sa.BigInteger)
    pruned_hash: Mapped[str] = mapped_column(sa.String(64))
    seal: Mapped[str] = mapped_column(sa.String(64))
