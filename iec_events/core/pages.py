"""What strangers see, made once per change and then handed out as octets by a WSGI layer in front of Flask.

A kept answer is forgotten when a commit of this process changed something shown, when another process's did (the
database counts such commits; this layer asks once a second), and after half a minute, because pages speak of time.
While the database is away it is handed out for ten minutes: an old number of free seats helps more than no address.
Validators follow RFC 9110: strong ETags, one per encoding; If-None-Match beats If-Modified-Since.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.http import parse_date, parse_etags

from . import db
from .absence import ASK_WAITS_S, NOT_AT_ALL_S, PAGE_WAITS_S, patience
from .onion import ONION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEEP = "iec.keep"
ASK_EVERY_S = 1.0
LASTS_S = 30.0
ASK_EVERY_WHILE_AWAY_S, LASTS_WHILE_AWAY_S = 5.0, 600.0
MOST_OCTETS = 64 * 1024 * 1024
PUBLIC_CACHE = "public, max-age=30, must-revalidate"
WORTH_PACKING = 512
Key = tuple[str, str, bool]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """One answer with its octets, plain and packed, and its validators."""

    headers: list[tuple[str, str]]
    body: bytes
    packed: bytes
    etag: str
    last_modified: str | None
    made_at: float

    @property
    def octets(self) -> int:
        """How much memory it takes, about."""
        return len(self.body) + len(self.packed) + 2000


def public_page(content: str | bytes | Response) -> Response:
    """An answer that is the same for every stranger: no cookie, short caching, kept until something changes.

    It must not depend on a query: social networks add their own to every link that is passed around.
    """
    response = content if isinstance(content, Response) else Response(content, content_type="text/html; charset=utf-8")
    response.headers.setdefault("Cache-Control", PUBLIC_CACHE)
    request.environ[KEEP] = True
    return response


def unlisted(response: Response) -> Response:
    """An answer for those who know its address: search engines are asked to leave it out."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response


class PublicPages:
    """The WSGI layer. It keeps only what a view marked with `public_page` and answered with 200 and no cookie.

    `ask` tells the database's generation, None while that is not known. A page is kept once for each of our two
    addresses, since what it says can differ; other hosts never come this far.
    """

    def __init__(self, wsgi_app: WSGIApplication, ask: Callable[[], int | None]) -> None:
        self.wsgi_app = wsgi_app
        self._ask = ask
        self._pages: dict[Key, Kept] = {}
        self._generation = -1
        self._asked_at = float("-inf")
        self._asking = threading.Lock()
        self._away = False
        self._waits_s = PAGE_WAITS_S
        self._epoch = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from what is kept, or ask Flask and keep the answer."""
        if _moment(environ.get("HTTP_IF_MODIFIED_SINCE")) is None:
            environ.pop("HTTP_IF_MODIFIED_SINCE", None)  # Flask's own views would break on it, too
        reads = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        if reads or self._away:
            self._catch_up()
        with patience(self._waits_s):
            if not reads:
                return self.wsgi_app(environ, start_response)
            key = (environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""), ONION in environ)
            kept = self._pages.get(key)
            if kept is not None and _age(kept) < (LASTS_WHILE_AWAY_S if self._away else LASTS_S):
                return _answer(kept, environ, start_response)
            return self._make(key, environ, start_response)

    def forget(self) -> None:
        """Something that strangers see has changed."""
        self._epoch += 1
        self._pages.clear()

    def _catch_up(self) -> None:
        now = time.monotonic()
        pause = ASK_EVERY_WHILE_AWAY_S if self._away else ASK_EVERY_S
        if now < self._asked_at + pause or not self._asking.acquire(blocking=False):
            return
        try:
            with patience(ASK_WAITS_S):
                generation = self._ask()
            self._away = generation is None
            silent = self._away and time.monotonic() - now > ASK_WAITS_S / 2
            self._waits_s = NOT_AT_ALL_S if silent else ASK_WAITS_S if self._away else PAGE_WAITS_S
            self._asked_at = time.monotonic() if self._away else now
            if generation is not None and generation != self._generation:
                self._generation = generation
                self.forget()
        finally:
            self._asking.release()

    def _make(self, key: Key, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        epoch = self._epoch
        got: list[tuple[str, list[tuple[str, str]]]] = []

        def note(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:  # noqa: ARG001
            got[:] = [(status, headers)]
            return lambda _octets: None

        method, environ["REQUEST_METHOD"] = environ["REQUEST_METHOD"], "GET"
        answer = self.wsgi_app(environ, note)
        try:
            body = b"".join(answer)
        finally:
            environ["REQUEST_METHOD"] = method
            if hasattr(answer, "close"):
                answer.close()
        status, headers = got[0]
        if environ.get(KEEP) and _is_personal(headers):
            headers = [pair for pair in headers if pair[0] != "Cache-Control"] + [("Cache-Control", "no-store")]
        elif environ.get(KEEP) and status.startswith("200"):
            kept = _kept(headers, body)
            self._keep(key, kept, epoch)
            return _answer(kept, environ, start_response)
        elif status.startswith("503") and (old := self._pages.get(key)) and _age(old) < LASTS_WHILE_AWAY_S:
            return _answer(old, environ, start_response)
        start_response(status, headers)
        return [b""] if method == "HEAD" else [body]

    def _keep(self, key: Key, kept: Kept, epoch: int) -> None:
        """Unless something changed while it was made. Nobody can fill the memory with one page under many names."""
        if epoch != self._epoch or kept.octets > MOST_OCTETS // 4:
            return
        if sum(page.octets for page in list(self._pages.values())) + kept.octets > MOST_OCTETS:
            self._pages.clear()
        self._pages[key] = kept


def _age(kept: Kept) -> float:
    return time.monotonic() - kept.made_at


def _is_personal(headers: list[tuple[str, str]]) -> bool:
    """Whether the visitor's cookie was read or set after all: then the page is theirs, whatever its view said."""
    return any(name == "Set-Cookie" or (name == "Vary" and "cookie" in text.lower()) for name, text in headers)


def _kept(headers: list[tuple[str, str]], body: bytes) -> Kept:
    plain = [(n, t) for n, t in headers if n not in {"Content-Length", "ETag", "Last-Modified", "Vary"}]
    last = next((text for name, text in headers if name == "Last-Modified"), None)
    packed = gzip.compress(body, 6, mtime=0) if len(body) >= WORTH_PACKING else b""
    return Kept(
        headers=[*plain, ("Vary", "Accept-Encoding")],
        body=body,
        packed=packed,
        etag=hashlib.sha256(body).hexdigest()[:32],
        last_modified=last,
        made_at=time.monotonic(),
    )


def _answer(kept: Kept, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    pack = bool(kept.packed) and _takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
    headers = [*kept.headers, ("ETag", f'"{kept.etag}-gz"' if pack else f'"{kept.etag}"')]
    if kept.last_modified:
        headers.append(("Last-Modified", kept.last_modified))
    if _unchanged(kept, environ):
        start_response("304 Not Modified", [pair for pair in headers if pair[0] != "Content-Type"])
        return []
    body = kept.packed if pack else kept.body
    if pack:
        headers.append(("Content-Encoding", "gzip"))
    headers.append(("Content-Length", str(len(body))))
    start_response("200 OK", headers)
    return [b""] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _takes_gzip(accepted: str) -> bool:
    """RFC 9110 12.5.3, as far as gzip goes."""
    taken = {}
    for part in accepted.lower().split(","):
        coding, _sep, parameters = part.partition(";")
        taken[coding.strip()] = "".join(parameters.split()) not in {"q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000"}
    return taken.get("gzip", taken.get("x-gzip", taken.get("*", False)))


def _unchanged(kept: Kept, environ: WSGIEnvironment) -> bool:
    asked = environ.get("HTTP_IF_NONE_MATCH")
    if asked is not None:
        if asked in {f'"{kept.etag}"', f'"{kept.etag}-gz"'}:  # what browsers ask; the whole grammar takes long
            return True
        tags = parse_etags(asked)
        return tags.contains_weak(kept.etag) or tags.contains_weak(kept.etag + "-gz")
    since, last = _moment(environ.get("HTTP_IF_MODIFIED_SINCE")), _moment(kept.last_modified)
    return since is not None and last is not None and last <= since


def _moment(text: str | None) -> dt.datetime | None:
    """What no clock can show counts as not said (RFC 9110 13.1.3); the library fails at zones out of this world."""
    try:
        return parse_date(text)
    except OverflowError:
        return None


def init_pages(app: Flask) -> None:
    """Put the layer in front of the application and have it told of changes."""

    def ask() -> int | None:
        """Never fails: what leaves this layer as an exception, the server logs with the path, secrets included."""
        try:
            with app.app_context():
                return db.generation()
        except SQLAlchemyError as error:
            log.error("The database does not answer: %s", type(error).__name__)  # noqa: TRY400 - no traceback in logs
            return None

    layer = PublicPages(app.wsgi_app, ask)
    app.wsgi_app = layer  # type: ignore[method-assign]
    db.on_public_change(app, layer.forget)
