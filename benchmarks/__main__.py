"""`python -m benchmarks`: how fast the pages and the signup are, as shares of what Flask and the database could do.

Only shares taken in one run mean anything: every line is measured beside its own yardstick, on the same machine, in the
same minute. The goals are those that docs/speed.md explains.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.bare import postgresql_commits, sqlite_commits
from benchmarks.load import Measured, again, live, once
from benchmarks.site import EVENT, SERVERS, Site, free_port, hello, worked
from tests.servers import postgres

FEED = "/calendar.ics"
COLD_MS = 30
UNKEPT = "benchmarks.unkept:app"


def main() -> None:
    """Measure what was asked for and print it."""
    asked = argparse.ArgumentParser(prog="make bench")
    asked.add_argument("--quick", action="store_true", help="one second for each line")
    asked.add_argument("--server", choices=SERVERS, action="append")
    asked.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    chosen = asked.parse_args()
    seconds = 1.0 if chosen.quick else 5.0
    for database in chosen.database or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder, database_at(database, Path(folder)) as url:
            site = Site(Path(folder), url)
            for server in chosen.server or SERVERS:
                print(f"\n{database}, {server}, 16 visitors, {seconds:.0f} s for each line")
                measure(site, server, url, seconds)


@contextmanager
def database_at(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database that keeps what it was told, whatever happens."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    with postgres(careful=True) as url:
        yield url


def measure(site: Site, server: str, url: str, seconds: float) -> None:
    """Measure one server on one database."""
    port = free_port()
    with hello(server, port) as process:
        flask = live(port, again(site.page("/")), seconds=seconds, worked=partial(worked, process))
    show("Flask hello", flask)
    with site.serve(server, UNKEPT) as process:
        run = partial(live, site.port, seconds=seconds, worked=partial(worked, process))
        once(site.port, site.page(EVENT))
        show("event page, made each time", run(again(site.page(EVENT))), beside=flask, goal=0.15)
        _, first = once(site.port, site.page(FEED))
        feed(run(again(site.page(FEED)), visitors=1), first)
    with site.serve(server) as process:
        run = partial(live, site.port, seconds=seconds, worked=partial(worked, process))
        answer, _ = once(site.port, site.page(EVENT, Accept_Encoding="gzip"))
        show("event page", run(again(site.page(EVENT, Accept_Encoding="gzip"))), beside=flask, goal=0.9)
        known = site.page(EVENT, Accept_Encoding="gzip", If_None_Match=answer.header("etag"))
        show("event page, 304", run(again(known)), beside=flask, goal=1.0)
        once(site.port, site.page(FEED, Accept_Encoding="gzip"))
        show("feed of 1,000, kept", run(again(site.page(FEED, Accept_Encoding="gzip"))), beside=flask, goal=0.9)
        once(site.port, site.page(f"{EVENT}/rsvp"))
        bare = Measured(seconds=seconds, stories=int(commits(url, seconds) * seconds))
        show("bare commits", bare)
        show("complete signup", run(site.signup), beside=bare, goal=0.2 if url.startswith("sqlite") else 0.25)


def feed(made: Measured, first: float) -> None:
    """Print how long the calendar of a thousand takes for one visitor."""
    middle = made.percentile(0.5)
    verdict = "reached" if middle <= COLD_MS else "missed"
    show("feed of 1,000, joined each time", made, end=f"  goal {COLD_MS} ms: {verdict}; the first time {first:.0f} ms")


def commits(url: str, seconds: float) -> float:
    """What the database can do at best."""
    if not url.startswith("sqlite"):
        return postgresql_commits(url, seconds)
    with tempfile.TemporaryDirectory(dir=Path(url.removeprefix("sqlite:///")).parent) as folder:
        return sqlite_commits(Path(folder), seconds)


def show(
    what: str, measured: Measured, *, beside: Measured | None = None, goal: float | None = None, end: str = ""
) -> None:
    """Print one line; `work` is the server's processor time for one story, which other programs change little."""
    bad = {status: count for status, count in measured.statuses.items() if status >= 400}
    line = f"  {what:32}{measured.rate:8.0f}/s"
    if measured.latencies:
        middle, late = measured.percentile(0.5), measured.percentile(0.99)
        line += f"  p50 {middle:6.1f}  p99 {late:6.1f}  work {measured.work:6.2f} ms"
    if beside and goal is not None:
        share = measured.rate / beside.rate
        line += f"  share {share:5.2f}, goal {goal:.2f}: {'reached' if share >= goal else 'missed'}"
    print(line + end + (f"  ERRORS {bad}" if bad else ""), flush=True)


if __name__ == "__main__":
    main()
