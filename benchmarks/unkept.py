"""The site without its kept pages: each is made for every request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from iec_events.core.pages import PublicPages
from wsgi import app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["app"]


def _passed(self: PublicPages, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return self.wsgi_app(environ, start_response)


PublicPages.__call__ = _passed  # type: ignore[method-assign]
