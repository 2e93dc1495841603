"""How large the words of a poster may be, so that it is one sheet of paper whatever an event is called.

The numbers are those of css/poster.css, in hundredths of the sheet's width; letters are as wide as they are on average.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from ..core.i18n import _
from ..events.views import EventView

HIGH, WIDE = {"en": 137, "es": 137, "fa": 140}, 70  # what Letter has for words; estimates are a little too high
STEPS = (1.0, 0.93, 0.86, 0.79, 0.72, 0.65, 0.58, 0.5)
TITLES = (("", 13, 13.0), ("long", 36, 10.0), ("longer", 70, 7.0), ("longest", 10_000, 5.2))  # up to so many letters
TOWNS = (("", 9, 16.0), ("long", 14, 11.0), ("longer", 10_000, 8.0))
MOST_BESIDE, MOST_BESIDE_FA, BROAD = 12, 14, 8
LONGEST_SUMMARY = 200  # what is longer stays on the event's page
READ, LARGER, SMALLER, SIGNING_UP = 3.0, 3.8, 2.8, "x" * 90
VERDICT, DAY, JALALI, SCORE, CODE, GAP = 19, 34, 6.0, 25, 25, 2


@dataclass(frozen=True)
class Sheet:
    """What stands on the poster of an event, and how large."""

    event: EventView

    @property
    def off(self) -> bool:
        """Whether nobody should come on that day."""
        return self.event.status != "published" or self.event.is_past

    @property
    def hours(self) -> str:
        """The hours, if they fit beside the numeral of the day."""
        text, most = self.event.when.time_text, MOST_BESIDE_FA if self.event.locale == "fa" else MOST_BESIDE
        return text if len(text) <= most else ""

    @property
    def narrow(self) -> bool:
        """Whether what stands beside the numeral needs smaller letters."""
        when = self.event.when
        return max(len(when.weekday), len(when.month), len(self.hours) - 2) > BROAD

    @property
    def place(self) -> str:
        """The city, or that it is online."""
        return self.event.city or _("Online")

    @property
    def town(self) -> str:
        """How long the name of the city is."""
        return _fitting(self.place, TOWNS)[0]

    @property
    def title(self) -> str:
        """How long the title is."""
        return _fitting(self.event.title, TITLES)[0]

    @property
    def again(self) -> str:
        """The rule by which it comes again, where everybody may know that."""
        again = self.event.again
        return again.words if again and again.is_told and not self.off else ""

    @property
    def tehran(self) -> str:
        """When it is in Tehran, where it can be followed from there."""
        return self.event.when.tehran_text if self.event.is_online else ""

    @property
    def summary(self) -> str:
        """What it is, if that takes few words."""
        return self.event.summary if len(self.event.summary) <= LONGEST_SUMMARY and not self.off else ""

    @property
    def shrunk(self) -> int:
        """By how many steps the large words shrink."""
        most = HIGH[self.event.locale]
        return next((step for step, size in enumerate(STEPS) if self._height(size) <= most), len(STEPS) - 1)

    def _height(self, size: float) -> float:
        """How high all of it is when the large words have this size, about."""
        event, when = self.event, self.event.when
        sender = "" if self.off or not event.campaign else event.campaign.title
        large = [(self.place, _fitting(self.place, TOWNS)[1]), (event.title, _fitting(event.title, TITLES)[1])]
        large += [(when.jalali_text or "", JALALI), ("" if self.hours else when.time_text, JALALI)]
        read = [(text, LARGER) for text in (self.again, event.venue, event.street, event.hidden_note, self.tehran)]
        read += [(self.summary, READ), (SIGNING_UP, READ)]
        cry = DAY * size + VERDICT * size * self.off + sum(self._shouted(text, font * size) for text, font in large)
        way = max(CODE, sum(self._read(*words) for words in read)) + GAP + self._read(event.url, SMALLER)
        return cry + self._read(sender, READ) + SCORE + way

    def _shouted(self, text: str, font: float) -> float:
        leading, letter = {"en": (0.92, 0.45), "es": (1.04, 0.45), "fa": (1.12, 0.44)}[self.event.locale]
        return ceil(len(text) * letter * font / WIDE + 0.1) * font * leading + GAP if text else 0

    def _read(self, text: str, font: float) -> float:
        leading = 1.6 if self.event.locale == "fa" else 1.3
        return ceil(len(text) * 0.46 * font / WIDE) * font * leading + GAP / 2 if text else 0


def _fitting(text: str, sizes: tuple[tuple[str, int, float], ...]) -> tuple[str, float]:
    """The first size for texts as long as this one: its class in the style sheet, and its font."""
    return next((name, font) for name, most, font in sizes if len(text) <= most)
