"""What organizers fill in to come in: e-mail and password, or an invitation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from wtforms import Field, HiddenField, PasswordField, SelectField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from ..core.forms import EmailLine, Form, Needed, TextLine
from ..core.i18n import _, _l
from .passwords import LONGEST, objection

REST_DAYS = {
    "1": _l("One day"),
    "3": _l("Three days"),
    "7": _l("A week"),
    "14": _l("Two weeks"),
    "30": _l("Thirty days"),
}


class Password(PasswordField):
    """A password: never shown again, cut before any work when it is absurdly long, otherwise left as it was typed."""

    def __init__(self, label: Any = None, validators: Sequence[Any] = (), **options: Any) -> None:
        super().__init__(label, validators, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed."""
        if valuelist:
            self.data = valuelist[0][: LONGEST + 1]


class SignInForm(Form):
    """E-mail and password."""

    email = EmailLine(_l("E-mail"), [Needed(_l("Please write the e-mail address of your account."))])
    password = Password(_l("Password"), [Needed(_l("Please write your password."))])


class Asked:
    """What is no choice of the person's is not called optional; whether it is there is checked elsewhere."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: PlainForm, field: Field) -> None:
        """Take it."""


class CodeForm(Form):
    """The second factor."""

    code = TextLine(_l("Code"), [Asked()], longest=40)
    answer = HiddenField()  # a passkey's, in place of a code

    def validate_code(self, field: Field) -> None:
        """One of the two."""
        if not field.data and not self.answer.data:
            raise StopValidation(_("Please write the code that your app shows now."))


class PasskeyForm(Form):
    """A new passkey."""

    name = TextLine(_l("Name"), [Needed(_l("Please write a name by which you know this passkey again."))], longest=60)
    answer = HiddenField()


class ConfirmForm(CodeForm):
    """Password and second factor, asked again."""

    password = Password(_l("Password"), [Needed(_l("Please write your password."))])


class SignOutForm(Form):
    """A button."""


class ButtonForm(Form):
    """A button that acts."""


class RestForm(Form):
    """For how many days one's own account rests."""

    days = SelectField(_l("For how long?"), [Asked()], validate_choice=False)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.days.choices = [SelectChoice(days, str(words)) for days, words in REST_DAYS.items()]

    def validate_days(self, field: Field) -> None:
        """One of those that are offered."""
        if field.data not in REST_DAYS:
            raise StopValidation(_("Please choose for how long."))


class CodesForm(Form):
    """The button that makes recovery codes, with the mark of those that stood there when the page was made."""

    instead_of = HiddenField()


class NewPasswordForm(Form):
    """A password, twice."""

    password = Password(_l("Password"), [Needed(_l("Please choose a password."))])
    password_again = Password(
        _l("The same password again"),
        [Needed(_l("Please write the password a second time, so that no slip locks you out."))],
    )
    address = ""  # what a password must not hold

    def validate_password(self, field: Field) -> None:
        """Refuse what anybody would guess."""
        words = objection(field.data, self.address)
        if words:
            raise StopValidation(words)

    def validate_password_again(self, field: Field) -> None:
        """Find slips of the fingers."""
        if field.data != self.password.data:
            raise StopValidation(_("The two passwords are not the same. Please write both again."))


class PasswordForm(NewPasswordForm):
    """Another password; the present one shows that it is the owner who asks."""

    present = Password(_l("Your present password"), [Needed(_l("Please write your password."))])


class NameForm(Form):
    """Another name."""

    name = TextLine(
        _l("Name"), [Needed(_l("Please write the name that the other organizers know you by."))], longest=80
    )


class AddressForm(Form):
    """Another address to sign in with."""

    email = EmailLine(_l("New e-mail address"), [Needed(_l("Please write an e-mail address: you sign in with it."))])


class FirstForm(NewPasswordForm):
    """What makes an account out of an invitation."""

    name = TextLine(
        _l("Name"), [Needed(_l("Please write the name that the other organizers know you by."))], longest=80
    )
    email = EmailLine(_l("E-mail"), [Needed(_l("Please write an e-mail address: you sign in with it."))])

    def validate_password(self, field: Field) -> None:
        """Refuse what anybody would guess, from the address above all."""
        self.address = self.email.data or ""
        super().validate_password(field)
