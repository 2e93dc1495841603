"""What organizers fill in for campaigns and events. A form gives a draft; the rules of drafts are in `drafts`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask_wtf.file import FileField
from wtforms import BooleanField, Field, FormField, HiddenField, RadioField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from ..core.forms import Form, Needed, TextArea, TextLine, WholeNumber
from ..core.i18n import LOCALES, _, _l, current_locale, format_number
from .drafts import (
    CAMPAIGN_TEXTS,
    EVENT_TEXTS,
    LONGEST_ITEM,
    MOST_ITEMS,
    CampaignDraft,
    EventDraft,
    columns_of,
    draft_of,
    filled,
    gap_around,
    moments_of,
    objections,
    offset_name,
)
from .fields import Choice, Clock, CoordinatesLine, Day, LinkLine, Rows, ZoneLine
from .images import LARGEST_UPLOAD, ImageRefused, Picture, read_image
from .models import LONGEST_KEPT, Campaign, Event, ProgrammeItem, Texts
from .slugs import is_slug
from .times import day_month
from .zones import country_choices

# The fields of a moment begin with the name on the left; the draft calls it by the one on the right.
MOMENTS = {
    "starts": "starts_at",
    "ends": "ends_at",
    "doors": "doors_at",
    "opens": "rsvp_opens_at",
    "closes": "rsvp_closes_at",
}
ON_THE_DAY = {"ends", "doors"}  # without a date of their own they are on the day of the start
BESIDE = {
    **{column: f"{name}_time" for name, column in MOMENTS.items()},
    "latitude": "coordinates",
    "longitude": "coordinates",
    "texts": "title_en",
    "image_name": "image",
    "time_zone": "zone",
}
# Stands in while the times are not known yet, so that everything else can be looked at.
SOME_TIME = {"starts_at": dt.datetime(2000, 1, 1, tzinfo=dt.UTC), "ends_at": dt.datetime(2000, 1, 2, tzinfo=dt.UTC)}
IMAGE_NAME = re.compile("[A-Za-z0-9_-]{1,22}")
LONGEST_INDEX = 3
PLAIN = ("venue", "street", "city", "region", "country", "online_url", "contact", "donation_url")
NUMBERS = ("capacity", "largest_party", "keep_days")
TEXT_FIELDS: dict[str, tuple[type[TextLine | TextArea], Callable[[str], Any]]] = {
    "title": (TextLine, lambda language: _l("Title (%(language)s)", language=language)),
    "city_name": (TextLine, lambda language: _l("The city’s name (%(language)s)", language=language)),
    "summary": (TextArea, lambda language: _l("Summary (%(language)s)", language=language)),
    "description": (TextArea, lambda language: _l("Description (%(language)s)", language=language)),
    "accessibility": (TextArea, lambda language: _l("Access notes (%(language)s)", language=language)),
    "image_alt": (TextLine, lambda language: _l("What the picture shows (%(language)s)", language=language)),
}
ITEM: dict[str, Callable[[str], Any]] = {
    "title": lambda language: _l("Title (%(language)s)", language=language),
    "note": lambda language: _l("Note (%(language)s)", language=language),
}


class _Drafting(Form):
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


class _CampaignTexts(_Drafting):
    """Filled below: title, summary and description in each language."""


class _EventTexts(_Drafting):
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


_give_texts(_CampaignTexts, CAMPAIGN_TEXTS)
_give_texts(_EventTexts, EVENT_TEXTS)
for _key, _label in ITEM.items():
    for _code, _language in LOCALES.items():
        setattr(ItemForm, f"{_key}_{_code}", TextLine(_label(_language), longest=LONGEST_ITEM))


class CampaignForm(_CampaignTexts):
    """A campaign."""

    published = BooleanField(_l("Show this campaign to everyone"))

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignForm:
        """The form as it is first shown for a campaign."""
        return cls(
            data={**_flat(campaign.texts), "published": campaign.published, "revision": campaign.revised_at.isoformat()}
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Check, and want a title."""
        valid = super().validate(extra_validators)
        if not any(said.get("title") for said in self.draft().texts.values()):
            self.note(f"title_{current_locale()}", _("Please write a title in at least one language."))
            return False
        return bool(valid)

    def draft(self) -> CampaignDraft:
        """What was chosen."""
        return CampaignDraft(texts=self.texts_of(CAMPAIGN_TEXTS), published=bool(self.published.data))


class StepForm(Form):
    """A button."""


class EventForm(_EventTexts):
    """An event. `picture` is the uploaded one, made anew, once the form was checked."""

    files = frozenset({"image"})
    picture: Picture | None = None
    different: Sequence[str] = ()

    campaign = Choice(_l("Campaign"))
    zone = ZoneLine(_l("Time zone"), [Needed(_l("Please choose the time zone of the place."))])
    starts_on = Day(_l("Start: date"), [Needed(_l("Please choose the day on which it starts."))])
    starts_time = Clock(_l("Start: time"), [Needed(_l("Please write the time at which it starts, such as 18:00."))])
    starts_which = RadioField(_l("Which of the two do you mean?"), validate_choice=False)
    ends_on = Day(_l("End: date"))
    ends_time = Clock(_l("End: time"), [Needed(_l("Please write the time at which it ends, such as 21:00."))])
    ends_which = RadioField(_l("Which of the two do you mean?"), validate_choice=False)
    doors_on = Day(_l("Doors: date"))
    doors_time = Clock(_l("Doors: time"))
    doors_which = RadioField(_l("Which of the two do you mean?"), validate_choice=False)
    venue = TextLine(_l("Venue"), longest=200)
    street = TextLine(_l("Street and number"), longest=200)
    city = TextLine(_l("City"), longest=100)
    region = TextLine(_l("State or region"), longest=100)
    country = Choice(_l("Country"))
    coordinates = CoordinatesLine(_l("Coordinates"), longest=60)
    online_url = LinkLine(_l("Online address"), longest=500)
    programme = Rows(FormField(ItemForm), _l("Programme"), max_entries=MOST_ITEMS)
    image = FileField(_l("Picture"))
    image_name = HiddenField()
    image_gone = BooleanField(_l("Take the picture away"))
    capacity = WholeNumber(_l("Seats"))
    largest_party = WholeNumber(
        _l("Largest party"), [Needed(_l("Please write how many people may come on one RSVP."))], default=6
    )
    opens_on = Day(_l("RSVPs open: date"))
    opens_time = Clock(_l("RSVPs open: time"))
    opens_which = RadioField(_l("Which of the two do you mean?"), validate_choice=False)
    closes_on = Day(_l("RSVPs close: date"))
    closes_time = Clock(_l("RSVPs close: time"))
    closes_which = RadioField(_l("Which of the two do you mean?"), validate_choice=False)
    keep_days = WholeNumber(
        _l("Days that the list is kept after the end"),
        [Needed(_l("Please write how many days the list is kept, from 0 to 14."))],
        default=LONGEST_KEPT,
    )
    contact = TextLine(_l("Contact"), longest=200)
    donation_url = LinkLine(_l("Donation link"), longest=500)

    def __init__(self, *, campaigns: list[tuple[str, str]], **given: Any) -> None:
        super().__init__(**given)
        locale = current_locale()
        self.campaign.choices = [SelectChoice("", _("None")), *(SelectChoice(*pair) for pair in campaigns)]
        self.country.choices = [SelectChoice("", _("Not said")), *(SelectChoice(*c) for c in country_choices(locale))]
        self.moments: dict[str, Any] = {}
        for name in MOMENTS:
            self[f"{name}_which"].choices = []
            self._ask_which(name, self._readings(name))

    @classmethod
    def of(cls, event: Event, *, campaigns: list[tuple[str, str]]) -> EventForm:
        """The form as it is first shown for an event."""
        slug = event.campaign.slug if event.campaign else ""
        return cls(
            campaigns=campaigns,
            data={**values_of(draft_of(event)), "campaign": slug, "revision": event.revised_at.isoformat()},
        )

    @property
    def errors(self) -> dict[str | None, Any]:
        """Every error under the name of its field, those in the rows of the programme too."""
        found = {field.name: field.errors for field in self._every_field() if field.errors}
        return {**found, None: self.form_errors} if self.form_errors else found

    def __contains__(self, name: object) -> bool:
        return any(field.name == name for field in self._every_field())

    def __getitem__(self, name: str) -> Any:
        found = self._fields.get(name)
        return found if found is not None else next(each for each in self.programme.each() if each.name == name)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check each field, then the times on the place's clocks, then the whole."""
        super().validate(extra_validators)
        self.moments = {column: moment for name, column in MOMENTS.items() if (moment := self._moment(name))}
        timed = {"starts_at", "ends_at"} <= self.moments.keys()
        for name, sentence in objections(self._drafted(self.moments if timed else SOME_TIME)):
            if not self[BESIDE.get(name, name)].errors:
                self.note_objection(name, sentence)
        return not self.errors

    @property
    def kept_image(self) -> str | None:
        """The name of the picture that this form found kept, if it is a name at all."""
        name = self.image_name.data or ""
        return name if IMAGE_NAME.fullmatch(name) else None

    def validate_image(self, field: Field) -> None:
        """Read the picture, if there is one."""
        octets = field.data.read(LARGEST_UPLOAD + 1) if field.data else b""
        if octets:
            try:
                self.picture = read_image(octets)
            except ImageRefused as refusal:
                raise ValidationError(str(refusal)) from refusal

    def check_upload(self) -> None:
        """Read the picture of a form that is not saved yet, if the form is ours."""
        self["csrf_token"].validate(self)
        self.image.validate(self, (EventForm.validate_image,))

    def note_objection(self, name: str, sentence: object) -> None:
        """Put what speaks against the draft beside the field it is about."""
        self.note(BESIDE.get(name, name), sentence)

    def want_title(self) -> bool:
        """What is to be published needs a title; says so if there is none."""
        found = any(said.get("title") for said in self.texts_of(EVENT_TEXTS).values())
        if not found:
            name = f"title_{current_locale()}"
            self.note(name, _("To be published, the event needs a title in at least one language."))
        return found

    def keeps(self, name: str | None) -> None:
        """Remember under which name the picture is kept."""
        self.image_name.data = name or ""
        self.image_name.raw_data = None
        self.image_gone.data = False

    def rearrange(self, wish: str) -> bool:
        """Add, move or remove a row of the programme if that is the wish (`add`, `up-3`, `down-3`, `remove-3`)."""
        what, _hyphen, index = wish.partition("-")
        if what not in {"add", "up", "down", "remove"}:
            return False
        self.programme.rearrange(what, int(index) if index.isdecimal() and len(index) < LONGEST_INDEX else MOST_ITEMS)
        return True

    def differences(self, event: Event) -> list[str]:
        """Labels of what differs between this form and the event as it is kept now."""
        mine, theirs = columns_of(self.draft()), columns_of(draft_of(event))
        texts = [
            f"{key}_{code}"
            for code in LOCALES
            for key in EVENT_TEXTS
            if mine["texts"].get(code, {}).get(key) != theirs["texts"].get(code, {}).get(key)
        ]
        others = [BESIDE.get(name, name) for name in mine if name != "texts" and mine[name] != theirs[name]]
        return [str(self[name].label.text) for name in (*texts, *dict.fromkeys(others))]

    def draft(self) -> EventDraft:
        """What was chosen; only of a form that was found valid."""
        return self._drafted(self.moments)

    def _drafted(self, moments: dict[str, Any]) -> EventDraft:
        latitude, longitude = self.coordinates.pair or (None, None)
        plain: dict[str, Any] = {name: self[name].data or "" for name in PLAIN}
        return EventDraft(
            texts=self.texts_of(EVENT_TEXTS),
            time_zone=self.zone.data or "UTC",
            programme=[item for row in self.programme if (item := row.form.item())],
            latitude=latitude,
            longitude=longitude,
            image_name=None if self.image_gone.data else self.kept_image,
            capacity=self.capacity.data,
            largest_party=1 if self.largest_party.data is None else self.largest_party.data,
            keep_days=LONGEST_KEPT if self.keep_days.data is None else self.keep_days.data,
            **plain,
            **moments,
        )

    def _every_field(self) -> list[Any]:
        fields = [*self._fields.values()]
        where = fields.index(self.programme)
        own = [self.programme] if any(isinstance(error, str) for error in self.programme.errors) else []
        return [*fields[:where], *own, *self.programme.each(), *fields[where + 1 :]]

    def _moment(self, name: str) -> dt.datetime | None:
        """The moment that is meant; what is missing, does not exist or comes twice is said beside its field."""
        on, clock, which = (self[f"{name}_{part}"] for part in ("on", "time", "which"))
        if self.zone.errors or on.errors or clock.errors or (name in ON_THE_DAY and self.starts_on.errors):
            return None
        if on.data and not clock.data:
            self.note(clock.name, _("Please write the time too, such as 18:00."))
        if clock.data and not self._day(name):
            self.note(on.name, _("Please choose the date too."))
        readings = self._readings(name)
        self._ask_which(name, readings)
        if len(readings) > 1:
            if which.data not in {"0", "1"}:
                text = _("The clocks go back that night, and %(time)s comes twice. Please say which one you mean.")
                self.note(which.name, text % {"time": _clock(clock.data)})
                return None
            return readings[int(which.data)]
        if clock.data and self._day(name) and not readings:
            self.note(clock.name, self._no_such_time(name))
        return readings[0] if readings else None

    def _readings(self, name: str) -> tuple[dt.datetime, ...]:
        """The moments at which the place's clocks show what was typed."""
        day, clock = self._day(name), self[f"{name}_time"].data
        zone = self.zone.data if (self.zone.data and "/" in self.zone.data) or self.zone.data == "UTC" else None
        if not (day and clock and zone):
            return ()
        try:
            return moments_of(zone, dt.datetime.combine(day, clock))
        except (KeyError, ValueError):
            return ()

    def _day(self, name: str) -> dt.date | None:
        day = self[f"{name}_on"].data or (self.starts_on.data if name in ON_THE_DAY else None)
        return cast("dt.date | None", day)

    def _ask_which(self, name: str, readings: tuple[dt.datetime, ...]) -> None:
        first, second = _("The first %(time)s (%(offset)s)"), _("The second %(time)s (%(offset)s)")
        named = [{"time": _clock(moment), "offset": format_number(offset_name(moment))} for moment in readings]
        which = self[f"{name}_which"]
        if len(named) > 1:
            which.choices = [SelectChoice("0", first % named[0]), SelectChoice("1", second % named[1])]
        else:
            which.choices = []

    def _no_such_time(self, name: str) -> str:
        local = dt.datetime.combine(cast("dt.date", self._day(name)), self[f"{name}_time"].data)
        before, after = gap_around(self.zone.data, local)
        text = _("On %(day)s the clocks there jump from %(before)s to %(after)s, so %(time)s does not exist.")
        day = day_month(local.date(), current_locale())
        return text % {"day": day, "before": _clock(before), "after": _clock(after), "time": _clock(local)}


def values_of(draft: EventDraft) -> dict[str, Any]:
    """What the fields of `EventForm` hold for a draft."""
    values: dict[str, Any] = {name: getattr(draft, name) for name in (*PLAIN, *NUMBERS)}
    values |= {**_flat(draft.texts), "zone": draft.time_zone, "image_name": draft.image_name or ""}
    if draft.latitude is not None:
        values["coordinates"] = f"{draft.latitude}, {draft.longitude}"
    for name, column in MOMENTS.items():
        values |= _moment_values(name, getattr(draft, column), draft.time_zone)
    values["programme"] = [_item_values(item) for item in draft.programme]
    return values


def _moment_values(name: str, moment: dt.datetime | None, zone: str) -> dict[str, Any]:
    if moment is None:
        return {}
    local = moment.astimezone(ZoneInfo(zone))
    repeated = len(moments_of(zone, local.replace(tzinfo=None))) > 1
    which = str(local.fold) if repeated else None
    return {f"{name}_on": local.date(), f"{name}_time": local.time(), f"{name}_which": which}


def _item_values(item: ProgrammeItem) -> dict[str, Any]:
    said = {"title": item["title"], "note": item["note"]}
    texts = {f"{key}_{code}": said[key].get(code, "") for key in said for code in LOCALES}
    return {"at": dt.time.fromisoformat(item["at"]) if item["at"] else None, **texts}


def _flat(texts: Texts) -> dict[str, str]:
    return {f"{key}_{code}": text for code, said in texts.items() for key, text in said.items()}


def _clock(moment: dt.datetime | dt.time) -> str:
    return format_number(f"{moment:%H:%M}")
