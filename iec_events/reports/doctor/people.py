"""What is weak in who can open the lists, and who looks after accounts."""

from __future__ import annotations

import datetime as dt

from ...access import concerns as kinds
from ...access.concerns import concerns
from .pieces import GRAVE, HINT, WEAK, Finding, Findings

PEOPLE = {
    kinds.NO_READER: (
        HINT,
        "Nobody can read guest lists yet: `iec-events organizer invite` makes the first account.",
    ),
    kinds.NO_RECOVERY: (
        WEAK,
        "If all passwords are lost, so are the guest lists: make a recovery key on the page “Keys”.",
    ),
    kinds.NO_RECOVERY_AND_ONE_READER: (
        GRAVE,
        "One lost password loses every guest list: make a recovery key on the page “Keys”.",
    ),
    kinds.RECOVERY_UNCHECKED: (
        WEAK,
        "Nobody has checked the recovery key: write its words once into the page “Keys”.",
    ),
    kinds.LISTS_WITHOUT_RECOVERY: (
        WEAK,
        "The recovery key does not open {count} guest lists: have one who reads them make a new key (page “Keys”).",
    ),
    kinds.LISTS_OF_NOBODY: (
        GRAVE,
        "No account can open {count} guest lists ({events}): run `iec-events recover` with the recovery key.",
    ),
    kinds.ONE_READER: (WEAK, "Only one account can open the guest lists: invite a second organizer."),
    kinds.LISTS_OF_ONE: (
        WEAK,
        "Only one account can open {count} guest lists ({events}): give somebody else access on the page “Keys”.",
    ),
    kinds.NO_OWNER: (
        GRAVE,
        "No account is an owner, so nobody can look after people and keys: `iec-events organizer add --role owner`.",
    ),
    kinds.ONE_OWNER: (
        WEAK,
        "Only one account is an owner: make somebody else an owner on the page “Team”, in case that one is lost.",
    ),
    kinds.NO_OWNER_AWAKE: (
        WEAK,
        "Every owner's account rests, so nobody can look after people and keys: `iec-events organizer wake`.",
    ),
    kinds.ONE_OWNER_AWAKE: (
        WEAK,
        "All owners' accounts but one rest: make somebody else an owner on the page “Team”, in case that one is lost.",
    ),
    kinds.NO_FACTOR: (
        WEAK,
        "{count} accounts have no second factor, so a stolen password opens them: have one set up, or remove them.",
    ),
    kinds.DOOR_WITHOUT_KEY: (
        WEAK,
        "{count} accounts can't read the names at the door where they stand: give them its key on the page “Keys”.",
    ),
}


def of_people(now: dt.datetime) -> Findings:
    """What people with accounts should look after, each in the operator's words."""
    for concern in concerns(now):
        gravity, sentence = PEOPLE[concern.kind]
        events = ", ".join((*concern.events, *(["..."] if len(concern.events) < concern.count else [])))
        yield Finding(gravity, sentence.format(count=concern.count, events=events))
