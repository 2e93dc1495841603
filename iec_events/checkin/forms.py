"""What is filled in at the door."""

from __future__ import annotations

from ..core.forms import Form, TextLine
from ..core.i18n import _l


class FindForm(Form):
    """A name or a code. It is sent as POST: names do not belong into addresses."""

    q = TextLine(
        _l("Name or code"),
        longest=100,
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "enterkeyhint": "search"},
    )


class CountForm(Form):
    """The button of a party."""
