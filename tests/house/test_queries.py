"""Pages that list things ask the database as often for thirty as for one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask.testing import FlaskClient

from iec_events.core import clock
from iec_events.core.db import atomic, db
from iec_events.core.tokens import new_id
from iec_events.solidarity.models import APPROVED, Message
from tests.factories import a_campaign, an_event

Gather = Callable[[], AbstractContextManager[list[str]]]
UNKEPT = "?page=1"  # an address with a query is made anew every time


def a_voice(event_id: int) -> None:
    with atomic():
        db.session.add(
            Message(
                id=new_id(),
                event_id=event_id,
                status=APPROVED,
                language="fa",
                read_aloud=False,
                sample=False,
                sealed=None,
                text="زن، زندگی، آزادی",
                signature=None,
                placed_on=clock.now().date(),
                decided_at=clock.now(),
                submission_hash=new_id(),
            )
        )


def more(number: int, *, wall: int) -> None:
    """So many campaigns, each with a night to come and one that was, and as many voices on one wall."""
    now = clock.now()
    for _ in range(number):
        campaign = a_campaign()
        an_event(campaign_id=campaign.id, capacity=20)
        an_event(campaign_id=campaign.id, starts_at=now - dt.timedelta(days=9))
        a_voice(wall)


@pytest.mark.parametrize(
    "address",
    ["/", "/events/berkeley", "/events/berkeley/messages", "/calendar.ics", "/organize", "/organize/messages"],
)
def test_a_list_costs_the_same_for_one_and_for_many(organizer: FlaskClient, queries: Gather, address: str) -> None:
    campaign = a_campaign(slug="night")
    berkeley = an_event(slug="berkeley", campaign_id=campaign.id).id
    more(1, wall=berkeley)
    asked = []
    for _round in range(2):
        assert organizer.get(address + UNKEPT).status_code == 200
        with queries() as few:
            organizer.get(address + UNKEPT)
        asked.append(few[:])
        more(5, wall=berkeley)
    assert len(asked[0]) == len(asked[1]), asked[1]
