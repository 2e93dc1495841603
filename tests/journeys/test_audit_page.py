"""An owner reads the trail in a browser, after damage was accepted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.organizers.audit import OPERATOR, acting, note
from iec_events.organizers.audit_check import accept
from iec_events.organizers.models import AuditEntry
from tests.conftest import Client, Installation
from tests.factories import an_event, an_organizer, an_organizer_session
from tests.journeys.people import Person, Tongue

pytestmark = [pytest.mark.journey, pytest.mark.real_time]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_the_trail_and_what_was_accepted_in_it(
    browser: Browser, installation: Installation, serve: Callable[..., str]
) -> None:
    with installation.app.app_context():
        acting(OPERATOR)
        nasrin = an_organizer()
        an_event("Berkeley", slug="berkeley")
        for deed in ("event.created", "event.revised", "event.published"):
            note(deed, "event:berkeley", now=clock.now(), who=nasrin.id)
        with atomic():
            db.session.execute(sa.delete(AuditEntry).where(AuditEntry.what == "event.revised"))
        accept(reason="a disk that lied", now=clock.now())
        token = an_organizer_session(nasrin)
    address = serve()
    visitor = installation.app.test_client()
    assert isinstance(visitor, Client)
    with visitor.session_transaction() as session:
        session["organizer"] = token
    cookie = visitor.get_cookie("iec", "127.0.0.1")
    assert cookie is not None
    reader = Person(browser, address, Tongue("en"), phone=True)
    reader.context.add_cookies([{"name": "iec", "value": cookie.value, "url": address}])
    reader.go("/organize/audit")
    reader.sees("Who did what")
    expect(reader.page.locator(".desk-links [aria-current]")).to_be_in_viewport(ratio=1)
    rows = reader.page.locator("table.roster tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Damage of this trail accepted")
    expect(rows.first).to_contain_text("trail:2-3 a disk that lied")
    reader.page.locator("#who").select_option(label="Nasrin")
    reader.press("Show")
    expect(rows).to_have_count(2)
    reader.leave()
