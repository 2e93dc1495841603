"""Roles: who may do what, and where. A person holds grants; each names a role and a place.

A place is empty (everywhere), `campaign:<slug>` or `event:<slug>`; slugs never change. Owners are owners everywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

OWNER, ORGANIZER, MODERATOR, DOOR = "owner", "organizer", "moderator", "door"
ROLES = (OWNER, ORGANIZER, MODERATOR, DOOR)  # the strongest first
INCLUDES = {
    OWNER: frozenset(ROLES),
    ORGANIZER: frozenset({ORGANIZER, MODERATOR, DOOR}),
    MODERATOR: frozenset({MODERATOR}),
    DOOR: frozenset({DOOR}),
}
READERS = (OWNER, ORGANIZER)  # who may hold keys to guest lists
EVERYWHERE = ""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One role in one place, until it ends; `id` is its row's."""

    role: str
    place: str = EVERYWHERE
    expires_at: dt.datetime | None = None
    id: str = ""


@dataclass(frozen=True)
class Reach:
    """Where somebody may act in a role: everywhere, or in these campaigns and events."""

    everywhere: bool
    campaigns: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.everywhere or self.campaigns or self.events)

    def has_campaign(self, slug: str | None) -> bool:
        """Whether all of this campaign is in reach."""
        return self.everywhere or slug in self.campaigns

    def has_event(self, slug: str, campaign: str | None) -> bool:
        """Whether this event is, which is in that campaign."""
        return self.has_campaign(campaign) or slug in self.events


ALL = Reach(everywhere=True)


def of_campaign(slug: str) -> str:
    """A campaign as a place."""
    return f"campaign:{slug}"


def of_event(slug: str) -> str:
    """An event as a place."""
    return f"event:{slug}"


def reach(grants: Iterable[Grant], role: str) -> Reach:
    """Where these grants let somebody act as `role`."""
    places = {grant.place for grant in grants if role in INCLUDES[grant.role]}
    return Reach(
        everywhere=EVERYWHERE in places,
        campaigns=frozenset(slug for kind, _colon, slug in map(_parts, places) if kind == "campaign"),
        events=frozenset(slug for kind, _colon, slug in map(_parts, places) if kind == "event"),
    )


def strongest(grants: Iterable[Grant]) -> str:
    """The strongest role that somebody holds anywhere; empty for who holds none."""
    held = {grant.role for grant in grants}
    return next((role for role in ROLES if role in held), "")


def _parts(place: str) -> tuple[str, str, str]:
    return place.partition(":")
