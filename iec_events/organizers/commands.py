"""`iec-events organizer ...`: what the operator does from the shell. The caller opens an application context."""

from __future__ import annotations

import datetime as dt

import click

from ..core import clock
from ..core.urls import public_url
from . import actions
from .audit_check import (
    LONGEST_REASON,
    Accepted,
    NothingToAccept,
    ReasonRefused,
    accept,
    first_since,
    verify,
)
from .deeds import OTHERS
from .roles import MODERATOR, ORGANIZER, OWNER


@click.group("organizer")
def organizer() -> None:
    """Accounts of organizers."""


@organizer.command("invite")
@click.option(
    "--role", type=click.Choice([OWNER, ORGANIZER, MODERATOR]), help="By default the first account is the owner."
)
def invite(role: str | None) -> None:
    """Print a link that makes one account, once, within 72 hours."""
    click.echo(invitation_link(role=role))


organizer.add_command(invite, "add")


@click.group("audit")
def audit_trail() -> None:
    """The trail of who did what."""


@audit_trail.command("verify")
@click.option("--since", help="Check from here on only: a day, such as 2027-01-15, or the number of an entry.")
def verify_trail(since: str | None) -> None:
    """Say whether the trail is whole; if not, name the first broken entry and end with status 1."""
    verdict = verify(since=_since(since) if since else None)
    for one in verdict.accepted:
        click.echo(_told(one))
    if verdict.broken is not None:
        raise click.ClickException(verdict.broken)
    last = f", the last is number {verdict.number} with the hash {verdict.hash}" if verdict.number else ""
    click.echo(f"OK: {verdict.count} entries{last}.")


@audit_trail.command("accept")
@click.option("--reason", required=True, help=f"What happened, for all to read, in {LONGEST_REASON} letters at most.")
def accept_damage(reason: str) -> None:
    """Accept the damage that `verify` finds, and check from there on. It stands in the trail with its reason."""
    try:
        done = accept(reason=reason, now=clock.now())
    except NothingToAccept:
        raise click.ClickException("The trail is whole: there is nothing to accept.") from None
    except ReasonRefused:
        raise click.ClickException(f"Give a reason of {LONGEST_REASON} letters at most.") from None
    for one in done:
        click.echo(_told(one))


def _since(text: str) -> int:
    if text.isdecimal() and int(text):
        return int(text)
    try:
        return first_since(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))
    except ValueError:
        raise click.ClickException("Say --since with a day, such as 2027-01-15, or the number of an entry.") from None


def _told(one: Accepted) -> str:
    if not one.first:
        what = "What was before the first entry"
    elif one.first == one.last:
        what = f"Entry {one.first}"
    else:
        what = f"Entries {one.first} to {one.last}"
    who = OTHERS.get(one.who, one.who)
    return f"{what}: accepted as it is on {one.at:%Y-%m-%d} by {who}: {one.reason}."


def invitation_link(*, role: str | None = None) -> str:
    """A new one-time link to become an organizer."""
    return public_url("organizers.first", token=actions.invite(now=clock.now(), role=role))


COMMANDS: list[click.Command] = [organizer, audit_trail]
