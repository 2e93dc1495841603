"""What browsers are asked about passkeys, and whether what they answer is right: WebAuthn's ceremonies, by its library.

They stand apart because loading the library is an eighth of what a command takes to start: who uses a passkey waits for
it, once for each process, and nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

LONGEST_ANSWER = 8_000
ODD = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError)  # for hostile answers


class Asking(NamedTuple):
    """Who asks, at which address, and what is to be signed."""

    host: str
    origin: str
    challenge: bytes


class Known(NamedTuple):
    """What is kept of a passkey: its id, its public key (COSE), how often it signed."""

    id: bytes
    public_key: bytes
    sign_count: int


def options_to_make(asking: Asking, *, user_id: str, name: str, known: Sequence[bytes]) -> str:
    """What the browser needs to make a passkey that is none of those known by their ids, in JSON."""
    options = generate_registration_options(
        rp_id=asking.host,
        rp_name=asking.host,
        user_id=user_id.encode(),
        user_name=name,
        challenge=asking.challenge,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=UserVerificationRequirement.PREFERRED
        ),
    )
    return options_to_json(options)


def options_to_use(asking: Asking, known: Sequence[bytes]) -> str:
    """What the browser needs to use one of the passkeys with these ids, in JSON."""
    allowed = [PublicKeyCredentialDescriptor(id=one) for one in known]
    options = generate_authentication_options(rp_id=asking.host, challenge=asking.challenge, allow_credentials=allowed)
    return options_to_json(options)


def made(answer: str, asking: Asking) -> Known | None:
    """The passkey that the browser made; None when its answer is not right."""
    try:
        done = verify_registration_response(
            credential=json.loads(answer[:LONGEST_ANSWER]),
            expected_challenge=asking.challenge,
            expected_rp_id=asking.host,
            expected_origin=asking.origin,
        )
    except ODD:
        return None
    return Known(done.credential_id, done.credential_public_key, done.sign_count)


def used(answer: str, asking: Asking, passkeys: Mapping[str, Known]) -> tuple[str, int] | None:
    """Which of these passkeys (by their ids in base64url) signed what was asked, and its count now; None: none did."""
    try:
        found = json.loads(answer[:LONGEST_ANSWER])
        name = str(found["id"]).rstrip("=")
        known = passkeys[name]
        done = verify_authentication_response(
            credential=found,
            expected_challenge=asking.challenge,
            expected_rp_id=asking.host,
            expected_origin=asking.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
        )
    except ODD:
        return None
    return name, done.new_sign_count
