"""`steplog view` and `steplog html` on the command line."""

from __future__ import annotations

import os
import socket
import stat

import pytest
from page_tools import Served, embedded, run_cli

import steplog

pytest.importorskip("starlette", reason="the extra `view` is not installed")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    with steplog.Recorder(path) as recorder:
        for n in range(3):
            with recorder.run(f"run{n}", input=f"question {n}", thread="t1" if n else "") as run:
                with run.llm(
                    model="m", messages=[{"role": "user", "content": f"question {n} " + "word " * 100}]
                ) as call:
                    call.set(message={"role": "assistant", "content": "answer " * 60})
    return path


def test_view_prints_its_link_and_ends_with_ctrl_c(log):
    served = Served(log)
    assert served.link.startswith(f"http://127.0.0.1:{served.port}/?token=")
    assert served.stop() == 0


def test_view_waits_for_a_log_that_is_not_there_yet(tmp_path):
    served = Served(tmp_path / "nothing")
    assert served.stop() == 0


def test_view_takes_a_free_port_where_its_own_is_taken_and_says_so_where_one_was_asked_for(log):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run_cli("view", str(log), "--no-open", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "give another --port" in done.stderr


def test_beyond_this_machine_it_serves_only_with_a_token(log):
    done = run_cli("view", str(log), "--no-open", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "--token" in done.stderr


def test_without_the_extra_the_command_says_what_installs_it(log, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nold = u.find_spec\nu.find_spec = lambda n, p=None: None if n == 'uvicorn' else old(n, p)\n"
    )
    done = run_cli("view", str(log), "--no-open", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert "pip install 'steplog[view]'" in done.stderr


def test_html_writes_one_run_to_a_private_file(log, tmp_path):
    done = run_cli("html", "@last", "-p", str(log), "-o", "out.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "out.html"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listing, runs = embedded(file.read_text())
    assert [row["name"] for row in listing["rows"]] == ["run2"]
    assert b"question 2" in b"".join(next(iter(runs.values())))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--last", "2"), ["run1", "run2"]),
        (("--thread", "t1"), ["run1", "run2"]),
        (("--name", "N0"), ["run0"]),
        (("--since", "1h"), ["run0", "run1", "run2"]),
        (("--status", "ok", "--last", "1"), ["run2"]),
    ],
)
def test_html_takes_the_runs_that_fit(log, tmp_path, words, names):
    run_cli("html", *words, "-p", str(log), "-o", str(tmp_path / "x.html"))
    listing, _ = embedded((tmp_path / "x.html").read_text())
    assert sorted(row["name"] for row in listing["rows"]) == names


def test_html_wants_to_know_which_and_says_when_none_fits(log):
    assert run_cli("html", "-p", str(log)).returncode == 2
    assert run_cli("html", "--status", "error", "-p", str(log), "-o", "-").returncode == 1
    assert run_cli("html", "nosuchrun", "-p", str(log), "-o", "-").returncode == 1


def test_html_keeps_as_much_of_what_was_said_as_it_is_told(log, tmp_path):
    for content, has_beginning, has_all in (
        ("full", True, True),
        ("preview", True, False),
        ("none", False, False),
    ):
        done = run_cli("html", "@last", "-p", str(log), "-o", "-", "--content", content)
        listing, runs = embedded(done.stdout)
        everything = str(listing).encode() + b"".join(next(iter(runs.values())))
        assert (b"question 2" in everything) is has_beginning, content
        assert (b"word " * 90 in everything) is has_all, content
        assert listing["rows"][0]["llm_calls"] == 1


def test_view_says_at_once_what_is_no_log(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    done = run_cli("view", str(tmp_path), "--no-open")
    assert done.returncode == 2
    assert "is no log" in done.stderr
