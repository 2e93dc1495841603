"""For WSGI servers: `gunicorn wsgi:app` in a checkout, `iec_events.wsgi:app` from the wheel."""

from iec_events.app import create_app
from iec_events.core.logs import init_logs

init_logs()
app = create_app()
