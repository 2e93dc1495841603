"""Pages for attendees: signing up, their own RSVP behind their own link, and the ways back to it."""

from __future__ import annotations

from . import changing, coming_back, leaving, own_page, signing_up, stopping
from .shared import blueprint

__all__ = ["blueprint", "changing", "coming_back", "leaving", "own_page", "signing_up", "stopping"]
