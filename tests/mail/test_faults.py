"""Mail servers that misbehave: what becomes of the letter at hand, of the others, and of who waits for them."""

from __future__ import annotations

import datetime as dt
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from iec_events.core import clock
from iec_events.core.db import db
from iec_events.mail import delivery, smtp
from iec_events.mail.actions import (
    ANSWER_LEASE,
    FIRST_PAUSE,
    LEASE,
    Claimed,
    claim,
    forget,
    hand_over,
    post,
    send_again,
)
from iec_events.mail.delivery import FRESH, deliver_due
from iec_events.mail.letters import Letter, Writers
from iec_events.mail.models import OutboxMail
from iec_events.mail.queries import MailHealth, mail_health
from tests.mail.conftest import Serve
from tests.mailers import HANG_UP, SILENCE, certified

HOUR = dt.timedelta(hours=1)
WRITERS = {"test": lambda _facts: Letter(subject="x", text=".one\n..two\n", html="<p>x</p>")}
PLAIN = {"offers": ("AUTH PLAIN",), "login": "me:secret@", "query": "?tls=none"}


def promise(*others: str) -> None:
    """Promise letters, the first to Sara."""
    for after, to in enumerate(("sara@example.org", *others)):
        now = clock.now() + dt.timedelta(milliseconds=after - len(others))
        post(kind="test", about=f"rsvp:{to}", to=to, locale="en", facts={}, now=now)


def deliver(later: dt.timedelta = dt.timedelta(0)) -> int:
    return deliver_due(now=clock.now() + later, writers=WRITERS)


def state() -> str:
    """What became of the first letter."""
    row = db.session.scalars(
        sa.select(OutboxMail)
        .where(OutboxMail.about == "rsvp:sara@example.org")
        .execution_options(populate_existing=True)
    ).one()
    ended = {"out": row.done_at, "given up": row.given_up_at, "uncertain": row.uncertain_at}
    what = next((name for name, moment in ended.items() if moment), "waiting")
    return f"{what} {row.last_error}" if row.last_error else what


def health() -> MailHealth:
    return mail_health(clock.now())


def test_terms_fit_each_other() -> None:
    longest = smtp.CONVERSATION_S + smtp.COMMAND_S + FRESH.total_seconds()
    assert longest < LEASE.total_seconds()
    assert ANSWER_LEASE.total_seconds() > smtp.ANSWER_S + 30


def test_it_works_over_one_connection(serve_mail: Serve) -> None:
    server = serve_mail("SIZE 99999", "DSN", "8BITMIME")
    promise(*(f"a{number}@example.org" for number in range(11)))
    assert deliver() == 12
    server.settle()
    assert (server.connections, len(server.taken)) == (1, 12)
    assert server.said[0] == "EHLO example.org"
    assert server.said[1].startswith("MAIL FROM:<events@example.org> SIZE=")
    assert server.said[1].endswith(" RET=HDRS")
    assert server.said[2] == "RCPT TO:<sara@example.org>"
    assert b"\r\n.one\r\n..two\r\n" in server.taken[0]


@pytest.mark.parametrize(
    ("answers", "became"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, "given up recipient refused 550"),
        ({"RCPT": "550-no\n550-such\n550 user"}, "given up recipient refused 550"),
        ({"RCPT": "552 5.2.2 full"}, "given up recipient refused 552"),
        ({"RCPT": "450 4.2.1 later"}, "waiting recipient refused 450"),
        ({"RCPT": "554 5.7.1 Relay access denied"}, "waiting recipient refused 554"),
        ({"RCPT": "550 relay not permitted"}, "waiting recipient refused 550"),
        ({"RCPT": "530 5.7.0 Authentication required"}, "waiting recipient refused 530"),
        ({"RCPT": "421 closing"}, "waiting recipient refused 421"),
        ({"RCPT": HANG_UP}, "waiting SMTPServerDisconnected"),
        ({"MAIL": "550 not from you"}, "waiting sender refused 550"),
        ({"MAIL": "451 later"}, "waiting sender refused 451"),
        ({"DATA": "554 no"}, "given up data refused 554"),
        ({"DATA": "451 later"}, "waiting data refused 451"),
        ({"DATA": HANG_UP}, "waiting SMTPServerDisconnected"),
        ({"end": "554 5.7.1 looks bad"}, "given up letter refused 554"),
        ({"end": "550-5.7.26 DMARC: unauthenticated\n550 5.7.26 see https://..."}, "waiting letter refused 550"),
        ({"end": "550 5.7.515 Access denied, sending domain"}, "waiting letter refused 550"),
        ({"end": "554 5.7.1 no: domain's DMARC policy"}, "waiting letter refused 554"),
        ({"end": "451 4.3.0 later"}, "waiting letter refused 451"),
        ({"end": "421 closing"}, "waiting letter refused 421"),
    ],
)
def test_what_concerns_one_letter_keeps_no_other(
    serve_mail: Serve, answers: dict[str, str], became: str, caplog: pytest.LogCaptureFixture
) -> None:
    (step, answer) = next(iter(answers.items()))
    server = serve_mail(**{step: [answer]})
    promise("omid@example.org")
    assert deliver() == 1
    assert state() == became
    assert became.partition(" ")[2].removeprefix("up ") in caplog.text
    assert "sara" not in caplog.text
    assert health().trouble is None
    server.settle()
    assert len(server.taken) == 1
    if became.startswith("waiting"):
        assert deliver() == 0
        assert deliver(2 * FIRST_PAUSE) == 1
        assert state() == "out"


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        ({"connect": "554 go away"}, "SMTPConnectError 554"),
        ({"connect": HANG_UP}, "SMTPServerDisconnected"),
        ({"EHLO": HANG_UP}, "SMTPServerDisconnected"),
        ({"query": "?tls=starttls"}, "SMTPNotSupportedError"),
        ({**PLAIN, "query": "?tls=yes"}, "SMTPNotSupportedError"),  # no word but "none" sends a password in the open
        ({"offers": ("STARTTLS",), "STARTTLS": "454 not now", "query": "?tls=starttls"}, "SMTPResponseException 454"),
        ({"login": "me:secret@", "query": "?tls=none"}, "SMTPNotSupportedError"),
        ({**PLAIN, "AUTH": "535 wrong"}, "SMTPAuthenticationError 535"),
        ({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, "sender refused 530"),
        ({"MAIL": "421 too many"}, "sender refused 421"),
    ],
)
def test_what_concerns_the_server_is_no_letters_fault(serve_mail: Serve, answers: dict[str, Any], trouble: str) -> None:
    server = serve_mail(*answers.get("offers", ()), **{name: it for name, it in answers.items() if name != "offers"})
    promise(*(f"a{number}@example.org" for number in range(7)))
    assert deliver() == 0
    assert (health().trouble, health().waiting, health().stuck) == (trouble, 8, 0)
    assert (deliver(), server.connections) == (0, 1)  # nobody knocks again at once
    server.answers.clear()
    if "query" not in answers:
        assert deliver(2 * FIRST_PAUSE) == 8
        assert (health().trouble, health().trouble_since) == (None, None)


@pytest.mark.parametrize("step", ["RCPT", "DATA", "end"])
def test_who_hangs_up_on_two_letters_in_a_row_is_left_alone(serve_mail: Serve, step: str) -> None:
    """Whoever limits says 421, and takes it ill to be called once more for each letter."""
    server = serve_mail(**{step: "421 4.7.0 too much mail from you"})
    promise(*(f"a{number}@example.org" for number in range(7)))
    assert deliver() == 0
    assert (deliver(), server.connections) == (0, 2)
    assert (health().trouble, health().waiting) == ("SMTPServerDisconnected 421", 8)
    server.answers[step] = ["421 4.7.0 still too much"]  # for one of them only
    assert deliver(2 * FIRST_PAUSE) == 7
    assert deliver(4 * FIRST_PAUSE) == 1


def test_a_server_that_stays_away_for_two_days_has_lost_the_letters(serve_mail: Serve) -> None:
    serve_mail(connect=HANG_UP)
    promise("omid@example.org")
    for later in (0, 1, 24, 47, 49):
        deliver(later * HOUR)
        assert health().given_up == (2 if later == 49 else 0)
    assert set(db.session.scalars(sa.select(OutboxMail.news))) == {False}  # that says nothing about any address
    assert set(db.session.scalars(sa.select(OutboxMail.sealed))) == {None}


def test_a_letter_with_nothing_to_say_does_not_mean_that_the_server_is_well(serve_mail: Serve) -> None:
    serve_mail(connect=HANG_UP)
    promise()
    deliver()
    since = health().trouble_since
    post(kind="silent", about="rsvp:x", to="x@example.org", locale="en", facts={}, now=clock.now() - HOUR)
    writers: Writers = {**WRITERS, "silent": lambda _facts: None}
    deliver_due(now=clock.now() + HOUR, writers=writers)
    assert (health().waiting, health().trouble_since) == (1, since)


def test_one_failed_call_gives_up_no_letter_that_only_waited_for_a_worker(serve_mail: Serve) -> None:
    serve_mail(connect=[HANG_UP])
    promise("omid@example.org")
    assert deliver(70 * HOUR) == 0
    assert (health().given_up, health().waiting) == (0, 2)
    assert deliver(71 * HOUR) == 2


def test_a_trouble_of_before_gives_up_no_letter_that_only_waited_for_a_worker(serve_mail: Serve) -> None:
    """The network went, the machine was off for the weekend, and names were not found yet when it came back."""
    serve_mail(connect=[HANG_UP, HANG_UP])
    promise("omid@example.org")
    assert deliver() + deliver(70 * HOUR) == 0
    assert (health().given_up, health().waiting) == (0, 2)
    assert deliver(71 * HOUR) == 2


@pytest.mark.parametrize("end", [HANG_UP, SILENCE, "what?"])
def test_without_an_answer_to_the_last_line_a_letter_is_uncertain_and_not_sent_again(
    serve_mail: Serve, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    server = serve_mail(end=[end])
    promise("omid@example.org")
    with monkeypatch.context() as patched:
        patched.setattr(smtp, "ANSWER_S", 0.05)
        assert deliver() == 0
    assert state().startswith("uncertain")
    assert (health().uncertain, health().waiting) == (1, 1)
    assert deliver(2 * FIRST_PAUSE) == 1  # the other one
    assert deliver(50 * HOUR) == 0
    assert len(server.whole) == 2
    first = server.whole[0]
    assert send_again(now=clock.now()) == 1
    assert deliver(HOUR) == 1
    assert message_id(server.taken[-1]) == message_id(first)
    assert (state(), health().uncertain) == ("out", 0)


def message_id(letter: bytes) -> bytes:
    return next(line for line in letter.splitlines() if line.startswith(b"Message-ID"))


@pytest.mark.parametrize(
    ("step", "became"), [("connect", ("waiting", "TimeoutError")), ("RCPT", ("waiting TimeoutError", None))]
)
def test_a_server_that_falls_silent_is_left(
    serve_mail: Serve, monkeypatch: pytest.MonkeyPatch, step: str, became: tuple[str, str | None]
) -> None:
    monkeypatch.setattr(smtp, "CONNECT_S", 0.2)
    monkeypatch.setattr(smtp, "COMMAND_S", 0.2)
    serve_mail(**{step: SILENCE})
    promise()
    assert deliver() == 0
    assert (state(), health().trouble) == became


def test_a_slow_conversation_ends_within_the_lease(serve_mail: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    passing = count(1, smtp.CONVERSATION_S / 3)  # each look at the clock
    monkeypatch.setattr(smtp, "time", SimpleNamespace(monotonic=lambda: next(passing)))
    server = serve_mail()
    promise()
    assert deliver() == 0
    assert state() == "waiting TimeoutError"
    assert server.said[-1].startswith("MAIL")


def test_a_letter_too_large_for_the_line_breaks_before_it_is_handed_over(serve_mail: Serve) -> None:
    def close(_line: str) -> str:
        server.answers["DATA"] = "354 go on"
        return HANG_UP

    server = serve_mail(DATA=close)
    promise()
    assert deliver() == 0
    assert deliver(2 * FIRST_PAUSE) == 1
    assert len(server.taken) == 1


def test_who_hangs_up_before_the_last_line_has_no_letter(serve_mail: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent again, and nobody has to decide on it."""
    server = serve_mail(text=HANG_UP)

    def late(**given: Any) -> bool:
        server.settle()
        return hand_over(**given)

    promise()
    with monkeypatch.context() as patched:
        patched.setattr(delivery, "hand_over", late)
        assert deliver() == 0
    assert (state(), health().uncertain) == ("waiting SMTPServerDisconnected", 0)
    server.answers.clear()
    assert deliver(2 * FIRST_PAUSE) == 1
    assert len(server.taken) == 1


def test_an_old_connection_that_was_closed_is_opened_anew(serve_mail: Serve) -> None:
    server = serve_mail(MAIL=["250 well", "421 enough", "250 well", HANG_UP])
    promise("b@example.org", "c@example.org")
    assert deliver() == 3
    server.settle()
    assert (server.connections, len(server.taken)) == (3, 3)


def test_tls_is_spoken_and_the_server_has_to_prove_who_it_is(
    serve_mail: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for implicit in (False, True):
        server = serve_mail("STARTTLS", "AUTH PLAIN", tls=context, implicit=implicit, STARTTLS="220 go", login="me:x@")
        promise()
        assert deliver() == 1
        server.settle()
        assert any(line.startswith("AUTH PLAIN") for line in server.said)
        assert ("STARTTLS" in server.said) is not implicit
    monkeypatch.delenv("SSL_CERT_FILE")
    promise()
    assert deliver() == 0
    assert health().trouble == "SSLCertVerificationError"


def test_addresses_beyond_ascii(serve_mail: Serve) -> None:
    server = serve_mail("SMTPUTF8", "8BITMIME")
    promise("omid@ایران.ایران", "سارا@ایران.ایران")
    assert deliver() == 3
    server.settle()
    assert "RCPT TO:<omid@xn--mgba3a4f16a.xn--mgba3a4f16a>" in server.said
    assert "RCPT TO:<سارا@xn--mgba3a4f16a.xn--mgba3a4f16a>" in server.said
    assert [line.endswith(" SMTPUTF8 BODY=8BITMIME") for line in server.said if line.startswith("MAIL")] == [
        False,
        False,
        True,
    ]
    assert "To: سارا@".encode() in server.taken[-1]


def test_a_name_beyond_ascii_that_the_server_cannot_take_is_refused_for_good(serve_mail: Serve) -> None:
    serve_mail("8BITMIME")
    post(kind="test", about="rsvp:sara@example.org", to="سارا@ایران.ایران", locale="fa", facts={}, now=clock.now())
    promise_of_other = post(kind="test", about="x", to="a@example.org", locale="en", facts={}, now=clock.now())
    assert deliver() == 1
    assert state() == "given up SMTPUTF8 not offered"
    assert db.session.get_one(OutboxMail, promise_of_other).done_at is not None


def test_who_deletes_themselves_while_a_worker_holds_their_letter_gets_nothing(serve_mail: Serve) -> None:
    server = serve_mail()
    promise("omid@example.org")
    about = "rsvp:sara@example.org"

    def deleted_meanwhile(facts: dict[str, Any]) -> Letter:
        if facts["to"] == "sara@example.org":
            forget(about=about)
        return WRITERS["test"](facts)

    assert deliver_due(now=clock.now(), writers={"test": deleted_meanwhile}) == 1
    server.settle()
    assert (len(server.taken), server.broken) == (1, 1)
    assert b"To: omid@example.org" in server.taken[0]


def test_told_to_stop_it_ends_after_the_letter_at_hand_and_gives_the_others_back(serve_mail: Serve) -> None:
    server = serve_mail()
    promise("b@example.org", "c@example.org")
    assert deliver_due(now=clock.now(), writers=WRITERS, stop=lambda: bool(server.whole)) == 1
    assert health().waiting == 2
    assert deliver() == 2  # at once: nobody holds them


def test_a_letter_whose_turn_comes_too_late_is_left_to_who_has_it(
    serve_mail: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve_mail()
    promise("b@example.org")
    passing = count(0, 70)  # seconds, at each look at the clock: the second letter's lease ran out
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: next(passing)))
    others: list[Claimed] = []

    def slowly(facts: dict[str, Any]) -> Letter:
        others.extend(claim(now=clock.now() + HOUR, how_many=2))
        return WRITERS["test"](facts)

    deliver_due(now=clock.now(), writers={"test": slowly})
    assert [letter.to for letter in others] == ["sara@example.org", "b@example.org"]
    server.settle()
    assert (server.taken, server.broken) == ([], 1)
