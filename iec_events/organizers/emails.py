"""Letters to organizers about their own accounts. They hold no address of a network and no name of a device."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ..core import clock
from ..core.i18n import current_locale, format_number, jalali_text
from ..core.urls import public_url
from ..mail.letters import Letter, Writers, write_letter
from .queries import address_asked, invitation_stands, organizer_by_email

ABOUT_ACCOUNTS = ("signed_in", "password_changed", "begun_anew")


def _about_account(name: str, facts: dict[str, Any]) -> Letter | None:
    """A warning is true as long as the account is there."""
    if organizer_by_email(facts["to"]) is None:
        return None
    return _warning(name, facts)


def _warning(name: str, facts: dict[str, Any]) -> Letter:
    at = dt.datetime.fromisoformat(facts["at"])
    day = f"{at:%Y-%m-%d} ({jalali_text(at.date())})" if current_locale() == "fa" else f"{at:%Y-%m-%d}"
    return write_letter(
        f"organizers/emails/{name}",
        when=format_number(f"{day} {at:%H:%M}"),
        known=facts.get("known", False),
        link=public_url("organizers.account", locale=current_locale()),
    )


def _invited(facts: dict[str, Any]) -> Letter | None:
    if not invitation_stands(facts["token"], now=clock.now()):
        return None
    link = public_url("organizers.first", locale=current_locale(), token=facts["token"])
    return write_letter("organizers/emails/invited", link=link)


def _new_address(facts: dict[str, Any]) -> Letter | None:
    if address_asked(facts["token"], facts["organizer"], now=clock.now()) is None:
        return None
    link = public_url("organizers.take_address", locale=current_locale(), token=facts["token"])
    return write_letter("organizers/emails/new_address", link=link)


def _writer(name: str) -> Any:
    return lambda facts: _about_account(name, facts)


LETTERS: Writers = {
    "organizers.invited": _invited,
    "organizers.new_address": _new_address,
    "organizers.address_changed": lambda facts: _warning("address_changed", facts),  # no account has it any more
    **{f"organizers.{name}": _writer(name) for name in ABOUT_ACCOUNTS},
}
