"""The page in the package is what its sources make, to the byte; its own tests pass. Where there is no node, this says so."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "page"
BUILT = ROOT / "src/steplog/_view/page.html"
MOST_BYTES = 225_000
MOST_PACKED = 80_000  # as it is sent, and as it lies in a wheel


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A copy of the sources with what they are built with, from the lock file."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here: the page is not built anew")
    folder = tmp_path_factory.mktemp("page") / "page"
    shutil.copytree(PAGE, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    installed = PAGE / "node_modules"
    if installed.is_dir():
        (folder / "node_modules").symlink_to(installed)
        return folder
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"npm cannot install what the page is built with: {done.stderr[-300:]}")
    return folder


def npm(folder: Path, *words: str):
    return subprocess.run(
        ["npm", *words], cwd=folder, capture_output=True, text=True, timeout=170, check=False
    )


def test_the_page_in_the_package_is_what_its_sources_make(workshop):
    done = npm(workshop, "run", "build")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (workshop / "dist/index.html").read_bytes() == BUILT.read_bytes(), (
        "build it: cd page && npm ci && npm run build && cp dist/index.html ../src/steplog/_view/page.html"
    )


def test_the_pages_own_tests_pass(workshop):
    done = npm(workshop, "test")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_is_one_file_that_asks_for_nothing():
    text = BUILT.read_text(encoding="utf-8")
    packed = len(gzip.compress(text.encode(), 9))
    print(f"\nthe page: {len(text)} bytes, {packed} with gzip")
    assert len(text) < MOST_BYTES
    assert packed < MOST_PACKED
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"'](?!data:)", text)
    assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}


def test_the_lock_file_names_no_registry():
    text = (PAGE / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert ".tgz" not in text


def test_our_sources_parse_no_markup():
    for file in (PAGE / "src").rglob("*.ts*"):
        text = file.read_text(encoding="utf-8")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "dangerouslySetInnerHTML",
            "document.write",
            " eval(",
            "new Function",
        ):
            assert word not in text, f"{file.name}: {word}"


def test_a_source_file_says_its_one_job_and_is_short():
    for file in (PAGE / "src").rglob("*.ts*"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("// "), file.name
        assert len(lines) <= 300, file.name
