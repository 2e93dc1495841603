"""What was typed and could not be sent, because its writer had to sign in first: kept for an hour, sealed.

The seal is a secret in the browser's cookie: neither the database nor the cookie alone opens it.
"""

from __future__ import annotations

import datetime as dt
import json

import sqlalchemy as sa

from ...core.db import atomic, db
from ...core.sealing import token_key, wrap
from ...core.tokens import token_hash
from ..models import Organizer, UnsentForm
from ..queries import UNSENT, Typed, unsent_bind
from ..resting_queries import awake

KEPT_FOR = dt.timedelta(hours=1)
MOST_FORMS = 5  # of one account; the oldest goes
LARGEST = 256 * 1024  # bytes of one form; all texts of an event in three languages are a tenth of it


@atomic()
def keep_unsent(*, secret: str, organizer_id: str, page: str, typed: Typed, now: dt.datetime) -> bool:
    """Keep the fields of a form of this page for the account that typed them; False when they are too much."""
    plain = json.dumps(typed, ensure_ascii=False).encode()
    known = sa.select(Organizer.id).where(Organizer.id == organizer_id, awake(now)).with_for_update()
    if len(plain) > LARGEST or db.session.scalar(known) is None:
        return False
    mine = sa.select(UnsentForm).where(UnsentForm.organizer_id == organizer_id).order_by(UnsentForm.expires_at.desc())
    for old in db.session.scalars(mine).all()[MOST_FORMS - 1 :]:
        db.session.delete(old)
    db.session.merge(
        UnsentForm(
            browser=token_hash(secret),
            page=token_hash(page),
            organizer_id=organizer_id,
            sealed=wrap(token_key(secret, UNSENT), unsent_bind(organizer_id, page), plain),
            expires_at=now + KEPT_FOR,
        )
    )
    return True


@atomic()
def drop_unsent(*, secret: str, page: str | None = None) -> None:
    """Forget what this browser keeps for a page, or for all pages."""
    mine = UnsentForm.browser == token_hash(secret)
    if page is not None:
        mine = sa.and_(mine, UnsentForm.page == token_hash(page))
    db.session.execute(sa.delete(UnsentForm).where(mine))
