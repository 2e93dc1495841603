"""The sample campaign with its walls, for those who try the service in an empty house."""

from __future__ import annotations

import datetime as dt

from ..core.db import atomic
from ..events.loader import SAMPLE, load
from ..events.queries import all_campaigns
from ..solidarity.actions import add_sample_message, signed

SAMPLE_CAMPAIGN = "night-of-cultural-revolt"


def load_samples(now: dt.datetime) -> None:
    """Load the sample, unless its campaign is there already: what was loaded once never moves by itself."""
    with atomic():
        if any(campaign.slug == SAMPLE_CAMPAIGN for campaign in all_campaigns()):
            return
        messages = load(SAMPLE, now=now).messages
        for place, message in enumerate(messages):
            add_sample_message(
                event_slug=message.event_slug,
                text=message.text,
                signature=signed(message.name, message.place) or None,
                language=message.language,
                now=now - dt.timedelta(minutes=place),  # walls show the latest first: the file's order stays
            )
