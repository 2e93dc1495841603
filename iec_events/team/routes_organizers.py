"""Pages about people, for owners; and the way back in for somebody who lost their password."""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from ..core import clock
from ..core.errors import Refusal
from ..core.i18n import _, current_locale
from ..core.limits import limiter
from ..core.urls import public_url
from ..events.keys import keys_for, leaves_paper_only
from ..events.models import Campaign, Event
from ..events.views import CampaignView, EventView
from ..organizers import tries
from ..organizers.actions import invite as make_invitation
from ..organizers.actions import revoke_invitation, wake
from ..organizers.guard import TOKEN, require_fresh, require_organizer
from ..organizers.queries import open_invitations, reset_stands
from ..organizers.roles import DOOR, Grant
from . import actions
from .forms import ROLE_WORDS, AgainForm, ButtonForm, InviteForm, RoleForm
from .queries import Person, door_ends_at, places, reads_alone
from .queries import people as everybody
from .queries import person as one_person

BEGIN_ANEW = "team.begin_anew"
blueprint = Blueprint("team", __name__, url_prefix="/organize")


@blueprint.before_request
def _owners() -> Response | None:
    """Signed in, allowed and fresh; only who begins anew comes from outside."""
    return None if request.endpoint == BEGIN_ANEW else require_organizer() or require_fresh()


@blueprint.get("/team")
def people() -> ResponseReturnValue:
    """Everybody with their roles, and who is invited."""
    return render_template(
        "team/people.html",
        section="team",
        people=everybody(now=clock.now()),
        invitations=open_invitations(now=clock.now()),
        button=ButtonForm(formdata=None),
        words=ROLE_WORDS,
        titles=dict(_places()),
    )


@blueprint.route("/team/invite", methods=["GET", "POST"])
def invite() -> ResponseReturnValue:
    """A link for somebody new, with a role; shown once, or sent by mail."""
    form = InviteForm(places=_places())
    if not form.validate_on_submit():
        return render_template("team/invite.html", section="team", form=form), 422 if form.is_submitted() else 200
    given = _grant(form)
    token = make_invitation(
        now=clock.now(), role=given.role, place=given.place, until=given.expires_at, email=form.email.data
    )
    if form.email.data:
        flash(_("The invitation is on its way by mail. It works once, within 72 hours."))
        return redirect(url_for(".people"), 303)
    return render_template("team/link.html", section="team", link=public_url("organizers.first", token=token), who=None)


@blueprint.post("/team/invitations/<invitation_id>/revoke")
def revoke(invitation_id: str) -> ResponseReturnValue:
    """Take an invitation back: its link opens nothing any more."""
    if not ButtonForm().validate_on_submit():
        abort(400)
    if revoke_invitation(invitation_id=invitation_id, now=clock.now()):
        flash(_("The invitation is taken back. Its link opens nothing any more."))
    else:
        flash(_("This invitation was used or taken back already, or has expired."))
    return redirect(url_for(".people"), 303)


@blueprint.route("/team/<organizer_id>", methods=["GET", "POST"])
def person(organizer_id: str) -> ResponseReturnValue:
    """One person: their roles, one more role, and what else can be done for them."""
    found, form = one_person(organizer_id, now=clock.now()), RoleForm(places=_places())
    if form.validate_on_submit():
        actions.give_role(organizer_id=organizer_id, given=_grant(form), now=clock.now())
        flash(_("The role is given. Keys to guest lists are given on the page Keys."))
        return redirect(url_for(".person", organizer_id=organizer_id), 303)
    page = render_template(
        "team/person.html",
        section="team",
        person=found,
        form=form,
        button=ButtonForm(formdata=None),
        words=ROLE_WORDS,
        titles=dict(_places()),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/team/<organizer_id>/roles/<grant_id>/take", methods=["GET", "POST"])
def take_role(organizer_id: str, grant_id: str) -> ResponseReturnValue:
    """Ask once, then take one role, and the keys that went with it."""
    found, form = one_person(organizer_id, now=clock.now()), ButtonForm()
    role = next((one for one in found.grants if one.id == grant_id), None)
    if role is not None and not form.validate_on_submit():
        return _ask("take", found, form, role=role)
    try:
        if role is not None:  # else somebody else was faster
            actions.take_role(organizer_id=organizer_id, grant_id=grant_id, now=clock.now())
    except (actions.LastOwner, actions.OnlyReader) as refusal:
        form.form_errors.append(str(refusal))
        return _ask("take", found, form, refusal.status, role=role)
    flash(_("The role is taken, and the keys that went with it."))
    mine = organizer_id == g.organizer.id  # who took their own may not see this page any more
    return redirect(
        url_for("front_organizers.dashboard") if mine else url_for(".person", organizer_id=organizer_id), 303
    )


@blueprint.route("/team/<organizer_id>/remove", methods=["GET", "POST"])
def remove(organizer_id: str) -> ResponseReturnValue:
    """Ask once, then remove an account."""
    found, form = one_person(organizer_id, now=clock.now()), ButtonForm()
    if not form.validate_on_submit():
        return _ask("remove", found, form)
    try:
        actions.remove_person(organizer_id=organizer_id, now=clock.now())
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _ask("remove", found, form, refusal.status)
    flash(_("%(name)s is removed and signed out everywhere.", name=found.name))
    return redirect(url_for(".people"), 303)


@blueprint.route("/team/<organizer_id>/reset", methods=["GET", "POST"])
def reset(organizer_id: str) -> ResponseReturnValue:
    """Ask once, then show a link by which somebody begins anew."""
    found, form = one_person(organizer_id, now=clock.now()), ButtonForm()
    if not form.validate_on_submit():
        return _ask("reset", found, form)
    try:
        token = actions.make_reset_link(organizer_id=organizer_id, now=clock.now())
    except actions.StillRests as refusal:
        form.form_errors.append(str(refusal))
        return _ask("reset", found, form, refusal.status)
    return render_template("team/link.html", section="team", link=public_url(BEGIN_ANEW, token=token), who=found)


@blueprint.route("/team/<organizer_id>/rest", methods=["GET", "POST"])
def rest(organizer_id: str) -> ResponseReturnValue:
    """Ask once, then let somebody's account rest. One's own rests by its own page, which says for how long."""
    found, form = one_person(organizer_id, now=clock.now()), ButtonForm()
    if organizer_id == g.organizer.id:
        return redirect(url_for("organizers.rest"), 303)
    if not form.validate_on_submit():
        return _ask("rest", found, form)
    try:
        actions.rest_person(organizer_id=organizer_id, now=clock.now())
    except actions.LastOwner as refusal:
        form.form_errors.append(str(refusal))
        return _ask("rest", found, form, refusal.status)
    flash(_("The account rests: it is signed out everywhere, and nothing opens it until one of you wakes it."))
    return redirect(url_for(".person", organizer_id=organizer_id), 303)


@blueprint.post("/team/<organizer_id>/wake")
def wake_up(organizer_id: str) -> ResponseReturnValue:
    """Let an account at rest be opened again."""
    if not ButtonForm().validate_on_submit():
        abort(400)
    if wake(organizer_id=organizer_id, now=clock.now()):
        flash(_("The account is awake: it opens with its password and second factor, as before."))
    else:
        flash(_("It was awake already."))
    return redirect(url_for(".person", organizer_id=organizer_id), 303)


@blueprint.post("/team/<organizer_id>/unlock")
def unlock(organizer_id: str) -> ResponseReturnValue:
    """End somebody's waits for too many tries."""
    if not ButtonForm().validate_on_submit():
        abort(400)
    actions.unlock(organizer_id=organizer_id, now=clock.now())
    flash(_("They can try again now."))
    return redirect(url_for(".person", organizer_id=organizer_id), 303)


@blueprint.route("/again/<token>", methods=["GET", "POST"])
@limiter.limit("20/minute", methods=["POST"])
def begin_anew(token: str) -> ResponseReturnValue:
    """A new password by a colleague's link; it is used up by sending the form, never by opening the page."""
    if not reset_stands(token, now=clock.now()):
        tries.note_link_refused("reset", ButtonForm(), now=clock.now())
        raise actions.LinkUnknown
    form = AgainForm()
    if not form.validate_on_submit():
        return render_template("team/again.html", form=form), 422 if form.is_submitted() else 200
    session_token = actions.begin_anew(token=token, password=form.password.data or "", now=clock.now())
    session.clear()
    session[TOKEN] = session_token
    return redirect(url_for("organizers.set_up"), 303)


def _ask(
    what: str, found: Person, form: ButtonForm, status: int | None = None, *, role: Grant | None = None
) -> ResponseReturnValue:
    shown = (ROLE_WORDS[role.role], dict(_places()).get(role.place, role.place)) if role is not None else ()
    kept = keys_for(one for one in found.grants if one.id != role.id) if role is not None else set()
    alone = str(actions.OnlyReader.message) if what == "reset" and reads_alone(found.id) else ""
    paper = leaves_paper_only(found.id, keeping=kept)
    page = render_template(
        "team/confirm.html",
        section="team",
        what=what,
        person=found,
        form=form,
        alone=alone,
        paper=paper and what != "rest",
        closed=what == "rest" and (paper or reads_alone(found.id)),
        role=shown,
    )
    return page, status or (422 if form.is_submitted() else 200)


def _grant(form: RoleForm) -> Grant:
    place = form.place.data or ""
    return Grant(role=form.role.data, place=place, expires_at=door_ends_at(place) if form.role.data == DOOR else None)


def _places() -> list[tuple[str, str]]:
    return [(place, _title(what)) for place, what in places()]


def _title(what: Campaign | Event | None) -> str:
    if what is None:
        return _("Everywhere")
    locale = current_locale()
    if isinstance(what, Event):
        return _("Event: %(title)s", title=EventView(what, locale, clock.now()).told_apart)
    return _("Campaign: %(title)s", title=CampaignView(what, locale).title)
