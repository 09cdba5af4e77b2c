"""Deleting and compressing beside a living writer that cannot be seen: of another container, or without /proc."""

import subprocess
import sys
from functools import cache

import pytest

import steplog
from steplog._write.keep.segments import age, segments_in

# A new pid namespace with the same host name, as containers of one image often have; and a machine without /proc.
CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
NO_PROC = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh")
HERE = ()

WRITER = """
import sys
kind, log = sys.argv[1:]
if kind != "locks": sys.modules["fcntl"] = None  # as on a file system without locks
from steplog._format import process
if kind == "0.1": process.pid_namespace = lambda: None  # which its lines did not name
import steplog
recorder = steplog.Recorder(log, rotate_bytes=4000)
with recorder.run("open") as run:
    for n in range(60):
        with recorder.run("short") as short: short.custom("line", n)
    print("ready", flush=True)
    sys.stdin.readline()
    run.custom("late", 1)
recorder.close()
print("done", flush=True)
"""

ALL_THAT_CHANGES_A_LOG = """
import _thread, sys, time
import steplog
from steplog._cli.main import steplog as command
log = sys.argv[1]
command(["prune", log, "--keep-bytes", "1", "--yes"], standalone_mode=False)
for settings in ({"keep_bytes": 1, "keep_days": 1e-6}, {"compress": True}):
    with steplog.Recorder(log, rotate_bytes=2000, **settings) as recorder:
        for n in range(30):
            with recorder.run("beside") as run: run.custom("line", n)
    while _thread._count(): time.sleep(0.01)
command(["pack", log], standalone_mode=False)
"""


@cache
def can_be_had(where):
    try:
        return not where or subprocess.run([*where, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def start(where, program, *args):
    if not can_be_had(where):
        pytest.skip(f"`{' '.join(where)}` is not allowed here")
    words = [*where, sys.executable, "-c", program, *map(str, args)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def change(where, log):
    with start(where, ALL_THAT_CHANGES_A_LOG, log) as changing:
        output, _ = changing.communicate(timeout=60)
    assert changing.returncode == 0
    return output


def segments_of_writer(log, stem=None):
    found = sorted(segments_in(log), key=age)
    return [segment for segment in found if segment.stem == (stem or found[0].stem)]


@pytest.mark.parametrize("kind", ["locks", "no locks", "0.1"])
@pytest.mark.parametrize(
    ("writing", "changing"),
    [(CONTAINER, HERE), (HERE, CONTAINER), (CONTAINER, CONTAINER), (HERE, NO_PROC), (NO_PROC, HERE), (NO_PROC, NO_PROC)],
    ids=["written in a container", "changed in a container", "in two containers", "changed without /proc",
         "written without /proc", "both without /proc"],
)  # fmt: skip
def test_what_a_living_writer_needs_stays(tmp_path, writing, changing, kind):
    log = tmp_path / "log"
    with start(writing, WRITER, kind, log) as writer:
        assert writer.stdout.readline() == "ready\n"
        first, *_, last = segments_of_writer(log)
        inode = (log / last.name).stat().st_ino
        change(changing, log)
        kept = segments_of_writer(log, last.stem)
        assert (kept[0].part, kept[-1].name) == (1, last.name), (first, kept)
        assert (log / last.name).stat().st_ino == inode
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "done\n"
    (run,) = [run for run in steplog.read(log).runs if run.name == "open"]
    assert (run.status, [step.name for step in run.steps]) == ("ok", ["late"])
    assert steplog.read(log).bad == ()


def test_a_container_that_was_killed_leaves_nothing_that_stays_for_ever(tmp_path):
    log = tmp_path / "log"
    with start(CONTAINER, WRITER, "locks", log) as writer:
        assert writer.stdout.readline() == "ready\n"
        writer.kill()
        assert writer.stdout.read() == "", "it is gone by now"
    stem = segments_of_writer(log)[0].stem
    assert "keep " not in change(HERE, log)
    assert segments_of_writer(log, stem) == []
