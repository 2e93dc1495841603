"""The team page: inviting, roles, removing, and beginning anew after a lost password."""

from __future__ import annotations

import datetime as dt
import re
import threading
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from iec_events.access.queries import access
from iec_events.core import clock as real_clock
from iec_events.core.db import atomic, db
from iec_events.events.actions import revise_event
from iec_events.events.drafts import draft_of
from iec_events.events.keys import add_key, holders_of, take_away
from iec_events.events.models import EventKey, KeyCopy
from iec_events.events.views import EventView
from iec_events.mail.models import OutboxMail
from iec_events.organizers.actions import SignInRefused, accept_invitation, revoke_invitation, sign_in, tell
from iec_events.organizers.actions import invite as make_invitation
from iec_events.organizers.commands import organizer as organizer_command
from iec_events.organizers.factors import codes_left, make_recovery_codes
from iec_events.organizers.guard import TOKEN
from iec_events.organizers.keys import RECOVERY, holders, private_of_session
from iec_events.organizers.models import AuditEntry, Invitation, Organizer, Passkey, RoleGrant
from iec_events.organizers.queries import accounts_with_factor, grants_of, open_invitations, organizer_by_email
from iec_events.organizers.roles import MODERATOR, ORGANIZER, OWNER, Grant
from iec_events.rsvps.actions import Party, place_rsvp
from iec_events.rsvps.boxes import reader_of
from iec_events.team import actions, commands
from tests.factories import PASSWORD, a_campaign, an_app, an_event, an_organizer, app_code, fully_signed_in, roster
from tests.filling import hidden_fields, send

NASRIN, OMID = "nasrin@example.org", "omid@example.org"


def an_account(email: str, *, role: str | None = None, place: str = "") -> tuple[str, str]:
    """A real account with its key: id and session token."""
    invited = make_invitation(now=real_clock.now(), role=role, place=place)
    token = accept_invitation(token=invited, name=email[:5], email=email, password=PASSWORD, now=real_clock.now())
    found = organizer_by_email(email)
    assert found is not None
    return found.id, fully_signed_in(token)


def browser_of(app: Flask, token: str) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session:
        session[TOKEN] = token
    return client


@pytest.fixture
def owner(app: Flask) -> FlaskClient:
    """Nasrin, who owns the place, signed in with her key."""
    return browser_of(app, an_account(NASRIN)[1])


def comes(slug: str, name: str) -> None:
    party = Party(name=name, email=None, party_size=1, note="", locale="en")
    place_rsvp(slug=slug, party=party, token=f"{slug} {name}", now=real_clock.now())


def noted() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(AuditEntry.what).order_by(AuditEntry.id)))


def roles_of(email: str) -> list[tuple[str, str]]:
    db.session.rollback()
    found = organizer_by_email(email)
    assert found is not None
    return sorted((grant.role, grant.place) for grant in grants_of(found.id, now=real_clock.now()))


# --- Inviting


def test_an_invitation_by_link_gives_the_role_in_its_place(app: Flask, owner: FlaskClient) -> None:
    a_campaign(slug="night")
    shown = send(owner, "/organize/team/invite", role="moderator", place="campaign:night")
    link = re.search(r'value="http://127.0.0.1:8000(/organize/first/[\w-]+)"', shown.text)
    assert link
    assert shown.headers["Cache-Control"] == "no-store"
    stranger = app.test_client()
    typed = {"name": "Omid", "email": OMID, "password": PASSWORD, "password_again": PASSWORD}
    assert send(stranger, link[1], **typed).location == "/organize/set-up"
    assert roles_of(OMID) == [("moderator", "campaign:night")]
    page = owner.get("/organize/team").text
    assert "Moderator: messages only" in page
    assert "Campaign: A Night of Cultural Revolt" in page
    assert "Not yet" in page


def test_an_invitation_by_mail_goes_out_in_the_language_of_who_invites(app: Flask, owner: FlaskClient) -> None:
    from iec_events.worker import run_all_once  # noqa: PLC0415 - the whole worker, for this test

    assert send(owner, "/es/organize/team/invite", role="organizer", place="", email=OMID).status_code == 303
    told: list[str] = []
    run_all_once(app, told.append)
    assert [line for line in told if "/es/organize/first/" in line]


@pytest.mark.parametrize(
    ("role", "place", "sentence"),
    [
        ("owner", "event:berkeley", "Owners are owners everywhere"),
        ("door", "", "please choose the event"),
        ("door", "campaign:night", "please choose the event"),
        ("", "", "Please choose a role."),
        ("queen", "", "not in the list"),
        ("moderator", "event:nowhere", "not in the list"),
    ],
)
def test_a_role_that_makes_no_sense_is_told(owner: FlaskClient, role: str, place: str, sentence: str) -> None:
    an_event(slug="berkeley", campaign_id=a_campaign(slug="night").id)
    answer = send(owner, "/organize/team/invite", role=role, place=place)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_open_invitations_are_listed_and_taken_back(
    app: Flask, owner: FlaskClient, clock: time_machine.Traveller
) -> None:
    a_campaign(slug="night")
    shown = send(owner, "/organize/team/invite", role="moderator", place="campaign:night").text
    send(owner, "/organize/team/invite", role="organizer", place="", email=OMID)
    link = re.search(r'value="http://127.0.0.1:8000(/organize/first/([\w-]+))"', shown)
    assert link
    page = owner.get("/organize/team").text
    assert ("2027-01-18 12:00" in page, page.count("/revoke"), link[2] in page, OMID in page) == (True, 2, False, False)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "what a label or a reader looks for is there once"
    (revoke,) = re.findall(r"Moderator.*?Campaign: A Night.*?action=\"([^\"]+/revoke)\"", page, re.DOTALL)[:1]
    assert owner.get(revoke).status_code == 405
    assert send(owner, "/organize/team", to=revoke).status_code == 303
    page = owner.get("/organize/team").text
    assert "is taken back" in page
    assert page.count("/revoke") == 1
    gone = app.test_client().get(link[1])
    assert (gone.status_code, "was used or taken back" in gone.text) == (404, True)
    assert noted()[-1] == "invitation.revoked"
    send(owner, "/organize/team", to=revoke)
    assert "taken back already" in owner.get("/organize/team").text
    assert noted().count("invitation.revoked") == 1
    clock.shift(dt.timedelta(hours=72))
    assert open_invitations(now=real_clock.now()) == []


def test_an_invitation_that_was_taken_back_is_not_mailed(app: Flask, owner: FlaskClient) -> None:
    from iec_events.worker import run_all_once  # noqa: PLC0415 - the whole worker, for this test

    send(owner, "/organize/team/invite", role="organizer", place="", email=OMID)
    (one,) = open_invitations(now=real_clock.now())
    assert revoke_invitation(invitation_id=one.id, now=real_clock.now())
    told: list[str] = []
    run_all_once(app, told.append)
    assert not [line for line in told if "/organize/first/" in line]


# --- Roles


def test_roles_are_given_and_taken_at_once(app: Flask, owner: FlaskClient) -> None:
    event = an_event(slug="berkeley")
    omid, token = an_account(OMID, role=MODERATOR)
    his = browser_of(app, token)
    assert his.get("/organize").location == "/organize/messages"
    assert his.get("/organize/events/berkeley/rsvps").status_code == 403
    page = f"/organize/team/{omid}"
    assert send(owner, page, role="organizer", place="event:berkeley").status_code == 303
    assert his.get("/organize/events/berkeley/rsvps").status_code == 200
    grant = re.findall(rf'href="({page}/roles/[^"]+/take)"', owner.get(page).text)
    assert len(grant) == 2
    assert "that went with it" in owner.get(grant[0]).text
    assert len(roles_of(OMID)) == 2  # it is asked first
    for taken in grant:
        assert send(owner, taken).status_code == 303
    assert owner.get(grant[0]).status_code == 303  # taken already
    assert roles_of(OMID) == []
    assert his.get("/organize").location == "/organize/account"
    assert his.get("/organize/messages").status_code == 403
    assert event.id


def test_the_door_ends_with_its_night(app: Flask, owner: FlaskClient, clock: time_machine.Traveller) -> None:
    event = an_event(slug="berkeley")
    omid, _token = an_account(OMID, role=MODERATOR)
    send(owner, f"/organize/team/{omid}", role="door", place="event:berkeley")
    assert ("door", "event:berkeley") in roles_of(OMID)
    ends_at = event.ends_at
    clock.move_to(ends_at + dt.timedelta(hours=11), tick=False)
    assert ("door", "event:berkeley") in roles_of(OMID)
    clock.shift(dt.timedelta(hours=2))
    assert roles_of(OMID) == [("moderator", "")]
    del app


def test_events_of_one_title_are_told_apart_where_a_role_is_given(owner: FlaskClient) -> None:
    first, again = an_event(slug="first"), an_event(slug="again", starts_at=real_clock.now(), city="")
    shown = owner.get("/organize/team/invite").text
    for event, city in ((first, "Berkeley"), (again, "Online")):
        view = EventView(event, "en", real_clock.now())
        assert f"Event: {view.title} · {city} · {view.when.date_text}<" in shown


def test_roles_at_the_door_move_with_the_night(owner: FlaskClient) -> None:
    event, week = an_event(slug="berkeley"), dt.timedelta(days=7)
    omid, _token = an_account(OMID, role=MODERATOR)
    send(owner, f"/organize/team/{omid}", role="door", place="event:berkeley")
    send(owner, "/organize/team/invite", role="door", place="event:berkeley")
    draft = draft_of(event)
    moved = replace(draft, starts_at=draft.starts_at + week, ends_at=draft.ends_at + week, doors_at=None)
    revise_event(slug="berkeley", draft=moved, campaign_slug=None, now=real_clock.now())
    last = draft.ends_at + week + dt.timedelta(hours=12)
    ends = (RoleGrant.expires_at, Invitation.role_ends_at)
    assert [[end for end in db.session.scalars(sa.select(one)) if end] for one in ends] == [[last], [last]]


def test_keys_of_a_campaign_stay_behind_when_a_night_leaves_it(owner: FlaskClient) -> None:
    a_campaign(slug="river")
    event = an_event(slug="berkeley", campaign_id=a_campaign(slug="night").id)
    omid, _token = an_account(OMID, role=ORGANIZER, place="campaign:night")
    comes("berkeley", "Sara")
    nasrin = organizer_by_email(NASRIN)
    assert nasrin is not None
    for campaign, holding in (("night", {nasrin.id, omid}), ("river", {nasrin.id})):
        revise_event(slug="berkeley", draft=draft_of(event), campaign_slug=campaign, now=real_clock.now())
        assert holders_of(event.id, "roster") == holders_of(event.id, "door") == holding
    del owner


def test_a_night_that_leaves_its_campaign_leaves_no_list_to_words_that_nobody_checked(owner: FlaskClient) -> None:
    a_campaign(slug="river")
    event = an_event(slug="berkeley", campaign_id=a_campaign(slug="night").id)
    omid, _token = an_account(OMID, role=ORGANIZER, place="campaign:night")
    comes("berkeley", "Sara")
    words = re.findall(r"<li>([a-z]+)</li>", send(owner, "/organize/access/recovery").text)
    nasrin = organizer_by_email(NASRIN)
    assert nasrin is not None
    send(owner, f"/organize/access/take/{nasrin.id}")
    revise_event(slug="berkeley", draft=draft_of(event), campaign_slug="river", now=real_clock.now())
    assert holders_of(event.id, "roster") == {omid, RECOVERY}  # the paper may not be there
    send(owner, "/organize/access/recovery/check", phrase=" ".join(words))
    for campaign in ("night", "river"):
        revise_event(slug="berkeley", draft=draft_of(event), campaign_slug=campaign, now=real_clock.now())
    assert holders_of(event.id, "roster") == {RECOVERY}


def test_the_first_key_of_a_list_goes_to_nobody_whose_role_is_being_taken(
    app: Flask, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = an_event(slug="berkeley").id
    omid, _token = an_account(OMID, role=ORGANIZER)
    grant_id = db.session.scalars(sa.select(RoleGrant.id).where(RoleGrant.organizer_id == omid)).one()
    db.session.remove()

    def take() -> None:
        with app.app_context():
            actions.take_role(organizer_id=omid, grant_id=grant_id, now=real_clock.now())

    taker = threading.Thread(target=take)

    def slowly(*given: Any) -> EventKey:
        if taker.ident is None:
            taker.start()
            taker.join(0.3)
        return add_key(*given)

    monkeypatch.setattr("iec_events.events.keys.add_key", slowly)
    comes("berkeley", "Sara")
    taker.join()
    db.session.rollback()
    assert omid not in holders_of(event_id, "roster") | holders_of(event_id, "door")
    del owner


def test_the_last_owner_stays(owner: FlaskClient) -> None:
    nasrin = organizer_by_email(NASRIN)
    assert nasrin is not None
    page = f"/organize/team/{nasrin.id}"
    take = re.findall(rf'href="({page}/roles/[^"]+/take)"', owner.get(page).text)
    assert "This is the last owner." in send(owner, take[0]).text
    answer = send(owner, f"{page}/remove")
    assert (answer.status_code, "This is the last owner." in answer.text) == (409, True)
    assert roles_of(NASRIN) == [("owner", "")]


def test_keys_go_to_those_only_who_are_to_read(app: Flask, owner: FlaskClient) -> None:
    an_event(slug="berkeley", campaign_id=a_campaign(slug="night").id)
    an_event(slug="paris")
    _moderator, _token = an_account("mod@example.org", role=MODERATOR)
    simin, _token = an_account("simin@example.org", role=ORGANIZER, place="campaign:night")
    comes("berkeley", "Sara")
    comes("paris", "Ali")
    nasrin = organizer_by_email(NASRIN)
    assert nasrin is not None
    assert set(holders()) == {nasrin.id}
    assert {one.name: one.lists for one in access().holders} == {"nasri": 2, "simin": 1}
    send(owner, f"/organize/access/give/{simin}")
    assert {one.name: one.lists for one in access().holders}["simin"] == 1
    assert owner.get(f"/organize/access/give/{_moderator}").status_code == 200
    assert send(owner, f"/organize/access/give/{_moderator}").status_code == 404
    page = f"/organize/team/{simin}"
    take = re.findall(rf'href="({page}/roles/[^"]+/take)"', owner.get(page).text)
    send(owner, take[0])
    assert {one.name: one.lists for one in access().holders} == {"nasri": 2}
    del app


def test_a_role_that_is_taken_leaves_the_keys_of_another(owner: FlaskClient) -> None:
    del owner
    berkeley, paris = an_event(slug="berkeley"), an_event(slug="paris")
    omid, _token = an_account(OMID, role=ORGANIZER, place="event:berkeley")
    now = real_clock.now()
    actions.give_role(organizer_id=omid, given=Grant(role=ORGANIZER), now=now)
    comes("berkeley", "Sara")
    comes("paris", "Ali")
    nasrin = organizer_by_email(NASRIN)
    assert nasrin is not None
    with atomic():
        mine = sa.select(EventKey.id).where(EventKey.event_id == berkeley.id)
        take_away(nasrin.id, db.session.scalars(mine).all())  # he reads it alone
    roles = {grant.place: grant.id for grant in grants_of(omid, now=now)}
    actions.take_role(organizer_id=nasrin.id, grant_id=roles[""], now=now)  # it is not hers
    assert holders_of(paris.id, "roster") == {nasrin.id, omid}
    actions.take_role(organizer_id=omid, grant_id=roles[""], now=now)
    assert (holders_of(berkeley.id, "roster"), holders_of(paris.id, "roster")) == ({omid}, {nasrin.id})
    assert roles_of(OMID) == [("organizer", "event:berkeley")]
    assert noted()[-2:] == ["role.given", "role.taken"]


def test_who_alone_can_read_a_list_keeps_role_and_account(app: Flask, owner: FlaskClient) -> None:
    an_event(slug="berkeley")
    comes("berkeley", "Sara")
    an_account(OMID, role=OWNER)
    nasrin = organizer_by_email(NASRIN)
    assert nasrin is not None
    answer = send(owner, f"/organize/team/{nasrin.id}/remove")
    assert (answer.status_code, "Nobody else can read some of the lists." in answer.text) == (409, True)
    words = re.findall(r"<li>([a-z]+)</li>", send(owner, "/organize/access/recovery").text)
    assert "or check the words of a recovery key" in send(owner, f"/organize/team/{nasrin.id}/remove").text
    send(owner, "/organize/access/recovery/check", phrase=" ".join(words))
    assert send(owner, f"/organize/team/{nasrin.id}/remove").status_code == 303
    del app


def test_two_owners_who_remove_each_other_leave_one(app: Flask) -> None:
    del app
    one, other = an_organizer("Nasrin", NASRIN), an_organizer("Omid", OMID)
    actions.remove_person(organizer_id=other.id, now=real_clock.now())
    with pytest.raises(actions.LastOwner):
        actions.remove_person(organizer_id=one.id, now=real_clock.now())


def test_removing_ends_sessions_roles_and_keys(app: Flask, owner: FlaskClient) -> None:
    omid, token = an_account(OMID)
    event = an_event(slug="berkeley")
    comes("berkeley", "Sara")
    assert omid in holders_of(event.id, "roster")
    with atomic():
        tell(omid, "organizers.password_changed", now=real_clock.now())  # a letter that waits
    his = browser_of(app, token)
    assert his.get("/organize").status_code == 200
    assert "Remove this account" in owner.get(f"/organize/team/{omid}/remove").text
    assert his.get("/organize").status_code == 200
    assert send(owner, f"/organize/team/{omid}/remove").status_code == 303
    assert his.get("/organize").location == "/organize/sign-in?next=/organize"
    assert not db.session.scalars(sa.select(RoleGrant).where(RoleGrant.organizer_id == omid)).all()
    assert not db.session.scalars(sa.select(KeyCopy).where(KeyCopy.holder == omid)).all()
    assert not db.session.scalars(sa.select(OutboxMail).where(OutboxMail.about == omid)).all()
    assert owner.get(f"/organize/team/{omid}").status_code == 404
    assert "organizer.removed" in noted()


# --- Lost passwords


def test_a_lost_password_and_the_way_back_to_the_lists(app: Flask, owner: FlaskClient) -> None:
    event = an_event(slug="berkeley")
    omid, token = an_account(OMID)
    comes("berkeley", "Sara")
    his = browser_of(app, token)
    assert "<bdi>Sara</bdi>" in his.get("/organize/events/berkeley/rsvps").text
    shown = send(owner, f"/organize/team/{omid}/reset")
    link = re.search(r'value="http://127.0.0.1:8000(/organize/again/[\w-]+)"', shown.text)
    assert link
    assert his.get("/organize").status_code == 200  # making the link changes nothing yet
    back = app.test_client()
    for _look in range(2):
        assert back.get(link[1]).status_code == 200
    fresh = "five rivers and a wide sea"
    assert send(back, link[1], password="short", password_again="short").status_code == 422
    assert send(back, link[1], password=fresh, password_again=fresh).location == "/organize/set-up"
    assert his.get("/organize").location.startswith("/organize/sign-in")
    assert app.test_client().get(link[1]).status_code == 404
    secret = re.search(r'class="secret" dir="ltr"><code>([A-Z2-7 ]+)<', back.get("/organize/set-up").text)
    assert secret
    assert send(back, "/organize/set-up", code=app_code(secret[1].replace(" ", ""))).status_code == 200
    assert "<bdi>Sara</bdi>" not in back.get("/organize/events/berkeley/rsvps").text
    assert {one.name: one.lists for one in access().holders} == {"nasri": 1, "omid@": 0}
    assert send(owner, f"/organize/access/give/{omid}").status_code == 303
    assert "<bdi>Sara</bdi>" in back.get("/organize/events/berkeley/rsvps").text
    old = reader_of(omid, private_of_session(token), event.id)
    assert [one.name for one in roster(event.id, reader=old)] == [None]
    assert {"reset.made", "organizer.begun-anew"} <= set(noted())


def test_beginning_anew_leaves_nothing_of_what_was_lost(app: Flask) -> None:
    del app
    omid, _token = an_account(OMID)
    account, now, fresh = db.session.get_one(Organizer, omid), real_clock.now(), "five rivers and a wide sea"
    an_app(account)
    with atomic():
        make_recovery_codes(omid)
        db.session.add(
            Passkey(
                id="lost", organizer_id=omid, sealed=b"", credential_id=b"", public_key=b"", sign_count=0, made_at=now
            )
        )
    actions.begin_anew(token=actions.make_reset_link(organizer_id=omid, now=now), password=fresh, now=now)
    assert not accounts_with_factor()
    assert codes_left(omid) == 0
    with pytest.raises(SignInRefused):
        sign_in(email=OMID, password=PASSWORD, now=now)
    assert sign_in(email=OMID, password=fresh, now=now)
    told = sa.select(OutboxMail.about).where(OutboxMail.kind == "organizers.begun_anew")
    assert db.session.scalars(told).all() == [omid]


def test_before_the_only_reader_rests_it_is_said_what_stays_closed(app: Flask, owner: FlaskClient) -> None:
    an_event(slug="berkeley")
    comes("berkeley", "Sara")
    nasrin, said = organizer_by_email(NASRIN), "they stay closed until this account wakes"
    assert nasrin is not None
    omids = browser_of(app, an_account(OMID, role=OWNER)[1])
    words = re.findall(r"<li>([a-z]+)</li>", send(owner, "/organize/access/recovery").text)
    send(owner, "/organize/access/recovery/check", phrase=" ".join(words))
    text = omids.get(f"/organize/team/{nasrin.id}/rest").text
    assert (said in text, "afterwards only the words on paper" in text) == (True, False)
    send(owner, f"/organize/access/give/{organizer_by_email(OMID).id}")  # type: ignore[union-attr]
    assert said not in omids.get(f"/organize/team/{nasrin.id}/rest").text


def test_before_a_link_is_made_it_is_said_that_lists_would_be_lost_with_the_old_key(owner: FlaskClient) -> None:
    an_event(slug="berkeley")
    comes("berkeley", "Sara")
    found = organizer_by_email(NASRIN)
    assert found is not None
    page, warning = f"/organize/team/{found.id}/reset", "Nobody else can read some of the lists."
    assert warning in owner.get(page).text
    words = re.findall(r"<li>([a-z]+)</li>", send(owner, "/organize/access/recovery").text)
    assert warning in owner.get(page).text  # perhaps nobody wrote them down
    paper = "afterwards only the words on paper open them"
    assert paper not in owner.get(page).text
    send(owner, "/organize/access/recovery/check", phrase=" ".join(words))
    assert warning not in owner.get(page).text
    for asked in (page, f"/organize/team/{found.id}/remove", f"/organize/access/take/{found.id}"):
        assert paper in owner.get(asked).text
    send(owner, f"/organize/team/{found.id}", role="moderator", place="")
    for role, goes in ((OWNER, True), (MODERATOR, False)):
        grant_id = next(one.id for one in grants_of(found.id, now=real_clock.now()) if one.role == role)
        assert (paper in owner.get(f"/organize/team/{found.id}/roles/{grant_id}/take").text) is goes
    omid, _token = an_account(OMID, role=OWNER)
    send(owner, f"/organize/access/give/{omid}")
    assert paper not in owner.get(page).text


def test_a_link_to_begin_anew_ends_after_a_day_and_with_the_next(app: Flask, clock: time_machine.Traveller) -> None:
    omid = an_organizer("Omid", OMID)
    first = actions.make_reset_link(organizer_id=omid.id, now=real_clock.now())
    second = actions.make_reset_link(organizer_id=omid.id, now=real_clock.now())
    stranger = app.test_client()
    assert stranger.get(f"/organize/again/{first}").status_code == 404
    assert stranger.get(f"/organize/again/{second}").status_code == 200
    clock.shift(dt.timedelta(hours=24))
    for token in (first, second, "wrong", "%20"):
        assert stranger.get(f"/organize/again/{token}").status_code == 404
    assert "reset.refused" not in noted()
    button = hidden_fields(stranger.get("/organize/sign-in").text)
    assert stranger.post(f"/organize/again/{second}", data=button).status_code == 404
    assert noted()[-1] == "reset.refused"
    for token in (first, second, "wrong", ""):
        with pytest.raises(actions.LinkUnknown):
            actions.begin_anew(token=token, password=PASSWORD, now=real_clock.now())


@pytest.mark.parametrize("ended", ["account", "role"])
def test_who_was_an_owner_comes_back_by_no_link_that_they_made_before(owner: FlaskClient, ended: str) -> None:
    del owner
    nasrin, now = organizer_by_email(NASRIN), real_clock.now()
    assert nasrin is not None
    omid, _token = an_account(OMID, role=OWNER)
    made = actions.make_reset_link(organizer_id=nasrin.id, now=now)
    if ended == "account":
        actions.remove_person(organizer_id=omid, now=now)
    else:
        actions.take_role(organizer_id=omid, grant_id=grants_of(omid, now=now)[0].id, now=now)
    with pytest.raises(actions.LinkUnknown):
        actions.begin_anew(token=made, password="five rivers and a wide sea", now=now)


def test_unlocking_ends_the_wait(app: Flask, owner: FlaskClient) -> None:
    omid = an_app(an_organizer("Omid", OMID))
    his = app.test_client()
    wrong, sign_in = "seven winters and no spring", "/organize/sign-in"
    answers = [send(his, sign_in, email=OMID, password=wrong).status_code for _try in range(7)]
    assert answers[-1] == 429
    assert send(owner, f"/organize/team/{omid.id}", to=f"/organize/team/{omid.id}/unlock").status_code == 303
    assert send(his, sign_in, email=OMID, password=PASSWORD).status_code == 303


def test_the_operator_does_the_same_from_the_shell(app: Flask) -> None:
    an_organizer("Omid", OMID)
    assert commands.COMMANDS == []  # they stand under `organizer`
    shell = app.test_cli_runner()
    printed = shell.invoke(organizer_command, ["reset", "--yes", "--email", OMID]).output.strip()
    assert app.test_client().get(printed.removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert shell.invoke(organizer_command, ["unlock"], input=f"{OMID}\n").exit_code == 0
    assert db.session.scalars(sa.select(Organizer.unlocked)).one() == 1
    for verb in (["unlock"], ["reset", "--yes"]):
        assert shell.invoke(organizer_command, [*verb, "--email", "nobody@example.org"]).exit_code == 1
    assert shell.invoke(organizer_command, ["add"]).output.startswith("http://127.0.0.1:8000/organize/first/")


# --- What a role in one place shows


def test_lists_show_what_is_in_reach_and_no_more(app: Flask) -> None:
    campaign = a_campaign(slug="night")
    an_event("Berkeley", slug="berkeley", campaign_id=campaign.id)
    an_event("Paris", slug="paris")
    simin = browser_of(app, an_account("simin@example.org", role=ORGANIZER, place="campaign:night")[1])
    for page in ("/organize", "/organize/events"):
        text = simin.get(page).text
        assert ("Berkeley" in text, "Paris" in text) == (True, False), page
    assert 'value="night"' in simin.get("/organize/events/new").text
    assert simin.get("/organize/events/new?like=paris").status_code == 403
    assert simin.get("/organize/events/paris").status_code == 403
    assert simin.get("/organize/team").status_code == 403


def test_a_role_given_twice_stands_once(app: Flask) -> None:
    del app
    omid = an_organizer("Omid", OMID, role=MODERATOR)
    for _time in range(2):
        actions.give_role(organizer_id=omid.id, given=Grant(role=MODERATOR), now=real_clock.now())
    assert roles_of(OMID) == [("moderator", "")]
