"""What organizers fill in for events. A form gives a draft; the rules of drafts are in `drafts`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, Field, FormField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from ..core.forms import Form, Needed, TextLine, WholeNumber
from ..core.i18n import LOCALES, _, _l, current_locale
from .drafting import ItemForm, flat, item_values
from .drafts import EVENT_TEXTS, MOST_ITEMS, USUAL_HOURS, EventDraft, columns_of, draft_of, objections
from .fields import Choice, Clock, CoordinatesLine, Day, LinkLine, NeededWithHours, Rows, ZoneLine
from .images import LARGEST_UPLOAD, ImageRefused, Picture, read_image
from .models import LONGEST_KEPT, REMINDERS, USUAL_REMINDERS, Event
from .moments import MOMENTS, Moments, day_values, moment_values
from .zones import country_choices

BESIDE = {
    **{column: f"{name}_time" for name, column in MOMENTS.items()},
    "latitude": "coordinates",
    "longitude": "coordinates",
    "texts": "title_en",
    "image_name": "image",
    "time_zone": "zone",
    "listed": "by_link",
    "reminders": f"remind_{USUAL_REMINDERS[0]}",
}
# Of an event without hours the organizers choose days.
BESIDE_DAYS = {"starts_at": "starts_on", "ends_at": "ends_on"}
DAYS = frozenset({"starts", "ends"})
EACH_APART = frozenset({"texts", "reminders"})  # differences are named one by one
# Stands in while the times are not known yet, so that everything else can be looked at.
SOME_TIME = {"starts_at": dt.datetime(2000, 1, 1, tzinfo=dt.UTC), "ends_at": dt.datetime(2000, 1, 2, tzinfo=dt.UTC)}
IMAGE_NAME = re.compile("[A-Za-z0-9_-]{1,22}")
LONGEST_INDEX = 3
PLAIN = ("venue", "street", "city", "region", "country", "online_url", "contact", "donation_url")
NUMBERS = ("capacity", "largest_party", "keep_days", "hold_hours", "offer_hours")
FLAGS = ("confirms_address", "needs_approval", "address_hidden", "asks_companions", "asks_children", "puzzle", "thanks")
# What a new event begins with: freed places are offered, not given to somebody who may no longer be able to come.
NEW = {"offer_hours": USUAL_HOURS}


class StepForm(Form):
    """A button."""


class EventForm(Moments):
    """An event. `picture` is the uploaded one, made anew, once the form was checked."""

    files = frozenset({"image"})
    picture: Picture | None = None
    different: Sequence[str] = ()

    campaign = Choice(_l("Campaign"))
    zone = ZoneLine(_l("Time zone"), [Needed(_l("Please choose the time zone of the place."))])
    all_day = BooleanField(_l("It lasts all day, or several days: no hours are said"))
    starts_on = Day(_l("Start: date"), [Needed(_l("Please choose the day on which it starts."))])
    starts_time = Clock(
        _l("Start: time"), [NeededWithHours(_l("Please write the time at which it starts, such as 18:00."))]
    )
    starts_which = RadioField(_l("Which of the two do you mean?"), validate_choice=False)
    ends_on = Day(_l("End: date"))
    ends_time = Clock(_l("End: time"), [NeededWithHours(_l("Please write the time at which it ends, such as 21:00."))])
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
    asks_companions = BooleanField(_l("Ask for the names of companions"))
    asks_children = BooleanField(_l("Ask how many of them are children"))
    confirms_address = BooleanField(_l("E-mail addresses are confirmed"))
    hold_hours = WholeNumber(_l("Hours that places are held until then"), default=USUAL_HOURS)
    offer_hours = WholeNumber(_l("Hours that an offered place waits"))
    needs_approval = BooleanField(_l("A person looks at every RSVP"))
    puzzle = BooleanField(_l("Browsers solve a small puzzle"))
    address_hidden = BooleanField(_l("Only those who come are told the exact place"))
    by_link = BooleanField(_l("Only those who have the link find this event"))
    remind_168 = BooleanField(_l("A week before"))
    remind_24 = BooleanField(_l("A day before"), default=True)
    remind_2 = BooleanField(_l("Two hours before"))
    thanks = BooleanField(_l("A letter of thanks when it is over"))
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
            self.ask_which(name, self.readings(name))

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
        self.moments = {column: moment for name, column in MOMENTS.items() if (moment := self._meant(name))}
        timed = {"starts_at", "ends_at"} <= self.moments.keys()
        for name, sentence in objections(self._drafted(self.moments if timed else SOME_TIME)):
            if not self[self._beside(name)].errors:
                self.note_objection(name, sentence)
        self._want_words()
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
        self.note(self._beside(name), sentence)

    def _want_words(self) -> None:
        """A picture needs words for those who cannot see it, in one language at least."""
        shown = self.picture is not None or (self.kept_image and not self.image_gone.data)
        if shown and not any(said.get("image_alt") for said in self.texts_of(EVENT_TEXTS).values()):
            sentence = _("Please write what the picture shows, for people who cannot see it. One language is enough.")
            self.note(f"image_alt_{current_locale()}", sentence)

    def _beside(self, name: str) -> str:
        """The field beside which something about a column is said."""
        return (BESIDE_DAYS if self.all_day.data else {}).get(name) or BESIDE.get(name, name)

    def _meant(self, name: str) -> dt.datetime | None:
        """The moment that is meant; without hours there are days, and no doors."""
        if not self.all_day.data or name not in DAYS | {"doors"}:
            return self.moment(name)
        return self.day_moment(name) if name in DAYS else None

    def wants_to_publish(self) -> bool:
        """What is to be published needs a title, and a city or an online address; says so beside what is missing."""
        titled = any(said.get("title") for said in self.texts_of(EVENT_TEXTS).values())
        if not titled:
            name = f"title_{current_locale()}"
            self.note(name, _("To be published, the event needs a title in at least one language."))
        placed = bool(self.city.data or self.online_url.data)
        if not placed:
            self.note("city", _("To be published, the event needs a city, or an online address."))
        return titled and placed

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
        others = [self._beside(name) for name in mine if name not in EACH_APART and mine[name] != theirs[name]]
        reminders = [
            f"remind_{hours}" for hours in REMINDERS if (hours in mine["reminders"]) != (hours in theirs["reminders"])
        ]
        return [str(self[name].label.text) for name in (*texts, *dict.fromkeys(others), *reminders)]

    def draft(self) -> EventDraft:
        """What was chosen; only of a form that was found valid."""
        return self._drafted(self.moments)

    def _drafted(self, moments: dict[str, Any]) -> EventDraft:
        latitude, longitude = self.coordinates.pair or (None, None)
        plain: dict[str, Any] = {name: self[name].data or "" for name in PLAIN}
        flags: dict[str, Any] = {name: bool(self[name].data) for name in FLAGS}
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
            hold_hours=USUAL_HOURS if self.hold_hours.data is None else self.hold_hours.data,
            offer_hours=self.offer_hours.data,
            listed=not self.by_link.data,
            all_day=bool(self.all_day.data),
            reminders=[hours for hours in REMINDERS if self[f"remind_{hours}"].data],
            **flags,
            **plain,
            **moments,
        )

    def _every_field(self) -> list[Any]:
        fields = [*self._fields.values()]
        where = fields.index(self.programme)
        own = [self.programme] if any(isinstance(error, str) for error in self.programme.errors) else []
        return [*fields[:where], *own, *self.programme.each(), *fields[where + 1 :]]


def values_of(draft: EventDraft) -> dict[str, Any]:
    """What the fields of `EventForm` hold for a draft."""
    values: dict[str, Any] = {name: getattr(draft, name) for name in (*PLAIN, *NUMBERS, *FLAGS)}
    values |= {**flat(draft.texts), "zone": draft.time_zone, "image_name": draft.image_name or ""}
    values["by_link"] = not draft.listed
    if draft.latitude is not None:
        values["coordinates"] = f"{draft.latitude}, {draft.longitude}"
    values |= {f"remind_{hours}": hours in draft.reminders for hours in REMINDERS}
    values["all_day"] = draft.all_day
    if draft.all_day:
        values |= day_values(draft.starts_at, draft.ends_at, draft.time_zone)
    for name, column in MOMENTS.items():
        if draft.all_day and name in DAYS:
            continue
        values |= moment_values(name, getattr(draft, column), draft.time_zone)
    values["programme"] = [item_values(item) for item in draft.programme]
    return values
