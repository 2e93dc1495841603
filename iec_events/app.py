"""The WSGI application: `create_app()` reads as the list of what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from wsgiref.headers import Headers

from flask import Blueprint, Flask
from whitenoise import WhiteNoise

from .access.routes_organizers import blueprint as access
from .calendars.routes_public import blueprint as calendars
from .core.config import read_settings
from .core.crypto import Vault
from .core.db import init_db
from .core.errors import init_errors
from .core.i18n import LOCALES, LanguageByAddress, current_locale, direction, init_i18n
from .core.limits import init_limits
from .core.pages import init_pages
from .core.paths import PACKAGE, bundled
from .core.security import hardening, init_hosts, init_security
from .core.text import direction_of, markdown_html
from .core.urls import init_urls, static_digest
from .events.routes_organizers import blueprint as events_organizers
from .events.routes_public import blueprint as events
from .front.routes_organizers import blueprint as front_organizers
from .front.routes_public import blueprint as front
from .organizers.routes_organizers import blueprint as organizers
from .privacy.routes_organizers import blueprint as privacy_organizers
from .reports.routes_organizers import blueprint as reports
from .rsvps.routes_organizers import blueprint as rsvps_organizers
from .rsvps.routes_public import blueprint as rsvps
from .solidarity.routes_organizers import blueprint as solidarity_organizers
from .solidarity.routes_public import blueprint as solidarity

BLUEPRINTS: tuple[Blueprint, ...] = (
    front,
    front_organizers,
    events,
    events_organizers,
    calendars,
    solidarity,
    solidarity_organizers,
    rsvps,
    rsvps_organizers,
    privacy_organizers,
    access,
    reports,
    organizers,
)


def create_app(given: Mapping[str, object] | None = None) -> Flask:
    """An application with settings from `given`, the environment and key files; ConfigError if they are unusable."""
    chosen = read_settings(given)
    app = Flask("iec_events", static_folder=None, template_folder=str(bundled("templates")))
    app.testing = chosen.testing
    app.config.update(WTF_CSRF_TIME_LIMIT=None)
    app.extensions["settings"] = chosen
    app.extensions["vault"] = Vault(chosen.vault_keys)
    init_db(app, chosen.database_url)
    init_i18n(app)
    init_urls(app)
    init_errors(app)
    init_limits(app, chosen)
    _init_templates(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    init_pages(app)
    app.wsgi_app = LanguageByAddress(app.wsgi_app)  # type: ignore[method-assign]
    init_security(app, chosen)
    _init_static(app, hardening(chosen))
    init_hosts(app, chosen)
    return app


def _init_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(LOCALES=LOCALES, direction=direction)
    app.jinja_env.filters.update(markdown=markdown_html, bidi=direction_of)
    app.context_processor(lambda: {"locale": current_locale()})


def _init_static(app: Flask, hardened: Mapping[str, str]) -> None:
    """Static files, under an address that holds their digest, kept by browsers for ever."""
    folder = PACKAGE / "static"

    def harden(headers: Headers, _path: str, _url: str) -> None:
        for name, text in hardened.items():
            headers[name] = text

    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(folder),
        prefix=f"static/{static_digest()}/",
        max_age=365 * 24 * 3600,
        immutable_file_test=lambda _path, _url: True,
        allow_all_origins=False,
        add_headers_function=harden,
    )
