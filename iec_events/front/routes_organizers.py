"""The dashboard: every room's numbers on one page, and whether the service itself is well."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access.queries import requests_for
from ..calendars.views import event_buttons
from ..core import clock
from ..core.i18n import _, current_locale
from ..events.forms import StepForm
from ..events.models import Event
from ..events.queries import all_campaigns, all_events, any_event, sister_events, still_there
from ..events.series_views import first_of_each
from ..events.times import local_text
from ..events.views import CampaignView, EventView
from ..mail.queries import mail_health
from ..mail.wording import reason
from ..organizers.audit import Line, trail
from ..organizers.deeds import DEEDS, OTHERS
from ..organizers.guard import may, reach_as, require_organizer
from ..organizers.roles import ORGANIZER
from ..rsvps.queries import Counts, counts
from ..solidarity.queries import approved_count, approved_messages, pending_counts, takes_messages
from .actions import send_mails_again
from .care import care
from .passing import words_to_pass_on

PAST_SHOWN = 10
VOICES = 6
NOTHING = Counts()
blueprint = Blueprint("front_organizers", __name__, url_prefix="/organize")
blueprint.before_request(require_organizer)


@dataclass(frozen=True)
class Desk(EventView):
    """An event with what an organizer wants to know of it at a glance."""

    counts: Counts
    pending: int

    @property
    def capacity(self) -> int | None:
        """How many seats there are; None where there is room for all."""
        return self.event.capacity

    @property
    def held_seats(self) -> int:
        """How many seats are neither free nor taken: they are offered, or wait for an address to be confirmed."""
        return self.event.seats_taken - self.counts.confirmed_seats


@blueprint.get("")
def dashboard() -> ResponseReturnValue:
    """Coming nights, drafts and the last ones over, with their numbers; messages and mails that wait."""
    now = clock.now()
    reach = reach_as(ORGANIZER)
    events, pending = all_events(reach), pending_counts(reach)
    unseen = [one for one in events if one.status == "draft" and not (one.series and one.published_at)]
    drafts = first_of_each(reversed(unseen))[::-1]
    coming = first_of_each(sorted((one for one in events if _is_coming(one, now)), key=lambda one: one.starts_at))
    over = [one for one in events if one.status != "draft" and one.ends_at <= now][:PAST_SHOWN]
    numbers = counts([one.id for one in (*coming, *over)])

    def desks(rows: Iterable[Event]) -> list[Desk]:
        return [Desk(one, current_locale(), now, numbers.get(one.id, NOTHING), pending.get(one.id, 0)) for one in rows]

    return render_template(
        "front/dashboard.html",
        section="dashboard",
        coming=desks(coming),
        drafts=desks(drafts),
        over=desks(over),
        campaigns=[CampaignView(one, current_locale()) for one in all_campaigns(reach)],
        pending=sum(pending.values()),
        mail=mail_health(now),
        why=reason,
        moment=lambda at: local_text(at, "UTC", current_locale()),
        requests=requests_for(g.organizer.id, now=now),
        step_form=StepForm(formdata=None),
        care=care(now) if may("front_organizers.audit") else (),
    )


@blueprint.post("/mail/again")
def mail_again() -> ResponseReturnValue:
    """Send all letters again of which nobody knows whether they arrived."""
    if StepForm().validate_on_submit():
        count = send_mails_again(now=clock.now())
        flash(_("They are sent again.") if count else _("There was nothing to send again."))
    return redirect(url_for(".dashboard"), 303)


@blueprint.get("/events/<slug>/preview")
def preview(slug: str) -> ResponseReturnValue:
    """An event's page as everyone will see it, before anyone does."""
    row = any_event(slug)
    view = EventView(row, current_locale(), clock.now())
    return render_template(
        "events/preview.html",
        event=view,
        calendar=event_buttons(view),
        messages=approved_messages(row.id, VOICES),
        message_count=approved_count(row.id),
        takes_messages=row.status == "draft" or takes_messages(row, view.now),
        sisters=[EventView(one, view.locale, view.now) for one in sister_events(row)],
        words=words_to_pass_on(view),
    )


@blueprint.get("/audit")
def audit() -> ResponseReturnValue:
    """Who did what to which object when; of everybody or of one."""
    who = request.args.get("who", "")
    found = trail(who=who, page=request.args.get("page", 1, int))
    return render_template(
        "front/audit.html",
        section="audit",
        trail=found,
        who=who,
        names=found.names,
        there={kind: still_there(kind, _named(found.lines, kind)) for kind in ("event", "campaign", "series")},
        deeds=DEEDS,
        others=OTHERS,
    )


def _named(lines: Iterable[Line], kind: str) -> set[str]:
    """The slugs of this kind in the lines; a letter is found with its event."""
    pairs = (line.about.partition(" ")[0].partition(":") for line in lines)
    return {slug for found, _colon, slug in pairs if ("event" if found == "letter" else found) == kind}


def _is_coming(event: Event, now: dt.datetime) -> bool:
    return event.status != "draft" and event.ends_at > now
