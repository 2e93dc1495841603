"""Passwords: how they are kept (Argon2id), and which ones anybody would guess.

A password is compared, and keys are wrapped in it, in NFKC, as NIST SP 800-63B-4 (3.1.1.2) asks, so that the same keys
give the same password on every keyboard; nothing else is changed in it. Argon2id runs with the second profile of RFC
9106 (section 4).
"""

from __future__ import annotations

import re
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..core.i18n import _, format_number
from ..core.sealing import dear

SHORTEST = 12
LONGEST = 200
FEWEST_KINDS = 5  # fewer different characters than this is a pattern, not a password
_hasher = PasswordHasher()

# The hash of a password that nobody knows. An unknown account is checked against it: the same work, the same time.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$0C6Iva1jL7ldYB+4/nT50g$x3mRgse3+OtZi5BPyN4f9szG2CB0wFvomfkmrbEDPwc"

# What stays of the most common passwords when digits and signs around the word are taken off; our own words too.
COMMON = frozenset(
    """
    password passwort passw contraseña contrasena welcome letmein iloveyou iloveyousomuch tequiero teamo admin
    administrator administrador changeme qwerty qwertyuiop qwertyuiopasdf asdfghjkl asdfghjkl zxcvbnm qazwsx qazwsxedc
    qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm asdfghjklzxcvbnm qweasdzxc qweasd qwe asd asdf zxcv
    monkey dragon football baseball sunshine princess superman batman trustno master shadow michael jordan
    abcdef abcdefg abcdefgh abcdefghij abcdefghijkl abcdefghijklm abcdefghijklmnopqrstuvwxyz abc abcd
    passwordpassword correcthorsebatterystaple secret topsecret default login user username organizer organiser
    iecevents events solidarity freedom libertad azadi آزادی iran ایران tehran تهران persia toomaj توماج
    womanlifefreedom womenlifefreedom jinjiyanazadi zanzendegiazadi زنزندگیآزادی زنزندگيآزادي mujervidalibertad
    revolution revolucion anightofculturalrevolt culturalrevolt asdasd qweqwe test testtest testing
    """.split()  # noqa: SIM905 - words are easier to read than a hundred quoted ones
)
LOOKALIKES = str.maketrans("@4310$5!7", "aaeiossit")
WALKS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba")
NOT_LETTERS = re.compile(r"[\W\d_]+")
AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
NOT_WRITTEN = re.compile(r"[\s./-]+")  # what stands between the digits of a date or a telephone number


def hash_password(password: str) -> str:
    """What is stored of a password (about 100 characters); slow on purpose."""
    with dear:
        return _hasher.hash(in_normal_form(password))


def fits(password: str, kept: str | None) -> bool:
    """Whether this is the password; None for an account that does not exist takes just as long."""
    try:
        with dear:
            _hasher.verify(kept or NOBODY, in_normal_form(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(kept)


def objection(password: str, email: str = "") -> str | None:
    """Why this can't be a new password, as a sentence; None when it can."""
    if len(password) < SHORTEST:
        return _(
            "This password is too short: it needs at least %(least)s characters. Four or five words are a good one.",
            least=format_number(SHORTEST),
        )
    if len(password) > LONGEST:
        return _("This password is too long: at most %(most)s characters fit.", most=format_number(LONGEST))
    if _is_about(password, email):
        return _("This password contains your e-mail address, which others know. Please choose another.")
    if _is_common(password):
        return _("Too many people use a password like this, so it is guessed first. Please choose another.")
    return None


def in_normal_form(password: str) -> str:
    """The password as it is compared, however it was typed."""
    return unicodedata.normalize("NFKC", password)


def _is_about(password: str, email: str) -> bool:
    folded, address = in_normal_form(password).casefold(), email.casefold()
    name = address.partition("@")[0]
    return bool(address) and (address in folded or (len(name) > FEWEST_KINDS and name in folded))


def _is_common(password: str) -> bool:
    folded = in_normal_form(password).casefold()
    if len(set(folded)) < FEWEST_KINDS or _is_repeated(folded) or any(folded in walk * 2 for walk in WALKS):
        return True
    if NOT_WRITTEN.sub("", folded).isdecimal():
        return True
    plain = NOT_LETTERS.sub("", folded)
    disguised = NOT_LETTERS.sub("", AROUND.sub("", folded).translate(LOOKALIKES))
    return bool({plain, disguised} & COMMON)


def _is_repeated(text: str) -> bool:
    """`abcabcabcabc`: a short thing said again and again."""
    again = (text + text).find(text, 1)
    return again <= SHORTEST // 2
