"""The code blocks of a page, and a place in which they run one after the other, as a reader would.

`python tests/docs/blocks.py` runs every page and writes what its commands print into the blocks below them.

A comment right above a block says what it is, where running it is not the whole story:

* `<!-- file: agent.py -->` is saved under that name;
* `<!-- exits: 1 -->` is the exit code, where it is not 0;
* `<!-- not run: why -->` does not run;
* `<!-- tested: tests/ask/test_sql.py -->` is run by that test.

A block without a language, right behind a command, is what it prints. `<!-- given: demo -->` anywhere on a page has the log
of `steplog demo` in `steplogs`, `<!-- given: examples -->` the folder `examples`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
MARKS = ("file", "exits", "not run", "tested", "main command", "test command")
COMMANDS = ("sh", "bash")


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands above it, its language, its text, and where the text begins in the page."""

    mark: str
    value: str
    language: str
    text: str
    at: int


def pages() -> list[Path]:
    """README, and all pages that people read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    found = []
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        mark, _, value = (match["mark"] or "").partition(":")
        known = mark in MARKS
        found.append(
            Block(
                mark if known else "",
                value.strip() if known else "",
                match["language"],
                match["text"],
                match.start("text"),
            )
        )
    return found


class Desk:
    """An empty directory with `steplog` and `python` on the path, and nothing of steplog in the environment."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "work"
        self.place.mkdir()
        binaries = folder / "bin"
        binaries.mkdir()
        script = binaries / "steplog"
        script.write_text(f"#!{sys.executable}\nfrom steplog._cli.main import main\nmain()\n")
        script.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STEPLOG")}
        here = str(Path(sys.executable).parent)
        self.environment = kept | {
            "PATH": os.pathsep.join((str(binaries), here, kept["PATH"])),
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "PYTHONWARNINGS": "ignore",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=self.place,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    def given(self, page: Path) -> None:
        """What the page takes for granted."""
        text = page.read_text(encoding="utf-8")
        if "<!-- given: demo -->" in text:
            assert self.call("steplog", "demo", "-p", "steplogs").returncode == 0
        if "<!-- given: examples -->" in text:
            shutil.copytree(
                ROOT / "examples", self.place / "examples", ignore=shutil.ignore_patterns("__pycache__")
            )


@dataclass(frozen=True)
class Ran:
    """A block that was run, and the block of what it should have printed, if one follows."""

    block: Block
    code: int
    out: str
    err: str
    shown: Block | None


def run(page: Path, folder: Path) -> list[Ran]:
    """Run the page's blocks in the order in which they stand."""
    desk = Desk(folder)
    desk.given(page)
    found, ran = blocks(page), []
    for place, block in enumerate(found):
        if block.mark in ("not run", "tested", "main command", "test command"):
            continue
        if block.mark == "file":
            (desk.place / block.value).write_text(block.text)
            continue
        if block.language in COMMANDS:
            done = desk.call("bash", "-e", "-c", block.text)
        elif block.language == "python":
            done = desk.call(sys.executable, "-c", block.text)
        else:
            continue
        after = found[place + 1] if place + 1 < len(found) else None
        shown = after if after and not after.language and not after.mark else None
        ran.append(Ran(block, done.returncode, done.stdout, done.stderr, shown))
    return ran


TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?|\d\d:\d\d:\d\d\.\d+|\d{8}T\d+Z[-\w]*")
DURATION = re.compile(r"[+-]?\d[\d.,]* ?(ms|us|s|min|kB|B|bytes)\b( \([^)]*%\))?")
ID = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b|\b[0-9a-f]{16}\b|\b(?=[a-z]*\d)[a-z0-9]{8}\b")
PLACE = re.compile(r"[\w.-]*(/[-\w.@]+)+/?")


def plain(text: str) -> list[str]:
    """Lines without what differs each time: times, ids, durations, places, and where a line is cut off."""
    for pattern in (TIME, PLACE, DURATION, ID):
        text = pattern.sub("#", text)
    lines = [re.sub(r"[\s┬─]+", " ", line).strip() for line in text.splitlines()]
    return [line.partition("…")[0][:60].rstrip() for line in lines if line]


def as_shown(ran: Ran) -> str:
    """What goes into the block: paths of this machine are none of the reader's."""
    text = re.sub(r"/\S*?/(?=(site-packages|steplog/_cli|work)/)", "", ran.out)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def main() -> None:
    """Write what the commands print into the pages."""
    wanted = {Path(word).resolve() for word in sys.argv[1:]}
    for page in pages():
        if wanted and page not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            ran = run(page, Path(folder))
        text = page.read_text(encoding="utf-8")
        for one in reversed(ran):
            if one.code != int(one.block.value if one.block.mark == "exits" else 0):
                print(f"{page}: exit code {one.code}\n{one.block.text}{one.out[-2000:]}{one.err[-2000:]}")
            if one.shown is not None:
                text = text[: one.shown.at] + as_shown(one) + text[one.shown.at + len(one.shown.text) :]
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
