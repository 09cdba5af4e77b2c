"""A compressed segment is the plain one, byte for byte, or the plain one is still there."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

import steplog
from sample_segments import dead_segment
from steplog._cli.main import steplog as command
from steplog._format.zstd_frames import frames
from steplog._write.keep.judge import Judge
from steplog._write.keep.packing import FRAME_BYTES, pack, sweep
from steplog._write.keep.segments import age, segments_in

zstd = pytest.importorskip("backports.zstd")


def packed(folder):
    segments = sorted(segments_in(folder), key=age)
    return [(segment.name, became) for segment, became in pack(segments, Judge(folder, segments))]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_segment_becomes_frames_of_whole_lines_of_about_a_mebibyte(tmp_path):
    path = dead_segment(tmp_path, size=200)
    plain = path.read_bytes()
    *lines, last = plain.splitlines(keepends=True)
    plain = b"".join(lines) + lines[-1] * 20_000 + b"".join(lines) + last
    path.write_bytes(plain)
    packed(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name == path.name + ".zst"
    data, found = file.read_bytes(), frames(file)
    assert zstd.decompress(data) == plain
    assert len(found) == -(-len(plain) // FRAME_BYTES) > 3
    for frame in found:
        part = zstd.decompress(data[frame.at : frame.at + frame.size])
        assert part == plain[frame.start : frame.start + frame.length]
        assert part.endswith(b"\n")
        assert len(part) < FRAME_BYTES + 400
        assert data[frame.at + 4] >> 2 & 1, "it bears a checksum"


def test_what_was_written_is_compared_before_the_plain_file_goes(tmp_path, monkeypatch):
    """As if memory or a disk had changed a byte between compressing and the file; the frames are sound in themselves."""
    path = dead_segment(tmp_path)
    plain = path.read_bytes()
    compress = zstd.compress
    for wrong in (plain.replace(b"x", b"y", 1), plain[:-1], plain + b"\n", b""):
        monkeypatch.setattr(zstd, "compress", lambda data, wrong=wrong, **options: compress(wrong, **options))
        assert packed(tmp_path) == []
        assert (names(tmp_path), path.read_bytes()) == ([path.name], plain)
    monkeypatch.setattr(zstd, "compress", lambda data, **options: compress(data, **options)[:-5])
    assert packed(tmp_path) == []
    assert (names(tmp_path), path.read_bytes()) == ([path.name], plain)


KILLED = """
import os, sys
from pathlib import Path
from steplog._write.keep.judge import Judge
from steplog._write.keep.packing import pack
from steplog._write.keep.segments import segments_in
import backports.zstd
for folder in sorted(Path(sys.argv[1]).iterdir()):
    calls = 0
    def kill(frame, event, arg):
        global calls
        if event == "c_call" and frame.f_code.co_filename.endswith(("packing.py", "pathlib.py")):
            calls += 1
            if calls == int(folder.name): os.kill(os.getpid(), 9)
    segments = list(segments_in(folder))
    if os.fork() == 0:
        sys.setprofile(kill)
        for _ in pack(segments, Judge(folder, segments)): pass
        os._exit(0)
    if os.wait()[1] == 0:
        print(folder.name)
        break
"""


def test_a_kill_before_any_call_leaves_a_whole_file(tmp_path):
    folders = [tmp_path / f"{nth:03}" for nth in range(1, 200)]
    plain, *_ = [dead_segment(folder).read_bytes() for folder in folders]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], check=True, capture_output=True, timeout=60
    )
    calls = int(done.stdout)  # so many it takes when nobody kills it
    assert calls > 20
    for folder in folders[:calls]:
        left = {file.suffix: file for file in folder.iterdir()}
        assert ".jsonl" in left or ".zst" in left
        if ".jsonl" in left:
            assert left[".jsonl"].read_bytes() == plain
        if ".zst" in left:
            assert zstd.decompress(left[".zst"].read_bytes()) == plain
        log = steplog.read(folder)
        assert (len(log.runs), log.bad, log.gaps) == (1, (), ())
        assert len(packed(folder)) == (".jsonl" in left), "and the next one goes on"
        assert [file.suffix for file in folder.iterdir() if file.suffix != ".part"] == [".zst"]


def test_what_a_killed_one_left_goes_after_an_hour(tmp_path):
    path = dead_segment(tmp_path)
    half = tmp_path / f".{path.name}.abcdefgh.part"
    half.write_bytes(b"half")
    sweep(tmp_path, half.stat().st_mtime + 3500)
    assert half.exists()
    sweep(tmp_path, half.stat().st_mtime + 3700)
    assert names(tmp_path) == [path.name]


def test_a_line_that_comes_while_it_is_compared_keeps_the_plain_file(tmp_path, monkeypatch):
    path = dead_segment(tmp_path)
    rename = os.rename

    def write_and_rename(*args):
        with path.open("ab") as file:
            file.write(b'{"seq":4,"ts":"2026-01-01T00:00:00.000004Z","ev":"log.close","lines":4}\n')
        rename(*args)

    monkeypatch.setattr(os, "replace", write_and_rename)
    assert packed(tmp_path) == []
    assert names(tmp_path) == [path.name, path.name + ".zst"]
    assert path.read_bytes().endswith(b'"lines":4}\n')
    monkeypatch.undo()
    assert len(packed(tmp_path)) == 1
    assert names(tmp_path) == [path.name + ".zst"]


def test_age_mode_and_owner_are_those_of_the_plain_file(tmp_path):
    path = dead_segment(tmp_path)
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12346)
    before = path.stat()
    packed(tmp_path)
    (file,) = tmp_path.iterdir()
    after = file.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_of_a_living_writer_what_it_left_is_compressed_though_a_run_goes_on(tmp_path):
    recorder = steplog.Recorder(tmp_path / "log", rotate_bytes=4000)
    with recorder.run("open") as run:
        for n in range(100):
            run.custom("line", n)
        count = len(names(tmp_path / "log"))
        assert len(packed(tmp_path / "log")) == count - 1 > 2
        run.custom("line", 100)
    recorder.close()
    log = steplog.read(tmp_path / "log")
    assert [step.fields["data"] for step in log.runs[0].steps] == list(range(101))
    assert (log.bad, log.gaps) == ((), ())


def test_what_may_still_be_written_to_is_not_touched(tmp_path):
    dead_segment(tmp_path, closed=False, host="elsewhere", boot="another")
    with steplog.Recorder(tmp_path) as recorder, recorder.run("r"):
        before = names(tmp_path)
        assert packed(tmp_path) == []
        assert names(tmp_path) == before


def test_two_at_once_do_each_segment_once(tmp_path):
    first, _ = (dead_segment(tmp_path, number=n) for n in range(2))
    segments = sorted(segments_in(tmp_path), key=age)
    one = pack(segments, Judge(tmp_path, segments))
    two = pack(segments, Judge(tmp_path, segments))
    assert next(one)[0].name == first.name
    assert [segment.name for segment, _ in two] == [segments[1].name]
    assert list(one) == []


def test_a_segment_that_cannot_be_compressed_is_named_and_the_others_are(tmp_path):
    bad, good = (dead_segment(tmp_path, number=n) for n in range(2))
    (tmp_path / (bad.name + ".zst")).mkdir()
    done = CliRunner().invoke(command, ["pack", str(tmp_path)])
    assert done.exit_code == 1
    assert f"cannot compress {bad}: Is a directory" in done.stderr
    assert "1 segments packed" in done.stdout
    assert bad.exists()
    assert not good.exists()
