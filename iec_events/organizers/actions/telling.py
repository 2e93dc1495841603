"""Letters to organizers about their own accounts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ...core.crypto import vault
from ...core.db import db
from ...core.i18n import current_locale
from ...mail.actions import post
from ..models import Organizer


def tell(organizer_id: str, kind: str, *, now: dt.datetime, **more: Any) -> None:
    """Promise a letter of this kind to an organizer, in the caller's transaction and the language being spoken."""
    organizer = db.session.get_one(Organizer, organizer_id)
    email = vault().open("organizers", organizer_id, organizer.sealed)["email"]
    facts = {"at": now.isoformat(), **more}
    post(kind=kind, about=organizer_id, to=email, locale=current_locale(), facts=facts, now=now)
