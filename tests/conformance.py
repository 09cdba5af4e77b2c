"""Writes the conformance tables of the integrations: each behaviour that the tests prove, under each set of versions.

    python tests/conformance.py                      # both, about 20 minutes on two cores
    python tests/conformance.py langchain-steplog    # one

Run by hand when a supported version or a test changes. It makes a virtual environment for the oldest supported versions,
the pinned ones (constraints.txt) and the newest, runs the behaviour tests there, and fills in the table of the README.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- conformance -->", "<!-- end of conformance -->"
TOOLS = (
    "pytest",
    "pytest-asyncio",
    "inline-snapshot",
    "jsonschema",
    "blockbuster",
    "numpy",
    "duckdb",
    "genai-prices",
)


@dataclass(frozen=True)
class Integration:
    """An integration: its folder, its test files, the oldest versions, and what is installed of today's.

    named: the distributions whose versions head the table. beside: what not every set of versions has; a test that needs it
    cannot run without.
    """

    folder: str
    tests: tuple[str, ...]
    oldest: tuple[str, ...]
    today: tuple[str, ...]
    named: tuple[str, ...]
    beside: tuple[str, ...] = ()

    @property
    def home(self) -> Path:
        """Where it stands."""
        return ROOT / "integrations" / self.folder

    def requirements(self, which: str) -> list[str]:
        """What pip is to install for the "oldest", the "pinned" or the "newest" versions."""
        match which:
            case "oldest":
                return [*self.oldest, *TOOLS]
            case "pinned":
                return [*self.today, *self.beside, *TOOLS, "-c", str(ROOT / "constraints.txt")]
            case _:
                return ["--upgrade", *self.today, *self.beside, *TOOLS]

    def behaviours(self) -> list[str]:
        """The names of the behaviour tests, in their order, as sentences."""
        names: list[str] = []
        for test in self.tests:
            for line in (self.home / "tests" / test).read_text(encoding="utf-8").splitlines():
                words = line.removeprefix("async ")
                if words.startswith("def test_"):
                    names.append(words.removeprefix("def test_").partition("(")[0].replace("_", " "))
        return list(dict.fromkeys(names))


INTEGRATIONS = (
    Integration(
        "langchain-steplog",
        tests=(
            "test_langchain.py", "test_langgraph.py", "test_contract.py", "test_true_to_the_agent.py", "test_five_steps.py",
            "test_what_belongs_to_a_call.py", "test_failures_told.py", "test_embeddings.py", "test_what_did_not_happen.py",
            "test_decisions.py", "test_beside_the_answer.py", "test_providers_openai.py", "test_providers_anthropic.py",
            "test_providers_google.py", "test_providers_bedrock.py", "test_providers_ollama.py", "test_providers_errors.py",
            "test_providers_ways.py", "test_providers_cache.py",
        ),
        oldest=(
            "langchain==1.0.0", "langchain-core==1.0.0", "langgraph==1.0.0", "langgraph-prebuilt==1.0.0",
            "langchain-classic==1.0.0",
        ),
        today=("langchain", "langgraph", "langchain-classic", "deepagents"),
        named=("langchain-core", "langgraph"),
        # The provider clients of today want a newer LangChain than the oldest that we support.
        beside=("langchain-openai", "langchain-anthropic", "langchain-google-genai", "langchain-aws", "langchain-ollama"),
    ),
    Integration(
        "llama-index-observability-steplog",
        tests=(
            "test_agents.py", "test_workflows.py", "test_retrieval.py", "test_streams.py", "test_facts.py", "test_contract.py",
        ),
        oldest=("llama-index-core==0.14.20",),
        today=("llama-index-core", "llama-index-workflows"),
        named=("llama-index-core", "llama-index-workflows"),
        beside=("openai",),
    ),
)  # fmt: skip


def install(integration: Integration, which: str, venv: Path) -> Path:
    """A virtual environment with our distributions and these versions; its Python."""
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = venv / "bin" / "python"
    ours = ["-e", str(ROOT), "-e", str(integration.home)]
    pip = [python, "-m", "pip", "install", "-q", *ours, *integration.requirements(which)]
    subprocess.run(pip, check=True)
    return python


def outcomes(integration: Integration, python: Path, report: Path) -> dict[str, str]:
    """Whether each behaviour is proved: yes, no, or "-" where its test cannot run there."""
    tests = [str(integration.home / "tests" / test) for test in integration.tests]
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
    return verdicts(integration, report)


def verdicts(integration: Integration, report: Path) -> dict[str, str]:
    """What a report of pytest's says of each behaviour."""
    found: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        name = (case.get("name") or "").partition("[")[0].removeprefix("test_").replace("_", " ")
        verdict = _verdict(case, integration)
        if found.get(name) != "no" and verdict is not None:
            found[name] = verdict if found.get(name) in (None, "-") or verdict == "no" else found[name]
    return found


def _verdict(case: ET.Element, integration: Integration) -> str:
    return verdict(case, integration.beside)


def verdict(case: ET.Element, beside: Iterable[str]) -> str:
    """What a test's outcome says: yes, no, or "-" where it was skipped or one of the distributions `beside` is not there."""
    failed = [part for name in ("failure", "error") if (part := case.find(name)) is not None]
    modules = (*(name.replace("-", "_") for name in beside), "botocore")
    missing = [f"No module named '{module}" for module in modules]
    if any(words in (part.text or "") for part in failed for words in missing):
        return "-"
    return "no" if failed else "-" if case.find("skipped") is not None else "yes"


def not_so_in_the_oldest() -> set[str]:
    """The names of the tests of what the adapters' READMEs say does not hold under the oldest versions."""
    tables = [
        (one.home / "README.md").read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
        for one in INTEGRATIONS
    ]
    rows = [[cell.strip() for cell in line.split("|")] for text in tables for line in text.splitlines()]
    return {"test_" + row[1].replace(" ", "_") for row in rows if len(row) > 2 and row[2] == "no"}


def version_of(integration: Integration, python: Path) -> str:
    """The versions of the frameworks in an environment."""
    program = f"from importlib.metadata import version as v; print(' / '.join(n + ' ' + v(n) for n in {integration.named!r}))"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def table(integration: Integration, columns: dict[str, dict[str, str]]) -> str:
    """The Markdown table."""
    head = f"| behaviour | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}\n"
    rows = [
        f"| {name} | {' | '.join(found.get(name, '-') for found in columns.values())} |"
        for name in integration.behaviours()
    ]
    return head + "\n".join(rows) + "\n"


def main() -> None:
    """Run the tests under the oldest, the pinned and the newest versions and write the tables."""
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    for integration in INTEGRATIONS:
        if sys.argv[1:] and integration.folder not in sys.argv[1:]:
            continue
        columns: dict[str, dict[str, str]] = {}
        with tempfile.TemporaryDirectory() as scratch:
            for which in ("oldest", "pinned", "newest"):
                python = install(integration, which, Path(scratch) / which)
                versions = version_of(integration, python)
                same = next((title for title in columns if title.endswith(f": {versions}")), None)
                columns[f"{which}: {versions}"] = (
                    outcomes(integration, python, Path(scratch) / f"{which}.xml")
                    if same is None
                    else columns[same]
                )
        readme = integration.home / "README.md"
        before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        readme.write_text(f"{before}{BEGIN}\n{table(integration, columns)}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
