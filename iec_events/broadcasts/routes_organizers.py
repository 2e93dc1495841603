"""Letters in the organizers' area: the list, the form, the letter as it arrives, sending it, how far it is."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..core import clock
from ..core.errors import Refusal
from ..core.i18n import LOCALES, _, _l, current_locale, speaking
from ..core.limits import limiter
from ..core.security import CSP
from ..events.models import Event
from ..events.queries import any_event
from ..events.times import local_text
from ..events.views import EventView
from ..organizers.guard import reach_as, require_fresh, require_organizer
from ..organizers.roles import ORGANIZER
from . import actions
from .emails import as_mail
from .forms import AUDIENCE_WORDS, ButtonForm, LetterForm, SendForm, first_day
from .models import DRAFT, SCHEDULED, SENDING, Broadcast
from .queries import (
    LetterUnknown,
    event_of,
    letter_of,
    letters_of,
    lists_beside,
    progress_of,
    reached,
    same_letters,
    view_of,
)
from .wording import first_of, language_for, tells_place, texts_of

REFRESHED_S = 4
STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)
IN_FRAME = ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'", "sandbox")
STATE_WORDS = {
    "draft": _l("Draft"),
    "scheduled": _l("Waits for its time"),
    "sending": _l("On its way"),
    "sent": _l("Sent"),
    "stopped": _l("Stopped"),
}
blueprint = Blueprint("broadcasts_organizers", __name__, url_prefix="/organize/events/<slug>/letters")
blueprint.before_request(require_organizer)


@blueprint.get("")
def letters(slug: str) -> ResponseReturnValue:
    """Every letter of an event, with how far it is."""
    event = any_event(slug)
    found = [(each, progress_of(each.broadcast)) for each in letters_of(event.id, current_locale())]
    return _page("list", event, letters=found)


@blueprint.route("/new", methods=["GET", "POST"])
def new_letter(slug: str) -> ResponseReturnValue:
    """Write a letter; `?like=` begins with the words of another one."""
    event = any_event(slug)
    if request.method != "POST":
        return _form_page(LetterForm.fresh(_like(event)), event, None)
    form = LetterForm()
    letter_id = form.new_id.data or ""

    def save() -> None:
        actions.keep_letter(
            slug=slug, letter_id=letter_id, draft=form.draft(), made_from=form.made_from, now=clock.now()
        )

    return _work_on(form, event, None, letter_id, save)


@blueprint.get("/<letter_id>")
def letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """One letter, as it arrives in each language; and how far it is, once it is sent."""
    event = any_event(slug)
    found = letter_of(event.id, letter_id)
    due = found.state == SENDING or (found.state == SCHEDULED and found.due_at and found.due_at <= clock.now())
    same = _same(event, found)
    all_of_it = [found, *(one for _other, one in same if first_of(found) == found.id)]
    page = make_response(
        _page(
            "letter",
            event,
            view=view_of(found, current_locale()),
            progress=progress_of(found),
            reached=_reached(event, found) if found.state in {DRAFT, SCHEDULED} else None,
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
    return page


@blueprint.route("/<letter_id>/edit", methods=["GET", "POST"])
def edit_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Change a draft."""
    event = any_event(slug)
    found = letter_of(event.id, letter_id)
    if request.method != "POST":
        if found.state != DRAFT:
            flash(str(actions.LetterSent()), "error")
            return _to_letter(slug, letter_id)
        return _form_page(LetterForm.of(found), event, found)
    form = LetterForm()

    def save() -> None:
        actions.revise_letter(
            slug=slug, letter_id=letter_id, draft=form.draft(), made_from=form.made_from, now=clock.now()
        )

    return _work_on(form, event, found, letter_id, save)


@blueprint.route("/<letter_id>/send", methods=["GET", "POST"])
def send(slug: str, letter_id: str) -> ResponseReturnValue:
    """Say to how many it goes, in which languages; then send it, now or later."""
    event = any_event(slug)
    found = letter_of(event.id, letter_id)
    if request.method != "POST" and found.state != DRAFT:
        return _to_letter(slug, letter_id)
    if (stale := require_fresh()) is not None:
        return stale
    if request.method != "POST":
        return _send_page(SendForm.of(found, event), event, found)
    form = SendForm(event=event)
    return _send(form, event, letter_id) if form.validate_on_submit() else _send_page(form, event, found, 422)


@blueprint.post("/<letter_id>/test/<any(en, fa, es):locale>")
@limiter.limit("30/hour")
def test(slug: str, letter_id: str, locale: str) -> ResponseReturnValue:
    """Send it to whoever is signed in, as a test."""
    done = _("The test is on its way to %(address)s.", address=f"\u2066{g.organizer.email}\u2069")

    def act() -> None:
        actions.send_test(slug=slug, letter_id=letter_id, to=g.organizer.email, locale=locale, now=clock.now())

    return _press(slug, letter_id, act, done)


@blueprint.post("/<letter_id>/stop")
def stop(slug: str, letter_id: str) -> ResponseReturnValue:
    """Stop it: a draft again if it had not begun; else what is not out yet stays here."""
    reach = reach_as(ORGANIZER)
    return _press(
        slug, letter_id, lambda: actions.stop_letter(slug=slug, letter_id=letter_id, now=clock.now(), reach=reach)
    )


@blueprint.post("/<letter_id>/delete")
def delete(slug: str, letter_id: str) -> ResponseReturnValue:
    """Delete a draft."""
    there = url_for(".letters", slug=slug)

    def act() -> None:
        actions.delete_letter(slug=slug, letter_id=letter_id, now=clock.now())

    return _press(slug, letter_id, act, _("The draft is deleted."), there)


def _like(event: Event) -> Broadcast | None:
    wanted = request.args.get("like", "")
    return letter_of(event.id, wanted) if wanted else None


def _press(slug: str, letter_id: str, act: Callable[[], object], done: str = "", to: str = "") -> ResponseReturnValue:
    """A button was pressed: act, and show what came of it."""
    letter_of(any_event(slug).id, letter_id)
    to = to or url_for(".letter", slug=slug, letter_id=letter_id)
    form = ButtonForm()
    if not form.validate_on_submit():
        flash(" ".join(text for texts in form.errors.values() for text in texts), "error")
        return redirect(to, 303)
    try:
        act()
    except LetterUnknown:
        raise
    except Refusal as refusal:
        flash(str(refusal), "error")
        return _to_letter(slug, letter_id)
    if done:
        flash(done)
    return redirect(to, 303)


def _work_on(
    form: LetterForm, event: Event, found: Broadcast | None, letter_id: str, save: Callable[[], None]
) -> ResponseReturnValue:
    """What was sent: a bad form is shown with its errors, a good one is kept."""
    if not form.validate_on_submit():
        return _form_page(form, event, found, 422)
    try:
        save()
    except actions.LetterRefused as refusal:
        form.note(refusal.field, refusal)
        return _form_page(form, event, found, refusal.status)
    except actions.Changed as refusal:
        form.version.data = str(letter_of(event.id, letter_id).version)
        form.form_errors.append(str(refusal))
        return _form_page(form, event, found, refusal.status)
    except (actions.TooManyLetters, actions.LetterSent) as refusal:
        form.form_errors.append(str(refusal))
        return _form_page(form, event, found, refusal.status)
    return _to_letter(event.slug, letter_id)


def _send(form: SendForm, event: Event, letter_id: str) -> ResponseReturnValue:
    """What was chosen is right as far as a form can know: send it, or say why it cannot go."""
    try:
        actions.send_letter(
            slug=event.slug,
            letter_id=letter_id,
            made_from=form.made_from,
            due_at=form.due_at,
            place_meant=bool(form.place_meant.data),
            everywhere=bool(form.everywhere.data) and _has_campaign(event),
            now=clock.now(),
        )
    except LetterUnknown:
        raise
    except actions.LetterSent as refusal:
        flash(str(refusal), "error")
    except Refusal as refusal:
        return _refused(form, event, letter_id, refusal)
    return _to_letter(event.slug, letter_id)


def _refused(form: SendForm, event: Event, letter_id: str, refusal: Refusal) -> ResponseReturnValue:
    """It cannot go as it was asked: say why, beside what it is about."""
    found = letter_of(event.id, letter_id)
    if isinstance(refusal, actions.TimeOver):
        form.note("clock", refusal)
    elif isinstance(refusal, actions.PlaceTold):
        form.note("place_meant", refusal)
    else:
        form.form_errors.append(str(refusal))
    form.version.data = str(found.version)
    return _send_page(form, event, found, refusal.status)


def _to_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    return redirect(url_for(".letter", slug=slug, letter_id=letter_id), 303)


def _reached(event: Event, found: Broadcast) -> Any:
    return reached(event.id, found.audience, texts_of(found))


def _has_campaign(event: Event) -> bool:
    """Whether who is signed in organizes all of the event's campaign."""
    return event.campaign is not None and reach_as(ORGANIZER).has_campaign(event.campaign.slug)


def _same(event: Event, found: Broadcast) -> list[tuple[EventView, Broadcast]]:
    """The same letter to other lists, and for which event."""
    same, locale, now = same_letters(found) if _has_campaign(event) else (), current_locale(), clock.now()
    return [(EventView(event_of(one), locale, now), one) for one in same]


def _mails(event: Event, found: Broadcast) -> list[tuple[str, str, str, str]]:
    """(language of the reader, language of the words, subject, text part) for each of our languages, ours first."""
    texts, made = texts_of(found), []
    for code in _own_first():
        with speaking(code):
            letter = as_mail(texts, event)
        made.append((code, language_for(texts, code), letter.subject, letter.text))
    return made


def _own_first() -> list[str]:
    own = current_locale()
    return [own, *(code for code in LOCALES if code != own)]


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _page(name: str, event: Event, **shown: Any) -> str:
    def when(moment: Any) -> str:
        return local_text(moment, event.time_zone, current_locale())

    view = EventView(event, current_locale(), clock.now())
    common = {"audiences": AUDIENCE_WORDS, "states": STATE_WORDS, "button": ButtonForm(formdata=None), "when": when}
    return render_template(f"broadcasts/{name}.html", section="events", event=view, **common, **shown)


def _form_page(form: LetterForm, event: Event, found: Broadcast | None, status: int = 200) -> ResponseReturnValue:
    own = current_locale()
    tongues = [(code, LOCALES[code], code == own or form.speaks(code)) for code in _own_first()]  # type: ignore[index]
    return _page("form", event, form=form, found=found, tongues=tongues), status


def _send_page(form: SendForm, event: Event, found: Broadcast, status: int = 200) -> ResponseReturnValue:
    page = _page(
        "send",
        event,
        form=form,
        view=view_of(found, current_locale()),
        reached=_reached(event, found),
        told=tells_place(texts_of(found), event, found.audience) or form.place_meant.errors,
        beside=lists_beside(event, clock.now()) if _has_campaign(event) else (),
        first_day=first_day(event, clock.now()),
        is_draft=found.state == DRAFT,
    )
    return page, status
