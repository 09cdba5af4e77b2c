"""Runs the tests under every Python and every set of framework versions that are supported; prints a table.

    python tests/matrix.py                                     # all of it, about an hour on two cores
    python tests/matrix.py --python 3.12 --frameworks newest   # one cell

A cell is a virtual environment of its own with our four distributions as wheels, so that no file of `src` can help. Exit
code 1 if a cell fails or an interpreter that was asked for is not there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DISTRIBUTIONS = (".", *(f"integrations/{name}" for name in (
    "langchain-steplog", "llama-index-observability-steplog", "steplog-auto",
)))  # fmt: skip
OLDEST = (
    "langchain==1.0.0", "langchain-core==1.0.0", "langgraph==1.0.0", "langgraph-prebuilt==1.0.0",
    "langchain-classic==1.0.0", "llama-index-core==0.14.20",
)  # fmt: skip
FRAMEWORKS = (
    "langchain",
    "langgraph",
    "langchain-classic",
    "deepagents",
    "llama-index-core",
    "llama-index-workflows",
)
CLIENTS = tuple(
    f"langchain-{provider}" for provider in ("anthropic", "aws", "google-genai", "ollama", "openai")
)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
TOOLS = (
    "pytest", "pytest-asyncio", "inline-snapshot", "jsonschema", "blockbuster", "hypothesis", "freezegun",
    "backports.zstd", "msgspec",
)  # fmt: skip
# What says something about a version of Python or of a framework; the house rules and packages are the same in all.
TESTS = (
    "tests/write", "tests/read", "tests/format", "tests/show", "tests/cli",
    "integrations/langchain-steplog/tests", "integrations/llama-index-observability-steplog/tests",
)  # fmt: skip

# The provider clients of today want a newer LangChain than the oldest that we support.
WITHOUT_CLIENTS = ("--ignore-glob=*/test_providers_*",)


def interpreter(version: str) -> str | None:
    """The newest interpreter of that version that can be found here: on the path, or of pyenv."""
    on_path = shutil.which(f"python{version}")
    works = on_path and subprocess.run([on_path, "-c", ""], check=False, capture_output=True).returncode == 0
    if works:
        return on_path
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return str(found[-1]) if found else None


def requirements(frameworks: str) -> list[str]:
    """What pip is to install besides our wheels."""
    match frameworks:
        case "oldest":
            return [*OLDEST, *TOOLS]
        case "pinned":
            return [*FRAMEWORKS, *CLIENTS, *TOOLS, "-c", str(ROOT / "constraints.txt")]
        case _:
            return ["--upgrade", *FRAMEWORKS, *CLIENTS, *TOOLS]


def build(python: str, folder: Path) -> list[str]:
    """Our wheels, built once."""
    for distribution in DISTRIBUTIONS:
        wheel = [python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT / distribution)]
        subprocess.run(wheel, check=True)
    return [str(wheel) for wheel in folder.glob("*.whl")]


def cell(python: str, frameworks: str, wheels: list[str], folder: Path) -> tuple[bool, str]:
    """Whether one cell's tests pass, and their last line."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    there = str(folder / "bin" / "python")
    install = [
        there,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        *wheels,
        *requirements(frameworks),
    ]
    if subprocess.run(install, check=False).returncode:
        return False, "its requirements cannot be installed"
    # The tests alone, in a folder without `src`.
    desk = folder / "desk"
    helpers = [file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").glob("*.py")]
    for test in (*TESTS, "examples", *helpers):
        copy = shutil.copytree if (ROOT / test).is_dir() else shutil.copy
        (desk / test).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / test, desk / test)
    shutil.copy(ROOT / "pyproject.toml", desk)
    done = subprocess.run(
        [
            there,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *TESTS,
            *(WITHOUT_CLIENTS if frameworks == "oldest" else ()),
        ],
        cwd=desk,
        capture_output=True,
        text=True,
        check=False,
    )
    (Path.cwd() / f"matrix-{Path(folder).name}.log").write_text(
        done.stdout + done.stderr
    ) if done.returncode else None
    lines = done.stdout.strip().splitlines()
    return done.returncode == 0, re.sub(r"=+ ?| ?=+", "", lines[-1]) if lines else done.stderr[-200:]


def main() -> None:
    """Build, fill the cells, print the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--python", default=",".join(PYTHONS[:3]), help="versions, with commas between")
    options.add_argument("--frameworks", default="oldest,pinned,newest", help="sets, with commas between")
    asked = options.parse_args()
    bad = False
    with tempfile.TemporaryDirectory() as scratch:
        wheels = build(sys.executable, Path(scratch) / "wheels")
        print("| Python | frameworks | tests |\n|---|---|---|")
        for version in asked.python.split(","):
            python = interpreter(version)
            if python is None:
                bad = True
                print(f"| {version} | | no such interpreter here |")
                continue
            for frameworks in asked.frameworks.split(","):
                passed, said = cell(python, frameworks, wheels, Path(scratch) / f"{version}-{frameworks}")
                bad = bad or not passed
                print(f"| {version} | {frameworks} | {said} |", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
