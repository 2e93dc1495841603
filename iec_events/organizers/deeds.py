"""What the audit trail calls things, in words for people."""

from __future__ import annotations

from ..core.i18n import _l
from .audit import OPERATOR, STRANGER, WORKER

DEEDS = {
    "sign-in.password": _l("Password accepted; the second factor is asked"),
    "sign-in.accepted": _l("Signed in"),
    "sign-in.renewed": _l("Password and second factor given again"),
    "sign-in.refused": _l("Sign-in refused: wrong password or unknown account"),
    "sign-in.slowed": _l("Sign-in slowed down: too many tries"),
    "sign-out": _l("Signed out"),
    "password.changed": _l("Password changed"),
    "session.ended": _l("One of their sessions ended"),
    "session.others-ended": _l("All their other sessions ended"),
    "second-factor.set-up": _l("Authenticator app set up, with new recovery codes"),
    "second-factor.refused": _l("Code refused: wrong, or used before"),
    "second-factor.slowed": _l("Codes slowed down: too many tries"),
    "recovery-code.used": _l("Recovery code used"),
    "recovery-codes.made": _l("New recovery codes made"),
    "passkey.added": _l("Passkey added"),
    "passkey.removed": _l("Passkey removed"),
    "organizer.invited": _l("Invitation made"),
    "organizer.joined": _l("Invitation used: a new account"),
    "organizer.removed": _l("Account removed"),
    "organizer.unlocked": _l("Waits for too many tries ended"),
    "organizer.begun-anew": _l("Began anew with a new password: new key, no second factor yet"),
    "reset.made": _l("Link made to begin anew after a lost password"),
    "role.given": _l("Role given"),
    "role.taken": _l("Role taken, with the keys that went with it"),
    "campaign.created": _l("Campaign created"),
    "campaign.revised": _l("Campaign changed"),
    "event.created": _l("Event created"),
    "event.revised": _l("Event changed"),
    "event.published": _l("Event published"),
    "event.withdrawn": _l("Event withdrawn"),
    "event.cancelled": _l("Event cancelled"),
    "event.postponed": _l("Event postponed"),
    "event.reinstated": _l("Event takes place after all"),
    "questions.changed": _l("Questions of an event changed"),
    "rsvp.added": _l("RSVP added by hand"),
    "rsvp.cancelled": _l("RSVP cancelled by an organizer"),
    "rsvps.downloaded": _l("List of RSVPs downloaded"),
    "message.approved": _l("Message approved"),
    "message.rejected": _l("Message rejected"),
    "message.reconsidered": _l("Message put back for review"),
    "access.given": _l("Access to the lists given"),
    "access.taken": _l("Access to the lists taken away"),
    "list.key-changed": _l("A list sealed with a new key"),
    "list.destroyed": _l("A guest list and its keys destroyed"),
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
