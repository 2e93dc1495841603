"""The base of every form: CSRF kept as an error of the form (nothing typed is lost), and fields that clean Unicode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from email_validator import EmailNotValidError, validate_email
from flask import g, request
from flask_wtf import FlaskForm
from flask_wtf.csrf import _FlaskFormCSRF
from flask_wtf.form import _Auto
from markupsafe import Markup, escape
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import Field, IntegerField, StringField, TextAreaField
from wtforms import Form as PlainForm
from wtforms.validators import Length, StopValidation, ValidationError
from wtforms.widgets import core as widgets

from .i18n import _, format_number
from .text import REFUSED, UnfitText, ascii_digits, clean_line, clean_text

# Nine digits are a thousand million: more than anything here counts, and less than a column of the database holds.
WHOLE = re.compile(r"[+-]?[0-9]{1,9}")


def attributes(**given: object) -> Markup:
    """HTML attributes as WTForms writes them, in a tenth of its time, which was a tenth of a form's page."""
    written = []
    for key, value in sorted(given.items()):
        name = key.rstrip("_")
        if name.startswith(("data_", "aria_")):
            name = name.replace("_", "-")
        if value is True:
            written.append(name)
        elif value is not False:
            written.append(f'{name}="{str(escape(value)).replace(chr(34), "&quot;")}"')
    return Markup(" ".join(written))  # noqa: S704 - every value is escaped


widgets.html_params = attributes  # what its widgets call by this name, and
widgets.Input.html_params = staticmethod(attributes)  # what they keep


class KindCSRF(_FlaskFormCSRF):
    """The library's protection, with words a person understands."""

    def validate_csrf_token(self, form: PlainForm, field: Field) -> None:
        """Refuse a form that did not come from a page of ours in this browser."""
        try:
            super().validate_csrf_token(form, field)
        except ValidationError as error:
            raise ValidationError(
                _("This page was open for a long time or cookies are off. Nothing is lost: please send it once more.")
            ) from error


class Form(FlaskForm):
    """A form of ours; show it again with status 422 when `validate_on_submit()` is false after a POST.

    `files` names the fields that take files.
    """

    files: ClassVar[frozenset[str]] = frozenset()

    class Meta(FlaskForm.Meta):
        """What WTForms asks for."""

        csrf_class = KindCSRF

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            """What was sent as a form; a file in place of a text, or JSON, is nothing."""
            if formdata is not _Auto:
                return formdata
            if not form.is_submitted():
                return g.get("typed_before")  # what was typed here before one had to sign in; nothing else sets it
            if not request.form:
                return None
            files = [(name, file) for name in form.files for file in request.files.getlist(name)]
            return CombinedMultiDict((MultiDict(files), request.form))

    if TYPE_CHECKING:  # the library ships no types

        def __init__(self, formdata: Any = ..., **options: Any) -> None: ...
        def is_submitted(self) -> bool: ...  # noqa: D102
        def validate(self, extra_validators: Any = None) -> bool: ...  # noqa: D102
        def validate_on_submit(self, extra_validators: Any = None) -> bool: ...  # noqa: D102


class _Cleaned(StringField):
    """Text cleaned on arrival, and cut before any work when it is absurdly long."""

    many_lines = False

    def __init__(
        self, label: Any = None, validators: Sequence[Any] = (), *, longest: int = 200, **options: Any
    ) -> None:
        super().__init__(label, [*validators, FitsIn(longest)], **options)
        self.longest = longest

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed."""
        if not valuelist:
            return
        typed = valuelist[0][: self.longest * 4]
        clean = clean_text if self.many_lines else clean_line
        try:
            self.data = clean(typed)
        except UnfitText:
            self.data = clean(REFUSED.sub("", typed))
            raise ValueError(
                _("There were invisible control characters in this; they have been taken out. Please check it.")
            ) from None


class TextLine(_Cleaned):
    """One line of text."""


class TextArea(_Cleaned, TextAreaField):
    """Several lines of text."""

    many_lines = True


class EmailLine(TextLine):
    """An e-mail address; DNS is not asked."""

    def pre_validate(self, form: PlainForm) -> None:  # noqa: ARG002 - the library's signature
        """Refuse what is no address; keep the normalized form."""
        if not self.data:
            return
        try:
            self.data = validate_email(self.data, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise ValidationError(
                _("This does not look like an e-mail address. It should be like name@example.org.")
            ) from error


class WholeNumber(IntegerField):
    """A whole number, in Latin, Persian or Arabic digits."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed; an empty field is None."""
        self.data = None
        typed = ascii_digits(valuelist[0][:100]).strip() if valuelist else ""
        if typed and not WHOLE.fullmatch(typed):
            raise ValueError(_("Please write a whole number, such as 2."))
        self.data = int(typed) if typed else None

    def _value(self) -> str:
        """What stands in the field: as it was typed, else the number in this language's digits."""
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else format_number(self.data)


class FitsIn(Length):
    """At most so many characters; says how many there are."""

    def __init__(self, longest: int) -> None:
        super().__init__(max=longest)

    def __call__(self, form: PlainForm, field: Field) -> None:  # noqa: ARG002 - the library's signature
        """Check the length."""
        length = len(field.data or "")
        if length > self.max:
            raise ValidationError(
                _(
                    "This is too long: %(length)s characters, and %(longest)s fit.",
                    length=format_number(length),
                    longest=format_number(self.max),
                )
            )


class Needed:
    """Something must be there; `message` says what, in a sentence."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __init__(self, message: Any) -> None:
        self.message = message

    def __call__(self, form: PlainForm, field: Field) -> None:  # noqa: ARG002 - the library's signature
        """Check, and stop the other checks."""
        if (field.data is False or field.data in (None, "", [])) and not field.process_errors:
            raise StopValidation(str(self.message))
