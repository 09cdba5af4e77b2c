"""Makes the README's picture: the page on the README's own example, and the other pictures of the docs.

`python docs/pictures/make.py` records `examples/research_agent.py`, writes the page with `steplog html`, and lets
Chromium (CHROMIUM names another than the one on the PATH) take the picture. Needs `pip install playwright langchain`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VIEWS = {"page.png": "light", "page-dark.png": "dark"}


def steplog(*words: str, cwd: Path) -> None:
    """The command, as a person would call it."""
    program = "from steplog._cli.main import main; main()"
    subprocess.run([sys.executable, "-c", program, *words], cwd=cwd, check=True)  # noqa: S603 -- our own command


def main() -> None:
    """Record, write the page, take the pictures."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder:
        steplog("run", "--path", "steplogs", str(ROOT / "examples/research_agent.py"), cwd=Path(folder))
        steplog("html", "@last", "-p", "steplogs", "-o", "page.html", cwd=Path(folder))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            for name, scheme in VIEWS.items():
                page = browser.new_page(
                    viewport={"width": 1280, "height": 640}, color_scheme=scheme, device_scale_factor=1
                )  # pyright: ignore[reportArgumentType] -- one of the words
                page.goto(f"{(Path(folder) / 'page.html').as_uri()}")
                page.wait_for_selector(".tr")
                page.screenshot(path=HERE / name)
            browser.close()


if __name__ == "__main__":
    main()
