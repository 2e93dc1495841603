"""Accounts and sessions on a real database."""

from __future__ import annotations

import datetime as dt
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
import time_machine
from argon2 import PasswordHasher
from flask import Flask

from iec_events.core import clock
from iec_events.core.crypto import BoxRefused
from iec_events.core.db import atomic, db
from iec_events.core.sealing import password_key, wrap
from iec_events.core.tokens import token_hash
from iec_events.organizers import actions, passwords
from iec_events.organizers.keys import made_key, private_of_session, unlocked
from iec_events.organizers.models import Invitation, Organizer, OrganizerKey, OrganizerSession
from iec_events.organizers.queries import invitation_stands, organizer_by_email, signed_in
from tests.factories import PASSWORD, an_organizer, an_organizer_session

MINUTE = dt.timedelta(minutes=1)


def accept(token: str, email: str = "nasrin@example.org", name: str = "Nasrin") -> str:
    return actions.accept_invitation(token=token, name=name, email=email, password=PASSWORD, now=clock.now())


def sessions() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(OrganizerSession)) or 0


def test_an_invitation_makes_one_account_which_is_signed_in(app: Flask) -> None:
    del app
    token = actions.invite(now=clock.now())
    organizer = signed_in(accept(token), now=clock.now())
    assert organizer is not None
    assert (organizer.name, organizer.role) == ("Nasrin", "owner")
    with pytest.raises(actions.InvitationUnknown):
        accept(token, "other@example.org")


def test_the_second_account_is_an_organizers_unless_told_otherwise(app: Flask) -> None:
    del app
    an_organizer()
    actions.invite(now=clock.now())
    actions.invite(now=clock.now(), role="owner")
    db.session.rollback()
    assert sorted(db.session.scalars(sa.select(Invitation.role))) == ["organizer", "owner"]


def test_an_invitation_ends_after_three_days(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    token = actions.invite(now=dt.datetime.now(dt.UTC))
    clock.shift(dt.timedelta(hours=71, minutes=59))
    assert invitation_stands(token, now=dt.datetime.now(dt.UTC))
    clock.shift(MINUTE)
    assert not invitation_stands(token, now=dt.datetime.now(dt.UTC))
    with pytest.raises(actions.InvitationUnknown):
        accept(token)


def test_an_address_in_use_is_refused_and_uses_nothing_up(app: Flask) -> None:
    del app
    an_organizer(email="nasrin@example.org")
    token = actions.invite(now=clock.now())
    with pytest.raises(actions.EmailTaken):
        accept(token, "Nasrin@Example.org")
    assert invitation_stands(token, now=clock.now())
    assert accept(token, "parvin@example.org")


def test_two_who_use_one_invitation_at_once_make_one_account(app: Flask) -> None:
    token = actions.invite(now=clock.now())

    def run(number: int) -> bool:
        with app.app_context():
            try:
                accept(token, f"person-{number}@example.org")
            except actions.InvitationUnknown:
                return False
            return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(run, range(4))) == [False, False, False, True]
    db.session.rollback()
    assert len(db.session.scalars(sa.select(Organizer)).all()) == 1


def test_nothing_personal_stands_in_the_open(app: Flask) -> None:
    del app
    accept(actions.invite(now=clock.now()), "canary-address@example.org", "Canary Name")
    db.session.rollback()
    rows = [str(row) for table in db.metadata.sorted_tables for row in db.session.execute(sa.select(table))]
    assert not [row for row in rows if "anary" in row]


def test_signing_in_takes_any_spelling_of_the_address(app: Flask) -> None:
    del app
    an_organizer(email="nasrin@example.org")
    token = actions.sign_in(email=" NASRIN@example.org", password=PASSWORD, now=clock.now())
    assert signed_in(token, now=clock.now()) is not None


@pytest.mark.parametrize("email", ["nasrin@example.org", "nobody@example.org"])
def test_a_wrong_password_and_an_unknown_account_get_one_answer(app: Flask, email: str) -> None:
    del app
    an_organizer(email="nasrin@example.org")
    with pytest.raises(actions.SignInRefused) as refused:
        actions.sign_in(email=email, password="seven winters and no spring", now=clock.now())
    assert str(refused.value) == "This e-mail address and password do not belong together. Please check both."
    assert sessions() == 0


class Counting:
    """A hasher that counts what it is asked to look at."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self.looked = 0

    def verify(self, kept: str, password: str) -> bool:
        self.looked += 1
        return self._hasher.verify(kept, password)


@pytest.mark.parametrize("email", ["nasrin@example.org", "nobody@example.org"])
def test_an_unknown_account_is_as_much_work(app: Flask, email: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id is nearly all of the time that an answer takes: without it, who has an account could be told by it."""
    del app
    an_organizer(email="nasrin@example.org")
    counting = Counting(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", counting)
    with pytest.raises(actions.SignInRefused):
        actions.sign_in(email=email, password="seven winters and no spring", now=clock.now())
    assert counting.looked == 1


def test_a_password_from_another_keyboard_opens_the_same_key(app: Flask) -> None:
    """Composed or not, the signs are the same to a person."""
    del app
    typed, email = "mañana nadamos en el río …", "lucia@example.org"
    token = actions.accept_invitation(
        token=actions.invite(now=clock.now()), name="Lucía", email=email, password=composed(typed), now=clock.now()
    )
    private = private_of_session(token)
    assert private is not None
    token = actions.sign_in(email=email, password=apart(typed), now=clock.now())
    assert private_of_session(token) == private
    actions.change_password(token=token, password=composed(typed), new_password=apart("otoño " * 3), now=clock.now())
    token = actions.sign_in(email=email, password=composed("otoño " * 3), now=clock.now())
    assert private_of_session(token) == private


def test_a_key_that_was_wrapped_in_the_password_as_it_was_typed_still_opens(app: Flask) -> None:
    del app
    typed = apart("mañana nadamos en el río")
    key, private = made_key("lucia", typed)
    key.wrapped = wrap(password_key(typed, key.salt), "organizers.key lucia", private)
    assert unlocked(key, typed) == private
    assert unlocked(key, composed(typed)) == private, "another keyboard"
    with pytest.raises(BoxRefused):
        unlocked(key, typed + "!")


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def apart(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_a_key_that_was_touched_opens_no_list_and_locks_nobody_out(app: Flask) -> None:
    del app
    accept(actions.invite(now=clock.now()))
    with atomic():
        db.session.execute(sa.update(OrganizerKey).values(wrapped=OrganizerKey.salt))
    token = actions.sign_in(email="nasrin@example.org", password=PASSWORD, now=clock.now())
    assert private_of_session(token) is None
    actions.change_password(token=token, password=PASSWORD, new_password="a winter without snow", now=clock.now())


def test_a_password_that_is_changed_while_it_is_tried_lets_nobody_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    del app
    account = an_organizer()
    token, new, kept = an_organizer_session(account), "ten poems by the sea", account.password_hash

    def becomes(password_hash: str) -> None:
        with atomic():
            db.session.get_one(Organizer, account.id).password_hash = password_hash

    def meanwhile(password: str, known: str | None = None) -> object:
        becomes("another")
        return passwords.fits(password, known) if known else passwords.hash_password(password)

    monkeypatch.setattr("iec_events.organizers.actions.signing_in.fits", meanwhile)
    monkeypatch.setattr("iec_events.organizers.actions.account.hash_password", meanwhile)
    with pytest.raises(actions.SignInRefused):
        actions.sign_in(email="nasrin@example.org", password=PASSWORD, now=clock.now())
    becomes(kept)
    with pytest.raises(actions.SessionOver):
        actions.change_password(token=token, password=PASSWORD, new_password=new, now=clock.now())
    assert (sessions(), db.session.get_one(Organizer, account.id).password_hash) == (1, "another")


def test_signing_in_again_ends_the_browsers_old_session(app: Flask) -> None:
    del app
    old = an_organizer_session(an_organizer())
    new = actions.sign_in(email="nasrin@example.org", password=PASSWORD, now=clock.now(), old_token=old)
    assert new != old
    assert signed_in(old, now=clock.now()) is None
    assert sessions() == 1


@pytest.mark.costly
def test_a_hash_of_older_settings_is_made_anew(app: Flask) -> None:
    del app
    from argon2 import PasswordHasher  # noqa: PLC0415 - only this test makes weak hashes

    an_organizer(password_hash=PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD))
    actions.sign_in(email="nasrin@example.org", password=PASSWORD, now=clock.now())
    db.session.rollback()
    found = organizer_by_email("nasrin@example.org")
    assert found is not None
    assert "m=65536,t=3,p=4" in found.password_hash
    assert actions.sign_in(email="nasrin@example.org", password=PASSWORD, now=clock.now())


def test_only_the_hash_of_a_token_is_kept(app: Flask) -> None:
    del app
    token = an_organizer_session()
    db.session.rollback()
    assert db.session.scalars(sa.select(OrganizerSession.token_hash)).all() == [token_hash(token)]


def test_a_session_ends_when_idle_for_half_an_hour_or_after_twelve(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    token = an_organizer_session()
    clock.shift(30 * MINUTE)
    assert signed_in(token, now=dt.datetime.now(dt.UTC)) is None
    token = an_organizer_session()
    for _half in range(24):
        clock.shift(29 * MINUTE)
        assert signed_in(token, now=dt.datetime.now(dt.UTC)) is not None
        actions.note_seen(token, now=dt.datetime.now(dt.UTC))
    clock.shift(25 * MINUTE)
    assert signed_in(token, now=dt.datetime.now(dt.UTC)) is None


def test_signing_out_ends_one_session_only(app: Flask) -> None:
    del app
    organizer = an_organizer()
    here, there = an_organizer_session(organizer), an_organizer_session(organizer)
    actions.sign_out(here, now=clock.now())
    assert signed_in(here, now=clock.now()) is None
    assert signed_in(there, now=clock.now()) is not None


def test_what_has_expired_is_forgotten(app: Flask, clock: time_machine.Traveller) -> None:
    del app
    an_organizer_session()
    actions.invite(now=dt.datetime.now(dt.UTC))
    clock.shift(dt.timedelta(hours=72))
    fresh = an_organizer_session()
    actions.forget_expired(dt.datetime.now(dt.UTC))
    db.session.rollback()
    assert db.session.scalars(sa.select(OrganizerSession.token_hash)).all() == [token_hash(fresh)]
    assert not db.session.scalars(sa.select(Invitation)).all()


def test_removing_an_account_ends_its_sessions(app: Flask) -> None:
    del app
    organizer = an_organizer()
    token = an_organizer_session(organizer)
    with atomic():
        db.session.execute(sa.delete(Organizer).where(Organizer.id == organizer.id))
    assert signed_in(token, now=clock.now()) is None
