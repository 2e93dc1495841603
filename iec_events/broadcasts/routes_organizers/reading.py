"""The list of an event's letters, and one letter as it arrives, with how far it is."""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import LocaleCode, current_locale, own_first, speaking
from ...core.security import CSP
from ...events.models import Event
from ...events.queries import any_event
from ...events.views import EventView
from ..emails import as_mail
from ..models import DRAFT, SCHEDULED, SENDING, Broadcast
from ..queries import event_of, letter_of, letters_of, progress_of, same_letters, view_of
from ..wording import first_of, language_for, tells_place, texts_of
from .shared import blueprint, has_campaign, letters_page, reached_by

REFRESHED_S = 4
STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)
IN_FRAME = ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'", "sandbox")


@blueprint.get("")
def letters(slug: str) -> ResponseReturnValue:
    """Every letter of an event, with how far it is."""
    event = any_event(slug)
    found = [(each, progress_of(each.broadcast)) for each in letters_of(event.id, current_locale())]
    return letters_page("list", event, letters=found)


@blueprint.get("/<letter_id>")
def letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """One letter, as it arrives in each language; and how far it is, once it is sent."""
    event = any_event(slug)
    found = letter_of(event.id, letter_id)
    due = found.state == SENDING or (found.state == SCHEDULED and found.due_at and found.due_at <= clock.now())
    same = _same(event, found)
    all_of_it = [found, *(one for _other, one in same if first_of(found) == found.id)]
    page = make_response(
        letters_page(
            "letter",
            event,
            view=view_of(found, current_locale()),
            progress=progress_of(found),
            reached=reached_by(event, found) if found.state in {DRAFT, SCHEDULED} else None,
            mails=_mails(event, found),
            told=found.state == DRAFT and tells_place(texts_of(found), event, found.audience),
            refreshed=REFRESHED_S if due and "still" not in request.args else None,
            still=due,
            same=same,
            stoppable=any(one.state in {SCHEDULED, SENDING} for one in all_of_it),
        )
    )
    page.headers["Content-Security-Policy"] = f"{CSP}; frame-src 'self'"
    return page


@blueprint.get("/<letter_id>/as-mail/<any(en, fa, es):locale>")
def mail(slug: str, letter_id: str, locale: str) -> ResponseReturnValue:
    """The letter's HTML as mail programs get it, for a frame in the letter's page; its own style and nothing else."""
    event = any_event(slug)
    found = letter_of(event.id, letter_id)
    with speaking(locale):
        html = as_mail(texts_of(found), event).html
    page = Response(html, content_type="text/html; charset=utf-8")
    styles = " ".join(f"'sha256-{_digest(style)}'" for style in STYLE.findall(html))
    page.headers["Content-Security-Policy"] = "; ".join((*IN_FRAME, f"style-src {styles}"))
    page.headers["X-Frame-Options"] = "SAMEORIGIN"
    # To Firefox a page in a sandbox is not of our origin. Others can't frame it, and their requests bring no cookie.
    page.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return page


def _same(event: Event, found: Broadcast) -> list[tuple[EventView, Broadcast]]:
    """The same letter to other lists, and for which event."""
    same, locale, now = same_letters(found) if has_campaign(event) else (), current_locale(), clock.now()
    return [(EventView(event_of(one), locale, now), one) for one in same]


def _mails(event: Event, found: Broadcast) -> list[tuple[LocaleCode, str, str, str]]:
    """(language of the reader, language of the words, subject, text part) for each of our languages, ours first."""
    texts, made = texts_of(found), []
    for code in own_first():
        with speaking(code):
            letter = as_mail(texts, event)
        made.append((code, language_for(texts, code), letter.subject, letter.text))
    return made


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
