"""Pages for organizers: events and campaigns, and what comes again."""

from __future__ import annotations

from . import events_and_campaigns, series, series_rules
from .shared import blueprint

__all__ = ["blueprint", "events_and_campaigns", "series", "series_rules"]
