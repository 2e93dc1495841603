"""Commands about campaigns and events; the `iec-events` command gathers them and gives them an application."""

from __future__ import annotations

from pathlib import Path

import click

from ..core import clock
from ..core.toml_sheets import BadFile
from .actions import note_rules
from .loader import load


@click.command("load")
@click.argument("file", type=click.Path(path_type=Path))
def load_file(file: Path) -> None:
    """Create or revise campaigns and events as FILE says (TOML; see docs/loading.md)."""
    note_rules()
    try:
        loaded = load(file, now=clock.now())
    except BadFile as refused:
        for problem in refused.problems:
            click.echo(problem, err=True)
        raise click.ClickException("Nothing was changed.") from None
    for verb, slugs in (("New", loaded.created), ("Revised", loaded.revised), ("As before", loaded.unchanged)):
        if slugs:
            click.echo(f"{verb}: {', '.join(slugs)}")
    if loaded.messages:
        click.echo(f"Left out: {len(loaded.messages)} messages. People leave theirs on the page, and you approve them.")


COMMANDS: list[click.Command] = [load_file]
