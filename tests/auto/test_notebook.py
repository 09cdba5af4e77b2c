"""`%load_ext steplog` in a real kernel: a notebook that is executed, and exported as a page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

for name in ("nbclient", "nbconvert", "ipykernel"):
    pytest.importorskip(name, reason=f"{name}, which runs notebooks, is not installed")

FRAMEWORK = "from langchain_core.runnables import RunnableLambda\nadd = RunnableLambda(lambda n: n + 1)"


@pytest.fixture
def executed(tmp_path, monkeypatch):
    """Runs cells in a kernel; gives the notebook with what they put out."""
    import nbformat
    from nbclient import NotebookClient

    env = {name: value for name, value in os.environ.items() if not name.startswith("STEPLOG")}
    env |= {"IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))

    def run(*cells, **more):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        client = NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
        )
        client.execute(env={**env, **more})
        return notebook

    return run


def texts(cell):
    """What a cell put out: printed text, and results as text and as HTML."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        found += (
            [output.text]
            if output.output_type == "stream"
            else [data["text/plain"], data.get("text/html", "")]
        )
    return found


def test_a_notebook_is_recorded_shown_and_exported(executed, tmp_path):
    from nbconvert import HTMLExporter

    notebook = executed(
        FRAMEWORK,
        "add.invoke(1)  # before the extension: not recorded",
        "%load_ext steplog",
        "add.with_config(run_name='<script>alert(1)</script>').invoke(2)",
        "%steplog last",
        "%steplog off\nadd.invoke(3)",
        "%%steplog\nawait add.with_config(run_name='only this cell').ainvoke(4)",
        "add.invoke(5)",
        "%steplog on\nadd.with_config(run_name='again').invoke(6)",
        "%steplog",
        "%steplog show 2",
        "import steplog\nsteplog.read().run('@last')",
        "%steplog show nothing",
        "%unload_ext steplog\nadd.invoke(7)",
    )
    cells = notebook.cells
    plain, html = texts(cells[4])
    assert "<script>alert(1)</script>  ok" in plain
    assert "<script" not in html
    assert html.startswith('<iframe sandbox="allow-scripts" ')
    shown_below = [text for text in texts(cells[6]) if text]
    assert [text for text in shown_below if "only this cell  ok" in text]
    assert "5" in shown_below
    assert re.search(
        r"recording to .*\n.*1 \w{8} <script>.* ok\n.*2 \w{8} only this cell ok\n.*3 \w{8} again ok",
        texts(cells[9])[0],
    )
    assert "only this cell  ok" in texts(cells[10])[0]
    assert "again  ok" in texts(cells[11])[0]
    assert texts(cells[12])[0].startswith("steplog: no run 'nothing' in ")
    import steplog

    runs = steplog.read(tmp_path / "steplogs").runs
    assert [run.metadata["cell"] for run in runs] == [4, 7, 9]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "<script>alert(1)</script>" not in page
    assert page.count('<iframe sandbox="allow-scripts" ') == 4
    HTMLParser().feed(page)


def test_the_extension_may_be_loaded_before_the_framework_and_with_steplog_in_the_environment(
    executed, tmp_path
):
    notebook = executed(
        "%load_ext steplog\n%load_ext steplog", FRAMEWORK, "add.invoke(1)", "%steplog", STEPLOG="mine"
    )
    assert f"recording to {tmp_path}/mine\n" in texts(notebook.cells[3])[0]
    import steplog

    assert len(steplog.read(tmp_path / "mine").runs) == 1


def test_ipython_in_a_terminal_shows_the_tree_as_text(desk):
    cells = f"%load_ext steplog\n{FRAMEWORK}\nadd.invoke(1)\n%steplog last\n%steplog on /dev/null/x\n%steplog what\n"
    done = desk.python(
        "-m",
        "IPython",
        "--no-banner",
        "--colors=NoColor",
        "--no-confirm-exit",
        stdin=cells.encode(),
        IPYTHONDIR=str(desk.folder),
    )
    said = done.stdout.decode()
    assert "\ntotals: nothing" in said
    assert "%%steplog                 record this cell" in said


def test_an_import_of_steplog_imports_nothing_of_it():
    code = "import steplog, sys; print(*sorted(m for m in sys.modules if m.startswith('steplog')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "steplog steplog._version\n"
