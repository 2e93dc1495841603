"""What every finding is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

GRAVE, WEAK, HINT = "grave", "weak", "hint"
ORDER = (GRAVE, WEAK, HINT)


@dataclass(frozen=True)
class Finding:
    """How grave it is, and one sentence for the operator."""

    gravity: str
    text: str


Findings = Iterator[Finding]
