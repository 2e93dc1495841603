"""A vault key is changed: everything is sealed anew, found again, and the older key can go."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from iec_events.broadcasts.models import Broadcast
from iec_events.core import clock
from iec_events.core.crypto import BoxRefused, Vault, vault
from iec_events.core.db import SiteState, atomic, db, key_check_fits
from iec_events.events.queries import any_event
from iec_events.organizers.anchor import forget_anchor
from iec_events.organizers.audit import note
from iec_events.organizers.audit_check import verify
from iec_events.organizers.factors import make_recovery_codes, use_recovery_code
from iec_events.organizers.models import Organizer, Passkey
from iec_events.organizers.passkeys import passkeys_of
from iec_events.organizers.queries import organizer_by_email
from iec_events.privacy.vault_boxes import PURPOSES, older_boxes, reseal
from iec_events.reports.commands import server_vault
from iec_events.rsvps.boxes import NOBODY, address_of
from iec_events.rsvps.models import Rsvp
from iec_events.solidarity.actions import leave_message
from iec_events.solidarity.models import Message
from tests.broadcasts.people import a_letter
from tests.conftest import Installation, settings_for
from tests.factories import an_app, an_event, an_organizer
from tests.privacy.people import an_account, comes

NEW = base64.urlsafe_b64encode(bytes(range(40, 72))).decode()


@pytest.fixture
def old(app: Flask) -> Iterator[str]:
    """The key until now."""
    yield str(settings_for(app.extensions["settings"].data_dir, "")["VAULT_KEYS"])
    with atomic():
        db.session.execute(sa.update(SiteState).values(key_check=None))


def fill() -> list[str]:
    """Boxes of every kind that lives long; the recovery codes of an account."""
    assert key_check_fits()
    comes(an_event(slug="early"), "Sara")  # before anybody holds keys
    an_account()
    organizer = an_app(an_organizer("Omid", "omid@example.org"))
    comes(an_event(slug="berkeley"))
    words = {"text": "Freedom", "signature": "Sima", "language": "en", "seed": "one"}
    leave_message(event_slug="berkeley", read_aloud=True, now=clock.now(), **words)
    note("event.published", "event:berkeley", now=clock.now(), who="operator")
    a_letter(any_event("berkeley"))
    phone = Passkey(id="phone", organizer_id=organizer.id, credential_id=b"", public_key=b"", sign_count=0)
    phone.sealed, phone.made_at = vault().seal("organizers.passkey", "phone", {"name": "my phone"}), clock.now()
    with atomic():
        db.session.add(phone)
        return make_recovery_codes(organizer.id)


def opened() -> dict[str, object]:
    """What the server itself can read."""
    db.session.rollback()
    rsvps = db.session.scalars(sa.select(Rsvp).order_by(Rsvp.event_id)).all()
    people = db.session.scalars(sa.select(Organizer).order_by(Organizer.id)).all()
    letters = db.session.scalars(sa.select(Broadcast)).all()
    return {
        "words": [NOBODY.words(one) for one in rsvps],
        "addresses": [address_of(one) for one in rsvps],
        "people": [vault().open("organizers", one.id, one.sealed) for one in people],
        "passkeys": [passkeys_of(one.id) for one in people],
        "letters": [vault().open("broadcasts", one.id, one.sealed) for one in letters],
        "messages": [
            vault().open("messages", one.id, one.sealed or b"") for one in db.session.scalars(sa.select(Message))
        ],
    }


def test_a_new_key_in_front_and_the_older_one_can_go(installation: Installation, old: str) -> None:
    codes = fill()
    before = opened()
    both, alone = f"{NEW},{old}", NEW
    with installation.make_app(VAULT_KEYS=both).app_context():
        assert opened() == before
        note("event.revised", "event:berkeley", now=clock.now(), who="operator")
        count = older_boxes()
        assert count >= 11
        resealed = reseal()
        assert (resealed.done, resealed.left) == (count, 0)
        assert (reseal().done, older_boxes()) == (0, 0)
        assert opened() == before
        assert verify().broken is None
    with installation.make_app(VAULT_KEYS=alone).app_context():
        assert key_check_fits()
        assert opened() == before
        assert verify().broken is None
        note("event.revised", "event:berkeley", now=clock.now(), who="operator")
        assert verify().broken is None
        account = organizer_by_email("Omid@example.org")
        assert account is not None
        with atomic():
            assert use_recovery_code(account.id, codes[0])
            assert not use_recovery_code(account.id, codes[0])
        words = {"text": "Freedom", "signature": "Sima", "language": "en", "seed": "one"}
        leave_message(event_slug="berkeley", read_aloud=True, now=clock.now(), **words)
        assert opened() == before
        db.session.remove()
    with installation.make_app(VAULT_KEYS=old).app_context():
        assert not key_check_fits()
        with pytest.raises(BoxRefused):
            opened()
        db.session.remove()
        forget_anchor()


def test_the_third_key_finds_what_the_first_one_stored(installation: Installation, old: str) -> None:
    fill()
    third = base64.urlsafe_b64encode(bytes(range(80, 112))).decode()
    for keys in (f"{NEW},{old}", f"{third},{NEW}"):
        with installation.make_app(VAULT_KEYS=keys).app_context():
            assert reseal().left == 0
            db.session.remove()
    with installation.make_app(VAULT_KEYS=third).app_context():
        assert organizer_by_email("omid@example.org") is not None
        assert verify().broken is None
        db.session.remove()


def test_what_cannot_be_sealed_anew_is_told_and_keeps_the_older_key(installation: Installation, old: str) -> None:
    fill()
    with atomic():
        box = sa.select(Organizer.sealed).limit(1).scalar_subquery()
        db.session.execute(sa.update(Message).values(sealed=box))  # put in another's place
    app = installation.make_app(VAULT_KEYS=f"{NEW},{old}")
    with app.app_context():
        answer = app.test_cli_runner().invoke(server_vault, ["reseal"])
        assert answer.exit_code == 1
        assert "Error: 1 boxes need an older key still" in answer.output
        with atomic():
            db.session.execute(sa.delete(Message))
        answer = app.test_cli_runner().invoke(server_vault, ["reseal"])
        assert (answer.exit_code, "Take them out of vault.keys" in answer.output) == (0, True)
        db.session.remove()


def test_what_is_written_down_of_columns_is_there() -> None:
    for (table, column), purpose in PURPOSES.items():
        assert isinstance(db.metadata.tables[table].columns[column].type, sa.LargeBinary)
        assert purpose.bound in db.metadata.tables[table].columns


def test_signatures_name_their_key_and_fit_no_other_text() -> None:
    first, second = Vault([b"\x01" * 32]), Vault([bytes(range(32)), b"\x01" * 32])
    signed = first.sign("trail", "5")
    assert second.signer("trail", "5", signed) == first.first_id
    assert second.signer("trail", "6", signed) is None
    assert second.signer("other", "5", signed) is None
    assert second.signer("trail", "5", "قناری") is None
    assert second.signer("trail", "5", second.sign("trail", "5")) == second.first_id
