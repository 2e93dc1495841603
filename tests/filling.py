"""Fill in a page's form as a browser does: its hidden fields come along."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

INPUT = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'\b(name|value|type)="([^"]*)"')


def hidden_fields(page: str) -> dict[str, str]:
    """The names and values of a page's hidden inputs; of equal names, the last one's."""
    found = [dict(ATTRIBUTE.findall(tag)) for tag in INPUT.findall(page)]
    return {one["name"]: unescape(one.get("value", "")) for one in found if one.get("type") == "hidden"}


def send(client: FlaskClient, address: str, to: str | None = None, **typed: Any) -> TestResponse:
    """Open the page at `address` and send its form, filled in with `typed`, there or `to` another address."""
    page = client.get(address)
    assert page.status_code == 200, (address, page.status_code)
    return client.post(to or address, data={**hidden_fields(page.text), **typed})
