"""`iec-events organizer remove|unlock|reset|rest|wake`: what operators do with accounts that exist."""

from __future__ import annotations

import click

from ..core import clock
from ..core.urls import public_url
from ..organizers import actions as organizer_actions
from ..organizers.commands import organizer
from ..organizers.queries import organizer_by_email
from . import actions

asks_email = click.option(
    "--email", prompt="E-mail", help="Asked for when not given: then it is not in the shell's history."
)


@organizer.command("remove")
@asks_email
@click.confirmation_option(prompt="Guest lists that only this account can open are lost with it. Remove it?")
def remove(email: str) -> None:
    """Delete an account and end its sessions, at once."""
    actions.remove_person(organizer_id=_found(email), now=clock.now(), whatever_is_lost=True)
    click.echo("The account is deleted and signed out everywhere.")


@organizer.command("unlock")
@asks_email
def unlock(email: str) -> None:
    """Let somebody try to sign in again at once who was told to wait."""
    actions.unlock(organizer_id=_found(email), now=clock.now())
    click.echo("They can try again now.")


@organizer.command("reset")
@asks_email
@click.confirmation_option(
    prompt="Who uses it opens no list until a colleague gives access again; what only they can open is lost. Make it?"
)
def reset(email: str) -> None:
    """Print a link by which somebody chooses a new password, once, within 24 hours."""
    try:
        token = actions.make_reset_link(organizer_id=_found(email), now=clock.now())
    except actions.StillRests as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(public_url("team.begin_anew", token=token))


@organizer.command("rest")
@asks_email
def rest(email: str) -> None:
    """Sign an account out everywhere, and let nothing open it until it is woken."""
    organizer_actions.rest(organizer_id=_found(email), until=None, now=clock.now())
    click.echo("The account rests. `iec-events organizer wake`, or an owner, wakes it.")


@organizer.command("wake")
@asks_email
def wake(email: str) -> None:
    """Let an account at rest be opened again."""
    woken = organizer_actions.wake(organizer_id=_found(email), now=clock.now())
    click.echo("The account is awake." if woken else "The account was awake already.")


def _found(email: str) -> str:
    account = organizer_by_email(email)
    if account is None:
        raise click.ClickException("No account has this e-mail address.")
    return account.id


COMMANDS: list[click.Command] = []  # they stand under `organizer` already
