"""Where `templates/` and `migrations/` are: inside the package when installed, beside it in a checkout."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def bundled(name: str) -> Path:
    """The folder `name`, wherever this installation keeps it; FileNotFoundError when it is nowhere."""
    for base in (PACKAGE, PACKAGE.parent):
        candidate = base / name
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name}/ is neither in nor beside {PACKAGE.name}")
