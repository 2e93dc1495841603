"""An event's list as a table, in the language being spoken: every party in a row, with all that the reader can open."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import defer

from ..core.db import db
from ..core.i18n import _, current_locale, direction, jalali_text
from ..questions.models import Answers
from ..questions.queries import questions_of
from ..questions.views import QuestionView
from ..rsvps.answers import read_answers
from ..rsvps.boxes import Reader
from ..rsvps.models import ACTIVE, CONFIRMED, REMOVED, Rsvp
from .sheets import Cell, Sheet

ALL, ONLY_CONFIRMED, WAITING = "all", "confirmed", "waiting"
PARTS = (ALL, ONLY_CONFIRMED, WAITING)


def list_sheet(event_id: int, reader: Reader, part: str = ALL) -> Sheet:
    """The table of everybody but those removed together, of the confirmed, or of all who wait for something."""
    query = sa.select(Rsvp).where(Rsvp.event_id == event_id, Rsvp.status != REMOVED).order_by(Rsvp.line)
    if part == ONLY_CONFIRMED:
        query = query.where(Rsvp.status == CONFIRMED)
    elif part == WAITING:
        query = query.where(Rsvp.status.in_([status for status in ACTIVE if status != CONFIRMED]))
    parties = db.session.scalars(query.options(defer(Rsvp.own))).all()
    answers = read_answers([one.id for one in parties], reader)
    questions = _asked(event_id, answers.values())
    words, yes, no, sealed = _status_words(), _("yes"), _("no"), _("sealed")
    rows = [
        _row(one, reader, (words[one.status], yes, no, sealed), [_said(each, answers[one.id]) for each in questions])
        for one in parties
    ]
    header = _header([each.label for each in questions])
    return Sheet(_("RSVPs"), header, rows, right_to_left=direction(current_locale()) == "rtl")


def _asked(event_id: int, answers: Iterable[Answers]) -> list[QuestionView]:
    """What the event asks, and what it asked once, if somebody answered it."""
    answered = {question_id for one in answers for question_id in one}
    found = questions_of(event_id, retired=True)
    views = (QuestionView(one, current_locale()) for one in found)
    return [one for one in views if not one.retired or one.id in answered]


def _said(question: QuestionView, answers: Answers) -> Cell:
    answer = answers.get(question.id)
    return answer if isinstance(answer, int) and not isinstance(answer, bool) else question.said(answer)


def _header(questions: list[str]) -> list[str]:
    return [
        _("Status"),
        _("Line"),
        _("Name or alias"),
        _("Companions"),
        _("Children"),
        _("How many"),
        _("E-mail"),
        _("Note"),
        *questions,
        _("Remark"),
        _("Address confirmed"),
        _("Placed on"),
        *([_("Placed on (Persian calendar)")] if current_locale() == "fa" else []),
    ]


def _row(rsvp: Rsvp, reader: Reader, words: tuple[str, str, str, str], answers: list[Cell]) -> list[Cell]:
    said = reader.words(rsvp)
    status, yes, no, sealed = words
    confirmed = yes if rsvp.address_confirmed else no
    return [
        status,
        rsvp.line,
        said.name if said else sealed,
        "\n".join(name for name in said.companions if name) if said else "",
        said.children if said else "",
        rsvp.party_size,
        said.email or "" if said else "",
        said.note if said else "",
        *answers,
        reader.remark(rsvp),
        confirmed if said and said.email else "",
        rsvp.placed_on.isoformat(),  # as spreadsheets sort and count it; people read the one beside it
        *([jalali_text(rsvp.placed_on)] if current_locale() == "fa" else []),
    ]


def _status_words() -> dict[str, str]:
    return {
        "unconfirmed": _("Address not confirmed"),
        "pending": _("Waiting for approval"),
        "confirmed": _("Confirmed"),
        "waitlisted": _("Waitlist"),
        "offered": _("Offered a place"),
        "not_coming": _("Not coming"),
        "declined": _("Declined"),
        "lapsed": _("Lapsed"),
        "cancelled": _("Cancelled"),
    }
