"""Logs: one JSON object a line, for people with `jq` and for collectors. No address, no name, no value of an exception.

What may be logged is decided where it is logged: the class of an error and the place in our code. Tracebacks are not
written at all, because the words of an exception may quote what somebody typed.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys


class JsonLines(logging.Formatter):
    """Time (UTC), level, logger and message; of an exception only its class, and who met it.

    Only libraries log exceptions whole, and their words name the address that was asked for, a link's secret included.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            line |= {"message": f"{record.filename}:{record.lineno}", "error": record.exc_info[0].__name__}
        else:
            line["message"] = record.getMessage()
        return json.dumps(line, ensure_ascii=False)


def init_logs() -> None:
    """Have everything from a warning up written to standard error, by this process and its libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
