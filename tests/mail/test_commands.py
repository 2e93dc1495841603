"""`iec-events mail test`: each step told, each fault with what to do about it, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from iec_events.core import clock
from iec_events.mail.actions import note_trouble
from iec_events.mail.commands import mail
from iec_events.mail.queries import mail_health
from tests.mail.conftest import Serve
from tests.mailers import HANG_UP, certified

ME = "me@example.org"
SIGN_IN = {"offers": ("AUTH PLAIN",), "login": "me%40example.org:s3cret@", "query": "?tls=none"}


def try_it(to: str = ME) -> Result:
    return CliRunner().invoke(mail, ["test", to])


def test_it_tells_each_step_and_lets_waiting_letters_go(
    serve_mail: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server = serve_mail("STARTTLS", "AUTH PLAIN", tls=context, STARTTLS="220 go", login="me:s3cret@")
    note_trouble(letters=[], error="ConnectionRefusedError", now=clock.now())
    result = try_it()
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            f"To 127.0.0.1, port {server.port}, with STARTTLS, as me.",
            f"  Connected to 127.0.0.1, port {server.port}.",
            "  It greets us.",
            "  The line is encrypted now (STARTTLS).",
            "  It greets us.",
            "  It let us in as me.",
            "  Sender events@example.org: 250 well",
            "  Recipient me@example.org: 250 well",
            "  It wants the letter: 354 go on",
            "  It has the letter: 250 well",
            "The mail server took the letter. Does it arrive? Look among unwanted mail, too; see docs/mail.md.",
        ],
    )
    assert mail_health(clock.now()).trouble is None
    server.settle()
    assert b"Subject: Mail works" in server.taken[0]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"connect": "554 no"}, ("SMTPConnectError 554: no", "user name and a password")),
        ({"connect": HANG_UP}, ("SMTPServerDisconnected", "")),
        ({"query": "?tls=starttls"}, ("SMTPNotSupportedError", "offers no TLS")),
        ({**SIGN_IN, "offers": ()}, ("SMTPNotSupportedError", "open line")),
        ({**SIGN_IN, "AUTH": "535 bad\x1b[31m"}, ("SMTPAuthenticationError 535: bad[31m", "write @ as %40")),
        ({"MAIL": "530 sign in"}, ("sender refused 530", "smtp://user:password@host")),
        ({"MAIL": "550 not yours"}, ("sender refused 550", "Set IEC_MAIL_FROM")),
        ({"RCPT": "554 5.7.1 relay"}, ("recipient refused 554", "smtp://user:password@host")),
        ({"end": "554 spam"}, ("letter refused 554", "SPF")),
        ({"end": HANG_UP}, ("SMTPServerDisconnected", "")),
    ],
)
def test_what_fails_is_told_with_what_to_do(serve_mail: Serve, answers: dict[str, Any], told: tuple[str, str]) -> None:
    serve_mail(*answers.get("offers", ()), **{name: it for name, it in answers.items() if name != "offers"})
    result = try_it()
    assert result.exit_code == 1
    assert all(words in result.output for words in told), result.output
    assert "s3cret" not in result.output
    assert "\x1b" not in result.output


def test_tls_from_the_start_at_a_port_without_it(serve_mail: Serve) -> None:
    serve_mail(implicit=True)
    assert "does not begin with TLS" in try_it().output


def test_port_465_wants_another_beginning(serve_mail: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve_mail(connect=HANG_UP)
    monkeypatch.setattr("iec_events.mail.commands.TLS_AT_ONCE", server.port)
    assert "begin IEC_MAIL_URL with smtps://" in try_it().output


@pytest.mark.parametrize(("fault", "told"), [(TimeoutError(), "firewall"), (ConnectionRefusedError(), "587 (smtp://)")])
def test_nobody_answers(serve_mail: Serve, monkeypatch: pytest.MonkeyPatch, fault: OSError, told: str) -> None:
    serve_mail()

    def fail(*_given: object, **_named: object) -> None:
        raise fault

    monkeypatch.setattr("smtplib.SMTP", fail)
    result = try_it()
    assert result.exit_code == 1
    assert told in result.output


def test_a_folder_reaches_nobody(app: Flask) -> None:
    del app
    result = try_it()
    assert result.exit_code == 1
    assert "Mail reaches nobody" in result.output


def test_what_is_no_address_is_not_tried(app: Flask) -> None:
    del app
    assert "must be mail addresses" in try_it("me").output
