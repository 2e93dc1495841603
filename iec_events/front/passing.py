"""Passing it on: a text for messengers, which tells what every stranger may know."""

from __future__ import annotations

from ..core.i18n import _, direction
from ..core.text import isolated
from ..events.place import hidden_note, place_of
from ..events.views import EventView


def words_to_pass_on(event: EventView) -> str:
    """What, when, where and the public address, a line each; empty for what nobody should be sent to.

    The address stands bare on its line: to some messengers, a mark behind it would be a part of it.
    """
    if event.status != "published" or event.is_past:
        return ""
    when, way = event.when, direction(event.locale)
    hours = _("%(day)s, %(time)s", day=when.both_text, time=when.time_text)
    lines = [
        isolated(event.title, way),
        _("%(moment)s (%(zone)s)", moment=hours, zone=isolated(when.zone_label, way)),
        when.tehran_text if event.locale == "fa" else "",
        *_where(event),
        event.url,
    ]
    return "\n".join(filter(None, lines))


def _where(event: EventView) -> tuple[str, str]:
    place = place_of(event.event, event.locale, entitled=False)
    return place.line_in_letters or _("Online"), hidden_note(event.event) if place.hidden else ""
