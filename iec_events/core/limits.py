"""Rate limits without watching: addresses are cut to their network, hashed with a key that lives for a day."""

from __future__ import annotations

import hmac
import ipaddress

from flask import Flask, request
from flask_limiter import Limiter
from limits import parse

from . import clock
from .config import Settings, settings


def visitor() -> str:
    """A name for the visitor's network (/24 or /48) that means nothing tomorrow and nothing elsewhere."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - no address, not a bind
    except ValueError:
        address = ipaddress.ip_address("0.0.0.0")  # noqa: S104 - the same
    network = ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)  # noqa: PLR2004
    today = hmac.digest(settings().secret_key, f"limits {clock.now():%Y-%m-%d}".encode(), "sha256")
    return hmac.new(today, str(network).encode(), "sha256").hexdigest()[:24]


limiter = Limiter(key_func=visitor, default_limits=[])


def within(name: str, rates: tuple[str, ...], *of: str) -> bool:
    """Count one use of `name` by `of`; False, and not counted, when one of the rates (`6/minute`) is used up.

    For routes that answer on the form itself, with all that was typed, where the decorator would answer with a page.
    """
    items = [parse(rate) for rate in rates]
    try:
        if not all(limiter.limiter.test(item, name, *of) for item in items):
            return False
        counted = [limiter.limiter.hit(item, name, *of) for item in items]
    except limiter.storage.base_exceptions:
        return True
    return all(counted)


def init_limits(app: Flask, chosen: Settings) -> None:
    """Count in memory, or in Redis where several hosts serve; a Redis that is away never shuts the door."""
    app.config.update(
        RATELIMIT_STORAGE_URI=chosen.redis_url or "memory://",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=bool(chosen.redis_url),
        RATELIMIT_HEADERS_ENABLED=False,
        RATELIMIT_KEY_PREFIX="iec",
    )
    limiter.init_app(app)
