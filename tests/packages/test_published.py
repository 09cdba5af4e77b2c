"""The distributions as they would be published: checked by the index's own tools, complete, resolvable, and tested without `src`."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import steplog

sys.path.insert(0, str(Path(__file__).parent))
from distributions import FOLDERS, ROOT

PACKAGES = {
    "steplog": ("src", "steplog"),
    "langchain-steplog": (".", "langchain_steplog"),
    "llama-index-observability-steplog": (".", "llama_index"),
    "steplog-auto": ("src", "steplog_auto"),
}
# What says the most in the least time of the recorder, the reader and the command line.
QUICK = ("tests/format/test_frozen.py", "tests/record/test_public_door.py", "tests/cli/test_commands.py")
LONG = (
    "tests/format", "tests/record", "tests/read", "tests/write", "tests/show", "tests/ask", "tests/cli",
    "integrations/langchain-steplog/tests", "integrations/llama-index-observability-steplog/tests",
)  # fmt: skip


def wheel_of(built, name):
    [wheel] = built.glob(f"{name.replace('-', '_')}-[0-9]*.whl")
    return wheel


def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def test_twine_and_check_wheel_contents_find_nothing(built):
    pytest.importorskip("twine")
    here = Path(sys.executable).parent
    files = sorted(map(str, built.iterdir()))
    checked = subprocess.run(
        [str(here / "twine"), "check", "--strict", *files], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("PASSED") == 2 * len(FOLDERS)
    for name in FOLDERS:
        # The start-up files of steplog-auto have to lie beside its package: that is what it is for.
        ignored = ["--ignore", "W003,W009"] if name == "steplog-auto" else []
        words = [str(here / "check-wheel-contents"), *ignored, str(wheel_of(built, name))]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", FOLDERS)
def test_a_wheel_has_every_file_of_its_package_and_no_other(built, name):
    top, package = PACKAGES[name]
    folder = FOLDERS[name] / top
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", package]
    tracked = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout.split()
    with zipfile.ZipFile(wheel_of(built, name)) as archive:
        there = {file for file in archive.namelist() if file.startswith(f"{package}/")}
    assert there == {file for file in tracked if (folder / file).exists()}


def test_the_sdist_has_what_its_tests_and_docs_need(built):
    [sdist] = built.glob(f"steplog-{steplog.__version__}.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "README.md", "CHANGELOG.md", "LICENSE", "mkdocs.yml", "docs/index.md", "docs/llms.txt", "tests/conftest.py",
        "tests/format/test_frozen.py", "examples/research_agent.py", "src/steplog/py.typed",
    } <= names  # fmt: skip
    assert not [name for name in names if "__pycache__" in name or name.startswith(("site/", "steplogs/"))]


def test_each_distribution_has_this_version_and_asks_for_its_own_minor_version_of_the_others(built):
    this = Version(steplog.__version__)
    for name in FOLDERS:
        told = metadata(wheel_of(built, name))
        assert Version(told["Version"]) == this
        for text in told.get_all("Requires-Dist"):
            wanted = Requirement(text)
            if wanted.name in FOLDERS and not wanted.extras:
                assert wanted.specifier.contains(this), text
                assert not wanted.specifier.contains(f"{this.major}.{this.minor + 1}.0"), text
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(steplog.__version__)}\b", changes, re.MULTILINE)


def test_every_extra_resolves_from_the_wheels(built, installed):
    extras = metadata(wheel_of(built, "steplog")).get_all("Provides-Extra")
    assert {"langchain", "llama-index", "auto", "query", "view", "all"} <= set(extras)
    pytest.importorskip("mcp")
    for extra in sorted(
        set(extras) - {"spark"}
    ):  # hundreds of megabytes, which the tests' environment has not
        words = ["install", "--dry-run", "--no-index", "--find-links", str(built), f"steplog[{extra}]"]
        pip = [sys.executable, "-m", "pip", "--python", str(installed), *words]
        done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{extra}: {done.stdout}{done.stderr}"


def desk_without_src(tests, folder):
    """The tests alone, and what they read."""
    wanted = (
        *tests,
        "examples",
        "docs",
        "README.md",
        "pyproject.toml",
        *(f"tests/{p.name}" for p in ROOT.glob("tests/*.py")),
    )
    for name in wanted:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(
            source,
            folder / name,
            **({"ignore": shutil.ignore_patterns("__pycache__")} if source.is_dir() else {}),
        )
    for name in tests:
        for above in (ROOT / name).parents:
            conftest = above / "conftest.py"
            if above.is_relative_to(ROOT) and conftest.exists():
                shutil.copy(conftest, folder / conftest.relative_to(ROOT))
    for beside in ROOT.glob("tests/format/v*"):
        if beside.is_dir() and not (folder / beside.relative_to(ROOT)).exists():
            shutil.copytree(beside, folder / beside.relative_to(ROOT))


def suite(installed, folder, tests, seconds):
    desk_without_src(tests, folder)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "PYTHON"))}
    clean["PATH"] = f"{installed.parent}{os.pathsep}{clean['PATH']}"
    where = "import steplog, sys; sys.exit(not steplog.__file__.startswith(sys.prefix))"
    subprocess.run([str(installed), "-c", where], cwd=folder, env=clean, check=True)
    words = [str(installed), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        words, cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=seconds
    )


def test_a_quick_suite_passes_against_the_wheels_without_src(installed, tmp_path):
    done = suite(installed, tmp_path, QUICK, 300)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.packages
def test_the_whole_suite_passes_against_the_wheels_without_src(installed, tmp_path, pytestconfig):
    if "packages" not in pytestconfig.option.markexpr:
        pytest.skip("a quarter of an hour: run it with -m packages")
    done = suite(installed, tmp_path, LONG, 3600)
    assert done.returncode == 0, done.stdout[-5000:]
