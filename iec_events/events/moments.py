"""Moments in a form: a day, a time on the place's clocks, and which of the two where the clocks go back."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast
from zoneinfo import ZoneInfo

from wtforms.fields.choices import SelectChoice

from ..core.i18n import _, current_locale, format_number
from .drafting import EventTexts
from .drafts import day_begins, gap_around, moments_of, offset_name
from .times import day_month, days_of

# The fields of a moment begin with the name on the left; the draft calls it by the one on the right.
MOMENTS = {
    "starts": "starts_at",
    "ends": "ends_at",
    "doors": "doors_at",
    "opens": "rsvp_opens_at",
    "closes": "rsvp_closes_at",
}
ON_THE_DAY = {"ends", "doors"}  # without a date of their own they are on the day of the start


class Moments(EventTexts):
    """For each name in MOMENTS the form has `<name>_on`, `<name>_time` and `<name>_which`, and a field `zone`."""

    def moment(self, name: str) -> dt.datetime | None:
        """The moment that is meant; what is missing, does not exist or comes twice is said beside its field."""
        on, clock, which = (self[f"{name}_{part}"] for part in ("on", "time", "which"))
        if self["zone"].errors or on.errors or clock.errors or (name in ON_THE_DAY and self["starts_on"].errors):
            return None
        if on.data and not clock.data:
            self.note(clock.name, _("Please write the time too, such as 18:00."))
        if clock.data and not self._day(name):
            self.note(on.name, _("Please choose the date too."))
        readings = self.readings(name)
        self.ask_which(name, readings)
        if len(readings) > 1:
            if which.data not in {"0", "1"}:
                text = _("The clocks go back that night, and %(time)s comes twice. Please say which one you mean.")
                self.note(which.name, text % {"time": _clock(clock.data)})
                return None
            return readings[int(which.data)]
        if clock.data and self._day(name) and not readings:
            self.note(clock.name, self._no_such_time(name))
        return readings[0] if readings else None

    def day_moment(self, name: str) -> dt.datetime | None:
        """For an event without hours: when its first day begins, or when its last one is over."""
        on = self[f"{name}_on"]
        day = self._day(name)
        if self["zone"].errors or on.errors or self["starts_on"].errors or day is None:
            return None
        if not _exists(self["zone"].data, day):
            self.note(on.name, _("The clocks there left out this whole day. Please choose another."))
            return None
        return day_begins(self["zone"].data, day + dt.timedelta(days=name == "ends"))

    def readings(self, name: str) -> tuple[dt.datetime, ...]:
        """The moments at which the place's clocks show what was typed."""
        day, clock = self._day(name), self[f"{name}_time"].data
        zone = (
            self["zone"].data
            if (self["zone"].data and "/" in self["zone"].data) or self["zone"].data == "UTC"
            else None
        )
        if not (day and clock and zone):
            return ()
        try:
            return moments_of(zone, dt.datetime.combine(day, clock))
        except (KeyError, ValueError):
            return ()

    def _day(self, name: str) -> dt.date | None:
        day = self[f"{name}_on"].data or (self["starts_on"].data if name in ON_THE_DAY else None)
        return cast("dt.date | None", day)

    def ask_which(self, name: str, readings: tuple[dt.datetime, ...]) -> None:
        """Offer the two moments at which the clocks show the same."""
        first, second = _("The first %(time)s (%(offset)s)"), _("The second %(time)s (%(offset)s)")
        named = [{"time": _clock(moment), "offset": format_number(offset_name(moment))} for moment in readings]
        which = self[f"{name}_which"]
        if len(named) > 1:
            which.choices = [SelectChoice("0", first % named[0]), SelectChoice("1", second % named[1])]
        else:
            which.choices = []

    def _no_such_time(self, name: str) -> str:
        local = dt.datetime.combine(cast("dt.date", self._day(name)), self[f"{name}_time"].data)
        before, after = gap_around(self["zone"].data, local)
        text = _("On %(day)s the clocks there jump from %(before)s to %(after)s, so %(time)s does not exist.")
        day = day_month(local.date(), current_locale())
        return text % {"day": day, "before": _clock(before), "after": _clock(after), "time": _clock(local)}


def _exists(zone: str, day: dt.date) -> bool:
    """Whether clocks there ever showed this day: a few islands moved over the date line."""
    return day_begins(zone, day).date() == day


def day_values(starts_at: dt.datetime, ends_at: dt.datetime, zone: str) -> dict[str, Any]:
    """What the fields hold for the days of an event without hours; its last day is said where it is another."""
    first, last = days_of(starts_at, ends_at, zone)
    return {"starts_on": first, **({"ends_on": last} if last != first else {})}


def moment_values(name: str, moment: dt.datetime | None, zone: str) -> dict[str, Any]:
    """What the fields of a moment hold."""
    if moment is None:
        return {}
    local = moment.astimezone(ZoneInfo(zone))
    repeated = len(moments_of(zone, local.replace(tzinfo=None))) > 1
    which = str(local.fold) if repeated else None
    return {f"{name}_on": local.date(), f"{name}_time": local.time(), f"{name}_which": which}


def _clock(moment: dt.datetime | dt.time) -> str:
    return format_number(f"{moment:%H:%M}")
