"""Static files: under an address that holds their digest, kept by browsers for ever, compressed once.

The compressed copies stand in the data folder, in a folder named after the digest, so that they are never those of
another version. Where that folder can't be written, files go out as they are. Folders of older versions can be deleted.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

from .paths import PACKAGE
from .urls import static_digest


def init_statics(app: Flask, data_dir: Path, hardened: Mapping[str, str]) -> None:
    """Answer for static files before anything else is asked, with the same headers as pages."""

    def harden(headers: Headers, _path: str, _url: str) -> None:
        for name, text in hardened.items():
            headers[name] = text

    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(_compressed(data_dir / "static" / static_digest()) or PACKAGE / "static"),
        prefix=f"static/{static_digest()}/",
        immutable_file_test=lambda _path, _url: True,
        allow_all_origins=False,
        add_headers_function=harden,
    )


def _compressed(folder: Path) -> Path | None:
    """The folder with every file and its compressed copies; made whole, then given its name."""
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            files = shutil.copytree(PACKAGE / "static", Path(made) / "static", ignore=shutil.ignore_patterns("*.txt"))
            compressor = Compressor(quiet=True)
            for file in files.rglob("*.*"):
                if compressor.should_compress(file.name):
                    compressor.compress(str(file))
            for made_here in (files, *files.rglob("*")):
                made_here.chmod(0o700 if made_here.is_dir() else 0o600)
            with contextlib.suppress(FileExistsError, OSError):  # another process was faster
                files.rename(folder)
    except OSError:
        return None
    return folder if folder.is_dir() else None
