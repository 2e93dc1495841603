"""Everything that is kept about one party, as data, for the party itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from ..core.db import db
from ..core.i18n import _
from ..events.models import Event, text_of
from ..mail.models import OutboxMail
from ..mail.queries import letters_about
from ..questions.queries import questions_of
from ..questions.views import answered
from .boxes import Words, address_of, own_words
from .models import Rsvp, RsvpCalendar, RsvpLink
from .queries import LinkUnknown, link_by_token, own_answers_by, rsvp_by_token, steps_of

FORMAT = "iec-events my-rsvp 1"


Arrived = Callable[[str], tuple[dt.datetime, int] | None]


def own_data(*, token: str, slug: str, locale: str, now: dt.datetime, arrival_of: Arrived) -> dict[str, Any]:
    """What JSON holds of an RSVP, its sealed words included as far as this link opens them; LinkUnknown.

    `arrival_of` tells when a party was counted in at the door, and how many people.
    """
    rsvp = rsvp_by_token(token)
    event = db.session.get_one(Event, rsvp.event_id)
    if event.slug != slug:
        raise LinkUnknown
    words, address = own_words(rsvp, link_by_token(token), token), address_of(rsvp)
    return {
        "format": FORMAT,
        "made_at": _moment(now),
        "event": {
            "title": text_of(event.texts, "title", locale)[0] or event.slug,
            "address": event.slug,
            "starts_at": _moment(event.starts_at),
        },
        "rsvp": {
            "status": rsvp.status,
            "party_size": rsvp.party_size,
            "line": rsvp.line,
            "signed_up_on": rsvp.placed_on.isoformat(),
            "until": _moment(rsvp.until) if rsvp.until else None,
            "address_confirmed": rsvp.address_confirmed,
            "approved": rsvp.approved,
            "passed_over": rsvp.passed_over,
            "wants_reminders": rsvp.wants_reminders,
            "wants_letters": rsvp.wants_letters,
            "quiet_mails": rsvp.quiet,
            "mails_refused_on": rsvp.mail_refused_on.isoformat() if rsvp.mail_refused_on else None,
            "organizers_keep_a_sealed_remark": rsvp.remark is not None,
            "history": [{"on": step.on.isoformat(), "what": step.what} for step in steps_of(rsvp.id)],
            "own_links": _links(rsvp),
            "own_calendar": db.session.get(RsvpCalendar, rsvp.id) is not None,
        },
        "what_you_wrote": _said(words) if words else None,
        "what_you_answered": _answered(event.id, token, locale) if words else None,
        "language": (words.locale if words else None) or (address or {}).get("locale"),
        "about_what_you_wrote": _opened() if words else _not_opened(),
        "arrival": _arrival(arrival_of(rsvp.id)),
        "address_for_mails": address["to"] if address else None,
        "mails": [_mail(letter) for letter in letters_about(rsvp.about)],
        "destroyed_by": _moment(event.list_ends_at),
    }


def _said(words: Words) -> dict[str, Any]:
    said: dict[str, Any] = {"name": words.name, "email": words.email, "note": words.note}
    return {**said, "companions": list(words.companions), "children": words.children}


def _answered(event_id: int, token: str, locale: str) -> list[dict[str, str]]:
    """Each question and what was answered, in words; answers to questions that are asked no more, too."""
    questions = questions_of(event_id, retired=True)
    given = answered(questions, own_answers_by(token), locale) if questions else ()
    return [{"question": one.question.label, "answer": one.text, "who_sees_it": one.question.seen_by} for one in given]


def _opened() -> str:
    return _("Kept twice: sealed for the organizers of this event, and sealed for you, which your own link opened.")


def _not_opened() -> str:
    return _(
        "Your name, note and address are kept sealed. This link came by a later mail and does not open them; "
        "your first link, from when you signed up, does."
    )


def _arrival(counted: tuple[dt.datetime, int] | None) -> dict[str, Any] | None:
    return {"at": _moment(counted[0]), "people": counted[1]} if counted else None


def _links(rsvp: Rsvp) -> int:
    mine = sa.select(sa.func.count()).select_from(RsvpLink).where(RsvpLink.rsvp_id == rsvp.id)
    return db.session.scalar(mine) or 0


def _mail(letter: OutboxMail) -> dict[str, str | None]:
    ended_at = letter.done_at or letter.given_up_at or letter.uncertain_at
    state = "done" if letter.done_at else "given up" if letter.given_up_at else "uncertain" if ended_at else "waiting"
    return {
        "kind": letter.kind.partition(".")[2],
        "state": state,
        "promised_at": _moment(letter.posted_at),
        "ended_at": _moment(ended_at) if ended_at else None,
    }


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
