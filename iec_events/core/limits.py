"""Rate limits without watching: addresses are cut to their network, hashed with a key that lives for a day."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import time

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter

from . import clock
from .config import Settings, settings
from .errors import Refusal
from .i18n import _l
from .onion import by_onion, circuit

# What may begin in one place from one network. A table of friends on a pub's Wi-Fi fits; one address can't fill a hall.
NEW_RATES = ("20/hour", "60/day")
NEW_RATES_PROVEN = ("100/hour", "300/day")
# Twenty parties of six are a hall: heads count, too.
NEW_HEADS = ("40/hour", "60/day")
NEW_HEADS_PROVEN = NEW_RATES_PROVEN
CROWDED = "limits_know_no_circuits"
AWAY_STATUS = 503
MOST_AT_ONCE = 40  # a larger party counts as so many: it is none that nobody may ever begin

log = logging.getLogger(__name__)


class TooManyFromHere(Refusal):
    """So much began from the visitor's network that the next one has to wait."""

    status = 429
    message = _l(
        "Very many came from your network within an hour, so this has to wait. Nothing is lost: keep this page open "
        "and press the button again later, or use another connection, such as mobile data."
    )
    through_tor = _l(
        "Very many came from where you are within an hour, so this has to wait. Nothing is lost: keep this page open "
        "and press the button again later."
    )

    def __str__(self) -> str:
        """The sentence; nobody is sent out of Tor."""
        return str(self.through_tor if by_onion() else self.message)


def visitor() -> str:
    """A name for the visitor's network (/24 or /48) that means nothing tomorrow and nothing elsewhere.

    Who comes by the onion address has none, but Tor can tell the circuit; else all of them have one name together.
    """
    address = request.remote_addr or ""
    if not by_onion():
        return todays_name(_network(address))
    found = circuit(address)
    if found is None and CROWDED not in current_app.extensions:
        current_app.extensions[CROWDED] = True
        log.warning("Tor tells no circuits: limits take all who come by the onion address for one. See operators.md.")
    return todays_name(found or "onion")


def todays_name(text: str) -> str:
    """A name for what must not be kept, by which it is counted; it means nothing tomorrow and nothing elsewhere."""
    today = hmac.digest(settings().secret_key, f"limits {clock.now():%Y-%m-%d}".encode(), "sha256")
    return hmac.new(today, text.encode(), "sha256").hexdigest()[:24]


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
REDIS_WAIT_S = 0.5  # for an answer; without a bound, one that is silent holds everybody
REDIS_RESTS_S = 10.0  # so long it is not asked again
RESTS = "redis_rests_until"
Uses = dict[str, tuple[tuple[str, ...], int]]  # what is counted -> its rates, and how many at once


def within(name: str, rates: tuple[str, ...], *of: str) -> bool:
    """Count one use of `name` by `of`; False, and not counted, when a rate (`6/minute`) is used up.

    For routes that answer on the form itself, with all that was typed, where the decorator would answer with a page.
    """
    return _within(of, {name: (rates, 1)})


def may_begin(what: str, place: str, *, proven: bool, heads: int = 1) -> bool:
    """Count one thing that the visitor begins in a place; False when too many came from their network.

    Who has proven some work (see puzzle) is held to the wider rates only; others use up both.
    """
    rates = NEW_RATES_PROVEN if proven else (*NEW_RATES, *NEW_RATES_PROVEN)
    return _may((place, visitor()), {f"new {what}": (rates, 1), **_heads(what, heads, proven=proven)})


def may_bring(what: str, place: str, heads: int) -> bool:
    """Count so many people for whom the visitor wants room; False when there were too many from their network."""
    return _may((place, visitor()), _heads(what, heads, proven=False))


def _heads(what: str, heads: int, *, proven: bool) -> Uses:
    rates = NEW_HEADS_PROVEN if proven else (*NEW_HEADS, *NEW_HEADS_PROVEN)
    return {f"heads of new {what}": (rates, min(heads, MOST_AT_ONCE))}


def _may(of: tuple[str, ...], wanted: Uses) -> bool:
    begins = _within(of, wanted)
    if begins:
        g.begun = [*g.get("begun", ()), (of, wanted)]
    return begins


def _give_back(response: Response) -> Response:
    """What did not begin, as the database was away, shuts nobody out: the page says to press the button again."""
    if response.status_code == AWAY_STATUS:
        for of, wanted in g.pop("begun", ()):
            _within(of, {name: (rates, -uses) for name, (rates, uses) in wanted.items()})
    return response


def _within(of: tuple[str, ...], wanted: Uses) -> bool:
    """All of them, or none: who is refused and presses again uses up nothing of what others on the network may."""
    known = current_app.extensions
    if time.monotonic() >= known.get(RESTS, 0.0):
        try:
            return _count(limiter.limiter, of, wanted)
        except limiter.storage.base_exceptions:
            known[RESTS] = time.monotonic() + REDIS_RESTS_S
    return _count(spare, of, wanted)


def _count(counter: RateLimiter, of: tuple[str, ...], wanted: Uses) -> bool:
    items = [(parse(rate), name, uses) for name, (rates, uses) in wanted.items() for rate in rates]
    if not all(counter.test(item, name, *of, cost=uses) for item, name, uses in items):
        return False
    counted = [counter.hit(item, name, *of, cost=uses) for item, name, uses in items]
    return all(counted)


def init_limits(app: Flask, chosen: Settings) -> None:
    """Count in memory, or in Redis where several hosts serve; a Redis that is away never shuts the door."""
    waits = {"socket_timeout": REDIS_WAIT_S, "socket_connect_timeout": REDIS_WAIT_S}
    app.config.update(
        RATELIMIT_STORAGE_URI=chosen.redis_url or "memory://",
        RATELIMIT_STORAGE_OPTIONS=waits if chosen.redis_url else {},
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=bool(chosen.redis_url),
        RATELIMIT_HEADERS_ENABLED=False,
        RATELIMIT_KEY_PREFIX="iec",
    )
    limiter.init_app(app)
    app.after_request(_give_back)
