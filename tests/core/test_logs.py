"""Logs tell where something broke, and never what somebody typed."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from iec_events.core.logs import JsonLines


def line(message: str, *arguments: object, error: bool = False, by: str = "iec_events.mail") -> dict[str, str]:
    record = logging.LogRecord(by, logging.ERROR, "x.py", 1, message, arguments, None)
    if error:
        try:
            int("Sara could not be written to")
        except ValueError:
            record.exc_info = sys.exc_info()
    told: dict[str, str] = json.loads(JsonLines().format(record))
    return told


def test_a_line_is_one_json_object() -> None:
    told = line("The job %r failed:\n%s", "mail", "TimeoutError")
    assert told["level"] == "error"
    assert told["logger"] == "iec_events.mail"
    assert told["message"] == "The job 'mail' failed:\nTimeoutError"
    assert told["at"].endswith("+00:00")


def test_of_an_exception_only_the_class_is_told() -> None:
    told = line("Something broke", error=True)
    assert told["error"] == "ValueError"
    assert "Sara" not in json.dumps(told)


@pytest.mark.parametrize("words", ["Exception while serving /rsvps/%s", "Exception on /rsvps/%s [GET]"])
def test_what_waitress_and_flask_say_of_one_tells_no_links_secret(words: str) -> None:
    told = line(words % "Zw4kTq", error=True)
    assert "Zw4kTq" not in json.dumps(told)
    assert told["message"] == "x.py:1"


def test_what_waitress_says_of_a_request_for_nonsense_tells_no_network_address() -> None:
    """`GET http://[x/ HTTP/1.1` makes it say this."""
    words = "uncaptured python exception, closing channel <waitress.channel.HTTPChannel connected %s:59928 at 0x7f31>"
    told = line(words % "203.0.113.7", by="waitress")
    assert "203.0.113.7" not in json.dumps(told)
    assert (told["logger"], told["message"]) == ("waitress", "x.py:1")
