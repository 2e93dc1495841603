"""The least that a database can do for an RSVP: take a seat if one is left, write a row, commit for good."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from pathlib import Path

import psycopg

TABLES = (
    "create table event(id integer primary key, capacity integer, taken integer)",
    "create table rsvp(id varchar(32) primary key, event integer, sealed varchar(400))",
    "insert into event values (1, 1000000, 0)",
)
TAKE = "update event set taken = taken + 1 where id = 1 and taken < capacity"


def sqlite_commits(folder: Path, seconds: float) -> float:
    """Commits a second of one writer, with WAL and synchronous=FULL."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    for statement in TABLES:
        connection.execute(statement)
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        connection.execute("begin immediate")
        connection.execute(TAKE)
        connection.execute("insert into rsvp values (?, 1, ?)", (secrets.token_hex(16), "x" * 400))
        connection.execute("commit")
        done += 1
    connection.close()
    return done / seconds


def postgresql_commits(url: str, seconds: float, writers: int = 16) -> float:
    """Commits a second of several writers on one hot event, each on a connection of its own."""
    address = url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        for statement in TABLES:
            connection.execute(statement.encode())
    done = [0] * writers
    end = time.perf_counter() + seconds

    def write(number: int) -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            while time.perf_counter() < end:
                with connection.transaction():
                    connection.execute(TAKE.encode())
                    connection.execute("insert into rsvp values (%s, 1, %s)", (secrets.token_hex(16), "x" * 400))
                done[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(address) as connection:
        connection.execute("drop table rsvp")
        connection.execute("drop table event")
    return sum(done) / seconds
