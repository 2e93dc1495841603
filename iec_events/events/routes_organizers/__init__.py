"""Pages for organizers: events and campaigns, and what comes again."""

from __future__ import annotations

from . import campaigns, events, series, series_rules
from .shared import blueprint

__all__ = ["blueprint", "campaigns", "events", "series", "series_rules"]
