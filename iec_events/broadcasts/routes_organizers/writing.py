"""Writing a letter: a new one, a draft that is changed, one that is deleted."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import _, tongues
from ...events.models import Event
from ...events.queries import any_event
from .. import actions
from ..forms import LetterForm
from ..models import DRAFT, Broadcast
from ..queries import letter_of
from .shared import blueprint, letters_page, press, to_letter


@blueprint.route("/new", methods=["GET", "POST"])
def new_letter(slug: str) -> ResponseReturnValue:
    """Write a letter; `?like=` begins with the words of another one."""
    event = any_event(slug)
    if request.method != "POST":
        return _form_page(LetterForm.fresh(_like(event)), event, None)
    form = LetterForm()
    letter_id = form.new_id.data or ""

    def save() -> None:
        actions.keep_letter(
            slug=slug, letter_id=letter_id, draft=form.draft(), made_from=form.made_from, now=clock.now()
        )

    return _work_on(form, event, None, letter_id, save)


@blueprint.route("/<letter_id>/edit", methods=["GET", "POST"])
def edit_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Change a draft."""
    event = any_event(slug)
    found = letter_of(event.id, letter_id)
    if request.method != "POST":
        if found.state != DRAFT:
            flash(str(actions.LetterSent()), "error")
            return to_letter(slug, letter_id)
        return _form_page(LetterForm.of(found), event, found)
    form = LetterForm()

    def save() -> None:
        actions.revise_letter(
            slug=slug, letter_id=letter_id, draft=form.draft(), made_from=form.made_from, now=clock.now()
        )

    return _work_on(form, event, found, letter_id, save)


@blueprint.post("/<letter_id>/delete")
def delete(slug: str, letter_id: str) -> ResponseReturnValue:
    """Delete a draft."""
    there = url_for(".letters", slug=slug)

    def act() -> None:
        actions.delete_letter(slug=slug, letter_id=letter_id, now=clock.now())

    return press(slug, letter_id, act, _("The draft is deleted."), there)


def _like(event: Event) -> Broadcast | None:
    wanted = request.args.get("like", "")
    return letter_of(event.id, wanted) if wanted else None


def _work_on(
    form: LetterForm, event: Event, found: Broadcast | None, letter_id: str, save: Callable[[], None]
) -> ResponseReturnValue:
    """What was sent: a bad form is shown with its errors, a good one is kept."""
    if not form.validate_on_submit():
        return _form_page(form, event, found, 422)
    try:
        save()
    except actions.LetterRefused as refusal:
        form.note(refusal.field, refusal)
        return _form_page(form, event, found, refusal.status)
    except actions.Changed as refusal:
        form.version.data = str(letter_of(event.id, letter_id).version)
        form.form_errors.append(str(refusal))
        return _form_page(form, event, found, refusal.status)
    except (actions.TooManyLetters, actions.LetterSent) as refusal:
        form.form_errors.append(str(refusal))
        return _form_page(form, event, found, refusal.status)
    return to_letter(event.slug, letter_id)


def _form_page(form: LetterForm, event: Event, found: Broadcast | None, status: int = 200) -> ResponseReturnValue:
    return letters_page("form", event, form=form, found=found, tongues=tongues(form.speaks)), status
