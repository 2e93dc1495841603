"""What owners fill in about people."""

from __future__ import annotations

from typing import Any, ClassVar

from wtforms import Field
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from ..core.forms import EmailLine, Form, Needed
from ..core.i18n import _, _l
from ..events.fields import Choice
from ..organizers.forms import NewPasswordForm
from ..organizers.roles import DOOR, EVERYWHERE, MODERATOR, ORGANIZER, OWNER

ROLE_WORDS = {
    OWNER: _l("Owner: people and keys, and everything else"),
    ORGANIZER: _l("Organizer: events, RSVPs and letters"),
    MODERATOR: _l("Moderator: messages only, no names of attendees"),
    DOOR: _l("Door: check-in of one event, until the night is over"),
}


class Chosen:
    """Something is always chosen: the empty place is everywhere."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: PlainForm, field: Field) -> None:
        """Take it."""


class RoleForm(Form):
    """A role and where it is held."""

    role = Choice(_l("Role"), [Needed(_l("Please choose a role."))])
    place = Choice(_l("Where"), [Chosen()])

    def __init__(self, *, places: list[tuple[str, str]], **given: Any) -> None:
        super().__init__(**given)
        self.role.choices = [SelectChoice(role, str(words)) for role, words in ROLE_WORDS.items()]
        self.place.choices = [SelectChoice(value, label) for value, label in places]

    def validate_place(self, field: Field) -> None:
        """Owners are owners everywhere; at a door one stands for one event."""
        if self.role.data == OWNER and field.data != EVERYWHERE:
            raise StopValidation(_("Owners are owners everywhere. Please choose “Everywhere”."))
        if self.role.data == DOOR and not field.data.startswith("event:"):
            raise StopValidation(_("For the door, please choose the event."))


class InviteForm(RoleForm):
    """Somebody new."""

    email = EmailLine(_l("E-mail"))


class AgainForm(NewPasswordForm):
    """A new password, after the old one was lost."""


class ButtonForm(Form):
    """A button that acts."""
