"""Ways back for those who lost their link: by mail to the address on file, or with the words they kept."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import _
from ...core.limits import visitor, within
from ..actions import ask_for_links
from ..forms import LostLinkForm, WordsForm
from ..queries import LinkUnknown, slug_of
from .shared import blueprint, keep_link

TRIES = ("10/hour",)


@blueprint.route("/rsvps/lost", methods=["GET", "POST"])
def lost() -> ResponseReturnValue:
    """Ask for one's links; the answer is the same for everyone, and the worker looks whether there are any."""
    form = LostLinkForm(about="lost link")
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        if within("lost link", TRIES, visitor()):
            ask_for_links(email=form.email.data or "", now=clock.now())
            return redirect(url_for(".asked"), 303)
        form.form_errors.append(_too_often())
        status = 429
    return render_template("rsvps/lost.html", form=form), status


@blueprint.get("/rsvps/lost/asked")
def asked() -> ResponseReturnValue:
    """What happens next, whoever asked."""
    return render_template("rsvps/asked.html")


@blueprint.route("/rsvps/words", methods=["GET", "POST"])
def words() -> ResponseReturnValue:
    """Come in with a recovery phrase."""
    form = WordsForm()
    status = 422 if form.is_submitted() else 200
    if form.is_submitted() and not within("words", TRIES, visitor()):
        form.form_errors.append(_too_often())
        return render_template("rsvps/words.html", form=form), 429
    if form.validate_on_submit():
        try:
            slug = slug_of(form.token)
        except LinkUnknown:
            form.words.errors = (*form.words.errors, _no_such_words())
        else:
            keep_link(slug, form.token)
            return redirect(url_for(".mine", slug=slug), 303)
    return render_template("rsvps/words.html", form=form), status


def _too_often() -> str:
    return _("There were many tries from your network within an hour. Nothing is lost: please try again later.")


def _no_such_words() -> str:
    return _(
        "These words are written right, but no RSVP opens with them any more. It may have been deleted, by you or "
        "with the list of its event."
    )
