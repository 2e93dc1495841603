"""Every door of the organizers' area, and who may open it: the one table that the guard and the menu ask.

What does not stand here is for owners only, and a test fails until it does.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from .roles import DOOR, MODERATOR, ORGANIZER, OWNER

# "all": the role is held everywhere. "event", "campaign": it is held for the one that the address names. "some": it is
# held anywhere, and the page shows no more than what it is held for; "programme": for a whole campaign at least.
# "series": it is held for the campaign of the series that the address names.
# "own": everybody who is signed in.
Where = Literal["all", "event", "campaign", "some", "programme", "own", "series"]


class Door(NamedTuple):
    """The role that is needed, and where it must be held."""

    role: str
    where: Where


LOCKED = Door(OWNER, "all")
OWN = Door("", "own")
WAY_IN = {f"organizers.{page}" for page in ("sign_in", "second", "first", "sign_out")}  # for those who come in
WAY_IN |= {"team.begin_anew"}
NIGHT, PROGRAMME, WORDS = Door(ORGANIZER, "event"), Door(ORGANIZER, "campaign"), Door(MODERATOR, "some")
VIGIL = Door(ORGANIZER, "series")

DOORS: dict[str, Door] = {
    "organizers.set_up": OWN,
    "organizers.new_passkey": OWN,
    "organizers.remove_passkey": OWN,
    "organizers.confirm": OWN,
    "organizers.recovery_codes": OWN,
    "organizers.account": OWN,
    "organizers.name": OWN,
    "organizers.address": OWN,
    "organizers.take_address": OWN,
    "organizers.password": OWN,
    "organizers.end_session": OWN,
    "organizers.end_others": OWN,
    "organizers.rest": OWN,
    "team.people": LOCKED,
    "team.invite": LOCKED,
    "team.revoke": LOCKED,
    "team.person": LOCKED,
    "team.take_role": LOCKED,
    "team.remove": LOCKED,
    "team.reset": LOCKED,
    "team.unlock": LOCKED,
    "team.rest": LOCKED,
    "team.wake_up": LOCKED,
    "access.overview": LOCKED,
    "access.recovery": LOCKED,
    "access.check": LOCKED,
    "access.give": LOCKED,
    "access.take": LOCKED,
    "access.new_key": LOCKED,
    "front_organizers.dashboard": Door(ORGANIZER, "some"),
    "front_organizers.preview": NIGHT,
    "front_organizers.audit": LOCKED,
    "front_organizers.mail_again": LOCKED,
    "events_organizers.list_events": Door(ORGANIZER, "some"),
    "events_organizers.new_event": Door(ORGANIZER, "programme"),
    "events_organizers.edit_event": NIGHT,
    "events_organizers.confirm": NIGHT,
    "events_organizers.take": NIGHT,
    "events_organizers.new_campaign": Door(ORGANIZER, "all"),
    "events_organizers.edit_campaign": PROGRAMME,
    "events_organizers.again": NIGHT,
    "events_organizers.series": VIGIL,
    "events_organizers.series_rule": VIGIL,
    "events_organizers.confirm_series": VIGIL,
    "events_organizers.take_series": VIGIL,
    "events_organizers.take_date": VIGIL,
    "questions_organizers.questions": NIGHT,
    "questions_organizers.new_question": NIGHT,
    "questions_organizers.edit_question": NIGHT,
    "questions_organizers.add_ready_made": NIGHT,
    "questions_organizers.move": NIGHT,
    "questions_organizers.take_back": NIGHT,
    "questions_organizers.ask_again": NIGHT,
    "questions_organizers.delete": NIGHT,
    "rsvps_organizers.roster": NIGHT,
    "rsvps_organizers.add": NIGHT,
    "rsvps_organizers.cancel": NIGHT,
    "rsvps_organizers.party": NIGHT,
    "rsvps_organizers.change": NIGHT,
    "rsvps_organizers.remark": NIGHT,
    "rsvps_organizers.approve": NIGHT,
    "rsvps_organizers.decline": NIGHT,
    "rsvps_organizers.seat": NIGHT,
    "rsvps_organizers.mail_again": NIGHT,
    "rsvps_organizers.choose": NIGHT,
    "rsvps_organizers.undo": NIGHT,
    "rsvps_organizers.put_one_back": NIGHT,
    "reports.export": NIGHT,
    "broadcasts_organizers.letters": NIGHT,
    "broadcasts_organizers.new_letter": NIGHT,
    "broadcasts_organizers.letter": NIGHT,
    "broadcasts_organizers.mail": NIGHT,
    "broadcasts_organizers.edit_letter": NIGHT,
    "broadcasts_organizers.send": NIGHT,
    "broadcasts_organizers.test": NIGHT,
    "broadcasts_organizers.stop": NIGHT,
    "broadcasts_organizers.delete": NIGHT,
    "access.answer": NIGHT,
    "checkin.doors": Door(DOOR, "some"),
    "checkin.door": Door(DOOR, "event"),
    "checkin.here": Door(DOOR, "event"),
    "checkin.after_all": Door(DOOR, "event"),
    "checkin.walk_in": Door(DOOR, "event"),
    "checkin.undo": Door(DOOR, "event"),
    "privacy_organizers.destroy": LOCKED,
    "solidarity_organizers.review": WORDS,
    "solidarity_organizers.approve": WORDS,
    "solidarity_organizers.reject": WORDS,
    "solidarity_organizers.reconsider": WORDS,
    "solidarity_organizers.approve_many": WORDS,
    "solidarity_organizers.reject_many": WORDS,
    "solidarity_organizers.undo": WORDS,
}

# Where each role begins after signing in, for those to whom the dashboard is shut.
HOMES = {MODERATOR: "solidarity_organizers.review", DOOR: "checkin.doors", "": "organizers.account"}
