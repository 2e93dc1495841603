"""Headers, cookies and hosts: what a browser may do with our pages, and which requests are ours at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, make_response, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted

from .config import DOT_ONION, Settings
from .onion import ONION, Sessions
from .pages import KEEP
from .urls import onion_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DIRECTIVES = (
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
CSP = "; ".join(DIRECTIVES)
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
LARGEST_FORM = 512 * 1024
MOST_PARTS, MOST_FIELDS = 200, 1000  # thirty questions with twenty boxes to tick each are the most that any form has
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def init_security(app: Flask, chosen: Settings) -> None:
    """Set limits, cookies, hosts and headers."""
    app.config.update(
        SECRET_KEY=chosen.secret_key,
        MAX_CONTENT_LENGTH=6 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=MOST_PARTS,
        SESSION_COOKIE_NAME="iec",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
    )
    app.session_interface = Sessions()
    if chosen.trusted_proxies:
        count = chosen.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]

    headers = hardening(chosen)

    @app.before_request
    def _refuse_nul() -> None:
        """No address of ours holds a NUL, and PostgreSQL takes none in a text."""
        if "\0" in request.path or b"%00" in request.query_string:
            abort(404)

    app.before_request(_measure_form)

    @app.after_request
    def _harden(response: Response) -> Response:
        for name, text in headers.items():
            response.headers.setdefault(name, text)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
            response.headers.setdefault("X-Robots-Tag", "noindex")
        if chosen.onion_url and chosen.https and KEEP in request.environ and response.mimetype == "text/html":
            response.headers["Onion-Location"] = onion_address()
        return response


def _measure_form() -> None:
    """The parser of plain forms has no bound but that of uploads, counts nothing, and breaks on what is no UTF-8."""
    if request.mimetype != "application/x-www-form-urlencoded":
        return
    request.max_content_length = LARGEST_FORM
    try:
        fields = sum(len(values) for values in request.form.listvalues())
    except UnicodeDecodeError:
        abort(400)
    if fields > MOST_FIELDS:
        abort(413)


def with_camera(page: str) -> Response:
    """A page that may ask for the camera; no other one of ours can."""
    response = make_response(page)
    response.headers["Permissions-Policy"] = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")
    return response


def hardening(chosen: Settings) -> dict[str, str]:
    """The headers of every answer: pages, errors, feeds and static files."""
    if not chosen.https:
        return HEADERS
    return {**HEADERS, "Strict-Transport-Security": "max-age=63072000; includeSubDomains"}


def init_hosts(app: Flask, chosen: Settings) -> None:
    """Answer for our own hosts only, before anything else is looked at."""
    own = LOOPBACK if chosen.host in LOOPBACK else (chosen.host,)
    own = (*own, chosen.onion_host) if chosen.onion_host else own
    app.wsgi_app = OwnHosts(app.wsgi_app, own, urlsplit(chosen.public_url).path)  # type: ignore[method-assign]


class OwnHosts:
    """The outermost WSGI layer: a request for a host that is not ours gets no page, as none of ours fits it.

    Nor does one for another place on our host than `mount`: gunicorn lets a header say where we are mounted, and with
    that every link of a page would lead elsewhere. Here, from the name that Tor led to, and nowhere else, is it known
    that somebody came by an onion address; what is meant for the other one is left out there.
    """

    def __init__(self, wsgi_app: WSGIApplication, hosts: tuple[str, ...], mount: str = "") -> None:
        self.wsgi_app = wsgi_app
        self._hosts = hosts
        self._mounts = {"", mount}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        name = _name(environ.get("HTTP_HOST", ""))
        if name in self._hosts and environ.get("SCRIPT_NAME", "").rstrip("/") in self._mounts:
            if name.endswith(DOT_ONION):
                environ[ONION] = True
                start_response = _without(start_response, {"Onion-Location", "Strict-Transport-Security"})
            return self.wsgi_app(environ, start_response)
        text = b"This host is not served here.\n"
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
        start_response("400 Bad Request", [*headers, ("Cache-Control", "no-store"), *HEADERS.items()])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]


def _name(host: str) -> str:
    """The name in a Host header, without the port; empty if it is not written right."""
    name, _colon, port = host.lower().rpartition(":")
    return (name if port.isdecimal() else host.lower()) if host_is_trusted(host.lower()) else ""


def _without(start_response: StartResponse, names: set[str]) -> StartResponse:
    """Answer without these headers."""

    def start(status: str, headers: list[tuple[str, str]], *fault: Any) -> Callable[[bytes], object]:
        return start_response(status, [pair for pair in headers if pair[0] not in names], *fault)

    return start
