"""E-mail addresses that look mistyped: the likely one is offered, never forced, and asked about once.

Only well-known providers are offered, and only for one slip of a finger in a longer name: two short names that are
one letter apart are often both real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import HiddenField, RadioField
from wtforms.fields.choices import SelectChoice

from .forms import EmailLine, Form
from .i18n import _, _l

SUGGESTED, AS_TYPED = "suggested", "typed"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Providers with many national endings (yahoo.fr, hotmail.co.uk) are real with any ending that looks like one.
WORLDWIDE = {"yahoo", "hotmail", "outlook", "live", "gmx", "yandex"}
PROVIDERS = _names(
    """
    gmail.com googlemail.com yahoo.com ymail.com rocketmail.com hotmail.com outlook.com live.com msn.com icloud.com
    me.com mac.com aol.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tutamail.com tuta.com
    tuta.io riseup.net disroot.org autistici.org systemli.org posteo.de posteo.net mailbox.org fastmail.com fastmail.fm
    hushmail.com startmail.com runbox.com mailfence.com zoho.com gmx.com gmx.net gmx.de gmx.at gmx.ch web.de
    t-online.de freenet.de mail.com yandex.com comcast.net verizon.net btinternet.com orange.fr laposte.net
    """
)
REAL = _names("gail.com mailbox.com tutanota.org outlooks.com yahoos.com")
LEAST = 5  # letters of a name in which one wrong letter is told from another real name
# No ending of the world's, or one where these three have no mailboxes.
SLIPS = _names("con cmo ocm comm ccom coom comn com.com vom xom dom cim cpm cum copm")
GMAIL_SLIPS = SLIPS | _names("co cm om net org ir")


def suggestion(address: str) -> str | None:
    """The address that was probably meant; None when this one looks right."""
    name, at, domain = address.rpartition("@")
    domain = domain.casefold()
    if not at or not domain.isascii() or domain in PROVIDERS | REAL:
        return None
    meant = _meant(domain)
    return f"{name}@{meant}" if meant else None


def _meant(domain: str) -> str | None:
    label, _dot, ending = domain.partition(".")
    if ending in (GMAIL_SLIPS if label == "gmail" else SLIPS) and f"{label}.com" in PROVIDERS:
        return f"{label}.com"
    if label in WORLDWIDE:
        return None
    for known in sorted(PROVIDERS):
        known_label, _dot, known_ending = known.partition(".")
        if len(known_label) >= LEAST and ending == known_ending and _one_slip(label, known_label):
            return known
    return None


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter is missing, double, other, or swapped with the next; the first letter is hardly ever wrong."""
    start = next(
        (i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(map(len, (typed, meant)))
    )
    rest, other = typed[start:], meant[start:]
    swapped = rest[:2] == other[1::-1] and rest[2:] == other[2:] and len(other) > 1
    return swapped or (start > 0 and (rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]))


class AddressAsked(Form):
    """A form with a field `email` that asks once when the address looks mistyped, and takes either answer.

    The page draws `address_choice(form)` of macros/guards.html below the field.
    """

    email_asked = HiddenField()
    email_choice = RadioField(
        _l("Which address is right?"),
        choices=[SelectChoice(SUGGESTED, SUGGESTED), SelectChoice(AS_TYPED, AS_TYPED)],
        validate_choice=False,
    )
    hint: str | None = None

    if TYPE_CHECKING:  # who uses this brings it
        email: EmailLine

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, then ask about the address or take the answer."""
        fine = super().validate(extra_validators)
        return self._address_is_settled() and fine

    def _address_is_settled(self) -> bool:
        address = self.email.data
        hint = suggestion(address) if address and not self.email.errors else None
        if hint is None:
            return True
        if self.email_asked.data == address:
            self.email.data = hint if self.email_choice.data == SUGGESTED else address
            return True
        self.email_asked.data, self.email_choice.data, self.hint = address, None, hint
        question = _("Did you mean %(address)s? Please choose below; either is fine.", address=f"\u2066{hint}\u2069")
        self.email.errors = (*self.email.errors, question)
        return False
