"""Every term of retention in one place: what is kept, for how long, and the verb that erases it. The worker runs them.

The numbers live beside the verbs; docs/organizers.md tells them to people. What ends at once needs no rule here: the
body of a letter on delivery, a message's signature with the message, an RSVP that its attendee deletes. Letters of
organizers go with the list, by a job of the room they belong to, which lies beside this one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from ..events.actions import UNUSED_IMAGE_KEPT, erase_unused_images, forget_versions
from ..events.models import LONGEST_KEPT
from ..events.queries import NEWS_KEPT
from ..mail.actions import KEEP_DONE, sweep
from ..organizers.actions import forget_expired
from ..organizers.audit_check import KEPT as AUDIT_KEPT
from ..organizers.audit_check import prune
from ..organizers.queries import AT_MOST
from ..rsvps.actions import (
    ADDRESS_KEPT,
    DECLINED_KEPT,
    REMOVED_KEPT,
    UNCONFIRMED_KEPT,
    erase_addresses,
    erase_removed,
    erase_unconfirmed,
)
from ..rsvps.answers import erase_answers
from ..solidarity.actions import REJECTED_KEPT, TAKEN_BACK_KNOWN, erase_rejected
from .actions import destroy_due
from .leftovers import clear_leftovers
from .returned import erase_again, take_back_again

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`what` is kept `at_most` this long after it has served; `erase` is safe to repeat and in several copies."""

    job: str
    what: str
    at_most: dt.timedelta
    every: dt.timedelta
    erase: Callable[[dt.datetime], object]


RULES = (
    Rule(
        job="destroy lists",
        what="who comes: names, addresses, notes, links, letters, and the keys to them, after the event ended",
        at_most=dt.timedelta(days=LONGEST_KEPT),  # organizers may choose less for each event
        every=10 * MINUTE,
        erase=destroy_due,
    ),
    Rule(
        job="erase answers",
        what="answers to questions whose term is shorter than the list's",
        at_most=dt.timedelta(days=LONGEST_KEPT - 1),  # organizers choose for each question
        every=10 * MINUTE,
        erase=erase_answers,
    ),
    Rule(
        job="erase again",
        what="hashes of the ids of who deleted themselves, so that no older database brings them back; after the event",
        at_most=dt.timedelta(days=2 * LONGEST_KEPT),
        every=HOUR,
        erase=erase_again,
    ),
    Rule(
        job="take back again",
        what="hashes of the ids of messages that were taken back, so that no older database brings them back",
        at_most=TAKEN_BACK_KNOWN,
        every=HOUR,
        erase=take_back_again,
    ),
    Rule(
        job="clear leftovers",
        what="what was erased, in the files of PostgreSQL (SQLite keeps none), except for its log, which it recycles",
        at_most=HOUR,
        every=10 * MINUTE,
        erase=clear_leftovers,
    ),
    Rule(
        job="erase addresses",
        what="e-mail addresses that the server can read, after the last letter owed, a no, or the end of the event",
        at_most=max(ADDRESS_KEPT, DECLINED_KEPT, NEWS_KEPT),  # the last one while it is postponed
        every=HOUR,
        erase=erase_addresses,
    ),
    Rule(
        job="erase unconfirmed",
        what="RSVPs whose address nobody confirmed, after the time for it ran out",
        at_most=UNCONFIRMED_KEPT,
        every=HOUR,
        erase=erase_unconfirmed,
    ),
    Rule(
        job="erase removed",
        what="RSVPs that organizers took off a list together, with undo until then",
        at_most=REMOVED_KEPT,
        every=HOUR,
        erase=erase_removed,
    ),
    Rule(
        job="erase rejected messages",
        what="messages that organizers rejected, or on which nobody decided until the wall was closed",
        at_most=REJECTED_KEPT,
        every=HOUR,
        erase=erase_rejected,
    ),
    Rule(
        job="sweep outbox",
        what="that a letter went out, or could not; its text and address are erased at once",
        at_most=KEEP_DONE,
        every=HOUR,
        erase=sweep,
    ),
    Rule(
        job="forget expired sessions",
        what="sessions of organizers, and invitations that nobody used",
        at_most=AT_MOST,
        every=HOUR,
        erase=forget_expired,
    ),
    Rule(
        job="forget versions",
        what="former times and places of an event, kept to tell what changed, after it ended",
        at_most=max(DAY, NEWS_KEPT),  # the last one while it is postponed
        every=HOUR,
        erase=forget_versions,
    ),
    Rule(
        job="erase unused images",
        what="pictures that were sent and that no event shows",
        at_most=UNUSED_IMAGE_KEPT,
        every=HOUR,
        erase=erase_unused_images,
    ),
    Rule(
        job="prune audit",
        what="who among the organizers did what; nothing of attendees is in it",
        at_most=AUDIT_KEPT,
        every=DAY,
        erase=prune,
    ),
)
