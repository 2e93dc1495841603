"""`python -m benchmarks`: how fast the pages and the signup are, as shares of what Flask and the database could do.

Only shares taken in one run mean anything: every line is measured beside its own yardstick, on the same machine, in the
same minute. The goals are those that docs/speed.md explains.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bare import postgresql_commits, sqlite_commits
from benchmarks.load import Measured, again, live, once
from benchmarks.site import EVENT, SERVERS, Site, free_port, hello
from tests.servers import postgres

FEED = "/calendar.ics"
COLD_MS = 30
UNMADE = "?fresh"  # an address with a query is never kept, so that the page is made for every request


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
    with hello(server, port):
        flask = live(port, again(site.page("/")), seconds=seconds)
    show("Flask hello", flask)
    with site.serve(server):
        answer, _ = once(site.port, site.page(EVENT, Accept_Encoding="gzip"))
        page = live(site.port, again(site.page(EVENT, Accept_Encoding="gzip")), seconds=seconds)
        show("event page", page, share=page.rate / flask.rate, goal=0.9)
        etag = answer.header("etag")
        same = live(site.port, again(site.page(EVENT, Accept_Encoding="gzip", If_None_Match=etag)), seconds=seconds)
        show("event page, 304", same, share=same.rate / flask.rate, goal=1.0)
        made = live(site.port, again(site.page(EVENT + UNMADE)), seconds=seconds)
        show("event page, made each time", made, share=made.rate / flask.rate, goal=0.15)
        _feed(site, flask, seconds)
        once(site.port, site.page(f"{EVENT}/rsvp"))
        bare = commits(url, seconds)
        signup = live(site.port, site.signup, seconds=seconds)
        goal = 0.2 if url.startswith("sqlite") else 0.25
        print(f"  {'bare commits':32}{bare:9.0f}/s")
        show("complete signup", signup, share=signup.rate / bare, goal=goal)


def _feed(site: Site, flask: Measured, seconds: float) -> None:
    _, first = once(site.port, site.page(FEED + UNMADE))
    made = live(site.port, again(site.page(FEED + UNMADE)), visitors=1, seconds=seconds)
    middle = made.percentile(0.5)
    told = f"  {'feed of 1,000, joined each time':32}{made.rate:9.1f}/s  p50 {middle:6.1f} ms  goal 30 ms: "
    print(told + ("reached" if middle <= COLD_MS else "missed") + f" (the very first time {first:.0f} ms)", flush=True)
    once(site.port, site.page(FEED, Accept_Encoding="gzip"))
    warm = live(site.port, again(site.page(FEED, Accept_Encoding="gzip")), seconds=seconds)
    show("feed of 1,000, kept", warm, share=warm.rate / flask.rate, goal=0.9)


def commits(url: str, seconds: float) -> float:
    """What the database can do at best."""
    if not url.startswith("sqlite"):
        return postgresql_commits(url, seconds)
    with tempfile.TemporaryDirectory(dir=Path(url.removeprefix("sqlite:///")).parent) as folder:
        return sqlite_commits(Path(folder), seconds)


def show(what: str, measured: Measured, *, share: float | None = None, goal: float | None = None) -> None:
    """Print one line."""
    bad = {status: count for status, count in measured.statuses.items() if status >= 400}
    middle, late = measured.percentile(0.5), measured.percentile(0.99)
    line = f"  {what:32}{measured.rate:9.0f}/s  p50 {middle:6.1f} ms  p99 {late:6.1f} ms"
    if share is not None and goal is not None:
        line += f"  share {share:5.2f}, goal {goal:.2f}: {'reached' if share >= goal else 'missed'}"
    print(line + (f"  ERRORS {bad}" if bad else ""), flush=True)


if __name__ == "__main__":
    main()
