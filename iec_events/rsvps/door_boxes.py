"""What the door can read of a party: what is sealed to the event's door key, and nothing else of the list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..core.crypto import BoxRefused, vault
from ..core.sealing import Opener
from ..events.keys import DOOR, openers, private_keys
from .boxes import VAULT
from .models import Rsvp


@dataclass(frozen=True)
class DoorReader:
    """Opens what is sealed to the door keys it was given (by id), and boxes of the vault."""

    openers: Mapping[str, Opener]

    def name(self, rsvp: Rsvp) -> str | None:
        """The name under which a party comes; None when this reader has no key to it, or the box was touched."""
        try:
            if rsvp.door_key_id is None or rsvp.door_sealed is None:
                return _vault_name(rsvp) if rsvp.roster_key_id is None else None
            opener = self.openers.get(rsvp.door_key_id)
            if opener is None:
                return None
            return str(json.loads(opener.open(f"rsvps.{DOOR} {rsvp.event_id} {rsvp.id}", rsvp.door_sealed))["name"])
        except BoxRefused:
            return None

    def has_key_to(self, rsvp: Rsvp) -> bool:
        """Whether the box is for this reader; one that does not open all the same was touched, moved or cut."""
        if rsvp.door_key_id is None or rsvp.door_sealed is None:
            return rsvp.roster_key_id is None
        return rsvp.door_key_id in self.openers


def door_reader_of(organizer_id: str, private: bytes | None, event_id: int) -> DoorReader:
    """What somebody who is signed in can read at this event's door."""
    if private is None:
        return DoorReader({})
    return DoorReader(openers(private_keys(organizer_id, private, event_id=event_id, scope=DOOR)))


def _vault_name(rsvp: Rsvp) -> str:
    """While nobody can hold a key, the server's vault keeps what was said."""
    name: str = vault().open(VAULT, rsvp.id, rsvp.sealed)["name"]
    return name
