"""Questions as a TOML file writes them (docs/loading.md), in the tables [[event.question]].

The room of events reads such files and lies below this one: the application hands it `read_questions` and
`put_questions`. In a file, questions and choices have names; the same name gives the same id at every loading.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ..core.db import db
from ..core.i18n import LOCALES
from ..core.toml_sheets import Table, nearest
from ..events.models import LONGEST_KEPT, Texts
from ..events.slugs import SHAPE
from . import actions
from .drafts import LONGEST_CHOICE, QUESTION_TEXTS, ChoiceDraft, QuestionDraft, draft_of
from .models import CONDITIONS, DOOR, KINDS, NO, ORGANIZERS, WITH_CHOICES, YES, YES_NO, Condition, Question

LONGEST_NAME = 16
KEYS = {"texts": "text", "choices": "choice", "shown_if": "after"}  # the draft's fields that a file calls otherwise
LANGUAGES = " or ".join(LOCALES)


@dataclass(frozen=True, kw_only=True)
class WrittenQuestion:
    """A question and where it stands in the file; `after` names another one and some answers to it."""

    table: Table
    name: str
    kind: str
    draft: QuestionDraft
    after: tuple[str, list[str]] | None

    @property
    def answers(self) -> list[str]:
        """What another question can hang on."""
        return [YES, NO] if self.kind == YES_NO else [choice.id or "" for choice in self.draft.choices]


def read_questions(tables: Sequence[Table]) -> list[WrittenQuestion]:
    """The questions of one event; what is wrong is noted with its line."""
    found: dict[str, WrittenQuestion] = {}
    for table in tables:
        written = _question(table, found)
        if written is not None:
            found[written.name] = written
    return list(found.values())


def put_questions(*, slug: str, written: Sequence[WrittenQuestion], now: dt.datetime) -> bool:
    """Ask them, after those that are asked already; whether anything changed. What the file does not name stays.

    The caller's transaction keeps it. Raises BadFile with the line of what is refused.
    """
    changed = [_put(slug, each, now) for each in written]
    return any(changed)


def _put(slug: str, written: WrittenQuestion, now: dt.datetime) -> bool:
    question_id = _id(slug, written.name)
    after = Condition(question=_id(slug, written.after[0]), answers=written.after[1]) if written.after else None
    draft = QuestionDraft(**{**vars(written.draft), "shown_if": after})
    before = db.session.get(Question, question_id)
    try:
        if before is None:
            actions.add_question(slug=slug, question_id=question_id, kind=written.kind, draft=draft, now=now)
            return True
        if before.kind != written.kind:
            written.table.wrong(
                "kind", f'this was "{before.kind}" before; give a question of another kind another name.'
            )
        elif before.retired_on is None and draft_of(before) == draft:
            return False
        else:
            actions.ask_again(slug=slug, question_id=question_id, now=now)
            actions.revise_question(slug=slug, question_id=question_id, draft=draft, made_from=before.version, now=now)
    except actions.QuestionRefused as refusal:
        said = str(refusal)
        written.table.wrong(KEYS.get(refusal.field, refusal.field), said[:1].lower() + said[1:])
    except actions.TooManyQuestions as refusal:
        written.table.wrong(None, str(refusal))
    written.table.sheet.refuse()
    return True


def _question(table: Table, earlier: dict[str, WrittenQuestion]) -> WrittenQuestion | None:
    name = _name(table, earlier)
    kind = table.choice("kind", KINDS)
    if "kind" not in table:
        table.wrong("kind", f"the kind is missing; write one of {', '.join(KINDS)}.")
    texts = _texts(table)
    choices = _choices(table)
    if choices and kind not in WITH_CHOICES:
        table.wrong("choice", f"only {' and '.join(WITH_CHOICES)} have answers to choose from; take these out.")
    after = _after(table, earlier)
    draft = QuestionDraft(
        texts=texts,
        choices=choices,
        required=table.flag("required"),
        seen_by=table.choice("seen_by", (ORGANIZERS, DOOR)) or ORGANIZERS,
        keep_days=table.whole("keep_days", least=0, most=LONGEST_KEPT - 1),
    )
    table.done()
    return WrittenQuestion(table=table, name=name, kind=kind, draft=draft, after=after) if name and kind else None


def _name(table: Table, taken: dict[str, WrittenQuestion]) -> str:
    name = _short_name(table)
    if name in taken:
        line = table.sheet.line((*taken[name].table.path, "name"))
        table.wrong("name", f'"{name}" is taken by line {line} already; give each its own.')
    return name


def _short_name(table: Table) -> str:
    """What the file calls a question or a choice."""
    name = table.line_of_text("name", longest=LONGEST_NAME, example='"arrival"')
    if not SHAPE.fullmatch(name):
        table.wrong("name", f'"{name}" does not fit; write up to 16 small Latin letters, digits and hyphens.')
        return ""
    return name


def _texts(table: Table) -> Texts:
    around, texts = table.table("text"), Texts()
    for code in around.keys():  # noqa: SIM118 - a table is no dict
        if code not in LOCALES:
            around.wrong(code, f"this language is not known here; write {LANGUAGES}.")
            continue
        said = around.table(code)
        found = {key: said.text(key, longest=longest) for key, longest in QUESTION_TEXTS.items()}
        texts[code] = {key: text for key, text in found.items() if text}
        if "label" not in texts[code]:
            said.wrong("label", f'the question is missing; write label = "..." in this language, or leave {code} out.')
        said.done()
    if not around.keys():
        table.wrong("text", 'what to ask is missing; write text.en = { label = "..." }.')
    return texts


def _choices(table: Table) -> list[ChoiceDraft]:
    found: dict[str, ChoiceDraft] = {}
    for row in table.tables("choice"):
        name, texts = _short_name(row), Texts()
        if name in found:
            row.wrong("name", f'"{name}" is there twice; give each its own.')
        around = row.table("text")
        for code in around.keys():  # noqa: SIM118 - a table is no dict
            if code in LOCALES:
                label = around.line_of_text(code, longest=LONGEST_CHOICE)
                texts |= {code: {"label": label}} if label else {}
            else:
                around.wrong(code, f"this language is not known here; write {LANGUAGES}.")
        if not texts:
            row.wrong("text", 'what this answer is called is missing; write text = { en = "By bus" }.')
        row.done()
        found[name] = ChoiceDraft(id=name, texts=texts)
    return list(found.values())


def _after(table: Table, earlier: dict[str, WrittenQuestion]) -> tuple[str, list[str]] | None:
    if "after" not in table:
        return None
    after = table.table("after")
    name, answers = after.line_of_text("question"), after.raw("answers")
    after.done()
    possible = {each.name: each.answers for each in earlier.values() if each.kind in CONDITIONS}
    if name not in possible:
        table.wrong(
            "after",
            f'"{name}" is no question above with answers to choose from; {nearest(name, possible, "write one.")}',
        )
        return None
    if not isinstance(answers, list) or not answers or not all(answer in possible[name] for answer in answers):
        table.wrong("after", f"write answers = [...] with some of {', '.join(possible[name])}.")
        return None
    return name, [str(answer) for answer in answers]


def _id(slug: str, name: str) -> str:
    digest = hashlib.sha256(f"iec-events question\0{slug}\0{name}".encode()).digest()
    return base64.urlsafe_b64encode(digest)[:16].decode()
