"""Lists that leave the service: under a lock for all who may read them, without one by the rules of access."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access.actions import EverybodyRests, ask_release, take_out
from ..access.queries import awake_of, holder_names, own_requests, requests_for, second_holders
from ..core import clock
from ..core.errors import Refusal
from ..core.i18n import _, current_locale
from ..events.models import Event
from ..events.queries import any_event
from ..events.times import moment_text
from ..events.views import EventView
from ..organizers.audit import note
from ..organizers.guard import key_holder, require_fresh, require_organizer
from ..rsvps.boxes import reader_of
from .forms import KEY, PASSPHRASE, LockedForm, PlainForm
from .lists import list_sheet
from .locks import locked_for, locked_with
from .sheets import csv_octets, xlsx_octets

blueprint = Blueprint("reports", __name__, url_prefix="/organize")
blueprint.before_request(require_organizer)
blueprint.before_request(require_fresh)
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
AGE = "application/octet-stream"


class Forms(NamedTuple):
    """The two forms of the page; only the one that was sent is filled in."""

    locked: LockedForm
    plain: PlainForm


@blueprint.route("/events/<slug>/rsvps/export", methods=["GET", "POST"])
def export(slug: str) -> ResponseReturnValue:
    """The list as a file. The file's name tells nothing of names."""
    event, do = any_event(slug), request.form.get("do", "") if request.method == "POST" else ""
    forms = Forms(
        LockedForm(prefix="locked-") if do == "locked" else LockedForm(formdata=None, prefix="locked-"),
        PlainForm(prefix="plain-") if do in {"plain", "ask"} else PlainForm(formdata=None, prefix="plain-"),
    )
    if do == "locked" and forms.locked.validate_on_submit():
        return _locked(event, forms.locked)
    if do in {"plain", "ask"} and forms.plain.validate_on_submit():
        try:
            return _plain(event, forms.plain) if do == "plain" else _ask(event, forms.plain)
        except Refusal as refusal:
            forms.plain.form_errors.append(str(refusal))
            return _page(event, forms), refusal.status
    return _page(event, forms), 422 if request.method == "POST" else 200


def _locked(event: Event, form: LockedForm) -> ResponseReturnValue:
    octets = _octets(event, form.part.data, form.kind.data)
    if form.lock.data == KEY:
        box = locked_for(form.public_key.data or "", octets)
    else:
        mine = form.lock.data == PASSPHRASE
        box = locked_with((form.passphrase.data if mine else form.fresh_words()) or "", octets)
    note("rsvps.locked-copy", f"event:{event.slug}", now=clock.now())
    return _file(box, f"{event.slug}.{form.kind.data}.age", AGE)


def _plain(event: Event, form: PlainForm) -> ResponseReturnValue:
    octets = _octets(event, form.part.data, form.kind.data)  # made first: a fault here must not use the yes up
    take_out(slug=event.slug, kind=form.kind.data, organizer_id=g.organizer.id, now=clock.now())
    return _file(octets, f"{event.slug}.{form.kind.data}", TYPES[form.kind.data])


def _ask(event: Event, form: PlainForm) -> ResponseReturnValue:
    ask_release(slug=event.slug, kind=form.kind.data, organizer_id=g.organizer.id, now=clock.now())
    flash(_("Your colleagues are asked, by mail and on their dashboard. You get their answer on this page."))
    return redirect(url_for(".export", slug=event.slug), 303)


def _octets(event: Event, part: str, kind: str) -> bytes:
    sheet = list_sheet(event.id, reader_of(*key_holder(), event.id), part)
    return csv_octets(sheet) if kind == "csv" else xlsx_octets(sheet)


def _file(octets: bytes, name: str, content_type: str) -> Response:
    disposition = f'attachment; filename="rsvps-{name}"'
    return Response(octets, content_type=content_type, headers={"Content-Disposition": disposition})


def _page(event: Event, forms: Forms) -> str:
    now, me = clock.now(), g.organizer.id
    mine, others = own_requests(event.id, me, now=now), second_holders(event.id, me)
    if request.method == "GET" and any(one.yes for one in mine):
        forms.plain.kind.data = next(one.kind for one in mine if one.yes)

    def until(moment: dt.datetime) -> str:
        return moment_text(moment, event, current_locale())

    return render_template(
        "reports/export.html",
        event=EventView(event, current_locale(), now),
        locked=forms.locked,
        plain=forms.plain,
        words=forms.locked.fresh_words(),
        others=others,
        asleep=EverybodyRests.message if others and not awake_of(others, now=now) else "",
        names=holder_names(awake_of(others, now=now)),
        mine=mine,
        asked=requests_for(me, now=now, event_id=event.id),
        until=until,
    )
