"""What is done with accounts: inviting, signing in and out, second factors, sessions."""

from __future__ import annotations

from .account import AddressLinkUnknown, ask_for_address, change_password, rename, take_address
from .invitations import EmailTaken, InvitationUnknown, accept_invitation, grant, invite, revoke_invitation
from .resting import AccountRests, rest, wake
from .second_factor import (
    CodesMadeMeanwhile,
    Completed,
    LastFactor,
    PasskeyRefused,
    new_recovery_codes,
    remove_passkey,
    set_up_app,
    set_up_passkey,
)
from .sessions import SessionOver, end_other_sessions, end_session, note_seen, open_session, sign_out
from .signing_in import CodeRefused, PasswordRefused, SignInRefused, confirm, give_code, sign_in
from .telling import tell
from .unsent import drop_unsent, keep_unsent
from .upkeep import forget_expired

__all__ = [
    "AccountRests",
    "AddressLinkUnknown",
    "CodeRefused",
    "CodesMadeMeanwhile",
    "Completed",
    "EmailTaken",
    "InvitationUnknown",
    "LastFactor",
    "PasskeyRefused",
    "PasswordRefused",
    "SessionOver",
    "SignInRefused",
    "accept_invitation",
    "ask_for_address",
    "change_password",
    "confirm",
    "drop_unsent",
    "end_other_sessions",
    "end_session",
    "forget_expired",
    "give_code",
    "grant",
    "invite",
    "keep_unsent",
    "new_recovery_codes",
    "note_seen",
    "open_session",
    "remove_passkey",
    "rename",
    "rest",
    "revoke_invitation",
    "set_up_app",
    "set_up_passkey",
    "sign_in",
    "sign_out",
    "take_address",
    "tell",
    "wake",
]
