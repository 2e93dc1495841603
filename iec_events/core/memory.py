"""What is loaded once and stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# A page makes some thousand objects; looking through them at each seven hundred, as Python does by itself, costs more.
NEW_OBJECTS = 10_000


@contextmanager
def loading() -> Iterator[None]:
    """Look for no garbage while code is loaded, which takes a third of a start, and never again among what stays.

    Collections afterwards are few and short; processes that are forked share the memory (`gc.freeze`).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS, 10, 10)
        gc.enable()
