"""Accounts at rest: nothing opens them, not the password and not the phone, until their time is over or they are woken.

For those who travel through a border, and for a colleague who was arrested: nobody can be made to open what they
can't open. Roles and keys stay as they are.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _, current_locale, format_number, jalali_text
from ..audit import note
from ..models import Organizer, ResetLink, UnsentForm
from ..resting_queries import awake
from .sessions import end_sessions


class AccountRests(Refusal):
    """The password is right; until then it opens nothing."""

    status = 403

    def __init__(self, until: dt.datetime | None) -> None:
        super().__init__(until)
        if until is None:
            self.message = _("This account rests. You cannot wake it; an owner among you can.")
        else:
            shown = format_number(f"\u2066{until:%Y-%m-%d %H:%M}\u2069", current_locale())
            if current_locale() == "fa":
                shown += f" – {jalali_text(until.date())}"
            self.message = _(
                "This account rests until %(moment)s (UTC). You cannot wake it before; an owner among you can.",
                moment=shown,
            )


@atomic()
def rest(*, organizer_id: str, until: dt.datetime | None, now: dt.datetime) -> bool:
    """Let an account rest, for good unless it says until when, and end its sessions; whether this changed anything.

    Whom a colleague let rest a moment ago stays at rest: their time does not end it. A link by which the account would
    begin anew is worthless from now on. In the wrong hands it may have made some for others: for good ends all of them.
    """
    mine = Organizer.id == organizer_id
    if until is not None:
        mine = sa.and_(mine, awake(now))
    asleep = sa.update(Organizer).where(mine).values(rests_since=now, rests_until=until).returning(Organizer.id)
    if db.session.scalar(asleep) is None:
        return False
    end_sessions(organizer_id)
    links = sa.delete(ResetLink)
    db.session.execute(links if until is None else links.where(ResetLink.organizer_id == organizer_id))
    db.session.execute(sa.delete(UnsentForm).where(UnsentForm.organizer_id == organizer_id))
    note("organizer.rests", f"organizer:{organizer_id}", now=now)
    return True


@atomic()
def wake(*, organizer_id: str, now: dt.datetime) -> bool:
    """Let an account be opened again; whether it was at rest."""
    resting = sa.and_(Organizer.id == organizer_id, sa.not_(awake(now)))
    woken = sa.update(Organizer).where(resting).values(rests_since=None, rests_until=None).returning(Organizer.id)
    if db.session.scalar(woken) is None:
        return False
    note("organizer.woken", f"organizer:{organizer_id}", now=now)
    return True
