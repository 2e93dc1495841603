"""For WSGI servers: `gunicorn wsgi:app` in a checkout, `iec_events.wsgi:app` from the wheel."""

from contextlib import suppress

from iec_events.core.memory import loading

with loading():
    from flask import Flask
    from sqlalchemy.exc import SQLAlchemyError

    from iec_events.app import create_app
    from iec_events.core.config import OTHER_KEY, ConfigError
    from iec_events.core.db import db, key_check_fits
    from iec_events.core.logs import init_logs
    from iec_events.core.revisions import misfit
    from iec_events.events.actions import note_rules


def checked(app: Flask) -> Flask:
    """The application, if its tables are neither older nor newer, and its vault key is this database's. ConfigError.

    A database that does not answer yet is not waited for. No connection is left to processes that are forked.
    """
    wrong = ""
    with app.app_context():
        with suppress(SQLAlchemyError):
            wrong = misfit() or ("" if key_check_fits() else OTHER_KEY)
            if not wrong:
                note_rules()
        db.session.remove()
        db.engine.dispose()
    if wrong:
        raise ConfigError(wrong)
    return app


init_logs()
with loading():
    app = checked(create_app())
