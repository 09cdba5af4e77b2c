"""The types that users see: right use has no error in strict mode, and each wrong use has one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PYRIGHT = Path(sys.executable).with_name("pyright")


@pytest.fixture(scope="module")
def errors():
    """Lines with errors, by file."""
    if not PYRIGHT.exists() and shutil.which("pyright") is None:
        pytest.skip("pyright is not installed")
    command = [PYRIGHT if PYRIGHT.exists() else "pyright", "--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(
        [*command, HERE / "usage.py", HERE / "misuse.py"],
        cwd=HERE.parents[1], capture_output=True, text=True, check=False, timeout=170,
    )  # fmt: skip
    found: dict[str, list[tuple[int, str]]] = {}
    for said in json.loads(done.stdout)["generalDiagnostics"]:
        if said["severity"] == "error":
            place = found.setdefault(Path(said["file"]).name, [])
            place.append((said["range"]["start"]["line"] + 1, said["message"]))
    return found


def test_right_use_has_no_error(errors):
    assert errors.get("usage.py", []) == []


def test_each_wrong_use_has_one(errors):
    lines = (HERE / "misuse.py").read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert {number for number, _ in errors["misuse.py"]} == wrong
