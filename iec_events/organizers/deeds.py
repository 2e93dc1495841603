"""What the audit trail calls things, in words for people."""

from __future__ import annotations

from ..core.i18n import _l
from .audit import OPERATOR, STRANGER, WORKER

DEEDS = {
    "sign-in.accepted": _l("Signed in"),
    "sign-in.refused": _l("Sign-in refused: wrong password or unknown account"),
    "sign-in.slowed": _l("Sign-in slowed down: too many tries"),
    "sign-out": _l("Signed out"),
    "organizer.invited": _l("Invitation made"),
    "organizer.joined": _l("Invitation used: a new account"),
    "campaign.created": _l("Campaign created"),
    "campaign.revised": _l("Campaign changed"),
    "event.created": _l("Event created"),
    "event.revised": _l("Event changed"),
    "event.published": _l("Event published"),
    "event.withdrawn": _l("Event withdrawn"),
    "event.cancelled": _l("Event cancelled"),
    "event.postponed": _l("Event postponed"),
    "event.reinstated": _l("Event takes place after all"),
    "rsvp.added": _l("RSVP added by hand"),
    "rsvp.cancelled": _l("RSVP cancelled by an organizer"),
    "rsvps.downloaded": _l("List of RSVPs downloaded"),
    "message.approved": _l("Message approved"),
    "message.rejected": _l("Message rejected"),
    "message.reconsidered": _l("Message put back for review"),
    "access.given": _l("Access to the lists given"),
    "access.taken": _l("Access to the lists taken away"),
    "list.key-changed": _l("A list sealed with a new key"),
    "recovery.made": _l("Recovery key made"),
    "recovery.checked": _l("Recovery key checked"),
    "recovery.used": _l("Recovery key used"),
    "backup.made": _l("Backup made"),
    "backup.restored": _l("Backup restored"),
}

# Who acts without an account.
OTHERS = {
    OPERATOR: _l("The operator, on the server"),
    WORKER: _l("The worker"),
    STRANGER: _l("Somebody who was not signed in"),
}
