"""Pages for organizers: the list of an event, one party opened whole, and what is done to many at once."""

from __future__ import annotations

from . import many, one_party, the_list
from .shared import blueprint

__all__ = ["blueprint", "many", "one_party", "the_list"]
