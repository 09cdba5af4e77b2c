"""Makes the pictures of the README and of the tour: the page on the README's own example and on the log of `steplog demo`.

`python docs/pictures/make.py` records `examples/research_agent.py` and the demo, writes pages with `steplog html`, and
lets Chromium (CHROMIUM names another than the one on the PATH) take the pictures. Needs `pip install playwright langchain`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

import steplog

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Picture:
    """A file, and what it shows: which page, which address on it (with names of runs in braces), until what is seen."""

    file: str
    page: Literal["agent", "demo"]
    address: str
    until: str
    height: int = 640
    width: int = 1280
    scheme: Literal["light", "dark"] = "light"


PICTURES = (
    Picture("page.png", "agent", "#/run/{research}", ".tr"),
    Picture("page-dark.png", "agent", "#/run/{research}", ".tr", scheme="dark"),
    Picture("tour-runs.png", "demo", "#/runs", ".rr", height=440),
    Picture("tour-step.png", "agent", "#/run/{research}?step=10", ".tr"),
    Picture("tour-died.png", "demo", "#/run/{nightly report}", ".tr"),
    Picture("tour-failed.png", "demo", "#/run/{refund}", ".tr", scheme="dark"),
    Picture("tour-loop.png", "demo", "#/run/{find invoice}", ".tr", height=520),
    Picture("tour-waits.png", "demo", "#/run/{send newsletter}", ".tr", height=520),
    Picture("tour-conversation.png", "demo", "#/run/{research}?view=chat", ".msg, .tc", height=600),
    Picture("tour-compare.png", "agent", "#/compare/{research}/{research again}", "#first", height=600),
    Picture("tour-stats.png", "demo", "#/stats", ".ch path", height=600),
    Picture("tour-phone.png", "demo", "#/run/{refund}", ".tr", width=390, height=700),
)


def command(*words: str, cwd: Path) -> None:
    """steplog, as a person would call it."""
    program = "from steplog._cli.main import main; main()"
    subprocess.run([sys.executable, "-c", program, *words], cwd=cwd, check=True)  # noqa: S603 -- our own command


def record(folder: Path) -> dict[str, str]:
    """Two logs and their pages in `folder`; the addresses of their runs by name, the second of a name as "… again"."""
    agent = ROOT / "examples/research_agent.py"
    for question in ((), ("How long is the Danube?",)):
        command("run", "--path", "agent", str(agent), *question, cwd=folder)
    command("demo", "-p", "demo", cwd=folder)
    ids: dict[str, str] = {}
    for log in ("agent", "demo"):
        command("html", "--last", "20", "-p", log, "-o", f"{log}.html", cwd=folder)
        for run in steplog.read(folder / log).runs:
            ids[f"{log}/{run.name}{' again' if f'{log}/{run.name}' in ids else ''}"] = run.id
    return ids


def take(picture: Picture, browser: Browser, folder: Path, ids: dict[str, str]) -> None:
    """One picture."""
    page = browser.new_page(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,
        device_scale_factor=1,
    )
    of_this_page = {key.partition("/")[2]: run for key, run in ids.items() if key.startswith(picture.page)}
    page.goto(
        f"{(folder / picture.page).with_suffix('.html').as_uri()}{picture.address.format(**of_this_page)}"
    )
    page.wait_for_selector(picture.until)
    page.screenshot(path=HERE / picture.file)
    page.close()


def main() -> None:
    """Record, write the pages, take the pictures."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        ids = record(Path(scratch))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for picture in PICTURES:
            take(picture, browser, Path(scratch), ids)
        browser.close()


if __name__ == "__main__":
    main()
