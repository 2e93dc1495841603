"""What owners fill in to destroy a list."""

from __future__ import annotations

from wtforms import BooleanField

from ..core.forms import Form, Needed
from ..core.i18n import _l


class DestroyForm(Form):
    """The button, and the box that says one means it."""

    sure = BooleanField(
        _l("I know that nobody can bring this list back."), [Needed(_l("Please tick the box if you mean it."))]
    )
