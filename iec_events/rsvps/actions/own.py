"""What attendees do with their own link: change, not come, cancel, delete."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from ...core.db import atomic, db, leave_no_trace
from ...core.errors import Refusal
from ...core.i18n import _l
from ...core.tombstones import bury
from ...events.models import LONGEST_KEPT, Event
from ...mail.actions import forget as forget_letters
from ...questions.models import Answers
from ...questions.queries import questions_of
from ..answers import keep_answers, own_answers, with_earlier
from ..boxes import Words, address_of, change_locale, change_own, own_key_of, own_words, seal
from ..models import (
    ACTIVE,
    ATTENDEE,
    CANCELLED,
    DECLINED,
    NOT_COMING,
    REMOVED,
    UNCONFIRMED,
    Rsvp,
)
from ..queries import link_by_token, rsvp_by_token
from .lines import (
    RsvpClosed,
    StatusChanged,
    answer,
    count_seats,
    give_seats_back,
    link_for_letter,
    locked_rsvp,
    lose_invitation,
    note_step,
    room_to_grow,
    serve_line,
    takes_place,
)
from .placing import check_size


class NotEnoughSeats(Refusal):
    """A party that holds seats wants to grow beyond the free ones; it keeps those it has."""

    message = _l("There are not enough free places for that many. You keep the places you have.")


class ApprovedAsItWas(Refusal):
    """A party that a person said yes to wants to bring more people, at whom nobody has looked."""

    message = _l(
        "Here a person looks at every party, so you cannot bring more people by yourself. Please write to the "
        "organizers. Nothing was changed."
    )


class AlreadyCancelled(Refusal):
    """The RSVP was cancelled before, here or in another tab."""

    message = _l("This RSVP was cancelled. You can sign up again if there is room.")


@dataclass(frozen=True, kw_only=True)
class Details:
    """What else a party may change: who comes along, its language for mails, which ones and how quiet, its answers.

    Without `answers`, those given before stay; with them, so do those to questions that are asked no more.
    """

    companions: tuple[str, ...] = ()
    children: int = 0
    locale: str = ""
    wants_reminders: bool = True
    wants_letters: bool = True
    quiet: bool = False
    answers: Answers | None = None


@atomic()
def change_rsvp(
    *, token: str, name: str | None, party_size: int, note: str, now: dt.datetime, details: Details | None = None
) -> str:
    """Change what was said; a party never loses the seats it holds. The new status.

    With a link that does not open the attendee's own copy (`name` is None), only size and what is chosen of mails
    change. Without `details`, that stays as it is.

    Raises LinkUnknown, AlreadyCancelled, StatusChanged, PartyTooLarge, ApprovedAsItWas, NotEnoughSeats, RsvpClosed.
    """
    event, rsvp = locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status not in ACTIVE:
        raise AlreadyCancelled if rsvp.status == CANCELLED else StatusChanged
    if not takes_place(event, now):
        raise RsvpClosed
    size_before, status_before = rsvp.party_size, rsvp.status
    _resize(event, rsvp, party_size, now)
    if details is not None:
        rsvp.wants_reminders, rsvp.wants_letters = details.wants_reminders, details.wants_letters
        rsvp.quiet = details.quiet
    changed = name is not None and _change_words(rsvp, token, (name, note, details), now)
    changed = _change_answers(rsvp, token, details, now) or changed or party_size != size_before
    if changed:
        note_step(rsvp, "changed", now, by=ATTENDEE)
    serve_line(event, now)
    if changed and rsvp.status == status_before:
        answer(rsvp, "changed", now, by=token, token=link_for_letter(rsvp, token))
    return rsvp.status


@atomic()
def withdraw_rsvp(*, token: str, now: dt.datetime) -> None:
    """The attendee cancels, for good; the seats go to those who wait. Doing it twice does it once.

    Raises LinkUnknown, and StatusChanged when there is nothing to cancel any more.
    """
    event, rsvp = locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status in {CANCELLED, REMOVED}:
        return
    if rsvp.status == DECLINED or event.ends_at <= now:
        raise StatusChanged
    leave(event, rsvp, CANCELLED, now)
    note_step(rsvp, "cancelled", now, by=ATTENDEE)
    answer(rsvp, "withdrawn", now, by=token, token=link_for_letter(rsvp, token))


@atomic()
def say_not_coming(*, token: str, now: dt.datetime) -> None:
    """The attendee does not come, and may come back; the seats go to those who wait. Twice does it once.

    Raises LinkUnknown, and StatusChanged when the RSVP is over already.
    """
    event, rsvp = locked_rsvp(rsvp_by_token(token).id)
    if rsvp.status == NOT_COMING:
        return
    if rsvp.status not in ACTIVE or event.ends_at <= now:
        raise StatusChanged
    before = rsvp.status, rsvp.until
    leave(event, rsvp, NOT_COMING, now)
    if before[0] == UNCONFIRMED:  # erased when it would be otherwise: nobody has said that the address is theirs
        rsvp.status_before, rsvp.until = before
    note_step(rsvp, "not coming", now, by=ATTENDEE)
    answer(rsvp, NOT_COMING, now, by=token, token=link_for_letter(rsvp, token))


@atomic()
def erase_rsvp(*, rsvp_id: str, now: dt.datetime) -> None:
    """Erase one RSVP, its links and its letters, for ever; its seats go to those who wait. LinkUnknown."""
    event, rsvp = locked_rsvp(rsvp_id)
    leave(event, rsvp, CANCELLED, now)
    forget_letters(about=rsvp.about)
    db.session.delete(rsvp)


def erase_own_rsvp(*, token: str, now: dt.datetime) -> None:
    """The attendee deletes themselves: at once, and as far as it goes from the database's files. LinkUnknown."""
    rsvp = rsvp_by_token(token)
    bury(rsvp.id, until=db.session.get_one(Event, rsvp.event_id).list_ends_at + dt.timedelta(days=LONGEST_KEPT))
    erase_rsvp(rsvp_id=rsvp.id, now=now)
    leave_no_trace()


def leave(event: Event, rsvp: Rsvp, status: str, now: dt.datetime) -> None:
    """Give the party's seats back to those who wait; `status` is what it is from now on."""
    lose_invitation(rsvp)
    give_seats_back(event, rsvp)
    rsvp.status, rsvp.until = status, None
    serve_line(event, now)


def _resize(event: Event, rsvp: Rsvp, party_size: int, now: dt.datetime) -> None:
    grown = party_size - rsvp.party_size
    if grown > 0:
        check_size(event, party_size, by_hand=False)
        if event.screened and rsvp.approved:
            raise ApprovedAsItWas
    if rsvp.holds_seats:
        if grown > 0 and not room_to_grow(event, grown, now):
            raise NotEnoughSeats
        count_seats(event, grown)
    rsvp.party_size = party_size


def _change_words(rsvp: Rsvp, token: str, said: tuple[str, str, Details | None], now: dt.datetime) -> bool:
    name, note, details = said
    link = link_by_token(token)
    before = own_words(rsvp, link, token)
    if before is None:
        return False
    words = replace(before, name=name, note=note)
    if details is not None:
        locale = details.locale or before.locale
        words = replace(words, companions=details.companions, children=details.children, locale=locale)
    if words == before:
        return False
    words = replace(words, email=_address_now(rsvp, before))
    change_own(rsvp, link, token, words)
    seal(rsvp, words, now)
    if words.locale != before.locale:
        change_locale(rsvp, words.locale)
    return True


def _address_now(rsvp: Rsvp, before: Words) -> str | None:
    """Where letters go, which organizers may have changed since: what the attendee holds knows nothing of that."""
    address = address_of(rsvp)
    if address is None:
        return before.email if rsvp.mailable else None
    return address["to"]


def _change_answers(rsvp: Rsvp, token: str, details: Details | None, now: dt.datetime) -> bool:
    """Only with a link that opens the attendee's own copy; whether anything is other than before."""
    if details is None or details.answers is None:
        return False
    data_key = own_key_of(rsvp, link_by_token(token), token)
    if data_key is None:
        return False
    questions, before = questions_of(rsvp.event_id, retired=True), own_answers(rsvp, data_key)
    answers = with_earlier(details.answers, before, questions)
    if answers == before:
        return False
    keep_answers(rsvp, answers, questions, data_key, now)
    return True
