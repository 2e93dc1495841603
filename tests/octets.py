"""What really stands in the files of a database that is in use."""

from __future__ import annotations

import subprocess
from pathlib import Path


def octets_of(*files: Path | str) -> bytes:
    """The octets of files, read by another process.

    SQLite's locks belong to the process: whoever opens and closes a database file of a running connection by other
    means drops them all, and other processes may then destroy it (sqlite.org/howtocorrupt.html, 2.2).
    """
    return subprocess.run(["cat", *map(str, files)], check=True, capture_output=True).stdout
