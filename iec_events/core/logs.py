"""Logs: one JSON object a line, for people with `jq` and for collectors. No address, no name, no value of an exception.

What may be logged is decided where it is logged: the class of an error and the place in our code. Tracebacks are not
written at all, because the words of an exception may quote what somebody typed.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys

OURS = {__name__.partition(".")[0], "__main__"}


class JsonLines(logging.Formatter):
    """Time (UTC), level, logger and message; of an exception its class.

    Of what libraries warn of only where they said it: waitress, gunicorn and Flask put the visitor's network address
    into words, and the address of a page with a link's secret in it. No logger of ours is given an exception whole.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        harmless = record.name.partition(".")[0] in OURS or record.levelno == logging.INFO
        told = harmless and not record.exc_info
        line = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() if told else f"{record.filename}:{record.lineno}",
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def init_logs() -> None:
    """Have everything from a warning up written to standard error, by this process and its libraries.

    gunicorn, which has a place of its own for what it says, says it there in the same form.
    """
    handler = logging.StreamHandler(sys.stderr)
    for each in (handler, *logging.getLogger("gunicorn.error").handlers):
        each.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
