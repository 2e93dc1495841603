"""Events in the organizers' area: the list, the form, the steps from draft to published and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.errors import Refusal
from ...core.i18n import _, _l, current_locale, tongues
from ...organizers.guard import OutOfReach, may, reach_as
from ...organizers.roles import ORGANIZER
from .. import actions
from ..drafts import EventDraft
from ..forms import NEW, EventForm, StepForm
from ..models import Event
from ..queries import EventUnknown, all_campaigns, all_events, any_event, campaign_zone
from ..series_queries import current_series, dates_of
from ..series_views import one_of_each
from ..views import CampaignView, EventView
from ..zones import zone_options
from .shared import blueprint

STEPS: dict[str, Callable[..., None]] = {
    "publish": actions.publish_event,
    "withdraw": actions.withdraw_event,
    "cancel": actions.cancel_event,
    "postpone": actions.postpone_event,
    "reinstate": actions.reinstate,
    "delete": actions.delete_draft,
    "close": actions.close_list,
    "open": actions.open_list,
    "attack": actions.defend_event,
    "calm": actions.end_defence,
}
DONE = {
    "publish": _l("Published. Everyone can see it now."),
    "withdraw": _l("Withdrawn. It is a draft again, and its page says that it is gone."),
    "cancel": _l("Cancelled. Its page and every calendar say so."),
    "postpone": _l("Postponed. RSVPs stay; its page and every calendar say that the date is open."),
    "reinstate": _l("It takes place again. Its page and every calendar say so."),
    "delete": _l("Deleted."),
    "close": _l("Closed. Its page says so, and what to do instead."),
    "open": _l("Open. People can sign up now."),
    "attack": _l("Switched to “under attack”. Look at the RSVPs that wait for you."),
    "calm": _l("The attack is over. Signing up works again as you set it."),
    "all": _l("Saved for this date and all that are to come. What was changed for one date alone stayed so."),
    "again": _l("Saved as a draft. Now say when it comes again."),
}
ASKED = "publish, withdraw, cancel, postpone, reinstate, delete"  # before these one is asked once more
BESIDE: dict[type[Refusal], str] = {
    actions.SlugTaken: "slug",
    actions.SlugUnfit: "slug",
    actions.CapacityBelowSeats: "capacity",
    actions.KeptLonger: "keep_days",
    actions.ListEndsNow: "keep_days",
    actions.MovedIntoPast: "starts_on",
    actions.PlaceMissing: "city",
    actions.NoSuchImage: "image",
    OutOfReach: "campaign",
}
REFUSED = (actions.TitleMissing, actions.PlaceMissing, actions.NotFromHere, actions.PublishedOnce, actions.ListKept)


@blueprint.get("/events")
def list_events() -> ResponseReturnValue:
    """Every event: drafts, upcoming, past."""
    now, locale = clock.now(), current_locale()
    events = [EventView(event, locale, now) for event in all_events(reach_as(ORGANIZER))]
    public = [event for event in events if event.status != "draft"]
    return render_template(
        "events/list.html",
        section="events",
        drafts=one_of_each(one for one in reversed(events) if one.status == "draft" and not _taken_out(one))[::-1],
        upcoming=one_of_each(event for event in reversed(public) if not event.is_past),
        past=one_of_each(event for event in public if event.is_past),
        campaigns=[CampaignView(campaign, locale) for campaign in all_campaigns(reach_as(ORGANIZER))],
    )


def _taken_out(event: EventView) -> bool:
    """Whether this is one date of a series that is seen without it."""
    return event.event.series is not None and event.event.published_at is not None


@blueprint.route("/events/new", methods=["GET", "POST"])
def new_event() -> ResponseReturnValue:
    """Write a new event; `?campaign=` begins in its zone, `?like=` begins as a copy of another event."""
    if request.method != "POST":
        return _event_page(_fresh_form(), None)
    form = EventForm(campaigns=_campaign_choices())

    def save(draft: EventDraft) -> str:
        if not reach_as(ORGANIZER).has_campaign(form.campaign.data):
            raise OutOfReach
        return actions.create_event(
            draft=draft,
            slug=form.slug.data or None,
            campaign_slug=form.campaign.data or None,
            form=form["csrf_token"].data or "",
            now=clock.now(),
        )

    return _work_on(form, None, save)


@blueprint.route("/events/<slug>", methods=["GET", "POST"])
def edit_event(slug: str) -> ResponseReturnValue:
    """Change an event."""
    try:
        event = any_event(slug)
    except EventUnknown as refusal:
        if request.method != "POST":
            raise
        return _gone_meanwhile(EventForm(campaigns=_campaign_choices()), refusal)
    if request.method != "POST":
        return _event_page(EventForm.of(event, campaigns=_campaign_choices(event)), event)
    form = EventForm(campaigns=_campaign_choices(event))

    def save(draft: EventDraft) -> str:
        if not reach_as(ORGANIZER).has_event(slug, form.campaign.data):
            raise OutOfReach
        if request.form.get("do") == "all":
            latest = current_series(event)
            if latest is None or not may("events_organizers.series", slug=latest.slug):
                raise OutOfReach
            before = _told_of(dates_of(latest))
            called = actions.revise_dates(
                slug=slug,
                draft=draft,
                campaign_slug=form.campaign.data or None,
                made_from=form.made_from,
                locale=current_locale(),
                now=clock.now(),
            )
            _tell_of_silence(dates_of(latest), before)
            return called
        was_shown = event.listed and event.published_at is not None
        before = _told_of([event])
        called = actions.revise_event(
            slug=slug,
            draft=draft,
            campaign_slug=form.campaign.data or None,
            made_from=form.made_from,
            now=clock.now(),
        )
        if called != slug:
            flash(_("Its address has a new end that nobody can guess. Whoever you give it to finds the event."))
        elif was_shown and not draft.listed:
            flash(_("It is in no list any more. Its address stays as it was: whoever knows it, or kept it, finds it."))
        _tell_of_silence([any_event(called)], before)
        return called

    return _work_on(form, event, save)


@blueprint.get(f"/events/<slug>/<any({ASKED}):step>")
def confirm(slug: str, step: str) -> ResponseReturnValue:
    """Ask before a step that people would notice."""
    event = EventView(any_event(slug), current_locale(), clock.now())
    return render_template("events/confirm.html", event=event, step=step, form=StepForm())


@blueprint.post(f"/events/<slug>/<any({', '.join(STEPS)}):step>")
def take(slug: str, step: str) -> ResponseReturnValue:
    """Take a step."""
    form = StepForm()
    if not form.validate_on_submit():
        event = EventView(any_event(slug), current_locale(), clock.now())
        page = "events/confirm.html" if step in ASKED.split(", ") else "events/press_again.html"
        return render_template(page, event=event, step=step, form=form), 422
    try:
        STEPS[step](slug=slug, now=clock.now())
        flash(str(DONE[step]))
    except REFUSED as refusal:
        flash(str(refusal), "error")
    else:
        if step == "delete":
            return redirect(url_for(".list_events"), 303)
    if "from_dashboard" in request.form:
        return redirect(url_for("front_organizers.dashboard"), 303)
    return redirect(url_for(".edit_event", slug=slug), 303)


def _told_of(events: Sequence[Event]) -> dict[int, tuple[int, object]]:
    """Of each event, by its id: the number of what letters tell, and what those who come should know all the same."""
    notes = {one.id: {code: words.get("gate_note", "") for code, words in one.texts.items()} for one in events}
    return {one.id: (one.sequence, (one.doors_at, notes[one.id])) for one in events}


def _tell_of_silence(events: Sequence[Event], before: dict[int, tuple[int, object]]) -> None:
    """Say so when a save changed that, and nothing that letters tell: those go with all that is known by then."""
    awaited = [one for one in events if one.status == "published" and one.lines_given and one.ends_at > clock.now()]
    now = _told_of(awaited)
    if any(now[number][0] == before[number][0] and now[number] != before[number] for number in now):
        flash(_("No mail tells of what you changed about the gate or the doors. “RSVPs”, “Write to them” does."))


def _work_on(form: EventForm, event: Event | None, save: Callable[[EventDraft], str]) -> ResponseReturnValue:
    """What was sent: a change of rows is shown, a bad form is shown with its errors, a good one is saved."""
    wish = request.form.get("do", "")
    if form.rearrange(wish):
        form.check_upload()
        _keep_picture(form)
        return _event_page(form, event)
    valid = form.validate_on_submit()
    valid = (wish != "publish" or form.wants_to_publish()) and valid
    _keep_picture(form)
    if not valid:
        return _event_page(form, event, 422)
    try:
        slug = save(form.draft())
    except EventUnknown as refusal:
        return _gone_meanwhile(form, refusal)
    except Refusal as refusal:
        return _event_page(form, _told(form, event, refusal), refusal.status)
    if wish == "publish":
        actions.publish_event(slug=slug, now=clock.now())
    flash(str(DONE.get(wish, _("Saved."))))
    if form.draft().ends_at <= clock.now():
        flash(_("By its dates this event is over already. If that is a mistake, please mend them."))
    return redirect(url_for(".again" if wish == "again" else ".edit_event", slug=slug), 303)


def _told(form: EventForm, event: Event | None, refusal: Refusal) -> Event | None:
    """Say why it was not saved, beside the field that it is about; the event as it is now."""
    event = any_event(event.slug) if event is not None else None
    if isinstance(refusal, actions.EventChangedMeanwhile) and event is not None:
        form.revision.data = event.revised_at.isoformat()
        form.form_errors.append(str(refusal))
        form.different = form.differences(event)
    elif isinstance(refusal, actions.DraftRefused):
        form.note_objection(refusal.field, refusal)
    elif isinstance(refusal, actions.ListEndsNow) and event is not None and form.keep_days.data == event.keep_days:
        form.note("ends_on", refusal)
    elif type(refusal) in BESIDE:
        form.note(BESIDE[type(refusal)], refusal)
    else:
        form.form_errors.append(str(refusal))
    return event


def _gone_meanwhile(form: EventForm, refusal: EventUnknown) -> ResponseReturnValue:
    """Somebody threw the draft away, or gave it another address, while this was written: what was typed stays."""
    form.form_errors.append(str(refusal))
    return _event_page(form, None, refusal.status)


def _keep_picture(form: EventForm) -> None:
    """Keep the picture at once, so that it need not be chosen again when something else is wrong."""
    if form.picture is not None and not form["csrf_token"].errors:
        picture = form.picture
        actions.keep_image(
            name=picture.name,
            content=picture.content,
            width=picture.width,
            height=picture.height,
            smaller=picture.smaller,
            now=clock.now(),
            instead_of=form.kept_image,
        )
        form.keeps(picture.name)


def _fresh_form() -> EventForm:
    campaigns = _campaign_choices()
    like, campaign = request.args.get("like"), request.args.get("campaign", "")
    if like:
        if not may("events_organizers.edit_event", slug=like):
            abort(403)
        form = EventForm.of(any_event(like), campaigns=campaigns)
        form.revision.data = ""
        return form
    return EventForm(campaigns=campaigns, data={**NEW, "campaign": campaign, "zone": campaign_zone(campaign)})


def _campaign_choices(event: Event | None = None) -> list[tuple[str, str]]:
    """The campaigns that one may put an event into; the one that it is in stays among them."""
    mine = list(all_campaigns(reach_as(ORGANIZER)))
    if event is not None and event.campaign is not None and event.campaign not in mine:
        mine.append(event.campaign)
    return [(campaign.slug, CampaignView(campaign, current_locale()).title) for campaign in mine]


def _event_page(form: EventForm, event: Event | None, status: int = 200) -> ResponseReturnValue:
    locale = current_locale()
    page = render_template(
        "events/form.html",
        section="new_event" if event is None else "events",
        form=form,
        event=EventView(event, locale, clock.now()) if event is not None else None,
        step_form=StepForm(formdata=None),
        zones=zone_options(locale),
        tongues=tongues(form.speaks),
    )
    return page, status
