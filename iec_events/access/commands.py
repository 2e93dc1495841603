"""`iec-events recover`: the recovery key opens the lists for somebody again."""

from __future__ import annotations

import click

from ..core import clock
from ..core.errors import Refusal
from ..organizers.audit import OPERATOR, acting
from ..organizers.tries import note_words_refused
from .actions import PhraseWrong, recover


@click.command("recover")
@click.option("--to", "email", required=True, help="The e-mail address of the account that shall read the lists.")
def recover_lists(email: str) -> None:
    """Give an account access to every list, with the 24 words of the recovery key."""
    phrase = click.prompt("The 24 words, in their order", hide_input=True)
    acting(OPERATOR)
    try:
        count = recover(phrase=phrase, email=email, now=clock.now())
    except PhraseWrong as refusal:
        note_words_refused(now=clock.now())
        raise click.ClickException(str(refusal)) from None
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"Done: {count} keys were given. The account reads the lists from its next page on.")


COMMANDS: list[click.Command] = [recover_lists]
