"""The rule of what comes again in the organizers' area: given to a draft, or changed.

Nothing is made before its dates were shown.
"""

from __future__ import annotations

import datetime as dt

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.errors import Refusal
from ...core.i18n import _, current_locale
from ...organizers.guard import OutOfReach, reach_as
from ...organizers.roles import ORGANIZER
from .. import actions
from ..actions.series_rows import checked
from ..actions.series_rules import new_course, not_before_today
from ..forms_series import UNTIL, NewRuleForm, RuleForm, first_values, mark_of, rule_values
from ..models import Event, EventSeries
from ..patterns import course_of
from ..plans import Plan, plan_of
from ..queries import any_event
from ..recurrence import DAILY, Course, Rule, on_the_wall
from ..rule_words import course_words, until_words, whole_day
from ..series_queries import any_series, dates_of
from ..series_views import series_view
from ..times import clock_text, zone_label
from ..views import EventView
from .shared import blueprint


@blueprint.route("/events/<slug>/again", methods=["GET", "POST"])
def again(slug: str) -> ResponseReturnValue:
    """Say how a draft comes again; its dates are shown before they are made."""
    event = any_event(slug)
    if event.series is not None or event.published_at is not None:
        flash(str(actions.SeenAlready.message), "error")
        return redirect(url_for(".edit_event", slug=slug), 303)
    first = on_the_wall(event.starts_at, event.time_zone)
    if request.method != "POST":
        return _again_page(event, RuleForm(data=first_values(first.date())))
    form = RuleForm()
    course = _new_course(event, form, first)
    moments = _moments(course, form) if course else []
    if course is None or not moments:
        return _again_page(event, form, status=422)
    if request.form.get("do") != "make" or form.seen.data != mark_of(course, moments):
        return _again_page(event, form, course, moments)
    return _begin(event, form, course)


def _new_course(event: Event, form: RuleForm, first: dt.datetime) -> Course | None:
    """The course that is meant for a draft, by somebody who may make events in its campaign."""
    if not reach_as(ORGANIZER).has_campaign(event.campaign.slug if event.campaign else None):
        form.form_errors.append(str(OutOfReach.message))
    every_day, zone = Rule(every=DAILY), event.time_zone
    like = Course(rule=every_day, time_zone=zone, first=first, until=first.date(), all_day=event.all_day)
    return _course(form, like)


def _moments(course: Course, form: RuleForm) -> list[dt.datetime]:
    """Its dates; none where there are too many or too few, which is then said beside the field."""
    try:
        return checked(course, now=clock.now())
    except actions.RuleRefused as refusal:
        form.note(refusal.field, refusal)
        return []


def _begin(event: Event, form: RuleForm, course: Course) -> ResponseReturnValue:
    slug, also = event.slug, current_app.extensions["copy_questions"]
    try:
        made = actions.begin_series(slug=slug, rule=course.rule, until=course.until, also=also, now=clock.now())
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _again_page(any_event(slug), form, status=refusal.status)
    flash(_("Made. All dates are drafts until you publish them."))
    return redirect(url_for(".series", slug=made), 303)


@blueprint.route("/series/<slug>/rule", methods=["GET", "POST"])
def series_rule(slug: str) -> ResponseReturnValue:
    """Give a series another rule, or another end; what becomes of its dates is shown before."""
    row, now = any_series(slug), clock.now()
    dates = dates_of(row)
    if request.method != "POST":
        return _rule_page(row, dates, NewRuleForm(data=_values(row, dates, now)))
    form = NewRuleForm()
    form.validate()
    course = None if form.errors else _course(form, course_of(row), from_day=form.from_on.data, at=form.at.data)
    if course is None:
        return _rule_page(row, dates, form, status=422)
    from_day = not_before_today(row, form.from_on.data, now)
    course = new_course(row, rule=course.rule, at=form.at.data, from_day=from_day, until=course.until)
    try:
        checked(course, now=now, least=0 if any(one.lines_given or one.ends_at <= now for one in dates) else 2)
    except actions.RuleRefused as refusal:
        form.note(refusal.field, refusal)
        return _rule_page(row, dates, form, status=422)
    plan = plan_of(row, dates, course, from_day, now)
    mark = mark_of(course, course.moments(), from_day, form.odd.data, *(one.revised_at for one in dates))
    if request.form.get("do") != "make" or form.seen.data != mark:
        form.seen.data, form.seen.raw_data = mark, None
        return _rule_page(row, dates, form, course, plan)
    actions.change_rule(
        slug=slug,
        rule=course.rule,
        at=form.at.data,
        from_day=from_day,
        until=course.until,
        odd=form.odd.data if form.odd.data == actions.CANCEL else actions.KEEP,
        also=current_app.extensions["copy_questions"],
        now=now,
    )
    flash(_("Changed. People who signed up for a date that moves or is cancelled are written to."))
    return redirect(url_for(".series", slug=slug), 303)


def _course(
    form: RuleForm, like: Course, *, from_day: dt.date | None = None, at: dt.time | None = None
) -> Course | None:
    """The course that the form means, from a day on; None where something in it is wrong."""
    valid = form.validate() if not form.errors else False
    rule = form.rule()
    first = dt.datetime.combine(from_day or like.first.date(), at or like.first.time())
    until = form.until(rule, first.date()) if rule is not None else None
    if not valid or rule is None or until is None:
        return None
    return Course(rule=rule, time_zone=like.time_zone, first=first, until=until, all_day=like.all_day)


def _values(row: EventSeries, dates: list[Event], now: dt.datetime) -> dict[str, object]:
    """What the form of another rule begins with: the rule as it is, from the next date on."""
    course = course_of(row)
    coming = [event for event in dates if event.starts_at > now and event.series_id == row.id]
    next_day = on_the_wall(coming[0].starts_at, row.time_zone).date() if coming else now.date()
    return {
        **first_values(next_day),
        **rule_values(course.rule),
        "from_on": next_day,
        "at": course.first.time(),
        "ends": UNTIL,
        "until_on": course.until,
    }


def _again_page(
    event: Event,
    form: RuleForm,
    course: Course | None = None,
    moments: list[dt.datetime] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    if course is not None and moments is not None:
        form.seen.data, form.seen.raw_data = mark_of(course, moments), None
    view = EventView(event, current_locale(), clock.now())
    page = render_template(
        "events/again.html",
        event=view,
        form=form,
        words=_words(course, moments) if course else "",
        zone=zone_label(view.city, event.time_zone, view.locale),
        moments=[_told(moment, all_day=event.all_day) for moment in moments or ()],
        skipped=[whole_day(day, view.locale) for day in course.skipped()] if course else [],
    )
    return page, status


def _rule_page(
    row: EventSeries,
    dates: list[Event],
    form: NewRuleForm,
    course: Course | None = None,
    plan: Plan | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    locale, now = current_locale(), clock.now()
    page = render_template(
        "events/rule.html",
        series=series_view(row, dates, locale, now),
        form=form,
        words=_words(course, course.moments()) if course else "",
        plan=plan,
        added=[_told(moment, all_day=course.all_day) for moment in plan.added] if plan and course else [],
        moved=[(EventView(one, locale, now), _told(moment)) for one, moment in plan.moved] if plan else [],
        odd=[EventView(one, locale, now) for one in plan.odd] if plan else [],
        dropped=[EventView(one, locale, now) for one in plan.dropped] if plan else [],
        people=any(event.lines_given for event in dates),
        all_day=course_of(row).all_day,
    )
    return page, status


def _words(course: Course, moments: list[dt.datetime] | None) -> str:
    last = moments[-1].date() if moments else course.until
    return until_words(course_words(course, current_locale()), last, current_locale())


def _told(moment: dt.datetime, *, all_day: bool = True) -> str:
    """A date in a list: its day, and its hour where that is not the same for all."""
    locale = current_locale()
    day = whole_day(moment.date(), locale)
    return day if all_day else _("%(day)s, %(time)s", day=day, time=clock_text(moment, locale))
