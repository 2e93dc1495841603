"""Visitors on loopback: each holds one connection and lives one story after another.

A story is a generator: it yields the bytes of a request and is sent the answer. One thread serves all visitors with
epoll, so that the measuring takes as little as it can from what is measured.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

STATUS_WITHOUT_BODY = {204, 304}
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The first header of this name, or nothing."""
        found = re.search(rb"(?i)\r\n" + name.encode() + rb": *([^\r]*)", self.head)
        return found.group(1).decode("latin-1") if found else ""

    def cookies(self) -> str:
        """The cookies that were set, as they are sent back."""
        return "; ".join(text.decode() for text in re.findall(rb"(?i)\r\nset-cookie: *([^;\r]*)", self.head))


Story = Generator[bytes, Answer, None]


@dataclass
class Measured:
    """What came of it."""

    seconds: float = 0
    worked: float = 0
    stories: int = 0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Stories a second; for stories of one request, requests a second."""
        return self.stories / self.seconds

    @property
    def work(self) -> float:
        """The ms of processor that the server used for a story, whatever else the machine was doing."""
        return 1000 * self.worked / max(self.stories, 1)

    def percentile(self, share: float) -> float:
        """The latency (in ms) that this share of the requests kept within."""
        return 1000 * sorted(self.latencies)[int(share * (len(self.latencies) - 1))] if self.latencies else 0.0


class Visitor:
    """One connection, opened again whenever the server closes it."""

    def __init__(self, port: int, tell: Callable[[], Story], measured: Measured) -> None:
        self.port, self.tell, self.measured = port, tell, measured
        self.socket: socket.socket | None = None
        self.story: Story | None = None
        self.request, self.got, self.asked_at = b"", b"", 0.0

    def ask(self, answer: Answer | None) -> None:
        """Go on with the story, or begin the next one."""
        request = None
        if self.story is not None and answer is not None:
            try:
                request = self.story.send(answer)
            except StopIteration:
                self.measured.stories += 1
        if request is None:
            self.story = self.tell()
            request = next(self.story)
        self.request = request
        self.asked_at = time.perf_counter()
        if self.socket is not None:
            self.socket.sendall(self.request)

    def connect(self) -> socket.socket:
        """Open a connection and send the request that waits."""
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""
        self.socket.sendall(self.request)
        return self.socket

    def hear(self) -> bool:
        """Take what came; whether the connection is still open."""
        assert self.socket is not None
        octets = self.socket.recv(262144)
        self.got += octets
        answer = whole(self.got, ended=not octets)
        if answer is not None:
            self.got = b""
            self.measured.latencies.append(time.perf_counter() - self.asked_at)
            self.measured.statuses[answer.status] = self.measured.statuses.get(answer.status, 0) + 1
            stays = bool(octets) and answer.header("connection").lower() != "close"
            if not stays:
                self.socket.close()
                self.socket = None
            self.ask(answer)
            return stays
        if not octets:
            self.socket.close()
            self.socket = None
        return bool(octets)


def whole(got: bytes, *, ended: bool) -> Answer | None:
    """The answer, once all of it is there."""
    head, gap, body = got.partition(b"\r\n\r\n")
    if not gap:
        return None
    status = int(head[9:12])
    length = LENGTH.search(head)
    if status in STATUS_WITHOUT_BODY:
        complete = True
    elif length:
        complete = len(body) >= int(length.group(1))
    else:
        complete = ended or body.endswith(b"0\r\n\r\n")
    return Answer(status, head, body) if complete else None


def live(
    port: int,
    tell: Callable[[], Story],
    *,
    visitors: int = 16,
    seconds: float = 4,
    worked: Callable[[], float] = lambda: 0.0,
) -> Measured:
    """Have so many visitors live stories for a while, after a tenth of it to warm up.

    `worked` tells how much the server has worked so far, in seconds of processor.
    """
    measured = Measured()
    everybody = [Visitor(port, tell, measured) for _ in range(visitors)]
    with selectors.DefaultSelector() as selector:
        for visitor in everybody:
            visitor.ask(None)
            selector.register(visitor.connect(), selectors.EVENT_READ, visitor)
        begun = time.perf_counter()
        _go_on(selector, until=begun + seconds / 10)
        measured.stories, measured.latencies, measured.statuses = 0, [], {}
        begun, before = time.perf_counter(), worked()
        _go_on(selector, until=begun + seconds)
        measured.seconds, measured.worked = time.perf_counter() - begun, worked() - before
    for visitor in everybody:
        if visitor.socket:
            visitor.socket.close()
    return measured


def _go_on(selector: selectors.BaseSelector, *, until: float) -> None:
    while time.perf_counter() < until:
        for key, _events in selector.select(timeout=0.1):
            visitor: Visitor = key.data
            if not visitor.hear():
                selector.unregister(key.fileobj)
                selector.register(visitor.connect(), selectors.EVENT_READ, visitor)


def get(port: int, path: str, **headers: str) -> bytes:
    """The bytes of a GET request."""
    lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items() if text)
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n".encode()


def post(port: int, path: str, body: str, **headers: str) -> bytes:
    """The bytes of a POST request with a form."""
    lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items() if text)
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    size = f"Content-Length: {len(body)}\r\n"
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}{kind}{size}\r\n{body}".encode()


def again(request: bytes) -> Callable[[], Story]:
    """Stories of one request, always the same."""

    def tell() -> Story:
        yield request

    return tell


def once(port: int, request: bytes) -> tuple[Answer, float]:
    """One answer, however long it takes, and how many ms it took."""
    begun, got = time.perf_counter(), b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        while True:
            octets = connection.recv(262144)
            got += octets
            answer = whole(got, ended=not octets)
            if answer is not None or not octets:
                break
    assert answer is not None, "the server closed the connection without an answer"
    return answer, 1000 * (time.perf_counter() - begun)
