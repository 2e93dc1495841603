"""Rate limits without watching: addresses are cut to their network, hashed with a key that lives for a day."""

from __future__ import annotations

import hmac
import ipaddress

from flask import Flask, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter

from . import clock
from .config import Settings, settings
from .errors import Refusal
from .i18n import _l

# What may begin in one place from one network. A table of friends on a pub's Wi-Fi fits; one address can't fill a hall.
NEW_RATES = ("20/hour", "60/day")
NEW_RATES_PROVEN = ("100/hour", "300/day")


class TooManyFromHere(Refusal):
    """So much began from the visitor's network that the next one has to wait."""

    status = 429
    message = _l(
        "Very many came from your network within an hour, so this has to wait. Nothing is lost: keep this page open "
        "and press the button again later, or use another connection, such as mobile data."
    )


def visitor() -> str:
    """A name for the visitor's network (/24 or /48) that means nothing tomorrow and nothing elsewhere."""
    network = _network(request.remote_addr or "")
    today = hmac.digest(settings().secret_key, f"limits {clock.now():%Y-%m-%d}".encode(), "sha256")
    return hmac.new(today, network.encode(), "sha256").hexdigest()[:24]


def _network(address: str) -> str:
    """The network around an address; one and the same for what is no address, such as a Unix socket."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "elsewhere"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((found, 48), strict=False))
        found = found.ipv4_mapped  # what a socket for both kinds calls IPv4
    return str(ipaddress.IPv4Network((found, 24), strict=False))


limiter = Limiter(key_func=visitor, default_limits=[])
spare = FixedWindowRateLimiter(MemoryStorage())  # counts while Redis is away


def within(name: str, rates: tuple[str, ...], *of: str) -> bool:
    """Count one use of `name` by `of`; False, and not counted, when one of the rates (`6/minute`) is used up.

    For routes that answer on the form itself, with all that was typed, where the decorator would answer with a page.
    """
    items = [parse(rate) for rate in rates]
    try:
        return _count(limiter.limiter, items, name, *of)
    except limiter.storage.base_exceptions:
        return _count(spare, items, name, *of)


def may_begin(what: str, place: str, *, proven: bool) -> bool:
    """Count one thing that the visitor begins in a place; False when too many came from their network.

    Who has proven some work (see puzzle) is held to the wider rates only; others use up both.
    """
    rates = NEW_RATES_PROVEN if proven else (*NEW_RATES, *NEW_RATES_PROVEN)
    return within(f"new {what}", rates, place, visitor())


def _count(counter: RateLimiter, items: list[RateLimitItem], *of: str) -> bool:
    if not all(counter.test(item, *of) for item in items):
        return False
    counted = [counter.hit(item, *of) for item in items]
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
