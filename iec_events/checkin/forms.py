"""What is filled in at the door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from wtforms import BooleanField, HiddenField

from ..core.forms import Form, Needed, TextLine, WholeNumber
from ..core.i18n import _, _l, current_locale
from ..core.text import ascii_digits
from ..events.models import Event
from ..rsvps.actions import Party
from ..rsvps.forms import LONGEST_NAME, SEED_LENGTH, AtMost

LONGEST_NUMBER = 6
LARGEST = 12  # numbers to press; a busload comes as several parties


class FindForm(Form):
    """A name or a code. It is sent as POST: names do not belong into addresses."""

    q = TextLine(
        _l("Name or code"),
        longest=100,
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "enterkeyhint": "search"},
    )


class CountForm(Form):
    """The button of a party."""


class WalkInForm(Form):
    """A party without an RSVP: how many, and a name if they like. It asks for no address: the door writes to nobody.

    The seed is what makes a double submit one party.
    """

    largest_party = 1
    asks = False

    party_size = WholeNumber(
        _l("How many are they?"), [Needed(_l("Please say how many they are.")), AtMost()], default=1
    )
    name = TextLine(_l("Name or alias"), longest=LONGEST_NAME, render_kw={"autocomplete": "off"})
    another = BooleanField(_l("This is somebody else"))
    seed = HiddenField()

    def take(self, event: Event, seed: str) -> None:
        """Allow as many as one RSVP may bring; `seed` is for a page that has none yet."""
        self.largest_party = min(event.largest_now, LARGEST)
        if len(self.seed.data or "") != SEED_LENGTH:
            self.seed.data = seed

    def ask(self, time: str) -> None:
        """Ask whether they are somebody else than the party of that name which was counted in at this time."""
        text = _(
            "Somebody of that name was counted in at %(time)s. If this is somebody else, tick the box and send again."
        )
        self.asks, self.name.errors = True, (text % {"time": time},)

    def party(self) -> Party:
        """Who comes. Who gives no name is a guest."""
        return Party(
            name=self.name.data or _("Guest"),
            email=None,
            party_size=self.party_size.data or 1,
            note="",
            locale=current_locale(),
        )


def pressed(sent: Mapping[str, str]) -> tuple[str, int | None]:
    """The party of the button that was pressed, as a database takes it; the number chosen for it, if any."""
    rsvp_id = sent.get("party", "").replace("\0", "")
    return rsvp_id, number(sent.get(f"people-{rsvp_id}", ""))


def number(typed: str) -> int | None:
    """A number as somebody typed it; None for anything else."""
    digits = ascii_digits(typed).strip()
    return int(digits) if digits.isdecimal() and len(digits) <= LONGEST_NUMBER else None


def moment(sent: str) -> dt.datetime | None:
    """A moment as a page of ours wrote it; None for anything else."""
    try:
        return dt.datetime.fromisoformat(sent)
    except ValueError:
        return None
