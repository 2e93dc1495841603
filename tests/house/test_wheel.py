"""What is built installs elsewhere, with all that belongs to it, and serves: nothing leans on the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.servers import free_port, get, gunicorn, running

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.real_time, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert len(list(folder.glob("*.tar.gz"))) == 1
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel. Its dependencies are those already here, but not the checkout."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", folder, wheel, cwd=folder)
    return folder


def run(*command: object, cwd: Path, **environ: str) -> str:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("IEC_", "PYTHON"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept | environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_holds_all_that_it_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    beside = {f"iec_events/{path.relative_to(ROOT)}" for path in (ROOT / "templates").rglob("*.*")}
    beside |= {f"iec_events/{path.relative_to(ROOT)}" for path in (ROOT / "migrations").rglob("[0-9]*.py")}
    inside = {
        str(path.relative_to(ROOT)) for path in (ROOT / "iec_events").rglob("*.*") if "__pycache__" not in str(path)
    }
    assert (beside | inside) - names == set()


def test_is_found_elsewhere_and_not_in_the_checkout(elsewhere: Path) -> None:
    found = run(elsewhere / "bin/python", "-c", "import iec_events; print(iec_events.__file__)", cwd=elsewhere)
    assert found.startswith(str(elsewhere))


@pytest.fixture(scope="module")
def installed(elsewhere: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is chosen for an installation that holds a sample; it stays where it was made."""
    folder = tmp_path_factory.mktemp("installed")
    environ = {"IEC_DATA_DIR": str(folder / "data"), "IEC_PUBLIC_URL": f"http://127.0.0.1:{free_port()}"}
    run(elsewhere / "bin/iec-events", "init", cwd=folder, **environ)
    sample = next(elsewhere.glob("lib/python*/site-packages/iec_events/events/samples/*.toml"))
    run(elsewhere / "bin/iec-events", "load", sample, cwd=folder, **environ)
    return environ


@pytest.mark.parametrize("server", ["iec-events", "gunicorn"])
def test_serves(elsewhere: Path, installed: dict[str, str], tmp_path: Path, server: str) -> None:
    port = free_port()
    environ = installed | {"IEC_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    own = [elsewhere / "bin/iec-events", "serve", "--port", port]
    others = gunicorn("iec_events.wsgi:app", port, python=elsewhere / "bin/python")
    with running(*(own if server == "iec-events" else others), folder=tmp_path, port=port, **environ) as address:
        home = get(address)
        sheet = re.search(r'href="([^"]+\.css)"', home)
        assert sheet
        assert "@layer" in get(address + sheet.group(1))
        farsi = get(address + "/fa/")
        assert 'dir="rtl"' in farsi
        assert "رویداد" in farsi
