"""What is done with the outbox: posting, claiming, handing over, noting what became of a letter, forgetting.

Each step is a commit of its own, so that a worker may die between any two (docs/decisions/0010).
"""

from .delivering import (
    ANSWER_LEASE,
    FIRST_PAUSE,
    LEASE,
    Claimed,
    claim,
    hand_over,
    keep,
    note_delivered,
    note_failed,
    note_lapsed,
    note_trouble,
    note_uncertain,
    note_well,
    pause_after,
    put_off,
    release,
)
from .posting import KEEP_DONE, Facts, forget, hold, post, send_again, sweep, withdraw_part

__all__ = [
    "ANSWER_LEASE",
    "FIRST_PAUSE",
    "KEEP_DONE",
    "LEASE",
    "Claimed",
    "Facts",
    "claim",
    "forget",
    "hand_over",
    "hold",
    "keep",
    "note_delivered",
    "note_failed",
    "note_lapsed",
    "note_trouble",
    "note_uncertain",
    "note_well",
    "pause_after",
    "post",
    "put_off",
    "release",
    "send_again",
    "sweep",
    "withdraw_part",
]
