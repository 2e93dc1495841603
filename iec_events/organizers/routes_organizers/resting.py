"""Letting one's own account rest, before a border or a search."""

from __future__ import annotations

import datetime as dt

from flask import flash, g, redirect, session, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import _
from .. import actions
from ..forms import RestForm
from ..guard import require_fresh, require_organizer
from ..resting_queries import is_last_owner
from .steps import blueprint, left, way_in


@blueprint.route("/account/rest", methods=["GET", "POST"])
def rest() -> ResponseReturnValue:
    """Nothing opens the account for so many days, and every browser is signed out."""
    refused = require_organizer() or require_fresh()
    if refused is not None:
        return refused
    form, now = RestForm(), clock.now()
    if not form.validate_on_submit():
        alone = is_last_owner(g.organizer.id, now=now)
        return way_in("rest", form, 422 if form.is_submitted() else 200, alone=alone)
    actions.rest(organizer_id=g.organizer.id, until=now + dt.timedelta(days=int(form.days.data)), now=now)
    session.clear()
    flash(_("Your account rests, and every browser is signed out."))
    return left(redirect(url_for(".sign_in"), 303))
