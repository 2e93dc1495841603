"""The pages at the door. They show names, sizes and states, and nothing else of the list."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    get_template_attribute,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from ..core import clock
from ..core.config import settings
from ..core.errors import Refusal
from ..core.i18n import _, current_locale, format_number
from ..core.limits import within
from ..core.security import with_camera
from ..core.tokens import derived_token, new_token
from ..events.models import Event
from ..events.queries import any_event
from ..events.times import clock_text
from ..events.views import EventView
from ..organizers.audit import note
from ..organizers.guard import in_background, key_holder, reach_as, require_organizer
from ..organizers.roles import DOOR
from ..rsvps.actions import OrganizerDecides, free_places, why_no_walk_in
from ..rsvps.door_boxes import door_reader_of
from ..rsvps.door_code import CodeMistyped, is_door_code, rsvp_of_code
from .actions import PartyUnknown, count_in, count_in_after_all, count_out, count_walk_in
from .forms import CountForm, FindForm, WalkInForm, moment, number, pressed
from .queries import (
    EXPECTED,
    HERE,
    SHOWN_AFTER,
    DoorView,
    Party,
    counted_by,
    door_view,
    doors_in,
    heads,
    namesake,
    party_at_door,
    unseated,
)

blueprint = Blueprint("checkin", __name__, url_prefix="/organize")
blueprint.before_request(require_organizer)
NOTED = ("1/hour",)  # it is the same damage each time somebody looks
SEED = "checkin.seed"  # in the session until its party is known to be counted: a page loaded anew counts none twice


@blueprint.get("/door")
def doors() -> ResponseReturnValue:
    """The doors at which somebody may stand; if it is one, there we are."""
    now = clock.now()
    found = doors_in(reach_as(DOOR), now=now)
    if len(found) == 1:
        return redirect(url_for(".door", slug=found[0].slug), 303)
    views = [EventView(one, current_locale(), now) for one in found]
    return render_template("checkin/doors.html", section="door", events=views)


@blueprint.route("/events/<slug>/door", methods=["GET", "POST"])
def door(slug: str) -> ResponseReturnValue:
    """Who is expected and who is here; a search is a POST, so that no name stands in an address."""
    event, find = any_event(slug), FindForm()
    sought = (find.q.data or "") if find.validate_on_submit() else ""
    if sought and is_door_code(sought):
        return _by_code(event, find, sought)
    reader = door_reader_of(*key_holder(), event.id)
    done = party_at_door(event.id, request.args.get("done", ""), reader)
    if done and not done.people and request.method != "POST":
        return _page(event, find, _only(done))  # taken back: maybe to count them in with another number
    show = HERE if request.args.get("show") == HERE else EXPECTED
    found = door_view(event.id, reader, show=show, search=sought, page=number(request.args.get("page", "")) or 1)
    if found.damaged and within("notes of damage", NOTED, slug):
        note("list.damaged", f"event:{slug}", now=clock.now())
    return _page(event, find, found, show=show, sought=sought, done=done), 422 if find.errors else 200


@blueprint.route("/events/<slug>/door/here", methods=["GET", "POST"])
def here(slug: str) -> ResponseReturnValue:
    """Count a party in. Pressed twice, or at two doors at once, it counts once. Opened, it counts nobody."""
    return _count(slug, count_in)


@blueprint.route("/events/<slug>/door/after-all", methods=["GET", "POST"])
def after_all(slug: str) -> ResponseReturnValue:
    """The same for a party that had said that it does not come."""
    return _count(slug, count_in_after_all)


@blueprint.route("/events/<slug>/door/walk-in", methods=["GET", "POST"])
def walk_in(slug: str) -> ResponseReturnValue:
    """Count a party in that has no RSVP."""
    event, form = any_event(slug), WalkInForm()
    form.take(event, _seed())
    if not form.validate_on_submit():
        return _walk_in_page(event, form), 422 if form.is_submitted() else 200
    party, now = form.party(), clock.now()
    said = "\0".join((slug, form.seed.data or "", str(party.party_size), party.name))  # others are not the same party
    token = derived_token(settings().secret_key, "walk-in", said)
    if _is_there(event, form, token):
        return _walk_in_page(event, form), 422
    try:
        placed = count_walk_in(slug=slug, party=party, token=token, by=g.organizer.id, now=now)
    except Refusal as refusal:
        form.party_size.errors = _words(refusal)
        return _walk_in_page(any_event(slug), form), refusal.status
    session.pop(SEED, None)
    if not placed.new:
        flash(_("This was sent before, so they are counted once. Is it somebody else? Then count them in now."))
    return redirect(url_for(".door", slug=slug, done=placed.rsvp_id), 303)


def _is_there(event: Event, form: WalkInForm, token: str) -> bool:
    """Whether a party of that name came a moment ago, so that one asks: somebody may have gone back, and sent anew."""
    if form.another.data or not form.name.data:
        return False
    reader = door_reader_of(*key_holder(), event.id)
    before = namesake(event.id, form.name.data, reader, token=token, now=clock.now())
    if before is not None:
        form.ask(_clock_of(event)(before))
    return before is not None


def _count(slug: str, verb: Callable[..., bool]) -> ResponseReturnValue:
    event, button = any_event(slug), CountForm()
    if request.method != "POST":
        return _unsent(event)
    rsvp_id, people = pressed(request.form)
    if not button.validate_on_submit():
        return _again(event, *button.errors.get("csrf_token", ()), token=generate_csrf())
    try:
        counted = verb(slug=slug, rsvp_id=rsvp_id, people=people, by=g.organizer.id, now=clock.now())
    except Refusal as refusal:
        return _again(any_event(slug), *_words(refusal), status=refusal.status)
    before = _("They were counted before, maybe at another door. Nothing was counted twice.")
    if in_background():  # it may be the same press, sent again
        elsewhere = not counted and counted_by(rsvp_id) != g.organizer.id
        return _told(event, *([before] if elsewhere else []), elsewhere=elsewhere)
    if not counted:
        flash(before)
    return redirect(url_for(".door", slug=slug, done=rsvp_id), 303)


@blueprint.route("/events/<slug>/door/undo", methods=["GET", "POST"])
def undo(slug: str) -> ResponseReturnValue:
    """Take a press of the button back. Opened, it takes nothing back."""
    event, button = any_event(slug), CountForm()
    if request.method != "POST":
        return _unsent(event)
    rsvp_id, _people = pressed(request.form)
    if not button.validate_on_submit():
        return _again(event, *button.errors.get("csrf_token", ()), token=generate_csrf())
    try:
        count_out(slug=slug, rsvp_id=rsvp_id, now=clock.now(), since=moment(request.form.get("since", "")))
    except Refusal as refusal:
        return _again(event, str(refusal), status=refusal.status)
    taken_back = _("Taken back: they are not counted as here.")
    if in_background():
        return _told(event, taken_back)
    flash(taken_back)
    return redirect(url_for(".door", slug=slug, done=rsvp_id), 303)


def _by_code(event: Event, find: FindForm, code: str) -> ResponseReturnValue:
    """The one party that a code names."""
    reader = door_reader_of(*key_holder(), event.id)
    try:
        party = party_at_door(event.id, rsvp_of_code(code), reader)
        if party is None:
            raise PartyUnknown
    except CodeMistyped:
        text = _("A sign of this code is wrong or missing. Compare it with the attendee’s page, or search by name.")
    except Refusal as refusal:
        text = str(refusal)
    else:
        return _page(event, find, _only(party), sought=code)
    find.q.errors = (text,)
    nobody = DoorView(parties=(), total=0, page=1, pages=1)
    return _page(event, find, nobody, sought=code), 422


def _unsent(event: Event) -> ResponseReturnValue:
    """The party whose button was pressed when one had to sign in first; else the door."""
    rsvp_id, people = pressed(g.get("typed_before", {}))
    party = party_at_door(event.id, rsvp_id, door_reader_of(*key_holder(), event.id))
    if party is None:
        return redirect(url_for(".door", slug=event.slug), 303)
    return _page(event, FindForm(formdata=None), _only(party), people=people)


def _again(event: Event, *texts: str, status: int = 422, token: str | None = None) -> ResponseReturnValue:
    """The party, if it is there still, with what went wrong on top; `token` is one that a script may try again with."""
    if in_background():
        return _told(event, *texts, token=token), status
    reader, (rsvp_id, people) = door_reader_of(*key_holder(), event.id), pressed(request.form)
    party = party_at_door(event.id, rsvp_id, reader)
    found = _only(party) if party else door_view(event.id, reader)
    return _page(event, FindForm(formdata=None), found, wrong=texts, people=people), status


def _told(event: Event, *texts: str, **more: object) -> dict[str, object]:
    """What js/door.js is told of its press: the party as it stands now, with its buttons, and the two numbers."""
    rsvp_id, _people = pressed(request.form)
    party, there = party_at_door(event.id, rsvp_id, door_reader_of(*key_holder(), event.id)), heads(event.id)
    draw = get_template_attribute("checkin/party.html", "row")
    return {
        "row": draw(party, event.slug, _clock_of(event)) if party else "",
        "texts": texts,
        "heads": {"here": format_number(there.here), "expected": format_number(there.expected)},
        **more,
    }


def _only(party: Party) -> DoorView:
    return DoorView(parties=[party], total=1, page=1, pages=1, alone=True)


def _page(
    event: Event,
    find: FindForm,
    found: DoorView,
    *,
    show: str = EXPECTED,
    sought: str = "",
    done: Party | None = None,
    wrong: tuple[str, ...] = (),
    people: int | None = None,
) -> Response:
    now = clock.now()
    page = render_template(
        "checkin/door.html",
        section="door",
        event=EventView(event, current_locale(), now),
        find=find,
        found=found,
        show=show,
        sought=sought,
        done=done,
        wrong=wrong,
        chosen=people,
        when=_clock_of(event),
        now=int(now.timestamp()),
        until=int((event.ends_at + SHOWN_AFTER).timestamp()),
        heads=heads(event.id),
        button=CountForm(formdata=None),
        new=_new_party(event, sought) if sought and found.nobody and not find.errors else None,
        free=free_places(event, unseated=unseated(event.slug)),
    )
    return with_camera(page)


def _clock_of(event: Event) -> Callable[[Party], str]:
    zone = ZoneInfo(event.time_zone)
    return lambda party: clock_text(party.at.astimezone(zone), current_locale()) if party.at else ""


def _walk_in_page(event: Event, form: WalkInForm) -> str:
    refusal = None if form.is_submitted() else why_no_walk_in(event, clock.now(), unseated=unseated(event.slug))
    return render_template(
        "checkin/walk_in.html",
        section="door",
        event=EventView(event, current_locale(), clock.now()),
        form=form,
        free=free_places(event, unseated=unseated(event.slug)),
        why_not=_words(refusal) if refusal else (),
    )


def _new_party(event: Event, sought: str) -> WalkInForm | None:
    """For whom nobody found on the list; None when the door can't put them there."""
    if why_no_walk_in(event, clock.now(), unseated=unseated(event.slug)):
        return None
    form = WalkInForm(formdata=None, name=sought)
    form.take(event, _seed())
    return form


def _seed() -> str:
    return str(session.setdefault(SEED, new_token()))


def _words(refusal: Refusal) -> tuple[str, ...]:
    """What to tell, and whom to call."""
    return (str(refusal), str(refusal.call)) if isinstance(refusal, OrganizerDecides) else (str(refusal),)
