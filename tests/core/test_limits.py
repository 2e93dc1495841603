"""Counting visitors without watching them."""

from __future__ import annotations

import hashlib
import pickle
import socket
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from iec_events.app import create_app
from iec_events.core import limits
from iec_events.core.limits import limiter, may_begin, visitor, within
from tests.conftest import settings_for
from tests.servers import free_port

DAY = 24 * 3600


def name_of(app: Flask, address: str | None) -> str:
    with app.test_request_context("/", environ_overrides={"REMOTE_ADDR": address}):
        return visitor()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.250", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1:2::3", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("::ffff:192.0.2.1", "::ffff:198.51.100.1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", None, True),
        ("unix:", "no address", True),
        ("::1", "127.0.0.1", False),
    ],
)
def test_a_network_has_one_name(bare_app: Flask, one: str, other: str | None, same: bool) -> None:  # noqa: FBT001
    assert (name_of(bare_app, one) == name_of(bare_app, other)) is same


def test_the_name_means_nothing_tomorrow_elsewhere_or_without_the_key(
    bare_app: Flask, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    today = name_of(bare_app, "192.0.2.1")
    clock.shift(DAY)
    tomorrow = name_of(bare_app, "192.0.2.1")
    url = f"sqlite:///{tmp_path / 'none.db'}"
    elsewhere = name_of(
        create_app(settings_for(tmp_path, url, SECRET_KEY="B" * 21 + "CDEFGHIJKLMNOPQRSTUVWX=")), "192.0.2.1"
    )
    assert len({today, tomorrow, elsewhere}) == 3
    for plain in ("192.0.2.1", "192.0.2.0/24", "192.0.2.0"):
        assert today != hashlib.sha256(plain.encode()).hexdigest()[:24]


def test_nothing_that_is_stored_holds_an_address(app: Flask, client: FlaskClient) -> None:
    address = {"REMOTE_ADDR": "203.0.113.77"}
    client.get("/rsvps/nothing", environ_overrides=address)
    with app.test_request_context("/", environ_overrides=address):
        within("test of addresses", ("5/minute",), visitor())
    storage = limiter.storage
    kept = {name: value for name, value in vars(storage).items() if name in {"storage", "events", "expirations"}}
    text = str(kept)
    assert name_of(app, "203.0.113.77") in text
    assert "203.0.113" not in text
    assert b"203.0.113" not in pickle.dumps(text)


def test_uses_are_counted_apart_and_the_last_one_too_many_is_not_counted(app: Flask) -> None:
    del app
    for who in ("a", "b"):
        assert [within("test", ("3/minute", "100/hour"), who) for _ in range(5)] == [True] * 3 + [False] * 2
    assert within("another test", ("3/minute",), "a")


def test_what_is_used_up_comes_back(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    assert [within("test", ("1/minute",), "a") for _ in range(2)] == [True, False]
    clock.shift(61)
    assert within("test", ("1/minute",), "a")


def test_a_redis_that_is_away_neither_shuts_nor_opens_the_door(tmp_path: Path) -> None:
    pytest.importorskip("redis")
    away = f"redis://127.0.0.1:{free_port()}/0"
    app = create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}", REDIS_URL=away))
    try:
        with app.app_context():
            assert [within("test of Redis", ("3/minute",), "a") for _ in range(5)] == [True] * 3 + [False] * 2
        answer = app.test_client().get("/rsvps/nothing", base_url="http://127.0.0.1:8000")
        assert answer.status_code < 600
    finally:
        create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}"))  # the limiter is one for all


def test_a_redis_that_is_silent_holds_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redis")
    monkeypatch.setattr(limits, "REDIS_WAIT_S", 0.05)
    monkeypatch.setattr(limiter, "_storage_dead", False)  # as another test may have left it
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        dead = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        app = create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}", REDIS_URL=dead))
        try:
            with app.app_context():
                assert [within("test of silence", ("3/minute",), "a") for _ in range(5)] == [True] * 3 + [False] * 2
            silent.setblocking(False)
            silent.accept()[0].close()
            with pytest.raises(BlockingIOError):
                silent.accept()  # it was asked once
        finally:
            create_app(settings_for(tmp_path, f"sqlite:///{tmp_path / 'none.db'}"))


def begin(app: Flask, address: str, place: str = "berkeley", *, proven: bool = False, heads: int = 1) -> bool:
    with app.test_request_context("/", environ_overrides={"REMOTE_ADDR": address}):
        return may_begin("rsvp", place, proven=proven, heads=heads)


def test_a_table_of_friends_fits_and_one_network_does_not_fill_a_hall(
    app: Flask, clock: time_machine.Traveller
) -> None:
    pub, home = "192.0.2.7", "198.51.100.1"
    assert [begin(app, pub) for _ in range(25)] == [True] * 20 + [False] * 5
    assert begin(app, home)
    assert begin(app, pub, "toronto")
    assert all(begin(app, pub, proven=True) for _ in range(80))  # with the twenty before, a hundred
    assert not begin(app, pub, proven=True)
    clock.shift(3601)
    assert begin(app, pub)
    assert begin(app, pub, proven=True)


def test_large_parties_fill_no_hall_either_and_even_the_largest_may_begin(app: Flask) -> None:
    club, bus = "192.0.2.7", "198.51.100.1"
    assert [begin(app, club, heads=6) for _ in range(8)] == [True] * 6 + [False] * 2
    assert begin(app, club, heads=4)
    assert begin(app, club, "toronto", heads=6)
    assert [begin(app, club, proven=True, heads=6) for _ in range(12)] == [True] * 10 + [False] * 2  # a hundred
    assert [begin(app, bus, heads=55) for _ in range(2)] == [True, False]


def test_who_is_refused_and_presses_again_uses_up_nothing_of_what_others_may(app: Flask) -> None:
    pub = "192.0.2.9"
    assert [begin(app, pub, heads=6) for _ in range(60)].count(True) == 6
    assert [begin(app, pub) for _ in range(4)] == [True] * 4
