"""Writes the conformance table of README.md: each behaviour that the tests prove, per supported version.

Run by hand when a supported version changes: `python integrations/langchain-steplog/conformance.py`. It makes a virtual
environment for each set of versions (about a minute each), runs the behaviour tests there, and fills in the table.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
README = HERE / "README.md"
BEGIN, END = "<!-- conformance -->", "<!-- end of conformance -->"
TESTS = (
    "test_langchain.py",
    "test_langgraph.py",
    "test_contract.py",
    "test_true_to_the_agent.py",
    "test_five_steps.py",
    "test_what_belongs_to_a_call.py",
    "test_failures_told.py",
    "test_embeddings.py",
)
OLDEST = (
    "langchain==1.0.0",
    "langchain-core==1.0.0",
    "langgraph==1.0.0",
    "langgraph-prebuilt==1.0.0",
    "langchain-classic==1.0.0",
)
TOOLS = ("pytest", "pytest-asyncio", "inline-snapshot", "jsonschema", "blockbuster")


def behaviours() -> list[str]:
    """The names of the behaviour tests, in their order, as sentences."""
    names: list[str] = []
    for test in TESTS:
        for line in (HERE / "tests" / test).read_text(encoding="utf-8").splitlines():
            words = line.removeprefix("async ")
            if words.startswith("def test_"):
                names.append(words.removeprefix("def test_").partition("(")[0].replace("_", " "))
    return names


def install(venv: Path, requirements: tuple[str, ...]) -> Path:
    """A virtual environment with our two distributions and these requirements; its Python."""
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = venv / "bin" / "python"
    ours = ["-e", str(ROOT), "-e", str(HERE)]
    subprocess.run([python, "-m", "pip", "install", "-q", *ours, *requirements, *TOOLS], check=True)
    return python


def outcomes(python: Path, report: Path) -> dict[str, str]:
    """Whether each behaviour is proved: yes, no, or "-" where its test cannot run there."""
    tests = [str(HERE / "tests" / test) for test in TESTS]
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        "-o",
        "addopts=--import-mode=importlib",
    ]
    subprocess.run(
        [python, "-m", "pytest", *options, *tests], cwd=ROOT, check=False, stdout=subprocess.DEVNULL
    )
    found: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        name = (case.get("name") or "").partition("[")[0].removeprefix("test_").replace("_", " ")
        failed = case.find("failure") is not None or case.find("error") is not None
        verdict = "no" if failed else "-" if case.find("skipped") is not None else "yes"
        if found.get(name) != "no":
            found[name] = verdict
    return found


def version_of(python: Path) -> str:
    """The versions of the frameworks in an environment."""
    program = "from importlib.metadata import version as v; print('langchain-core', v('langchain-core'), '/ langgraph', v('langgraph'))"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def table(columns: dict[str, dict[str, str]]) -> str:
    """The Markdown table."""
    head = f"| behaviour | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}\n"
    rows = [
        f"| {name} | {' | '.join(found.get(name, '-') for found in columns.values())} |"
        for name in behaviours()
    ]
    return head + "\n".join(rows) + "\n"


def main() -> None:
    """Run the tests under the oldest and the newest supported versions and write the table."""
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    columns: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        newest = (
            "langchain",
            "langgraph",
            "langchain-classic",
            "deepagents",
            "-c",
            str(ROOT / "constraints.txt"),
        )
        for name, requirements in (("oldest", OLDEST), ("newest", newest)):
            python = install(Path(scratch) / name, requirements)
            columns[version_of(python)] = outcomes(python, Path(scratch) / f"{name}.xml")
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{table(columns)}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
