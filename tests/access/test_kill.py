"""Killed in the middle of giving a list a new key, the service leaves it as it was: readable, with the old key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from iec_events.access.actions import Holder, new_list_key
from iec_events.core import clock
from iec_events.core.db import db
from iec_events.events.models import EventKey
from tests.access.test_actions import an_account, comes, names
from tests.conftest import Installation, settings_for
from tests.factories import an_event

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.real_time]

# Another process changes the key; at the third party it is killed, as kill -9 does it.
SCRIPT = """
import os, signal, sys
from iec_events.access.actions import keys
from iec_events.app import create_app
from iec_events.core import clock
seal, sealed = keys.seal, []
def fatal(*given):
    sealed.append(given)
    if len(sealed) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    seal(*given)
keys.seal = fatal
holder = keys.Holder(sys.argv[1], bytes.fromhex(sys.stdin.read()))
with create_app().app_context():
    keys.new_list_key(slug="berkeley", by=holder, now=clock.now())
"""


def test_killed_in_the_middle_nothing_is_lost(installation: Installation) -> None:
    try:
        with installation.app.app_context():
            event, nasrin = an_event(slug="berkeley"), an_account("Nasrin")
            everyone = [f"Guest {number}" for number in range(5)]
            for name in everyone:
                comes(event, name)
            event_id = event.id
            db.session.remove()
            assert change_and_die(installation, nasrin) == -signal.SIGKILL
            event = db.session.get_one(type(event), event_id)
            assert names(event, nasrin) == everyone
            assert set(db.session.scalars(sa.select(EventKey.version))) == {1}
            new_list_key(slug="berkeley", by=nasrin, now=clock.now())
            assert names(event, nasrin) == everyone
            assert set(db.session.scalars(sa.select(EventKey.version))) == {2}
            db.session.remove()
    finally:
        installation.clean()


def change_and_die(installation: Installation, holder: Holder) -> int:
    """How the other process ended; the private key goes in by a pipe, as secrets should."""
    chosen = settings_for(installation.folder, installation.database_url)
    environ = {f"IEC_{name}": str(value) for name, value in chosen.items() if name != "TESTING"}
    assert holder.private is not None
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, holder.id],
        input=holder.private.hex(),
        text=True,
        cwd=ROOT,
        env={**os.environ, **environ},
        check=False,
        timeout=120,
    )
    return ended.returncode
