"""The newest lines of a log, as they stand in its files."""

from __future__ import annotations

import json

import steplog


def test_tail_gives_the_very_bytes(tmp_path, desk):
    """Also of lines that another program wrote, with blanks, and of what a terminal would act on."""
    with (
        steplog.Recorder(tmp_path / "log") as recorder,
        recorder.run("caf\u00e9 \u202e\u009b31m", input=[1e-7, 10**15]),
    ):
        pass
    (file,) = (tmp_path / "log").glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    lines[1] = json.dumps(json.loads(lines[1])).encode() + b"\n"
    file.write_bytes(b"".join(lines))
    assert desk.steplog("tail", "--jsonl", "-n", "99", str(tmp_path / "log")).stdout == file.read_bytes()
