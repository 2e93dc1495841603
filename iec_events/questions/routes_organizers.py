"""An event's questions in the organizers' area: the list, the form, the order, what is asked no more."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..core import clock
from ..core.errors import Refusal
from ..core.i18n import _, _l, current_locale, tongues
from ..events.models import Event
from ..events.queries import any_event
from ..events.views import EventView
from ..organizers.guard import require_organizer
from . import actions
from .drafts import QuestionDraft
from .fields import Asking, with_questions
from .forms import ButtonForm, QuestionForm
from .models import CONDITIONS, LONG, MOST_CHOICES, MOST_QUESTIONS, NUMBER, ONE, SEVERAL, SHORT, YES_NO, Question
from .queries import QuestionUnknown, question_of, questions_of
from .ready_made import READY_MADE
from .views import QuestionView, views_of

blueprint = Blueprint("questions_organizers", __name__, url_prefix="/organize")
blueprint.before_request(require_organizer)

MOST_PARTS = 400
KINDS = {
    SHORT: _l("One line of text"),
    LONG: _l("Several lines of text"),
    ONE: _l("One answer to choose"),
    SEVERAL: _l("Several answers to choose"),
    YES_NO: _l("Yes or no"),
    NUMBER: _l("A number"),
}


@blueprint.before_request
def _take_rows() -> None:
    """Twenty answers in three languages are more parts than strangers may send; the guard ran before."""
    request.max_form_parts = MOST_PARTS


@blueprint.get("/events/<slug>/questions")
def questions(slug: str) -> ResponseReturnValue:
    """Every question of an event, in order, and how people will see them."""
    return _list_page(any_event(slug), ButtonForm())


@blueprint.route(
    "/events/<slug>/questions/new/<any(short, long, one, several, yes_no, number):kind>", methods=["GET", "POST"]
)
def new_question(slug: str, kind: str) -> ResponseReturnValue:
    """Write a question of this kind."""
    event = any_event(slug)
    earlier = [each for each in questions_of(event.id) if each.kind in CONDITIONS]
    if request.method != "POST":
        return _form_page(QuestionForm.fresh(kind=kind, earlier=earlier), event, kind, None)
    form = QuestionForm(kind=kind, earlier=earlier)

    def save(draft: QuestionDraft) -> None:
        new_id = form.new_id.data or ""
        actions.add_question(slug=slug, question_id=new_id, kind=kind, draft=draft, now=clock.now())

    return _work_on(form, event, kind, None, save)


@blueprint.route("/events/<slug>/questions/<question_id>", methods=["GET", "POST"])
def edit_question(slug: str, question_id: str) -> ResponseReturnValue:
    """Change a question."""
    event = any_event(slug)
    question = question_of(event.id, question_id)
    earlier = _before(question)
    if request.method != "POST":
        return _form_page(QuestionForm.of(question, earlier=earlier), event, question.kind, question)
    form = QuestionForm(kind=question.kind, earlier=earlier)

    def save(draft: QuestionDraft) -> None:
        actions.revise_question(
            slug=slug, question_id=question_id, draft=draft, made_from=form.made_from, now=clock.now()
        )

    return _work_on(form, event, question.kind, question, save)


@blueprint.post("/events/<slug>/questions/ready-made/<any(access, photograph, quote, approval):name>")
def add_ready_made(slug: str, name: str) -> ResponseReturnValue:
    """Ask what many ask, with one press."""
    return _press(slug, lambda: actions.add_ready_made(slug=slug, name=name, now=clock.now()), _("It is asked now."))


@blueprint.post("/events/<slug>/questions/<question_id>/<any(up, down):way>")
def move(slug: str, question_id: str, way: str) -> ResponseReturnValue:
    """Ask it earlier or later."""
    up = way == "up"
    return _press(slug, lambda: actions.move_question(slug=slug, question_id=question_id, up=up, now=clock.now()))


@blueprint.post("/events/<slug>/questions/<question_id>/take-back")
def take_back(slug: str, question_id: str) -> ResponseReturnValue:
    """Ask it no more."""
    done = _("It is asked no more. What was answered can still be read.")
    return _press(slug, lambda: actions.take_back(slug=slug, question_id=question_id, now=clock.now()), done)


@blueprint.post("/events/<slug>/questions/<question_id>/ask-again")
def ask_again(slug: str, question_id: str) -> ResponseReturnValue:
    """Ask again what was taken back."""
    done = _("It is asked again, after the others.")
    return _press(slug, lambda: actions.ask_again(slug=slug, question_id=question_id, now=clock.now()), done)


@blueprint.post("/events/<slug>/questions/<question_id>/delete")
def delete(slug: str, question_id: str) -> ResponseReturnValue:
    """Delete what nobody can have answered."""
    done = _("It is deleted.")
    return _press(slug, lambda: actions.delete_question(slug=slug, question_id=question_id, now=clock.now()), done)


def _press(slug: str, act: Callable[[], object], done: str = "") -> ResponseReturnValue:
    """A button of the list was pressed: act, and show the list again with what came of it."""
    form = ButtonForm()
    if not form.validate_on_submit():
        return _list_page(any_event(slug), form, 422)
    try:
        act()
    except QuestionUnknown:
        raise
    except Refusal as refusal:
        flash(str(refusal), "error")
    else:
        if done:
            flash(done)
    return redirect(url_for(".questions", slug=slug), 303)


def _work_on(
    form: QuestionForm, event: Event, kind: str, question: Question | None, save: Callable[[QuestionDraft], None]
) -> ResponseReturnValue:
    """What was sent: a change of rows is shown, a bad form is shown with its errors, a good one is saved."""
    slug = event.slug
    if form.rearrange(request.form.get("do", "")):
        return _form_page(form, event, kind, question)
    if not form.validate_on_submit():
        return _form_page(form, event, kind, question, 422)
    try:
        save(form.draft())
    except actions.QuestionRefused as refusal:
        form.note(refusal.field, refusal)
        return _form_page(form, event, kind, question, refusal.status)
    except actions.QuestionChangedMeanwhile as refusal:
        question = question_of(any_event(slug).id, question.id) if question else None
        form.version.data = str(question.version) if question else ""
        form.form_errors.append(str(refusal))
        return _form_page(form, any_event(slug), kind, question, refusal.status)
    except actions.TooManyQuestions as refusal:
        form.form_errors.append(str(refusal))
        return _form_page(form, event, kind, question, refusal.status)
    flash(_("Saved."))
    return redirect(url_for(".questions", slug=slug), 303)


def _before(question: Question) -> list[Question]:
    """Those it can hang on."""
    asked = questions_of(question.event_id)
    return [each for each in asked if each.position < question.position and each.kind in CONDITIONS]


def _list_page(event: Event, form: ButtonForm, status: int = 200) -> ResponseReturnValue:
    locale = current_locale()
    every = questions_of(event.id, retired=True)
    views = views_of(every, locale)
    asked = [view for view in views if not view.retired]
    page = render_template(
        "questions/list.html",
        section="events",
        event=EventView(event, locale, clock.now()),
        form=form,
        asked=asked,
        retired=[view for view in views if view.retired],
        may_delete=event.lines_given == 0,
        kinds=KINDS,
        ready_made={name: made.title for name, made in READY_MADE.items()},
        full=len(asked) >= MOST_QUESTIONS,
        trial=with_questions(Asking, every, locale, formdata=None),
    )
    return page, status


def _form_page(
    form: QuestionForm, event: Event, kind: str, question: Question | None, status: int = 200
) -> ResponseReturnValue:
    locale = current_locale()
    gone = [each for each in question.choices if each["retired"]] if question else []
    page = render_template(
        "questions/form.html",
        section="events",
        form=form,
        event=EventView(event, locale, clock.now()),
        view=QuestionView(question, locale) if question else None,
        kind=kind,
        kind_name=KINDS[kind],
        most_choices=MOST_CHOICES,
        answered=question is not None and event.lines_given > 0,
        retired_choices=[QuestionView(question, locale).named(each["id"]) for each in gone] if question else [],
        tongues=tongues(form.speaks),
    )
    return page, status
