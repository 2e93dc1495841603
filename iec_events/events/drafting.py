"""What the forms of campaigns and events have in common: texts in each language, and the rows of a programme."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from wtforms import Field, HiddenField
from wtforms import Form as PlainForm
from wtforms.validators import ValidationError

from ..core.forms import Form, TextArea, TextLine
from ..core.i18n import LOCALES, _, _l
from .drafts import CAMPAIGN_TEXTS, EVENT_TEXTS, LONGEST_ITEM, filled
from .fields import Clock
from .models import ProgrammeItem, Texts
from .slugs import is_slug

TEXT_FIELDS: dict[str, tuple[type[TextLine | TextArea], Callable[[str], Any]]] = {
    "title": (TextLine, lambda language: _l("Title (%(language)s)", language=language)),
    "city_name": (TextLine, lambda language: _l("The city’s name (%(language)s)", language=language)),
    "summary": (TextArea, lambda language: _l("Summary (%(language)s)", language=language)),
    "description": (TextArea, lambda language: _l("Description (%(language)s)", language=language)),
    "accessibility": (TextArea, lambda language: _l("Access notes (%(language)s)", language=language)),
    "gate_note": (TextArea, lambda language: _l("Note for the gate (%(language)s)", language=language)),
    "image_alt": (TextLine, lambda language: _l("What the picture shows (%(language)s)", language=language)),
}
ITEM: dict[str, Callable[[str], Any]] = {
    "title": lambda language: _l("Title (%(language)s)", language=language),
    "note": lambda language: _l("Note (%(language)s)", language=language),
}


class Drafting(Form):
    """What the forms of campaigns and events have in common."""

    revision = HiddenField()
    slug = TextLine(_l("Address"), longest=80)

    @property
    def made_from(self) -> dt.datetime:
        """The revision this form was made from; one that never was when it says nothing sensible."""
        try:
            moment = dt.datetime.fromisoformat(self.revision.data or "")
        except ValueError:
            return dt.datetime.min.replace(tzinfo=dt.UTC)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

    def validate_slug(self, field: Field) -> None:
        """Refuse what cannot stand in an address."""
        if field.data and not is_slug(field.data):
            raise ValidationError(
                _("An address is made of small Latin letters, digits and hyphens, such as berkeley-2027.")
            )

    def note(self, name: str, sentence: object) -> None:
        """Put a sentence beside a field."""
        self[name].errors = [*self[name].errors, str(sentence)]

    def speaks(self, code: str) -> bool:
        """Whether something is written, or wrong, in this language."""
        return any(field.data or field.errors for name, field in self._fields.items() if name.endswith(f"_{code}"))

    def texts_of(self, keys: Mapping[str, int]) -> Texts:
        """Language -> key -> text, without the empty ones."""
        return filled({code: {key: self[f"{key}_{code}"].data or "" for key in keys} for code in LOCALES})


class CampaignTexts(Drafting):
    """Filled below: title, summary and description in each language."""


class EventTexts(Drafting):
    """Filled below: the texts of an event in each language."""


class ItemForm(PlainForm):
    """One row of a programme."""

    at = Clock(_l("Time"))

    def validate_at(self, field: Field) -> None:
        """A row with something in it needs a title in some language."""
        texts = [each.data for each in self if each is not field]
        titles = [self[f"title_{code}"].data for code in LOCALES]
        if (field.data or any(texts)) and not any(titles):
            raise ValidationError(_("Please give this item a title in at least one language, or remove the row."))

    def item(self) -> ProgrammeItem | None:
        """The item as it is kept; None for an empty row."""
        title, note = (filled({code: {key: self[f"{key}_{code}"].data or ""} for code in LOCALES}) for key in ITEM)
        if not title:
            return None
        return ProgrammeItem(
            at=f"{self.at.data:%H:%M}" if self.at.data else "",
            title={code: said["title"] for code, said in title.items()},
            note={code: said["note"] for code, said in note.items()},
        )


def _give_texts(form: type[Form], keys: Mapping[str, int]) -> None:
    for code, language in LOCALES.items():
        for key, longest in keys.items():
            kind, label = TEXT_FIELDS[key]
            setattr(form, f"{key}_{code}", kind(label(language), longest=longest))


_give_texts(CampaignTexts, CAMPAIGN_TEXTS)
_give_texts(EventTexts, EVENT_TEXTS)
for _key, _label in ITEM.items():
    for _code, _language in LOCALES.items():
        setattr(ItemForm, f"{_key}_{_code}", TextLine(_label(_language), longest=LONGEST_ITEM))


def item_values(item: ProgrammeItem) -> dict[str, Any]:
    """What the fields of `ItemForm` hold for an item."""
    said = {"title": item["title"], "note": item["note"]}
    texts = {f"{key}_{code}": said[key].get(code, "") for key in said for code in LOCALES}
    return {"at": dt.time.fromisoformat(item["at"]) if item["at"] else None, **texts}


def flat(texts: Texts) -> dict[str, str]:
    """Texts as the fields that hold them are called: `title_en`."""
    return {f"{key}_{code}": text for code, said in texts.items() for key, text in said.items()}
