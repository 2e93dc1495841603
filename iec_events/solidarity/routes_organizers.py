"""Where organizers read messages and decide on them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ..core import clock
from ..core.i18n import _, current_locale, format_number, ngettext
from ..events.models import Event
from ..events.views import EventView
from ..organizers.guard import reach_as, require_organizer
from ..organizers.roles import MODERATOR
from . import actions
from .forms import STATUSES, DecisionForm
from .models import APPROVED, PENDING, REJECTED
from .queries import events_with_messages, review_page, status_counts

LAST = "messages.last"
blueprint = Blueprint("solidarity_organizers", __name__, url_prefix="/organize")
blueprint.before_request(require_organizer)


@blueprint.get("/messages")
def review() -> ResponseReturnValue:
    """Messages by status and event; those that wait come first."""
    status = request.args.get("status", PENDING)
    if status not in STATUSES:
        abort(404)
    event_slug, reach = request.args.get("event", ""), reach_as(MODERATOR)
    page = review_page(status=status, event_slug=event_slug, number=request.args.get("page", 1, int), reach=reach)
    return render_template(
        "solidarity/moderate.html",
        section="messages",
        status=status,
        event_slug=event_slug,
        page=page,
        titles={event.id: _titled(event) for event in {item.event for item in page.items}},
        events=[_titled(event) for event in events_with_messages(reach)],
        counts=status_counts(event_slug, reach),
        form=DecisionForm(formdata=None, data={"seen": status, "event": event_slug}),
        last=session.pop(LAST, None),
    )


@blueprint.post("/messages/<message_id>/approve")
def approve(message_id: str) -> ResponseReturnValue:
    """Put one message on the wall."""
    return _decide(APPROVED, [message_id])


@blueprint.post("/messages/<message_id>/reject")
def reject(message_id: str) -> ResponseReturnValue:
    """Keep one message off the wall, or take it down."""
    return _decide(REJECTED, [message_id])


@blueprint.post("/messages/<message_id>/reconsider")
def reconsider(message_id: str) -> ResponseReturnValue:
    """Put one message back among those that wait."""
    return _decide(PENDING, [message_id])


@blueprint.post("/messages/approve")
def approve_many() -> ResponseReturnValue:
    """Put the ticked messages on the wall."""
    return _decide(APPROVED, None)


@blueprint.post("/messages/reject")
def reject_many() -> ResponseReturnValue:
    """Keep the ticked messages off the wall."""
    return _decide(REJECTED, None)


@blueprint.post("/messages/undo/<to>")
def undo(to: str) -> ResponseReturnValue:
    """Put messages back to where they were before the last decision."""
    if to not in STATUSES:
        abort(404)
    return _decide(to, None, undoing=True)


def _decide(to: str, ids: list[str] | None, *, undoing: bool = False) -> ResponseReturnValue:
    form = DecisionForm()
    if not form.validate_on_submit():
        for texts in form.errors.values():
            flash(" ".join(str(text) for text in texts), "error")
        return _back(form)
    chosen = form.message.data if ids is None else ids
    if not chosen:
        flash(_("Tick the messages you want to decide on first."), "error")
        return _back(form)
    try:
        moved = actions.decide(chosen, seen=form.seen.data, to=to, now=clock.now(), reach=reach_as(MODERATOR))
    except (actions.DecidedAlready, actions.TakenBack) as refusal:
        flash(str(refusal), "error")
        return _back(form)
    if len(moved) < len(chosen):
        flash(
            _(
                "Some of these were decided on or taken back in the meantime, or can’t be opened: with them, nothing "
                "was done."
            ),
            "error",
        )
    _tell(form, moved, to, undoing=undoing)
    return _back(form, status=to if undoing else None)


def _tell(form: DecisionForm, moved: list[str], to: str, *, undoing: bool) -> None:
    count = len(moved)
    if undoing:
        flash(_("Undone."))
        return
    numbers: dict[str, Any] = {"num": count, "count": format_number(count)}
    done = {
        APPROVED: ngettext("%(count)s message is on the wall.", "%(count)s messages are on the wall.", **numbers),
        REJECTED: ngettext("%(count)s message is rejected.", "%(count)s messages are rejected.", **numbers),
        PENDING: ngettext("%(count)s message waits for review.", "%(count)s messages wait for review.", **numbers),
    }
    session[LAST] = {"ids": moved, "was": form.seen.data, "now": to, "text": done[to]}


def _back(form: DecisionForm, status: str | None = None) -> ResponseReturnValue:
    shown = status or (form.seen.data if form.seen.data in STATUSES else PENDING)
    return redirect(url_for(".review", status=shown, event=form.event.data or None), 303)


def _titled(event: Event) -> EventView:
    return EventView(event, current_locale(), clock.now())
