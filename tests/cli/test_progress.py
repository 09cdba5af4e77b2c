"""Long work says how far it has come, on standard error, after a second, and only to a person."""

import os
import pty
import subprocess
import sys

PROGRAM = """
import sys, time
from pathlib import Path
from steplog._cli.output import say
from steplog._cli.progress import progress

with progress(Path(sys.argv[1]), seconds=float(sys.argv[2])):
    end = time.monotonic() + float(sys.argv[3])
    while time.monotonic() < end:
        Path(sys.argv[1]).read_bytes()
        time.sleep(0.01)
    say("the answer")
    time.sleep(0.5)
"""


def told(tmp_path, after, lasts, *, terminal=True):
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"x" * 1_000_000)
    words = [sys.executable, "-c", PROGRAM, str(log), str(after), str(lasts)]
    if not terminal:
        return subprocess.run(words, capture_output=True, check=True, timeout=60).stderr.decode()
    mine, theirs = pty.openpty()
    done = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(mine, 4096)
        except OSError:  # how a terminal says that nobody writes to it any more
            break
        if not piece:
            break
        seen += piece
    assert done.communicate(timeout=60)[0] == b"the answer\n"
    os.close(mine)
    return seen.decode()


def test_a_person_is_told_how_much_of_the_log_was_read_and_the_line_is_gone_when_the_answer_comes(tmp_path):
    seen = told(tmp_path, 0.05, 1.0)
    assert " of 976.6 kB" in seen or "still" in seen
    assert "steplog: " in seen
    assert seen.endswith("\r\x1b[K")


def test_short_work_and_work_for_a_program_says_nothing(tmp_path):
    assert told(tmp_path, 30, 0.1) == ""
    assert told(tmp_path, 0, 0.3, terminal=False) == ""
