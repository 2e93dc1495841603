"""The WSGI application: `create_app()` reads as the list of what it is made of."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Flask

from .access.routes_organizers import blueprint as access
from .broadcasts.queries import letters_to
from .broadcasts.routes_organizers import blueprint as broadcasts
from .calendars.routes_public import blueprint as calendars
from .checkin.queries import arrival_of
from .checkin.routes_organizers import blueprint as checkin
from .core.config import read_settings
from .core.crypto import Vault
from .core.db import init_db
from .core.errors import init_errors
from .core.i18n import LANGUAGES, LOCALES, LanguageByAddress, current_locale, direction, init_i18n
from .core.limits import init_limits
from .core.pages import init_pages
from .core.paths import bundled
from .core.security import hardening, init_hosts, init_security
from .core.statics import init_statics
from .core.text import direction_of, isolated, markdown_html
from .core.urls import init_urls
from .events.queries import campaign_of
from .events.routes_organizers import blueprint as events_organizers
from .events.routes_public import blueprint as events
from .events.series_queries import campaign_of_series
from .front.routes_organizers import blueprint as front_organizers
from .front.routes_public import blueprint as front
from .organizers.routes_organizers import blueprint as organizers
from .privacy.routes_organizers import blueprint as privacy_organizers
from .questions import written_questions
from .questions.copies import copy_questions
from .questions.routes_organizers import blueprint as questions_organizers
from .reports.routes_organizers import blueprint as reports
from .rsvps.routes_organizers import blueprint as rsvps_organizers
from .rsvps.routes_public import blueprint as rsvps
from .solidarity.routes_organizers import blueprint as solidarity_organizers
from .solidarity.routes_public import blueprint as solidarity
from .team.routes_organizers import blueprint as team

BLUEPRINTS: tuple[Blueprint, ...] = (
    front,
    front_organizers,
    events,
    events_organizers,
    calendars,
    solidarity,
    solidarity_organizers,
    questions_organizers,
    rsvps,
    rsvps_organizers,
    privacy_organizers,
    checkin,
    access,
    team,
    reports,
    broadcasts,
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
    app.extensions["campaign_of_event"] = campaign_of
    app.extensions["campaign_of_series"] = campaign_of_series
    app.extensions["copy_questions"] = copy_questions
    app.extensions["arrival_of"] = arrival_of
    app.extensions["letters_to"] = letters_to
    app.extensions["written_questions"] = written_questions
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
    init_statics(app, chosen.data_dir, hardening(chosen))
    init_hosts(app, chosen)
    return app


def _init_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(LANGUAGES=LANGUAGES, LOCALES=LOCALES, direction=direction)
    app.jinja_env.filters.update(
        markdown=markdown_html, bidi=direction_of, isolated=lambda text: isolated(text, direction())
    )
    app.context_processor(lambda: {"locale": current_locale()})
