"""What owners are told on the dashboard when people or keys are in a weak state: one sentence each, and where to go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from ..access import concerns as kinds
from ..access.concerns import Concern, concerns
from ..core.i18n import _, format_number, ngettext


@dataclass(frozen=True)
class Care:
    """A sentence, and the page (with what its link says) on which something can be done about it."""

    text: str
    endpoint: str
    remedy: str


def care(now: dt.datetime) -> list[Care]:
    """Everything that owners should look after; the operator's doctor tells the same, and more."""
    return [CARES[concern.kind](concern) for concern in concerns(now) if concern.kind in CARES]


def _recovery(_concern: Concern) -> Care:
    text = _("There is no recovery key: if all passwords are lost, so are the guest lists.")
    return Care(text, "access.recovery", _("Make the recovery key"))


def _unchecked(_concern: Concern) -> Care:
    text = _("Nobody has checked yet that the words of the recovery key were written down well.")
    return Care(text, "access.check", _("Check the words"))


def _without_recovery(concern: Concern) -> Care:
    text = ngettext(
        "The recovery key does not open %(count)s guest list.",
        "The recovery key does not open %(count)s guest lists.",
        concern.count,
        count=format_number(concern.count),
    )
    return Care(text, "access.overview", _("Look at the keys"))


def _of_nobody(concern: Concern) -> Care:
    text = ngettext(
        "Nobody can open %(count)s guest list any more: ask the operator to use the recovery key.",
        "Nobody can open %(count)s guest lists any more: ask the operator to use the recovery key.",
        concern.count,
        count=format_number(concern.count),
    )
    return Care(text, "access.overview", _("Look at the keys"))


def _of_one(concern: Concern) -> Care:
    text = ngettext(
        "Only one person can open %(count)s guest list.",
        "Only one person can open %(count)s guest lists.",
        concern.count,
        count=format_number(concern.count),
    )
    return Care(text, "access.overview", _("Give somebody else access"))


def _one_reader(_concern: Concern) -> Care:
    text = _("Only one person can open the guest lists: one lost password closes them.")
    return Care(text, "team.invite", _("Invite a second organizer"))


def _one_owner(_concern: Concern) -> Care:
    text = _("You are the only owner: if you lose your way in, nobody can help you from these pages.")
    return Care(text, "team.people", _("Make somebody else an owner"))


def _one_owner_awake(_concern: Concern) -> Care:
    text = _("The other owners’ accounts rest: if you lose your way in, nobody can help you from these pages.")
    return Care(text, "team.people", _("Make somebody else an owner"))


def _no_factor(concern: Concern) -> Care:
    text = ngettext(
        "%(count)s account has no second factor yet.",
        "%(count)s accounts have no second factor yet.",
        concern.count,
        count=format_number(concern.count),
    )
    return Care(text, "team.people", _("Look at the team"))


def _door_without_key(concern: Concern) -> Care:
    text = ngettext(
        "%(count)s person can’t read the names at the door where they stand.",
        "%(count)s people can’t read the names at the door where they stand.",
        concern.count,
        count=format_number(concern.count),
    )
    return Care(text, "access.overview", _("Give the key to the door"))


CARES: dict[str, Callable[[Concern], Care]] = {
    kinds.NO_RECOVERY: _recovery,
    kinds.NO_RECOVERY_AND_ONE_READER: _recovery,
    kinds.RECOVERY_UNCHECKED: _unchecked,
    kinds.LISTS_WITHOUT_RECOVERY: _without_recovery,
    kinds.LISTS_OF_NOBODY: _of_nobody,
    kinds.ONE_READER: _one_reader,
    kinds.LISTS_OF_ONE: _of_one,
    kinds.ONE_OWNER: _one_owner,
    kinds.ONE_OWNER_AWAKE: _one_owner_awake,
    kinds.NO_FACTOR: _no_factor,
    kinds.DOOR_WITHOUT_KEY: _door_without_key,
}
