"""Runs the tests under every Python and every set of framework versions that are supported; prints a table.

    python tests/matrix.py                                     # all of it, about an hour on two cores
    python tests/matrix.py --python 3.12 --frameworks newest   # one cell

A cell is a virtual environment of its own with our four distributions as wheels, so that no file of `src` can help. Exit
code 1 if a cell fails or an interpreter that was asked for is not there.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from conformance import not_so_in_the_oldest, verdict

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
    "backports.zstd", "msgspec", "duckdb", "numpy", "genai-prices",
)  # fmt: skip
# What says something about a version of Python or of a framework; the house rules and packages are the same in all.
TESTS = (
    "tests/write", "tests/read", "tests/format", "tests/show", "tests/cli", "tests/auto/test_finder.py", "tests/auto/test_run.py", "tests/auto/test_activate.py",
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
    report = folder / "report.xml"
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    ignored = WITHOUT_CLIENTS if frameworks == "oldest" else ()
    done = subprocess.run(
        [there, "-m", "pytest", *options, *TESTS, *ignored],
        cwd=desk, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not report.exists():
        return False, done.stderr[-200:]
    failed, words = outcome(report, frameworks)
    if failed:
        log = Path.cwd() / f"matrix-{folder.name}.log"
        log.write_text("\n".join((*failed, done.stdout, done.stderr)), encoding="utf-8")
    return not failed, words


def outcome(report: Path, frameworks: str) -> tuple[list[str], str]:
    """The tests that failed and should not have, and how many did what.

    Of the oldest versions the adapters' READMEs say what does not hold there, and the clients of providers are not there.
    """
    is_oldest = frameworks == "oldest"
    known = not_so_in_the_oldest() if is_oldest else set[str]()
    told, failed = Counter[str](), list[str]()
    for case in ET.parse(report).iter("testcase"):
        name, said = case.get("name") or "", verdict(case, CLIENTS if is_oldest else ())
        if said != "no":
            told["passed" if said == "yes" else "not for it"] += 1
        elif name.partition("[")[0] in known:
            told["known not to hold"] += 1
        else:
            told["failed"] += 1
            failed.append(f"{case.get('classname')}::{name}")
    return failed, ", ".join(f"{n:,} {what}" for what, n in told.items())


def main() -> None:
    """Build, fill the cells, print the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--python", default=",".join(PYTHONS[:3]), help="versions, with commas between")
    options.add_argument("--frameworks", default="oldest,pinned,newest", help="sets, with commas between")
    asked = options.parse_args()
    bad = False
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)  # some tests look through another user's eyes
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
