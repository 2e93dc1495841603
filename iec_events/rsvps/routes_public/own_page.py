"""The attendee's own page: how it stands, what can be done, and what goes along to keep.

Whatever a button asks for that does not fit any more is answered with a sentence on this same page.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ...calendars.views import event_buttons
from ...core import clock
from ...core.errors import Refusal
from ...core.i18n import _, current_locale
from ...core.limits import limiter
from ...core.phrases import phrase_of, secret_from, token_of
from ...core.qr import qr_picture
from ...core.urls import here_url, public_url
from ...events.queries import EventGone, any_event
from ...events.views import EventView
from ...questions.queries import questions_of
from ...questions.views import answered
from ..actions import (
    accept_offer,
    come_back,
    confirm_address,
    erase_own_rsvp,
    forget_calendar,
    make_calendar,
    say_not_coming,
    send_letter_again,
    withdraw_rsvp,
)
from ..door_code import door_code
from ..forms import ButtonForm
from ..models import CONFIRMED
from ..own_calendar import own_address, own_calendar, own_download
from ..own_data import own_data
from ..queries import (
    LinkUnknown,
    RsvpView,
    opens,
    opens_more,
    own_answers_by,
    own_rsvp,
    place_in_line,
    proves_address,
    slug_of,
)
from ..standing import LEAVE, Facts, standing_of
from .shared import blueprint, event_view, forget_link, held_link, keep_link, own_token

CALENDAR = "text/calendar; charset=utf-8; method=PUBLISH"


@blueprint.get("/rsvps/<token>")
@limiter.limit("120/minute")
def open_link(token: str) -> ResponseReturnValue:
    """The attendee's own link: kept in a cookie, and out of the address bar. One that opens more is kept instead."""
    slug = slug_of(token)
    held = held_link(slug)
    if held is None or not opens_more(held, token):
        keep_link(slug, token)
    return redirect(url_for(".mine", slug=slug), 303)


@blueprint.get("/events/<slug>/my-rsvp")
def mine(slug: str) -> ResponseReturnValue:
    """The page; opening it does nothing."""
    return page(slug, own_token(slug))


def page(slug: str, token: str, *, said: str = "", status: int = 200) -> ResponseReturnValue:
    """The page as it is now, with a sentence on what could not be done."""
    rsvp = own_rsvp(token=token, slug=slug)
    try:
        event = event_view(slug, entitled=rsvp.status == CONFIRMED)
    except EventGone:  # what is left to do
        return redirect(url_for(".delete", slug=slug), 303)
    link_elsewhere = public_url("rsvps.open_link", token=token)
    questions = questions_of(event.event.id, retired=True)
    return render_template(
        "rsvps/mine.html",
        event=event,
        rsvp=rsvp,
        standing=standing_of(_facts(event, rsvp, token)),
        button=ButtonForm(formdata=None),
        said=said,
        just_placed=session.pop("just_placed", None) == slug,
        link=here_url("rsvps.open_link", token=token),
        link_elsewhere=link_elsewhere,
        link_picture=qr_picture(link_elsewhere, _("Your own link as a picture for cameras")),
        words=_words(token),
        answers=answered(questions, own_answers_by(token), event.locale) if questions else (),
        door_code=door_code(rsvp.id) if rsvp.status == CONFIRMED and not event.is_online else None,
        qr=qr_picture,
        calendar=event_buttons(event),
        own_calendar=own_address(rsvp.id),
        letters=current_app.extensions["letters_to"](rsvp.id, event.locale),
        own_calendar_made=session.pop("calendar_made", None) == rsvp.id,
    ), status


@blueprint.route(
    "/events/<slug>/my-rsvp/<any(confirm,accept,'not-coming','come-back',resend,'make-calendar','forget-calendar'):deed>",
    methods=["GET", "POST"],
)
@limiter.limit("60/minute", methods=["POST"])
def act(slug: str, deed: str) -> ResponseReturnValue:
    """What a button of the page does; opened as a page, it does nothing and leads back."""
    return _done(slug, DEEDS[deed])


@blueprint.route("/events/<slug>/my-rsvp/cancel", methods=["GET", "POST"])
@limiter.limit("60/minute", methods=["POST"])
def cancel(slug: str) -> ResponseReturnValue:
    """“I cannot come”: not this time, or for good. Sent, it is for good."""
    token = own_token(slug)
    rsvp, form = own_rsvp(token=token, slug=slug), ButtonForm()
    if form.is_submitted():
        return _done(slug, withdraw_rsvp)
    event = event_view(slug)
    if LEAVE not in standing_of(_facts(event, rsvp, token)).may:
        return redirect(url_for(".mine", slug=slug), 303)
    return render_template("rsvps/cancel.html", event=event, rsvp=rsvp, form=form)


@blueprint.get("/events/<slug>/my-rsvp/calendar.ics")
def calendar(slug: str) -> ResponseReturnValue:
    """The event for the attendee's own calendar, with a hidden address for those who come."""
    rsvp = own_rsvp(token=own_token(slug), slug=slug)
    event = event_view(slug, entitled=rsvp.status == CONFIRMED)
    octets, name = own_download(rsvp, event)
    return _download(octets, CALENDAR, name)


@blueprint.get("/my-calendar/<token>.ics", endpoint="own_calendar")
def subscribed(token: str) -> ResponseReturnValue:
    """What programs get that subscribed to an attendee's own calendar; asking changes nothing.

    Calendars on large companies' servers obey robots.txt, so this address is not shut there.
    """
    response = Response(own_calendar(token, current_locale(), clock.now()), content_type=CALENDAR)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response.add_etag()
    return response.make_conditional(request)


@blueprint.route("/events/<slug>/my-rsvp/delete", methods=["GET", "POST"])
@limiter.limit("60/minute", methods=["POST"])
def delete(slug: str) -> ResponseReturnValue:
    """Ask once, then erase everything about the attendee, and forget their link."""
    token = own_token(slug)
    own_rsvp(token=token, slug=slug)
    form = ButtonForm()
    if form.validate_on_submit():
        erase_own_rsvp(token=token, now=clock.now())
        forget_link(slug)
        return redirect(url_for(".deleted", slug=slug), 303)
    event = EventView(any_event(slug), current_locale(), clock.now())  # also when it was taken down
    return render_template("rsvps/delete.html", event=event, form=form), 422 if form.is_submitted() else 200


@blueprint.get("/events/<slug>/my-rsvp/deleted")
def deleted(slug: str) -> ResponseReturnValue:
    """What was erased; the page itself knows nobody, nor whether there is such an event."""
    return render_template("rsvps/deleted.html", slug=slug)


@blueprint.get("/events/<slug>/my-rsvp/data.json")
def data(slug: str) -> ResponseReturnValue:
    """Everything that is kept about the attendee, as a file whose name tells nothing."""
    arrival_of = current_app.extensions["arrival_of"]  # the door is a room above this one
    found = own_data(token=own_token(slug), slug=slug, locale=current_locale(), now=clock.now(), arrival_of=arrival_of)
    found["letters_from_organizers"] = _letters(slug)
    octets = (json.dumps(found, ensure_ascii=False, indent=2) + "\n").encode()
    return _download(octets, "application/json; charset=utf-8", "my-data.json")


def _letters(slug: str) -> list[dict[str, str]]:
    """What organizers wrote to the attendee; letters are in a room above this one."""
    rsvp = own_rsvp(token=own_token(slug), slug=slug)
    found = current_app.extensions["letters_to"](rsvp.id, current_locale())
    return [{"on": letter.on, "subject": letter.subject, "text": letter.text} for letter in found]


def _done(slug: str, deed: Callable[..., Any]) -> ResponseReturnValue:
    token, form = own_token(slug), ButtonForm()
    own_rsvp(token=token, slug=slug)
    if form.is_submitted() and not form.validate():
        return page(slug, token, said=" ".join(text for texts in form.errors.values() for text in texts), status=422)
    if form.is_submitted():
        try:
            deed(token=token, now=clock.now())
        except LinkUnknown:
            raise
        except Refusal as refusal:
            return page(slug, token, said=str(refusal), status=refusal.status)
    return redirect(url_for(".mine", slug=slug), 303)


def _come_back(**given: Any) -> None:
    if proves_address(given["token"]):
        confirm_address(**given)  # who follows the mail late need not do it twice
    come_back(**given)


def _make_calendar(**given: Any) -> None:
    session["calendar_made"] = make_calendar(**given)


def _forget_calendar(**given: Any) -> None:
    forget_calendar(**given)
    flash(_("The address of your calendar leads nowhere any more."))


def _send_again(**given: Any) -> None:
    send_letter_again(**given)
    flash(_("The mail is on its way again. It can take a few minutes; look among your unwanted mails, too."))


DEEDS: dict[str, Callable[..., Any]] = {
    "confirm": confirm_address,
    "accept": accept_offer,
    "not-coming": say_not_coming,
    "come-back": _come_back,
    "resend": _send_again,
    "make-calendar": _make_calendar,
    "forget-calendar": _forget_calendar,
}


def _facts(event: EventView, rsvp: RsvpView, token: str) -> Facts:
    place, proven = place_in_line(rsvp, event.slug), proves_address(token)
    return Facts(rsvp=rsvp, event=event, place=place, proven=proven, now=event.now)


def _words(token: str) -> list[str]:
    """The recovery phrase that belongs to this link; links in later mails have none."""
    secret = secret_from(token)
    return phrase_of(secret, current_locale()) if opens(token_of(secret)) else []


def _download(octets: bytes, content_type: str, name: str) -> Response:
    return Response(
        octets, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
