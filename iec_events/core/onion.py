"""The onion address beside the ordinary one: which of them a request came by, and what that changes.

Links between our pages name no host, so that everybody stays on the one they came by. What is made for elsewhere
(mails, calendars, cameras, search engines) names the public address. Why: docs/decisions/0020.
"""

from __future__ import annotations

import ipaddress

from flask import Flask, has_request_context, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from .config import settings

ONION = "iec.onion"  # in the environ of a request, set by the outermost layer once it knows the host
CIRCUITS = ipaddress.ip_network("fc00::/7")  # Tor tells the number of a circuit as an address of these


def by_onion() -> bool:
    """Whether this request came by an onion address."""
    return has_request_context() and ONION in request.environ


def here() -> str:
    """Our address that this request came by; the public one outside of requests."""
    chosen = settings()
    return chosen.onion_url if chosen.onion_url and by_onion() else chosen.public_url


def is_second() -> bool:
    """Whether this request came by the address that stands beside the public one."""
    return here() != settings().public_url


def cookie(name: str) -> str:
    """What a cookie is called here. An onion address needs no TLS, and many browsers keep no secure cookie without."""
    return f"__Host-{name}" if is_secure() else name


def is_secure() -> bool:
    """Whether browsers come here over TLS."""
    return here().startswith("https://")


def salted(salt: str) -> str:
    """What a cookie is signed for: carried over to the other address, it means nothing."""
    return f"{salt}, onion" if is_second() else salt


def circuit(address: str) -> str | None:
    """A name for the circuit that Tor tells in place of an address; None where it is not told to."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return f"circuit {int(found) & 0xFFFFFFFF:x}" if found in CIRCUITS else None


class Sessions(SecureCookieSessionInterface):
    """Sessions whose cookie fits the address that the browser came by."""

    def get_cookie_name(self, app: Flask) -> str:
        """With `__Host-` over TLS."""
        return cookie(super().get_cookie_name(app))

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - the library's
        """Over TLS."""
        return is_secure()

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """A key for each address."""
        fitting = SecureCookieSessionInterface()
        fitting.salt = salted(self.salt)
        return fitting.get_signing_serializer(app)
