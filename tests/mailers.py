"""A mail server for tests that does as it is told, step by step: refuses, falls silent, hangs up, speaks TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HANG_UP, SILENCE = "hang up", "silence"
Answer = str | Callable[[str], str] | list[str]
USUAL = {"connect": "220 here", "DATA": "354 go on", "AUTH": "235 known", "QUIT": "221 bye"}


class MailServer:
    """It answers `answers[step]` to each step, or what is usual: text, a function of the line, or a list used up.

    It can hang up on the `text`.

    `taken` are the letters that it said yes to, `whole` those that came with their last line, `broken` counts those
    that did not. `said` is what it was told, `connections` how often somebody called.
    """

    def __init__(
        self, *offers: str, tls: ssl.SSLContext | None = None, implicit: bool = False, **answers: Answer
    ) -> None:
        self.answers: dict[str, Answer] = answers
        self.offers, self.tls, self.implicit = offers, tls, implicit
        self.taken: list[bytes] = []
        self.whole: list[bytes] = []
        self.said: list[str] = []
        self.broken = self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._talks: list[threading.Thread] = []
        self._listening = threading.Thread(target=self._listen, daemon=True)

    @property
    def url(self) -> str:
        """What to set MAIL_URL to."""
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._listening.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listening.join(5)
        self.settle()

    def settle(self) -> None:
        """Wait until everybody has hung up."""
        for talk in self._talks:
            talk.join(5)
            assert not talk.is_alive()

    def _listen(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            talk = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            talk.start()  # first: who settles joins all of them
            self._talks.append(talk)

    def _talk(self, connection: socket.socket) -> None:
        with ExitStack() as held, suppress(OSError, _HungUpError):
            held.enter_context(connection)
            if self.implicit and self.tls:
                connection = held.enter_context(self.tls.wrap_socket(connection, server_side=True))
            self._converse(connection, held)

    def _converse(self, connection: socket.socket, held: ExitStack) -> None:
        lines = held.enter_context(connection.makefile("rb"))
        self._answer(connection, "connect", "")
        while line := lines.readline().decode(errors="replace").strip():
            verb, blank, rest = line.partition(" ")
            verb = verb.upper()
            self.said.append(verb + blank + rest)
            reply = self._answer(connection, verb, line)
            if verb == "DATA" and reply.startswith("354"):
                self._take(connection, lines)
            elif verb == "STARTTLS" and reply.startswith("220") and self.tls:
                connection = held.enter_context(self.tls.wrap_socket(connection, server_side=True))
                lines = held.enter_context(connection.makefile("rb"))
            elif verb == "QUIT":
                return

    def _take(self, connection: socket.socket, lines: Any) -> None:
        read: list[bytes] = []
        while (line := lines.readline()) != b".\r\n":
            if not line:
                self.broken += 1
                raise _HungUpError
            read.append(line)
            if self.answers.get("text") == HANG_UP:
                raise _HungUpError
        letter = b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in read)
        self.whole.append(letter)
        self._answer(connection, "end", "", letter)

    def _answer(self, connection: socket.socket, step: str, line: str, letter: bytes | None = None) -> str:
        told = self.answers.get(step, self._usual(step))
        if isinstance(told, list):
            told = told.pop(0) if told else self._usual(step)
        reply = told(line) if callable(told) else told
        if reply == HANG_UP:
            raise _HungUpError
        if reply == SILENCE:
            while connection.recv(4096):
                pass
            raise _HungUpError
        if letter is not None and reply.startswith("2"):
            self.taken.append(letter)  # before it says so: whoever hears it may look at once
        connection.sendall(reply.replace("\n", "\r\n").encode() + b"\r\n")
        return reply

    def _usual(self, step: str) -> str:
        if step == "EHLO":
            return "\n".join(["250-here", *(f"250-{offer}" for offer in self.offers), "250 HELP"])
        return USUAL.get(step, "250 well")


class _HungUpError(Exception):
    """The talk is over."""


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server on 127.0.0.1 speaks TLS with, and the file that makes others believe it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    year = partial(dt.datetime, month=1, day=1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(year(2020))
        .not_valid_after(year(2049))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return context, file
