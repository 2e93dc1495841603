"""The pages of accounts: coming in, second factors, one's own account."""

from __future__ import annotations

from . import account, coming_in, resting, second_factor
from .steps import blueprint

__all__ = ["account", "blueprint", "coming_in", "resting", "second_factor"]
