"""The house rules that a machine can check: layers, sizes, where exceptions are caught, the public surface."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "integrations").glob("*/*/**/*.py")])
SOURCES = [p for p in OURS if "tests" not in p.relative_to(ROOT).parts]

MOST_LINES = 300
MOST_CODE_LINES = 30

# May only shrink.
LONG_MODULES: dict[str, int] = {}
# What each end and each line comes by: cut in pieces they are felt in every hook, by the benchmark.
LONG_FUNCTIONS = {
    "src/steplog/_write/said/line_writer.py:write": 51,
    "src/steplog/_write/disk/writer.py:write": 45,
    "src/steplog/_write/steps/step_recorder.py:start": 33,
    "src/steplog/_write/steps/step_lines.py:end": 34,
    "integrations/langchain-steplog/langchain_steplog/_handler.py:on_chain_start": 35,
}

# Rule 7: who may catch everything, and why nothing of ours can be silent there.
MAY_CATCH_ALL = {
    "src/steplog/_write/guard.py",  # contained, guarded, and stderr as the last resort
    "src/steplog/_write/disk/gate.py",  # what is caught goes on, after the lock was released
    "src/steplog/_write/steps/step_recorder.py",  # as `guarded` does, which as a wrapper would be felt: it is told there
    "src/steplog/_write/safe/exceptions.py",  # an exception's own `str()`: its arguments are told instead
    "src/steplog/_write/safe/in_time.py",  # as exceptions.py, where what it raises in a thread is raised again
    "src/steplog/_write/safe/objects.py",  # the layout of another library's objects: the type's name is told instead
    "src/steplog/_write/said/line_writer.py",  # a field that cannot be put: it costs the field, and leaves a log.error
    "src/steplog/_write/said/prompts.py",  # what cannot be compared was changed, and is looked at one by one
    "src/steplog/_write/said/written_message.py",  # as prompts.py
    "src/steplog/_record/decorated.py",  # what is thrown into a generator is handed on to the function's own
    "src/steplog/_write/safe/redactor.py",  # the user's redactor, in a thread of ours: the text is masked as `redactor_failed`
    "integrations/langchain-steplog/langchain_steplog/_dual.py",  # as the recorder
    "integrations/langchain-steplog/langchain_steplog/_recording.py",  # as _dual.py, in hooks that are called directly
    "integrations/langchain-steplog/langchain_steplog/_handler.py",  # as _recording.py
    "src/steplog/_read/files/lines.py",  # a damaged zstd frame, whose error class cannot be imported: given as a BadLine
    "src/steplog/_format/store.py",  # what a store's library raises, of the network and its provider: told as StoreError
    "src/steplog/_auto/farewell.py",  # after the program: one line on stderr
    "src/steplog/_auto/finder.py",  # before any log exists: one line on stderr
    "src/steplog/_auto/launcher/sitecustomize.py",  # as the finder
    "integrations/steplog-auto/src/steplog_auto/__init__.py",  # as the finder
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_module_says_its_one_job_and_is_short(path):
    text = path.read_text(encoding="utf-8")
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "its first line says its job"
    assert len(text.splitlines()) <= LONG_MODULES.get(relative(path), MOST_LINES)


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_functions_are_short(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{relative(path)}:{node.name}"
            assert code_lines(node) <= LONG_FUNCTIONS.get(name, MOST_CODE_LINES), name


def catches_all(node: ast.AST) -> bool:
    if isinstance(node, ast.ExceptHandler):
        return node.type is None or (
            isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
        )
    return isinstance(node, ast.Call) and ast.unparse(node).endswith("suppress(Exception)")


def test_everything_is_caught_only_where_that_leaves_a_trace():
    found = {
        relative(p) for p in SOURCES if any(catches_all(n) for n in ast.walk(ast.parse(p.read_text("utf-8"))))
    }
    assert found <= MAY_CATCH_ALL


def test_imports_point_down():
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [p for p in SOURCES if "integrations" in p.parts], ids=relative)
def test_adapters_import_only_what_is_public(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.split(".")[0] == "steplog":
                assert name in ("steplog", "steplog.integration", "steplog.testing"), f"{name} is private"


def test_the_write_side_imports_nothing_but_orjson_and_the_standard_library():
    program = (
        "import sys, steplog\nwith steplog.Recorder(sink=steplog.MemorySink()) as r, r.run('x'): pass\n"
        "print(sorted(m.split('.')[0] for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stdout)) - set(sys.stdlib_module_names)
    site = {"sitecustomize", "usercustomize", "distutils-precedence", "_distutils_hack", "_virtualenv"}
    assert {m for m in loaded if not m.startswith(("_", "__editable__"))} - site == {"steplog", "orjson"}


def test_no_file_names_a_registry_or_a_path_of_some_machine():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    hosts = ("pypi" + ".org", "files.python" + "hosted", "registry.npm" + "js")
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".toml", ".txt", ".md", ".yml", ".json", "") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not any(host in text for host in hosts), name
