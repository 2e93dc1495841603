"""Speaking SMTP (RFC 5321), one letter after the other over one connection, with a pause before the last octets.

The library's `sendmail` says everything at once. Here the caller is asked just before the line with a single dot, which
is what makes the server take a letter: until then nothing was sent, whatever happens; from then on only the server
knows.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from urllib.parse import parse_qs, unquote, urlsplit

CONNECT_S = 20
COMMAND_S = 30
CONVERSATION_S = 80  # about one letter, up to its last line; a lease is longer
ANSWER_S = 600  # to that line: RFC 5321 4.5.3.2.6. Who gives up sooner makes doubles (RFC 1047)
LETTERS_PER_CONNECTION = 100
GOOD, GO_ON, FOR_EVER = range(200, 300), 354, range(500, 600)
CLOSING = 421
NOT_THE_LETTERS_FAULT = frozenset({CLOSING, 454, 530, 534, 535, 538})  # at MAIL: the server wants no letter of ours
POLICY = re.compile(rb"\b5\.7\.\d|relay", re.IGNORECASE)  # at RCPT: it does not know us, rather than them
# After the text: SPF, DKIM, DMARC or PTR prove nothing (RFC 7372), also with the numbers of Gmail and Microsoft.
UNPROVEN = re.compile(rb"\b5\.7\.(?:2\d|30|32|40|509|515)\b|\b(?:SPF|DKIM|DMARC)\b", re.IGNORECASE)
DOT_FIRST = re.compile(rb"^\.", re.MULTILINE)

HandOver = Callable[[], bool]
Hear = Callable[[str, int, bytes], None]


class Undeliverable(Exception):
    """This letter was refused; `for_ever` when trying again is pointless. Holds no server's words.

    `hung_up`: the server said that it closes the line (421), which may be meant for all letters.
    """

    def __init__(self, error: str, *, for_ever: bool, hung_up: bool = False) -> None:
        super().__init__(error)
        self.error = error
        self.for_ever = for_ever
        self.hung_up = hung_up


class Troubled(Exception):
    """The server takes no letter at all now, or cannot be reached; that says nothing about any letter."""


class Uncertain(Exception):
    """The server has the whole letter, and did not say whether it takes it."""


class TakenAway(Exception):
    """The letter must not be sent any more: it was withdrawn, or another worker has it."""


class _Gone(Exception):
    """An old connection was closed by the server, as it may be between letters."""


class Smtp:
    """An SMTP server. `hear` is told what it answers: a step's name, a code, and its words."""

    def __init__(self, url: str, *, sender: str, hear: Hear | None = None) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.implicit = parts.scheme == "smtps"
        self.starttls = not self.implicit and wants_starttls(url)
        self.port = parts.port or (465 if self.implicit else 587 if parts.username else 25)
        self.user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender
        self._hear = hear or (lambda _step, _code, _words: None)
        self._server: smtplib.SMTP | None = None
        self._letters = 0
        self._ends = 0.0

    def send(self, message: EmailMessage, hand_over: HandOver) -> None:
        """Send one message; `hand_over` is asked before the last octets.

        Raises Undeliverable, Troubled, Uncertain, TakenAway.
        """
        self._ends = time.monotonic() + CONVERSATION_S
        try:
            self._send(message, hand_over)
        except _Gone:
            self.close()
            self._send(message, hand_over)

    def close(self) -> None:
        """End the connection, politely if it still listens."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if server.sock is not None:
                    server.sock.settimeout(COMMAND_S / 10)
                server.quit()

    def _send(self, message: EmailMessage, hand_over: HandOver) -> None:
        server = self._connected()
        to = str(message["To"])
        try:
            octets = self._envelope(server, message, to)
            self._body(server, octets)
        except (smtplib.SMTPException, OSError) as broken:
            self._drop()
            raise Undeliverable(_named(broken), for_ever=False) from None
        sure = False
        try:
            sure = hand_over()
        finally:
            if not sure:
                self._drop()  # without the last line, so that the server throws away what it has
        if not sure:
            raise TakenAway
        self._letters += 1
        self._end(server)

    def _connected(self) -> smtplib.SMTP:
        if self._letters >= LETTERS_PER_CONNECTION:
            self.close()
        if self._server is None:
            self._letters = 0
            try:
                self._server = self._connect()
            except (smtplib.SMTPException, OSError, ValueError) as broken:
                raise Troubled(_named(broken)) from broken
        return self._server

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context() if self.implicit or self.starttls else None  # 20 ms each
        called = self._sender.rpartition("@")[2]  # not this machine's own name
        server = (
            smtplib.SMTP_SSL(self.host, self.port, called, timeout=CONNECT_S, context=context)
            if self.implicit
            else smtplib.SMTP(self.host, self.port, called, timeout=CONNECT_S)
        )
        try:
            self._hear("connect", 220, b"")
            if server.sock is not None:
                server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the last line goes at once
            self._greet(server)
            if self.starttls:
                self._in_time(server)
                self._hear("starttls", *server.starttls(context=context))
                self._greet(server)
            if self.user:
                self._in_time(server)
                self._hear("login", *server.login(self.user, self._password))
        except BaseException:
            server.close()
            raise
        return server

    def _greet(self, server: smtplib.SMTP) -> None:
        self._in_time(server)
        server.ehlo_or_helo_if_needed()
        words = server.ehlo_resp or server.helo_resp or b""
        self._hear("hello", 250, words)

    def _envelope(self, server: smtplib.SMTP, message: EmailMessage, to: str) -> bytes:
        """MAIL and RCPT; the octets to send."""
        wide = not (to + self._sender).isascii()
        if wide and not (server.has_extn("smtputf8") and server.has_extn("8bitmime")):
            raise Undeliverable("SMTPUTF8 not offered", for_ever=True)
        octets = message.as_bytes(policy=SMTPUTF8 if wide else SMTP)
        options = [f"SIZE={len(octets)}"] if server.has_extn("size") else []
        options += ["SMTPUTF8", "BODY=8BITMIME"] if wide else []
        if server.has_extn("dsn"):
            options.append("RET=HDRS")  # what bounces holds nothing of the letter's text
        server.command_encoding = "utf-8" if wide else "ascii"
        code, words = self._say(server, "mail", lambda: server.mail(self._sender, options))
        if code not in GOOD:
            self._judge_sender(code)
        code, words = self._say(server, "rcpt", lambda: server.rcpt(to))
        if code not in GOOD:
            self._refused("recipient refused", code, for_ever=code in FOR_EVER and not POLICY.search(words))
        return octets

    def _judge_sender(self, code: int) -> None:
        if code == CLOSING and self._letters:  # it had enough of this connection
            raise _Gone
        if code in NOT_THE_LETTERS_FAULT:
            self._drop()
            raise Troubled(f"sender refused {code}")
        self._refused("sender refused", code, for_ever=False)

    def _body(self, server: smtplib.SMTP, octets: bytes) -> None:
        """Everything but the last line."""

        def ask() -> tuple[int, bytes]:
            server.putcmd("data")
            return server.getreply()

        code, _words = self._say(server, "data", ask)
        if code != GO_ON:
            self._refused("data refused", code, for_ever=code in FOR_EVER)
        self._in_time(server)
        server.send(DOT_FIRST.sub(b"..", octets if octets.endswith(b"\r\n") else octets + b"\r\n"))

    def _end(self, server: smtplib.SMTP) -> None:
        """The last line, and what the server says to it; without the line, nothing was sent."""
        if server.sock is None or _is_shut(server.sock):
            self._drop()
            raise Undeliverable(smtplib.SMTPServerDisconnected.__name__, for_ever=False)
        try:
            server.sock.settimeout(ANSWER_S)
            server.send(b".\r\n")
            code, words = server.getreply()
        except (smtplib.SMTPException, OSError) as broken:
            self._drop()
            raise Uncertain(_named(broken)) from None
        self._hear("end", code, words)
        if code in GOOD:
            return
        if code == -1:
            self._drop()
            raise Uncertain("no code")
        self._refused("letter refused", code, for_ever=code in FOR_EVER and not UNPROVEN.search(words))

    def _say(self, server: smtplib.SMTP, step: str, ask: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
        self._in_time(server)
        try:
            code, words = ask()
        except (smtplib.SMTPServerDisconnected, ConnectionError):
            if step == "mail" and self._letters:
                raise _Gone from None
            raise
        self._hear(step, code, words)
        return code, words

    def _in_time(self, server: smtplib.SMTP) -> None:
        """Wait for the next answer so long at most, and for all of them together."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if server.sock is not None:
            server.sock.settimeout(min(COMMAND_S, left))

    def _refused(self, what: str, code: int, *, for_ever: bool) -> None:
        """Make ready for the next letter, and say that this one was refused."""
        if code in NOT_THE_LETTERS_FAULT or code == -1:
            self._drop()
        elif self._server is not None:
            try:
                self._server.rset()
            except (smtplib.SMTPException, OSError):
                self._drop()
        for_ever = for_ever and code not in NOT_THE_LETTERS_FAULT
        raise Undeliverable(f"{what} {code}", for_ever=for_ever, hung_up=code == CLOSING)

    def _drop(self) -> None:
        """End the connection without a word."""
        server, self._server = self._server, None
        if server is not None:
            server.close()


def _is_shut(line: socket.socket) -> bool:
    """Whether the other side has hung up already, below TLS."""
    line.settimeout(0)
    try:
        return not socket.socket.recv(line, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def wants_starttls(url: str) -> bool:
    """Whether this way out asks for TLS after the greeting: when it says anything but no, or has a password."""
    parts = urlsplit(url)
    return parse_qs(parts.query).get("tls", ["starttls" if parts.username else "none"])[0] != "none"


def _named(fault: BaseException) -> str:
    """A class and, where there is one, a code; never the server's words."""
    if isinstance(fault, smtplib.SMTPServerDisconnected) and isinstance(fault.__context__, OSError):
        fault = fault.__context__  # the library calls every end of a connection the same
    code = getattr(fault, "smtp_code", "")
    return f"{type(fault).__name__} {code}".strip()
