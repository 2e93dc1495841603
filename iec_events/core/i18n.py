"""Three languages, chosen by the address: English has no prefix, `/fa/` is Farsi, `/es/` Spanish."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_app_context, has_request_context, request
from flask_babel import Babel, force_locale
from flask_babel.speaklater import LazyString
from persiantools.jdatetime import MONTH_NAMES_FA, JalaliDate

from .paths import PACKAGE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = [
    "LANGUAGES",
    "LOCALES",
    "LanguageByAddress",
    "LocaleCode",
    "_",
    "_l",
    "as_locale",
    "current_locale",
    "direction",
    "format_number",
    "init_i18n",
    "jalali_text",
    "ngettext",
    "own_first",
    "speaking",
    "tongues",
]

LocaleCode = Literal["en", "fa", "es"]
LOCALES: dict[LocaleCode, str] = {"en": "English", "fa": "فارسی", "es": "Español"}
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def _(text: str, **values: object) -> str:
    """The text in the language being spoken, its `%(name)s` filled in."""
    told = _told(text)
    return told % values if values else told


def _l(text: str, **values: object) -> Any:
    """The same, looked up each time that it is shown: for what is said before a language is chosen."""
    return LazyString(_, text, **values)


# As sentences call them, in the language being spoken: "there is no text in Spanish".
LANGUAGES: dict[LocaleCode, Any] = {"en": _l("English"), "fa": _l("Farsi"), "es": _l("Spanish")}


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The text that fits the number `num`, in the language being spoken."""
    return _told_of(one, many, num) % {"num": num, **values}


# Looked up here rather than by Flask-Babel, which asks five times for each text where it is: a page has hundreds.
@cache
def _catalogue(locale: LocaleCode) -> NullTranslations:
    return Translations.load(PACKAGE / "translations", [locale])


def _told(text: str) -> str:
    return _catalogue(current_locale()).gettext(text)


def _told_of(one: str, many: str, num: int) -> str:
    return _catalogue(current_locale()).ngettext(one, many, num)


def _told_in(context: str, text: str) -> str:
    return str(_catalogue(current_locale()).pgettext(context, text))


def _told_of_in(context: str, one: str, many: str, num: int) -> str:
    return str(_catalogue(current_locale()).npgettext(context, one, many, num))


def as_locale(code: object) -> LocaleCode:
    """One of our three languages, English for anything else."""
    return code if code in LOCALES else "en"


def current_locale() -> LocaleCode:
    """The language being spoken: a forced one, else the address's."""
    if has_app_context() and "speaking" in g:
        return as_locale(g.speaking)
    return as_locale(request.environ.get("iec.locale")) if has_request_context() else "en"


def own_first() -> list[LocaleCode]:
    """Our languages, with the one being spoken in front."""
    own = current_locale()
    return [own, *(code for code in LOCALES if code != own)]


def tongues(speaks: Callable[[str], bool]) -> list[tuple[str, str, bool]]:
    """(code, name, whether it is one's own or `speaks(code)`) of our languages, one's own first: for a form's tabs."""
    own = current_locale()
    return [(code, LOCALES[code], code == own or speaks(code)) for code in own_first()]


def direction(locale: str | None = None) -> str:
    """`rtl` or `ltr`, for `<html dir>`, from the locale's own data."""
    return "rtl" if Locale.parse(locale or current_locale()).text_direction == "rtl" else "ltr"


def format_number(number: float | str, locale: str | None = None) -> str:
    """A number or a text with digits as people of this language write it (Persian digits in Farsi)."""
    text = str(number)
    return text.translate(PERSIAN_DIGITS) if (locale or current_locale()) == "fa" else text


def jalali_text(date: dt.date) -> str:
    """`۵ اسفند ۱۴۰۲`: the day in the Persian calendar."""
    jalali = JalaliDate.to_jalali(date)
    return format_number(f"{jalali.day} {MONTH_NAMES_FA[jalali.month]} {jalali.year}", "fa")


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak another language for a while: a mail's reader, an iCalendar document."""
    before = g.get("speaking")
    g.speaking = as_locale(locale)
    try:
        with force_locale(g.speaking):
            yield
    finally:
        if before is None:
            g.pop("speaking")
        else:
            g.speaking = before


def init_i18n(app: Flask) -> None:
    """Bind gettext to the language of the address."""
    app.config.update(BABEL_DEFAULT_LOCALE="en", BABEL_DEFAULT_TIMEZONE="UTC")
    Babel(app, locale_selector=current_locale)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined] # the extension's
        _told, _told_of, newstyle=True, pgettext=_told_in, npgettext=_told_of_in
    )
    app.jinja_env.filters["number"] = format_number
    app.jinja_env.filters["jalali"] = jalali_text


class LanguageByAddress:
    """Moves a language prefix from PATH_INFO to SCRIPT_NAME, so that every address made keeps the language."""

    def __init__(self, wsgi_app: WSGIApplication) -> None:
        self.wsgi_app = wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path: str = environ.get("PATH_INFO") or "/"
        code, slash, rest = path[1:].partition("/")
        if code in {"fa", "es"}:
            if not slash:
                return _moved(environ, start_response, f"/{code}/")
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/{code}"
            environ["PATH_INFO"] = f"/{rest}"
            environ["iec.locale"] = code
        return self.wsgi_app(environ, start_response)


def _moved(environ: WSGIEnvironment, start_response: StartResponse, path: str) -> Iterable[bytes]:
    start_response(
        "308 Permanent Redirect", [("Location", environ.get("SCRIPT_NAME", "") + path), ("Content-Length", "0")]
    )
    return [b""]
