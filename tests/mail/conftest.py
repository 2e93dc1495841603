"""A mail server that does as it is told, and an application that sends to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Installation
from tests.mailers import MailServer

Serve = Callable[..., MailServer]


@pytest.fixture
def serve_mail(installation: Installation, smtp_allowed: None) -> Iterator[Serve]:
    """`serve_mail(*offers, **answers)` is a server; the application in whose context the test is sends to it."""
    del smtp_allowed
    opened: list[Any] = []

    def begin(*offers: str, login: str = "", query: str = "", **answers: Any) -> MailServer:
        server = MailServer(*offers, **answers)
        opened.append(server)
        server.__enter__()
        url = server.url.replace("smtp://", ("smtps" if server.implicit else "smtp") + f"://{login}") + query
        context = installation.make_app(MAIL_URL=url).app_context()
        context.push()
        opened.append(context)
        return server

    yield begin
    for one in reversed(opened):
        one.__exit__(None, None, None) if isinstance(one, MailServer) else one.pop()
    installation.clean()
