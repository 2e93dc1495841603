"""Letters in the organizers' area: the list, the form, the letter as it arrives, sending it, how far it is."""

from __future__ import annotations

from . import reading, sending, writing
from .shared import blueprint

__all__ = ["blueprint", "reading", "sending", "writing"]
