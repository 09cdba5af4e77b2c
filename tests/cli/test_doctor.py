"""`steplog doctor`, `prune` and `pack`."""

import json
import os
import random
import shutil

import pytest
from click.testing import CliRunner

import steplog
from steplog._cli.main import steplog as command


def run(*args, env=None):
    return CliRunner().invoke(command, [str(arg) for arg in args], env=env)


def make(path, runs=3, **settings):
    with steplog.Recorder(path, **settings) as recorder:
        for i in range(runs):
            with (
                recorder.run(f"run {i}") as one,
                one.tool("t", args={"i": i, "password": "hunter22"}) as call,
            ):
                call.set(result=f"value {i}")
    return sorted(path.iterdir()) if path.is_dir() else [path]


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def test_a_whole_log_is_called_whole(tmp_path):
    make(tmp_path / "log")
    done = run("doctor", tmp_path / "log")
    assert done.exit_code == 0
    assert "clean" in done.output
    assert "whole: no acknowledged line is missing" in done.output
    assert "masked     3 password" in done.output


def test_a_missing_line_is_named_with_writer_numbers_and_time(tmp_path):
    (file,) = make(tmp_path / "log")
    lines = lines_of(file)
    file.write_bytes(b"".join(lines[:4] + lines[6:]))
    done = run("doctor", tmp_path / "log", "--json")
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert found["whole"] is False
    assert found["segments"][0]["state"] == "gap"
    (hole,) = found["holes"]
    assert (hole["first"], hole["last"]) == (5, 6)
    assert hole["after_ts"] == json.loads(lines[3])["ts"]
    assert hole["before_ts"] == json.loads(lines[6])["ts"]


def test_a_damaged_line_is_named_and_the_rest_salvaged(tmp_path):
    (file,) = make(tmp_path / "log")
    lines = lines_of(file)
    lines[5] = lines[5][:30] + b"\0\0\0" + lines[5][33:]
    file.write_bytes(b"".join(lines))
    before = file.read_bytes()
    done = run("doctor", tmp_path / "log", "--salvage", tmp_path / "good")
    assert done.exit_code == 1
    assert "damaged" in done.output
    assert "line 6" in done.output
    assert (tmp_path / "good" / file.name).read_bytes() == b"".join(lines[:5] + lines[6:])
    assert file.read_bytes() == before
    again = run("doctor", tmp_path / "log", "--salvage", tmp_path / "good")
    assert again.exit_code == 2


def test_what_a_killed_process_left_is_no_loss(tmp_path):
    (file,) = make(tmp_path / "log")
    lines = lines_of(file)
    file.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    done = run("doctor", tmp_path / "log")
    assert done.exit_code == 0
    assert "half a line, which nobody was promised" in done.output


def test_half_a_line_in_a_shared_file_is_no_loss_either(tmp_path):
    log = tmp_path / "all.jsonl"
    make(log)
    torn = log.read_bytes().rstrip(b"\n")[:-30]  # within its log.close
    log.write_bytes(torn)
    make(log)
    done = run("doctor", log)
    assert done.exit_code == 0, done.output
    assert "half a line" in done.output


def test_lines_given_up_are_told_with_count_reason_and_time(tmp_path):
    (file,) = make(tmp_path / "log", runs=1)
    lines = [json.loads(line) for line in lines_of(file)]
    told = {"seq": 9, "ts": lines[-1]["ts"], "ev": "log.lost", "count": 2, "reason": "ENOSPC"}
    told |= {"first_ts": lines[-1]["ts"], "last_ts": lines[-1]["ts"]}
    file.write_bytes(b"".join(lines_of(file)[:-1]) + json.dumps(told).encode() + b"\n")
    done = run("doctor", tmp_path / "log")
    assert done.exit_code == 1
    assert "lost       2 lines" in done.output
    assert "ENOSPC" in done.output


CHAINED = {"chain": True}


@pytest.mark.parametrize("key", ["", "a secret"])
@pytest.mark.parametrize("shared", [False, True])
def test_every_edit_of_a_chained_log_is_detected(tmp_path, key, shared):
    path = tmp_path / ("log.jsonl" if shared else "log")
    (file,) = make(path, chain=True, chain_key=key)
    env = {"STEPLOG_CHAIN_KEY": key}
    assert run("doctor", path, "--verify", env=env).exit_code == 0
    good = [line for line in lines_of(file) if line.strip()]
    chance = random.Random(7)
    forged = []
    for _ in range(60):
        i, j = chance.randrange(1, len(good) - 1), chance.randrange(1, len(good) - 1)
        edited = good[i].replace(b'"ts":"20', b'"ts":"19')
        flipped = bytearray(good[i])
        flipped[chance.randrange(len(flipped) - 2)] ^= 1
        forged += [
            [*good[:i], edited, *good[i + 1 :]],
            [*good[:i], bytes(flipped), *good[i + 1 :]],
            good[:i] + good[i + 1 :],
            good[: i + 1] + good[i:],
            [*good[:i], good[j], *good[i:]],
        ]
        if i != j:
            swapped = list(good)
            swapped[i], swapped[j] = good[j], good[i]
            forged.append(swapped)
    for lines in forged:
        file.write_bytes(b"".join(lines))
        assert run("doctor", path, "--verify", env=env).exit_code == 1
    file.write_bytes(b"".join(good))
    assert run("doctor", path, "--verify", env=env).exit_code == 0
    assert run("doctor", path, "--verify", env={"STEPLOG_CHAIN_KEY": "another"}).exit_code == 1


def test_a_chain_holds_across_segments_and_a_missing_segment_is_seen(tmp_path):
    files = make(tmp_path / "log", runs=200, chain=True, rotate_bytes=8000)
    assert len(files) > 5
    assert run("doctor", tmp_path / "log", "--verify").exit_code == 0
    sorted(files, key=lambda f: len(f.name))[-2].unlink()
    assert run("doctor", tmp_path / "log", "--verify").exit_code == 1


def test_verifying_a_log_without_a_chain_says_so(tmp_path):
    make(tmp_path / "log")
    done = run("doctor", tmp_path / "log", "--verify")
    assert done.exit_code == 1
    assert "no chained line" in done.output


def test_prune_says_first_and_deletes_only_with_yes(tmp_path):
    for i in range(3):
        (file,) = make(tmp_path / str(i))
        dead = file.read_bytes().replace(f'"pid":{os.getpid()}'.encode(), b'"pid":4194301')
        (tmp_path / "log").mkdir(exist_ok=True)
        (tmp_path / "log" / file.name).write_bytes(dead)
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("alive") as one:
        one.custom("x")
        before = sorted((tmp_path / "log").iterdir())
        done = run("prune", tmp_path / "log", "--keep-bytes", "1")
        assert (done.exit_code, sorted((tmp_path / "log").iterdir())) == (0, before)
        assert "3 segments would be deleted" in done.output
        assert "its writer is alive" in done.output
        done = run("prune", tmp_path / "log", "--keep-bytes", "1", "--yes")
        assert done.exit_code == 0
        (left,) = (tmp_path / "log").iterdir()
        assert left == before[-1]
    assert run("prune", tmp_path / "log").exit_code == 2


def test_pack_compresses_what_is_closed_and_the_log_reads_as_before(tmp_path):
    pytest.importorskip("backports.zstd")
    (file,) = make(tmp_path / "log", runs=50)
    dead = file.read_bytes().replace(f'"pid":{os.getpid()}'.encode(), b'"pid":4194301')
    file.write_bytes(dead)
    file.chmod(0o600)
    shutil.copytree(tmp_path / "log", tmp_path / "copy")
    done = run("pack", tmp_path / "log")
    assert done.exit_code == 0, done.output
    assert "1 segments packed" in done.output
    (packed,) = (tmp_path / "log").iterdir()
    assert packed.name == file.name + ".zst"
    from backports import zstd

    with zstd.open(packed, "rb") as content:
        assert content.read() == dead
    assert run("ls", tmp_path / "log").output == run("ls", tmp_path / "copy").output
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("alive") as one:
        one.custom("x")
        assert "0 segments packed" in run("pack", tmp_path / "log").output


def test_pack_leaves_the_plain_file_when_it_is_killed_anywhere(tmp_path):
    """A partial file of a killed `pack` is no segment, and is no obstacle to the next."""
    pytest.importorskip("backports.zstd")
    (file,) = make(tmp_path / "log", runs=5)
    file.write_bytes(file.read_bytes().replace(f'"pid":{os.getpid()}'.encode(), b'"pid":4194301'))
    half = tmp_path / "log" / f".{file.name}.abcdefgh.part"
    half.write_bytes(b"half")
    os.utime(half, (1, 1))
    assert len(steplog.read(tmp_path / "log").runs) == 5
    assert run("pack", tmp_path / "log").exit_code == 0
    assert len(steplog.read(tmp_path / "log").runs) == 5
    assert len(list((tmp_path / "log").iterdir())) == 1


def test_models_without_a_price_are_named_and_counted(tmp_path):
    pytest.importorskip("genai_prices", reason="the extra `query` is not installed")
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as one:
        for model, times in (("llama-of-our-own", 3), ("gpt-4o", 1), ("another-of-ours", 1)):
            for _ in range(times):
                with one.llm(model=model, provider="openai") as call:
                    call.set(usage={"input_tokens": 5, "output_tokens": 1})
    done = run("doctor", tmp_path / "log")
    said = "model calls that no price is known for, which are in no cost: 4 (llama-of-our-own 3, another-of-ours 1)"
    assert f"audit      {said}" in done.output
    assert done.exit_code == 0
    (found,) = json.loads(run("doctor", tmp_path / "log", "--json").output)["findings"]
    assert (found["kind"], found["count"]) == ("no_price", 4)
