"""Fields of the organizers' forms: days, clocks, zones, coordinates, links, rows of a programme."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from markupsafe import Markup
from wtforms import DateField, Field, FieldList, SelectField, TimeField
from wtforms import Form as PlainForm
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import Select, URLInput

from ..core.forms import Needed, TextLine
from ..core.i18n import _
from ..core.text import ascii_digits
from .drafts import MOST_ITEMS
from .zones import zone_named

YEARS = range(2000, 2200)  # far enough from the ends of the calendar for every zone
CLOCK = re.compile(r"(\d{1,2})[:.٫](\d{2})(?::00)?")
COORDINATES = re.compile(r"([-+−]?\d{1,3}(?:\.\d+)?)°?\s*(?:[,;،\s])\s*([-+−]?\d{1,3}(?:\.\d+)?)°?")


class NeededWithHours(Needed):
    """A time must be there, unless the event lasts all day."""

    def __call__(self, form: PlainForm, field: Field) -> None:
        """Check, and stop the other checks."""
        if form["all_day"].data:
            field.errors = ()
            raise StopValidation
        super().__call__(form, field)


class Day(DateField):
    """A day as `2027-02-20`, in Latin, Persian or Arabic digits."""

    def __init__(self, label: Any = None, validators: Sequence[Any] = (), **options: Any) -> None:
        super().__init__(label, validators, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed; an empty field is None."""
        self.data = None
        typed = ascii_digits(valuelist[0][:40]).strip() if valuelist else ""
        if not typed:
            return
        try:
            self.data = dt.date.fromisoformat(typed.replace("/", "-"))
        except ValueError as error:
            raise ValueError(_("Please write the date as year-month-day, such as 2027-02-20.")) from error
        if self.data.year not in YEARS:
            self.data = None
            raise ValueError(_("Please check the year of this date."))
        self.raw_data = [self.data.isoformat()]


class Clock(TimeField):
    """A time of day as `18:30`, in Latin, Persian or Arabic digits."""

    def __init__(self, label: Any = None, validators: Sequence[Any] = (), **options: Any) -> None:
        super().__init__(label, validators, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed; an empty field is None."""
        self.data = None
        typed = ascii_digits(valuelist[0][:40]).strip() if valuelist else ""
        if not typed:
            return
        found = CLOCK.fullmatch(typed)
        try:
            self.data = dt.time(int(found[1]), int(found[2])) if found else None
        except ValueError:
            self.data = None
        if self.data is None:
            raise ValueError(_("Please write the time as hours and minutes, from 00:00 to 23:59, such as 18:30."))
        self.raw_data = [f"{self.data:%H:%M}"]


class LongList(Select):
    """A list of some hundred choices: each is written once, not for every page."""

    @classmethod
    def render_option(cls, choice: Any, **attributes: Any) -> Markup:
        """One choice."""
        if attributes or choice.render_kw:
            return Markup(Select.render_option(choice, **attributes))  # noqa: S704 - the library escapes it
        return _option(str(choice.value), str(choice.label or choice.value), bool(choice.selected))


@lru_cache(maxsize=4096)
def _option(value: str, label: str, selected: bool) -> Markup:  # noqa: FBT001 - a key of the cache
    return Markup('<option{} value="{}">{}</option>').format(Markup(" selected") if selected else "", value, label)


class Choice(SelectField):
    """One of a list, or nothing, which is the empty text."""

    widget = LongList()

    def __init__(self, label: Any = None, validators: Sequence[Any] = (), **options: Any) -> None:
        super().__init__(label, validators, validate_choice=False, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was chosen."""
        self.data = valuelist[0] if valuelist else ""

    def pre_validate(self, form: PlainForm) -> None:  # noqa: ARG002 - the library's signature
        """Refuse what is not in the list."""
        if self.data and not any(choice.value == self.data for choice in self.choices):
            self.data = ""
            raise ValidationError(_("This is not in the list. Please choose again."))


class ZoneLine(TextLine):
    """A time zone, by its IANA name or by a city; `data` becomes the IANA name."""

    def pre_validate(self, form: PlainForm) -> None:  # noqa: ARG002 - the library's signature
        """Find the zone that is meant."""
        if not self.data:
            return
        found = zone_named(self.data)
        if found is None:
            raise ValidationError(
                _("We know no time zone by this name. Choose one from the list: a large city in the same zone will do.")
            )
        self.data = found


class CoordinatesLine(TextLine):
    """`37.8497, -122.2707`, as maps give them; `pair` holds the numbers."""

    @property
    def pair(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees."""
        found = COORDINATES.fullmatch(ascii_digits(self.data or "").strip("()").replace("٫", "."))
        return (_degrees(found[1]), _degrees(found[2])) if found else None

    def pre_validate(self, form: PlainForm) -> None:  # noqa: ARG002 - the library's signature
        """Refuse what is not a pair of numbers."""
        if self.data and self.pair is None:
            raise ValidationError(
                _("Please write two numbers, latitude and longitude, as a map gives them: 37.8497, -122.2707.")
            )


class LinkLine(TextLine):
    """An address of a page; what it must look like is said by the rules of drafts."""

    widget: Any = URLInput()


class Rows(FieldList):
    """Rows of a programme, which can be added, moved and removed while everything typed stays."""

    def __init__(self, unbound_field: Any, label: Any = None, **options: Any) -> None:
        super().__init__(unbound_field, label, **options)

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        """The library takes `²` for a number."""
        for name in formdata:
            found = re.match(rf"{re.escape(prefix)}-(\d{{1,4}})-", name, re.ASCII)
            if found:
                yield int(found[1])

    def rearrange(self, what: str, index: int) -> None:
        """`add` one at the end; move the one at `index` `up` or `down`, or `remove` it. Out of range does nothing."""
        if what == "add":
            if len(self.entries) < MOST_ITEMS:
                self.append_entry()
        elif index < len(self.entries):
            entry = self.pop_entry(index)
            if what != "remove":
                self.entries.insert(max(0, index + (-1 if what == "up" else 1)), entry)
                self._compact_indices()

    def each(self) -> Iterator[Any]:
        """Every field of every row."""
        for entry in self.entries:
            yield from entry.form


def _degrees(text: str) -> float:
    return float(text.replace("−", "-"))
