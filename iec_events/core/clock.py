"""The one place that asks what time it is; rules take `now=` instead."""

import datetime as dt


def now() -> dt.datetime:
    """The present moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)
