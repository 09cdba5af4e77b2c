"""What a user of the published packages has: files, and what works without a checkout."""

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from distributions import FOLDERS, ROOT

AGENT = """
from langchain_core.runnables import RunnableLambda
print(RunnableLambda(lambda x: x + 1, name="plus").invoke(1))
"""
A_TEST = """
from langchain_core.runnables import RunnableLambda

def test_plus():
    assert RunnableLambda(lambda x: x + 1, name="plus").invoke(1) == 2
"""


def names_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize(
    ("distribution", "package"),
    [
        ("steplog", "steplog"),
        ("langchain_steplog", "langchain_steplog"),
        ("llama_index_observability_steplog", "llama_index"),
        ("steplog_auto", "steplog_auto"),
    ],
)
def test_a_wheel_has_its_package_and_nothing_else(built, distribution, package):
    [wheel] = built.glob(f"{distribution}-[0-9]*.whl")
    files = names_in(wheel)
    info = f"{wheel.name.removesuffix('-py3-none-any.whl')}.dist-info/"
    extra = {"zzz_steplog_auto.pth", "zzz_steplog_auto.start"} if distribution == "steplog_auto" else set()
    others = {name for name in files if not name.startswith((f"{package}/", info))}
    assert others == extra
    assert any(name.startswith(f"{info}licenses/") for name in files), "the license goes with it"
    assert not {name for name in files if name.split("/")[-1].startswith(("test_", "conftest"))}


@pytest.mark.parametrize("package", ["steplog", "langchain_steplog", "llama_index/observability/steplog"])
def test_types_go_with_the_package(built, package):
    names = set().union(*(names_in(wheel) for wheel in built.glob("*.whl")))
    assert f"{package}/py.typed" in names


def test_the_namespace_of_llama_index_is_left_to_llama_index(built):
    [wheel] = built.glob("llama_index_observability_steplog-*.whl")
    assert not names_in(wheel) & {"llama_index/__init__.py", "llama_index/observability/__init__.py"}


def test_sdists_have_the_sources_and_no_logs(built):
    for sdist in built.glob("*.tar.gz"):
        with tarfile.open(sdist) as archive:
            names = archive.getnames()
            assert all(archive.getmember(name).isfile() for name in names if name.endswith("LICENSE"))
        assert any(name.endswith("pyproject.toml") for name in names)
        assert any(name.endswith("/LICENSE") for name in names)
        logs = [name for name in names if name.endswith(".jsonl")]
        assert not [name for name in logs if "/tests/format/" not in name and "/examples/" not in name]
        assert not [name for name in names if ".venv" in name]


def test_it_is_the_wheel_that_is_tested(call, installed):
    done = call(
        "-c", "import steplog, langchain_steplog; print(steplog.__file__, langchain_steplog.__file__)"
    )
    assert done.stderr == ""
    assert all(str(installed.parents[1]) in path for path in done.stdout.split())


def test_an_agent_is_recorded_and_shown(call, tmp_path):
    (tmp_path / "agent.py").write_text(AGENT)
    done = call("-m", "steplog._cli.main", "--version")
    assert done.returncode in (0, 2)
    ran = call("-c", "from steplog._cli.main import main; main()", "run", "agent.py")
    assert (ran.returncode, ran.stdout) == (0, "2\n")
    shown = call("-c", "from steplog._cli.main import main; main()", "show", "@last")
    assert shown.returncode == 0
    assert shown.stdout.startswith("plus  ok")


@pytest.mark.parametrize("way", ["variable", "run", "option"])
def test_pytest_with_warnings_as_errors_is_not_hurt(call, tmp_path, way):
    # What a .pth file imports before pytest marks its plugins cannot be rewritten: pytest warns, and a project whose
    # warnings are errors would not start. It happens with wheels only, whose files pytest reads to find the package.
    (tmp_path / "test_it.py").write_text(A_TEST)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings =\n    error\n    ignore::DeprecationWarning\n"
    )
    pytest_ = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    match way:
        case "variable":
            done = call(*pytest_, STEPLOG="logs")
        case "run":
            done = call("-c", "from steplog._cli.main import main; main()", "run", "--path", "logs", *pytest_)
        case _:
            done = call(*pytest_, "--steplog", "logs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert list((tmp_path / "logs").glob("*.jsonl"))


@pytest.mark.parametrize("folder", sorted(FOLDERS.values()), ids=lambda folder: folder.name)
def test_every_distribution_has_the_same_license(folder):
    # A link would be a link in the sdist, too, and lead nowhere.
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_versions_are_tied_together():
    versions = {
        path.read_text().splitlines()[-1]
        for folder in FOLDERS.values()
        for path in folder.rglob("_version.py")
        if ".venv" not in str(path)
    }
    assert len(versions) == 1, versions
