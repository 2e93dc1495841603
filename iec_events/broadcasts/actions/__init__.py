"""What is done with letters: written and kept as drafts, sent, stopped; posted by the worker; erased with the list."""

from ..queries import LetterUnknown
from .posting import end_letters, erase_letters, post_letters
from .sending import (
    EventOver,
    NobodyThere,
    PlaceTold,
    TimeOver,
    send_letter,
    send_test,
    stop_after_restore,
    stop_letter,
)
from .writing import Changed, LetterRefused, LetterSent, TooManyLetters, delete_letter, keep_letter, revise_letter

__all__ = [
    "Changed",
    "EventOver",
    "LetterRefused",
    "LetterSent",
    "LetterUnknown",
    "NobodyThere",
    "PlaceTold",
    "TimeOver",
    "TooManyLetters",
    "delete_letter",
    "end_letters",
    "erase_letters",
    "keep_letter",
    "post_letters",
    "revise_letter",
    "send_letter",
    "send_test",
    "stop_after_restore",
    "stop_letter",
]
