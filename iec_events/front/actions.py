"""What is done on the dashboard."""

from __future__ import annotations

import datetime as dt

from ..core.db import atomic
from ..mail.actions import send_again
from ..organizers import audit


@atomic()
def send_mails_again(*, now: dt.datetime) -> int:
    """Send every letter again of which nobody knows whether it arrived; how many."""
    count = send_again(now=now)
    if count:
        audit.note("mail.again", str(count), now=now)
    return count
