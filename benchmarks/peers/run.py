"""Recorders beside each other: what is left when a process is killed, what a fork does, what is kept of a key.

    python benchmarks/peers/run.py                          # all of them, about half an hour: each in an environment of its own
    python benchmarks/peers/run.py --only steplog reeltime  # some
    python benchmarks/peers/run.py --markdown docs/reference/peers.md --json benchmarks/peers/results.json

What is measured and how to read it stands above the table that it writes.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from marks import ANSWERED, ASKED, FOUND, KEY, LATER, UNDER_WAY, of_child
from recorders import RECORDERS
from stored import size_of, text_in
from table import document

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OURS = (str(ROOT), str(ROOT / "integrations/langchain-steplog"))
# What all of them stand on, and what the sink needs to unpack what it gets.
COMMON = ("langchain", "langgraph", "backports.zstd")
SECONDS = 90.0
# After a kill: what was sent and not yet taken by the server.
_SETTLED = 0.5


@dataclass
class Found:
    """What came of one recorder; a scenario that could not be run has its reason in `failed`."""

    versions: dict[str, str] = field(default_factory=dict)
    killed_at_once: dict[str, Any] = field(default_factory=dict)
    killed_after_4_s: dict[str, Any] = field(default_factory=dict)
    surrogate: dict[str, Any] = field(default_factory=dict)
    forks: dict[str, Any] = field(default_factory=dict)
    key: dict[str, Any] = field(default_factory=dict)
    turns: dict[str, Any] = field(default_factory=dict)
    cpu: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def environment(name: str, folder: Path) -> tuple[Path, dict[str, str]]:
    """An interpreter that has the recorder, what it stands on, and steplog; and the versions that pip chose."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", *RECORDERS[name][0], *COMMON, *OURS], check=True)
    listed = json.loads(
        subprocess.run([*pip, "list", "--format", "json"], check=True, capture_output=True).stdout
    )
    wanted = {
        each.partition("[")[0] for each in (*RECORDERS[name][0], "steplog", "langchain-core", "langgraph")
    }
    return python, {each["name"]: each["version"] for each in listed if each["name"] in wanted}


@contextmanager
def sink_in(folder: Path, python: Path) -> Iterator[str]:
    """The address of a running sink that keeps in `folder` what it is sent."""
    folder.mkdir()
    server = subprocess.Popen(
        [str(python), str(HERE / "sink.py"), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def go(
    scenario: str, name: str, python: Path, folder: Path, kill_after: float | None = None
) -> dict[str, Any]:
    """Run one scenario in a process of its own; kill it that many seconds after it is where it is to be killed."""
    kept = folder / "kept"
    kept.mkdir(parents=True)
    with sink_in(kept / "sent", python) as sink:
        command = [str(python), str(HERE / "agent.py"), scenario, name, str(kept), sink]
        child = subprocess.Popen(
            command, cwd=kept, stdout=subprocess.PIPE, stderr=(folder / "stderr").open("w"), text=True
        )
        assert child.stdout is not None
        try:
            if kill_after is not None:
                if child.stdout.readline() != "inside\n":
                    raise RuntimeError("it never came to the tool: " + _reason(folder / "stderr"))
                time.sleep(kill_after)
                child.send_signal(signal.SIGKILL)
            said, _ = child.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise RuntimeError(f"it was not over after {SECONDS:.0f} s") from None
        if kill_after is not None:
            time.sleep(_SETTLED)
            return {}
        if child.returncode:
            raise RuntimeError(f"the program ended with {child.returncode}: " + _reason(folder / "stderr"))
        return json.loads(said.strip().splitlines()[-1])


def _reason(stderr: Path) -> str:
    """The last line that names an exception, which no path of this machine stands in."""
    named = [
        line
        for line in stderr.read_text().splitlines()
        if re.match(r"[\w.]*(Error|Exception|Interrupt)\b", line)
    ]
    return named[-1] if named else "it said nothing"


def watch(name: str, python: Path, scratch: Path) -> Found:
    """All scenarios with one recorder."""
    found = Found()
    for scenario, after in (
        ("killed_at_once", 0.0), ("killed_after_4_s", 4.0), ("surrogate", None), ("forks", None), ("key", None),
        ("turns", None), ("cpu", None),
    ):  # fmt: skip
        folder = scratch / name / scenario
        try:
            said = go("killed" if after is not None else scenario, name, python, folder, after)
        except RuntimeError as error:
            found.failed[scenario] = str(error)
            said = {}
        setattr(found, scenario, said | looked_at(scenario, folder / "kept"))
        shutil.rmtree(folder / "kept")
    return found


def looked_at(scenario: str, kept: Path) -> dict[str, Any]:
    """What can be found again in what was kept."""
    text = text_in(kept)
    match scenario:
        case "killed_at_once" | "killed_after_4_s":
            # The run's question, the first model call's answer, the tool's result, the second model call's answer.
            over = [mark in text for mark in (ASKED, f"{ANSWERED}-0", FOUND, f"{ANSWERED}-1")]
            return {"finished_kept": sum(over), "of": len(over), "under_way_named": UNDER_WAY in text}
        case "surrogate":
            return {"rest_kept": FOUND in text and LATER in text, "half_kept": "half " in text}
        case "forks":
            return {"children_kept": sum(of_child(child) in text for child in range(4))}
        case "key":
            return {"key_kept": KEY in text, "rest_kept": LATER in text}
        case "turns":
            return {"bytes": size_of(kept), "last_kept": LATER in text}
        case _:
            return {}


def main() -> None:
    """Set up, watch, write."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--only", nargs="+", choices=RECORDERS, default=list(RECORDERS), metavar="NAME")
    options.add_argument("--environments", type=Path, help="where they are kept for the next time")
    options.add_argument("--json", type=Path)
    options.add_argument("--markdown", type=Path)
    asked = options.parse_args()
    results: dict[str, Found] = {}
    today = datetime.now().astimezone().date().isoformat()
    with tempfile.TemporaryDirectory() as scratch:
        for name in asked.only:
            try:
                python, versions = environment(name, (asked.environments or Path(scratch) / "env") / name)
            except subprocess.CalledProcessError as error:
                results[name] = Found(failed={"environment": str(error)})
                continue
            results[name] = watch(name, python, Path(scratch) / "runs")
            results[name].versions = versions
            print(name, json.dumps(asdict(results[name])), flush=True)
    if asked.json:
        about = {"date": today, "machine": f"{platform.system()} {platform.machine()}"}
        asked.json.write_text(
            json.dumps(about | {"found": {name: asdict(each) for name, each in results.items()}}, indent=1)
            + "\n"
        )
    if asked.markdown:
        asked.markdown.write_text(document({name: asdict(each) for name, each in results.items()}, today))


if __name__ == "__main__":
    main()
