"""Our four distributions as they would be published: built once, and installed where no checkout is in sight."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from distributions import FOLDERS


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A folder with a wheel and an sdist of each distribution."""
    out = tmp_path_factory.mktemp("dist")
    for folder in FOLDERS.values():
        build = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
        subprocess.run(build, cwd=folder, check=True, capture_output=True, timeout=120)
    return out


@pytest.fixture(scope="session")
def installed(built, tmp_path_factory):
    """The Python of an environment that has our wheels, and what they need from the environment of the tests.

    That one's folder is named in a `.pth` file: what it has in `.pth` files itself, our editable installs, is not followed.
    """
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    wheels = [str(wheel) for wheel in built.glob("*.whl")]
    install = ["install", "-q", "--no-deps", "--no-index", "--no-warn-script-location", *wheels]
    pip = [sys.executable, "-m", "pip", "--python", str(python), *install]
    subprocess.run(pip, check=True, capture_output=True, timeout=120)
    site = next(folder.rglob("site-packages"))
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture
def call(installed, tmp_path):
    """Calls that environment's Python in an empty folder; gives what came of it."""

    def in_there(*words, **env):
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "PYTHON"))
        }
        clean["PATH"] = f"{installed.parent}{os.pathsep}{clean['PATH']}"
        return subprocess.run(
            [str(installed), *words],
            cwd=tmp_path,
            env=clean | env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return in_there
