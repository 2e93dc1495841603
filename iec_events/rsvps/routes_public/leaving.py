"""Forgetting on this device: the browser loses its links, the RSVPs stay."""

from __future__ import annotations

from flask import redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from ...core.limits import limiter
from ...organizers.guard import TOKEN
from ..forms import ButtonForm
from ..queries import reached_by_mail
from .shared import blueprint, forget_all_links, held_links


@blueprint.route("/rsvps/forget", methods=["GET", "POST"])
@limiter.limit("60/minute", methods=["POST"])
def forget() -> ResponseReturnValue:
    """Ask once, then forget every link that this browser holds, and what it keeps of our pages."""
    links, form = held_links(), ButtonForm()
    if form.validate_on_submit():
        forget_all_links()
        response = redirect(url_for(".forgotten"), 303)
        response.headers["Clear-Site-Data"] = '"cache"'  # pages for everyone, too: they tell which night was looked at
        return response
    if not links and not form.is_submitted():
        return redirect(url_for(".forgotten"), 303)
    lost = not all(reached_by_mail(token) for token in links.values())
    status = 422 if form.is_submitted() else 200
    return render_template("rsvps/forget.html", form=form, lost=lost, slug=next(reversed(links), None)), status


@blueprint.get("/rsvps/forgotten")
def forgotten() -> ResponseReturnValue:
    """What is left to do; the page names no event and sets no cookie."""
    return render_template("rsvps/forgotten.html", still_here=TOKEN in session)
