"""Time zones as organizers look for them: by IANA name, or by the name of a city in any of our languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location
from markupsafe import Markup

from ..core.i18n import LOCALES
from ..core.text import folded, sorting_key

# Where the nights have been, and where many exiles live: offered first.
COMMON = (
    "America/Los_Angeles",
    "America/New_York",
    "America/Toronto",
    "America/Bogota",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Stockholm",
    "Europe/Istanbul",
    "Asia/Tehran",
    "Australia/Sydney",
    "UTC",
)


@dataclass(frozen=True)
class ZoneChoice:
    """A zone in a list: its IANA name, and the city and country people know it by."""

    name: str
    label: str


@cache
def zone_choices(locale: str) -> tuple[ZoneChoice, ...]:
    """Every zone of a place, the common ones first, labelled in this language."""
    others = sorted(_places() - set(COMMON))
    return tuple(ZoneChoice(name, _label(name, locale)) for name in (*COMMON, *others))


@cache
def zone_options(locale: str) -> Markup:
    """The zones as the choices of a list in HTML; they are some four hundred, and the same on every page."""
    choices = zone_choices(locale)
    return Markup("").join(
        Markup('<option value="{}">{}</option>').format(choice.name, choice.label) for choice in choices
    )


@cache
def country_choices(locale: str) -> tuple[tuple[str, str], ...]:
    """(ISO 3166 code, name in this language) of every country that has a time zone, by name."""
    names = Locale(locale).territories
    codes = set(get_global("zone_territories").values()) - {"001", "ZZ"}
    return tuple(sorted(((code, names.get(code, code)) for code in codes), key=lambda pair: sorting_key(pair[1])))


def zone_named(text: str) -> str | None:
    """The zone meant by `America/Bogota`, `bogota`, `Bogotá` or `تهران`; None if there is none or several."""
    wanted = folded(text)
    found = _by_name().get(wanted, set())
    return next(iter(found)) if len(found) == 1 else None


@cache
def _by_name() -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for zone in (*_places(), *COMMON):
        cities = {get_timezone_location(zone, locale=code, return_city=True) for code in LOCALES}
        labels = {_label(zone, code) for code in LOCALES}
        for name in (zone, zone.rpartition("/")[2].replace("_", " "), *cities, *labels):
            names.setdefault(folded(name), set()).add(zone)
    for zone in filter(_in_a_place, available_timezones()):
        names.setdefault(folded(zone), {zone})
    return names


@cache
def _places() -> frozenset[str]:
    """Zones that lie in a country, under their present names."""
    known = available_timezones() - set(get_global("zone_aliases"))
    return frozenset(name for name in get_global("zone_territories") if name in known and _in_a_place(name))


def _in_a_place(zone: str) -> bool:
    return "/" in zone and not zone.startswith("Etc/")


def _label(zone: str, locale: str) -> str:
    """`Bogotá, Colombia`, in this language."""
    if zone == "UTC":
        return "UTC"
    country = Locale(locale).territories.get(get_global("zone_territories")[zone], "")
    city = get_timezone_location(zone, locale=locale, return_city=True)
    return f"{city}{'، ' if locale == 'fa' else ', '}{country}"
