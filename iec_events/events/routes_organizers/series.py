"""Something that comes again in the organizers' area: its page with all dates, and what can be done about them."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import _l, current_locale
from .. import actions
from ..forms import StepForm
from ..models import Event, EventSeries
from ..series_queries import any_series, dates_of
from ..series_views import rules_told, series_view
from ..views import EventView
from .shared import blueprint

STEPS: dict[str, Callable[..., None]] = {
    "publish": actions.publish_series,
    "cancel": actions.cancel_series,
    "reinstate": actions.reinstate_series,
    "delete": actions.delete_series,
}
DONE = {
    "publish": _l("Published. Everyone can see all dates now."),
    "cancel": _l("Cancelled. The pages of all coming dates and every calendar say so."),
    "reinstate": _l("All coming dates take place again."),
    "delete": _l("Deleted."),
}
DATE_STEPS: dict[str, Callable[..., None]] = {"take-out": actions.take_out, "put-back": actions.put_back}
DATE_DONE = {
    "take-out": _l("Taken out: there is nothing on that day."),
    "put-back": _l("Put back."),
}
REFUSED = (
    actions.TitleMissing,
    actions.PlaceMissing,
    actions.NotFromHere,
    actions.ListKept,
    actions.SeriesSeen,
    actions.PeopleSignedUp,
)


@blueprint.get("/series/<slug>")
def series(slug: str) -> ResponseReturnValue:
    """One series: its rule, its dates and what can be done about them."""
    return _series_page(any_series(slug))


@blueprint.get(f"/series/<slug>/<any({', '.join(STEPS)}):step>")
def confirm_series(slug: str, step: str) -> ResponseReturnValue:
    """Ask before a step that people would notice."""
    return _confirm_page(any_series(slug), step, StepForm())


@blueprint.post(f"/series/<slug>/<any({', '.join(STEPS)}):step>")
def take_series(slug: str, step: str) -> ResponseReturnValue:
    """Take a step with all dates that are to come."""
    form, row = StepForm(), any_series(slug)
    if not form.validate_on_submit():
        return _confirm_page(row, step, form, 422)
    try:
        STEPS[step](slug=slug, now=clock.now())
        flash(str(DONE[step]))
    except REFUSED as refusal:
        flash(str(refusal), "error")
    else:
        if step == "delete":
            return redirect(url_for(".list_events"), 303)
    return redirect(url_for(".series", slug=slug), 303)


@blueprint.post("/series/<slug>/dates/<date>/<any('take-out', 'put-back'):step>")
def take_date(slug: str, date: str, step: str) -> ResponseReturnValue:
    """Take one date out, or put it back."""
    row, form = any_series(slug), StepForm()
    if date not in {event.slug for event in dates_of(row)}:
        abort(404)
    if not form.validate_on_submit():
        return _series_page(row, form, 422)
    try:
        DATE_STEPS[step](slug=date, now=clock.now())
        flash(str(DATE_DONE[step]))
    except REFUSED as refusal:
        flash(str(refusal), "error")
    return redirect(url_for(".series", slug=slug), 303)


def _series_page(row: EventSeries, form: StepForm | None = None, status: int = 200) -> ResponseReturnValue:
    locale, now = current_locale(), clock.now()
    dates = dates_of(row)
    views = [EventView(event, locale, now) for event in dates]
    coming = [view for view in views if not view.is_past]
    standing = [view.event for view in coming if not _is_out(view.event) and view.status != "cancelled"]
    page = render_template(
        "events/series.html",
        section="events",
        series=series_view(row, dates, locale, now),
        coming=coming,
        past=[view for view in reversed(views) if view.is_past],
        seen=any(event.published_at is not None for event in dates),
        unseen=[view for view in coming if view.event.published_at is None and not _is_out(view.event)],
        rules=rules_told(standing, locale),
        form=form or StepForm(formdata=None),
        out={view.slug for view in views if _is_out(view.event)},
    )
    return page, status


def _is_out(event: Event) -> bool:
    """Whether a date was taken out, by hand or by another rule."""
    left = bool(event.series and event.recurs_at and event.series.leaves_out(event.recurs_at))
    return left or (event.status == "draft" and event.published_at is not None)


def _confirm_page(row: EventSeries, step: str, form: StepForm, status: int = 200) -> ResponseReturnValue:
    now = clock.now()
    dates = dates_of(row)
    coming = [event for event in dates if event.ends_at > now]
    page = render_template(
        "events/confirm_series.html",
        series=series_view(row, dates, current_locale(), now),
        step=step,
        form=form,
        coming=len([event for event in coming if event.status != "draft"]),
        people=sum(1 for event in coming if event.lines_given),
    )
    return page, status
