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

# What the most common passwords are made of, once digits and signs are taken off; our own words too. Who stole a
# database and guesses a password opens the lists that its owner reads, without any second factor.
COMMON = frozenset(
    """
    password passwort passw passcode contraseña contrasena clave welcome letmein iloveyou iloveyousomuch love lover
    baby babygirl babyboy sweet honey happy birthday forever friend friends family mother father angel admin
    administrator administrador root changeme secret topsecret default login user username test testing guest
    thisismypassword mypassword micontraseña computer internet google facebook instagram telegram whatsapp samsung
    iphone apple android windows microsoft minecraft pokemon naruto starwars superman batman spiderman ironman trustno
    master shadow hunter killer ninja dragon tiger lion monkey wolf eagle dolphin butterfly flower rainbow sunshine
    summer winter autumn spring orange banana cookie chocolate cheese pepper ginger princess queen king jesus christ
    god football soccer baseball basketball hockey liverpool chelsea arsenal barcelona realmadrid madrid juventus
    america nacional ferrari porsche mercedes mustang michael jordan daniel thomas charlie andrew david joshua matthew
    robert anthony jessica ashley nicole maria sarah hello hola mundo world money dollar blink metal guitar music
    summertime teamo tequiero mucho amor miamor mivida vida corazon princesa bebe dios familia siempre bogota colombia
    mexico españa qwerty qwertz azerty qwert qwertyu qwertyui qwertyuio qwertyuiop asdfg asdfgh asdfghj asdfghjkl
    asdfghjklñ zxcvb zxcvbn zxcvbnm qwe qwer asd asdf zxc zxcv qaz wsx edc rfv tgb yhn zaq xsw cde vfr bgt nhy
    poiuytrewq lkjhgfdsa mnbvcxz abc abcd abcde abcdef abcdefg abcdefgh abcdefghij abcdefghijkl abcdefghijklm
    abcdefghijklmnopqrstuvwxyz xyz aaa correcthorsebatterystaple organizer organiser iecevents iec events solidarity
    freedom libertad azadi azady iran persia irani tehran shiraz isfahan tabriz kurdistan rojava toomaj mahsa jina
    amini zan zhin zendegi jiyan jin javid shah khoda hafez salam eshgh asheghetam doostet doosetdaram doostetdaram
    daram joon jan aziz mohammad ali reza hossein maryam zahra fatemeh sara perspolis esteghlal woman women life mujer
    revolution revolucion revolt anightofculturalrevolt آزادی آزادي ایران ايران تهران توماج زن زندگی زندگي مهسا ژینا
    امینی جاوید شاه خدا عشق سلام دوستت دارم عاشقتم مادر پدر qazwsx wsxedc edcrfv rfvtgb qweasd qweasdzxc
    womanlifefreedom zanzendegiazadi jinjiyanazadi mujervidalibertad زنزندگیآزادی culturalrevolt
    """.split()  # noqa: SIM905 - words are easier to read than some hundred quoted ones
)
MOST_WORDS = 3  # four make a phrase
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


def ways_to_write(password: str) -> list[str]:
    """The octets that keyboards make of one password: the form in which it is compared first, each once."""
    others = (password, *(unicodedata.normalize(form, password) for form in ("NFC", "NFD")))
    return list(dict.fromkeys((in_normal_form(password), *others)))


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
    return any(_is_made_of_common(text) for text in (plain, disguised))


def _is_made_of_common(text: str) -> bool:
    """`iraniran`, `jesuschrist`: a word that everybody guesses, or up to three of them, and nothing else."""
    reached = {0}
    for _word in range(MOST_WORDS):
        reached |= {start + len(word) for start in reached for word in COMMON if text.startswith(word, start)}
    return bool(text) and len(text) in reached


def _is_repeated(text: str) -> bool:
    """`abcabcabcabc`: a short thing said again and again."""
    again = (text + text).find(text, 1)
    return again <= SHORTEST // 2
