"""`iec-events doctor`, `backup` and `restore`. The caller opens an application context."""

from __future__ import annotations

from pathlib import Path

import click

from ..broadcasts.actions import stop_after_restore
from ..core import clock
from ..core.archive import make_archive, restore_archive
from ..core.archive_format import ArchiveRefused
from ..core.config import settings
from ..mail.actions import hold
from ..organizers.anchor import forget_anchor
from ..organizers.audit import note
from ..privacy.returned import erase_again, take_back_again
from ..privacy.vault_boxes import reseal
from .doctor import GRAVE, findings

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("doctor")
@click.pass_context
def doctor(context: click.Context) -> None:
    """Say what is weak, gravest first, and what to do; ends with status 1 when something is grave."""
    found = findings(clock.now())
    for finding in found:
        click.echo(f"{finding.gravity}: {finding.text}")
    if not found:
        click.echo("All is well.")
    context.exit(int(any(finding.gravity == GRAVE for finding in found)))


@click.command("backup")
@click.argument("file", type=FILE)
def backup(file: Path) -> None:
    """Write the whole database into FILE, while the service goes on. Keys are never in it."""
    now = clock.now()
    try:
        made = make_archive(file, now=now)
    except ArchiveRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    note("backup.made", "", now=now)
    click.echo(f"{file} holds {made.rows} rows of {made.made_at}. The keys are not in it: keep them elsewhere.")


@click.command("restore")
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Lose everything that is in the database now.")
def restore(file: Path, *, replace: bool) -> None:
    """Put what is in FILE into the database: all of it, or nothing when anything is wrong."""
    try:
        restored = restore_archive(file, replace=replace)
    except ArchiveRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    forget_anchor()  # this older database is there because somebody wants it, and says so in the trail
    note("backup.restored", f"backup:{restored.made_at}", now=clock.now())
    click.echo(f"{restored.rows} rows of {restored.made_at} are back. Everybody signs in anew.")
    click.echo(
        "Accounts are as they were then: who was removed since has password, roles and keys again, and who rests since "
        "is awake. Look at them."
    )
    again = erase_again(clock.now())
    if again:
        click.echo(f"{again} people had deleted themselves since then, and are deleted again.")
    taken_back = take_back_again(clock.now())
    if taken_back:
        click.echo(f"{taken_back} messages had been taken back since then, and are erased again.")
    stopped, held = stop_after_restore(clock.now()), hold(now=clock.now())
    if stopped:
        click.echo(f"Letters of organizers that were on their way, or due since, and are stopped now: {stopped}.")
    if held:
        click.echo(f"Mails that may have gone out since, and wait two days for owners to send them again: {held}.")


@click.group("vault")
def server_vault() -> None:
    """The server's own boxes."""


@server_vault.command("reseal")
def reseal_boxes() -> None:
    """Seal what older vault keys open with the first one, so that they can go. Safe to repeat, also while serving."""
    resealed = reseal()
    click.echo(f"{resealed.done} boxes were sealed anew with the first vault key.")
    if resealed.left:
        raise click.ClickException(
            f"{resealed.left} boxes need an older key still: wait a day, run this again, and keep the older keys."
        )
    if len(settings().vault_keys) > 1:
        click.echo("No box here needs the older keys. Take them out of vault.keys, and start the service again.")


COMMANDS: list[click.Command] = [doctor, backup, restore, server_vault]
