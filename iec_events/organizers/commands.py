"""`iec-events organizer ...`: what the operator does from the shell. The caller opens an application context."""

from __future__ import annotations

import click

from ..core import clock
from ..core.urls import public_url
from . import actions
from .audit import verify
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
def verify_trail() -> None:
    """Say whether the trail is whole; if not, name the first broken entry and end with status 1."""
    verdict = verify()
    if verdict.broken is not None:
        raise click.ClickException(verdict.broken)
    last = f", the last is number {verdict.number} with the hash {verdict.hash}" if verdict.number else ""
    click.echo(f"OK: {verdict.count} entries{last}.")


def invitation_link(*, role: str | None = None) -> str:
    """A new one-time link to become an organizer."""
    return public_url("organizers.first", token=actions.invite(now=clock.now(), role=role))


COMMANDS: list[click.Command] = [organizer, audit_trail]
