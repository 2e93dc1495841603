"""Addresses: absolute ones from the configured ones, never from the Host header."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, current_app, request
from werkzeug.routing import MapAdapter, Rule

from .config import settings
from .i18n import LOCALES, current_locale
from .onion import by_onion, here
from .paths import PACKAGE


def prefix(locale: str) -> str:
    """What stands before a path in this language: nothing for English."""
    return "" if locale == "en" else f"/{locale}"


def public_url(endpoint: str, *, locale: str | None = None, **values: str | int) -> str:
    """The absolute address of a page, in a language (the current one by default), for mails and calendars."""
    path = _paths().build(endpoint, values, force_external=False)
    return f"{settings().public_url}{prefix(locale or current_locale())}{path}"


def here_url(endpoint: str, *, locale: str | None = None, **values: str | int) -> str:
    """The same, at the address of ours that the visitor came by: the public or the onion one."""
    return here() + public_url(endpoint, locale=locale, **values).removeprefix(settings().public_url)


def local(address: str) -> str:
    """An absolute address of our own as a link that leads there on the host that the visitor came by."""
    return address.removeprefix(settings().public_url.removesuffix(urlsplit(settings().public_url).path))


def onion_url() -> str:
    """The address in Tor Browser, beside the public one; empty where there is none."""
    return settings().onion_url


def onion_address() -> str:
    """The page being shown, at the onion address and in the same language."""
    return f"{onion_url()}{prefix(current_locale())}{_path()}"


def in_language(locale: str) -> str:
    """The address of the page being shown, in another language; forms answered with an error lead back to GET."""
    return _root() + prefix(locale) + _path()


def alternates() -> dict[str, str]:
    """The absolute address of the page being shown, in each language, for hreflang."""
    return {code: f"{settings().public_url}{prefix(code)}{_path()}" for code in LOCALES}


def asset(path: str) -> str:
    """The address of a static file: the same in every language, new whenever any of them changes."""
    return f"{_root()}/static/{static_digest()}/{path}"


@cache
def static_digest() -> str:
    """A short hash of all static files, which stands in their addresses so that they can be kept for ever."""
    digest = hashlib.sha256()
    for file in sorted(static_files()):
        digest.update(str(file.relative_to(PACKAGE)).encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def static_files() -> list[Path]:
    """Every static file, without the compressed copies beside them."""
    return [file for file in (PACKAGE / "static").rglob("*") if file.is_file() and file.suffix not in {".gz", ".br"}]


class LateRule(Rule):
    """A rule that compiles how its addresses are written when the first is asked for.

    Doing so for all rules is nine tenths of making an application, and most commands never write an address.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build


def init_urls(app: Flask) -> None:
    """Give templates what they need to write addresses."""
    app.url_rule_class = LateRule
    app.jinja_env.globals.update(asset=asset, in_language=in_language, alternates=alternates, public_url=public_url)
    app.jinja_env.globals.update(local=local, onion_url=onion_url, by_onion=by_onion)


def _paths() -> MapAdapter:
    return current_app.url_map.bind(settings().host)


def _path() -> str:
    """The path being shown, as it stands in an address. A bare backslash at its start would name a host to browsers."""
    return quote(request.path, safe="/:@!$&'()*+,;=~")


def _root() -> str:
    """Where the application is mounted, without the language."""
    mounted = request.script_root
    locale = request.environ.get("iec.locale")
    return mounted.removesuffix(f"/{locale}") if locale else mounted
