"""What the page is given: rows and raw lines, beside what the reader says of the same log."""

from __future__ import annotations

import json
import time

import pytest
from page_tools import embedded, placed

import steplog
from sample_log import RUN, begun, weather
from steplog._view.catalogue import Catalogue
from steplog._view.data import row_of, whole_run
from steplog._view.find import runs_with
from steplog._view.run_lines import Span, raw_lines


@pytest.fixture
def reading():
    """Catalogues that are stopped at the end."""
    made = []

    def read(path):
        changes = []
        catalogue = Catalogue(path, changes.append)
        catalogue.changes = changes
        made.append(catalogue)
        catalogue.start()
        assert catalogue.wait_until_read(30)
        return catalogue

    yield read
    for catalogue in made:
        catalogue.stop()


def rows(catalogue):
    import orjson

    return json.loads(orjson.dumps(catalogue.rows(0, 1000)[0]))


def until(what, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.01)
    raise AssertionError("not in time")


def test_rows_say_what_the_reader_says(agents_log, reading):
    told = {row["id"]: row for row in rows(reading(agents_log))}
    runs = steplog.read(agents_log).runs
    assert len(told) == len(runs) == 9
    for run in runs:
        row = told[run.id]
        assert (row["name"], row["status"], row.get("thread", "")) == (run.name, run.status, run.thread)
        for name in ("steps", "llm_calls", "tool_calls", "errors"):
            assert row[name] == run.totals.get(name, 0), (run.name, name)
        assert row["usage"].get("input_tokens") == run.totals.get("input_tokens")
        assert row["models"] == run.totals["models"]


def test_the_row_of_a_run_is_the_same_from_the_reader_and_from_the_lines(agents_log, reading):
    told = {row["id"]: row for row in rows(reading(agents_log))}
    for run in steplog.read(agents_log).runs:
        assert json.loads(json.dumps(row_of(run))) == told[run.id]


def test_a_row_says_what_was_asked_and_answered_what_it_waits_for_and_where_it_died(agents_log, reading):
    told = {}
    for row in rows(reading(agents_log)):
        told.setdefault(row["name"], row)
    assert told["invoices"]["status"] == "crashed"
    assert told["invoices"]["doing"][-1]["name"] == "read_invoice"
    assert told["invoices"]["doing"][-1]["what"] == "file: 2026-10-delos.pdf, pages: 1-61"
    assert told["refunds"]["asks"] == "Pay EUR 412.00 for A-1042?"
    assert told["order_support"]["loop"] == 9
    assert told["order_support"]["masked"] == 1
    assert (
        told["shop_analyst"]["question"]
        == "Which region returns the most, measured by its orders? Chart attached. [image]"
    )
    assert told["shop_analyst"]["answer"].startswith("**East** returns the most")
    assert told["research"]["retries"] == 1


def test_the_lines_of_a_run_are_those_of_the_files_to_the_byte(agents_log):
    for run in steplog.read(agents_log).runs:
        lines = placed(b"".join(whole_run(run).pieces()))
        file = run.file.read_bytes().splitlines()
        assert len(lines) == len(list(run.records()))
        for of, number, line in lines:
            assert of == 0
            assert line == file[number - 1]


def test_damage_between_the_lines_costs_no_line_and_is_named(tmp_path, reading):
    good = weather().bytes().splitlines(keepends=True)
    half = good[4][:30]
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a.jsonl").write_bytes(
        b"".join(good[:4]) + b"\0\0garbage\n" + half + b"".join(good[4:])
    )
    catalogue = reading(tmp_path / "log")
    whole = catalogue.whole(RUN)
    told = b"".join(whole.pieces())
    lines = placed(told)
    assert len(lines) == len(good) - 2  # without log.open and log.close
    assert [number for _, number, _ in lines] == [2, 3, 4, 6, *range(7, 13)]
    assert len(json.loads(told.splitlines()[-1])[0]["damage"]) == 2
    assert any("unreadable" in notice for notice in catalogue.state()["notices"])


def test_a_run_in_two_segments_and_one_of_them_compressed_is_whole(tmp_path, reading):
    zstd = pytest.importorskip("backports.zstd")
    lines = weather().bytes().splitlines(keepends=True)
    folder = tmp_path / "log"
    folder.mkdir()
    name = "20261123T031259000000Z-4711-k3x9q2ab"
    (folder / f"{name}.jsonl.zst").write_bytes(zstd.compress(b"".join(lines[:6])))
    (folder / f"{name}.2.jsonl").write_bytes(b"".join(lines[6:]))
    whole = reading(folder).whole(RUN)
    told = b"".join(whole.pieces())
    assert json.loads(told.splitlines()[0])["files"] == [f"{name}.jsonl.zst", f"{name}.2.jsonl"]
    assert [(of, number, json.loads(line)["seq"]) for of, number, line in placed(told)] == [
        *((0, n, n) for n in range(2, 7)),
        *((1, n - 6, n) for n in range(7, 12)),
    ]


def test_lines_of_several_processes_and_runs_stand_in_the_order_of_their_times(tmp_path, reading):
    folder = tmp_path / "log"
    folder.mkdir()
    written = {}
    for of, w in enumerate(("aaaaaaaa", "bbbbbbbb")):
        file = folder / f"20261123T031259000000Z-471{of}-{w}.jsonl"
        lines = [
            f'{{"seq":1,"ts":"2026-11-23T03:12:59.000000Z","ev":"log.open","v":1,"w":"{w}","pid":471{of}}}'
        ]
        for n in range(400):
            # Both write at once for a while, then the one, then the other; another run's lines in between, and one with its fields in another order.
            ms = n * 2 + of if n < 100 else 200 + n + of * 1000
            ts = f"2026-11-23T03:13:{ms // 1000:02}.{ms % 1000:03}000Z"
            run = RUN if n % 7 else "00000000000000aa"
            fields = [f'"seq":{n + 2}', f'"ts":"{ts}"', f'"run":"{run}"', f'"step":{of * 1000 + n}']
            order = fields if n % 50 else [*fields[1:], fields[0]]
            lines.append(f'{{{",".join(order)},"ev":"tool.start","name":"é {RUN}"}}')
        file.write_text("\n".join(lines) + "\n")
        written[file.name] = lines
    whole = reading(folder).whole(RUN)
    told = placed(b"".join(whole.pieces()))
    assert all(line.decode() == written[whole.files[of]][number - 1] for of, number, line in told)
    expected = [
        (json.loads(line)["ts"], of, number)
        for of, name in enumerate(whole.files)
        for number, line in enumerate(written[name], 1)
        if f'"run":"{RUN}"' in line
    ]
    assert len(expected) == 2 * 400 - 2 * 58
    assert [(of, number) for of, number, _ in told] == [(of, number) for _, of, number in sorted(expected)]


def test_a_segment_that_is_compressed_after_it_was_read_is_still_read(tmp_path, reading):
    zstd = pytest.importorskip("backports.zstd")
    folder = weather().write_in(tmp_path / "log")
    catalogue = reading(folder)
    (file,) = folder.iterdir()
    file.with_name(file.name + ".zst").write_bytes(zstd.compress(file.read_bytes()))
    file.unlink()
    assert len(placed(b"".join(catalogue.whole(RUN).pieces()))) == 10
    (folder / (file.name + ".zst")).unlink()
    with pytest.raises(steplog.LogError, match="gone"):
        list(catalogue.whole(RUN).pieces())


def test_runs_of_the_same_id_are_told_apart(tmp_path, reading):
    first, second = weather(), weather()
    for at, record in enumerate(second.records):
        record["seq"] = len(first.records) + at + 1
    path = tmp_path / "log"
    path.mkdir()
    (path / "20261123T031259000000Z-4711-k3x9q2ab.jsonl").write_bytes(first.bytes() + second.bytes())
    catalogue = reading(path)
    assert sorted(row["key"] for row in rows(catalogue)) == [RUN, f"{RUN}~2"]
    sizes = [len(placed(b"".join(catalogue.whole(key).pieces()))) for key in (RUN, f"{RUN}~2")]
    assert sizes == [10, 10]
    from steplog._view.single_file import html

    _, runs = embedded(html(steplog.read(path).runs, path="log"))
    sizes = {key: len(placed(b"\n".join(lines))) for key, lines in runs.items()}
    assert sizes == {RUN: 10, f"{RUN}~2": 10}


def test_a_line_with_its_newline_still_to_come_is_no_line_yet(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(begun().bytes()[:-10])
    assert [line.number for line in raw_lines(Span(file), RUN)] == [2, 3, 4, 5]


def test_what_is_written_is_told_soon_and_a_process_that_dies_too(tmp_path, reading):
    log = tmp_path / "log"
    log.mkdir()
    catalogue = reading(log)
    assert rows(catalogue) == []
    with steplog.Recorder(log) as recorder, recorder.run("slow", input="wait") as run:
        with run.tool("look", args={"n": 1}):
            (row,) = until(lambda: rows(catalogue))
            until(lambda: rows(catalogue)[0].get("doing"))
            assert rows(catalogue)[0]["status"] == "running"
    until(lambda: rows(catalogue)[0]["status"] == "ok")
    assert any(entry.run == row["id"] for change in catalogue.changes for entry in change.entries)


def test_a_log_that_vanishes_and_comes_back_is_noticed(tmp_path, reading):
    folder = weather().write_in(tmp_path / "log")
    catalogue = reading(folder)
    folder.rename(tmp_path / "away")
    until(lambda: catalogue.state().get("gone"))
    assert len(rows(catalogue)) == 1
    (tmp_path / "away").rename(folder)
    until(lambda: "gone" not in catalogue.state())


def test_a_phrase_is_found_in_what_no_row_shows_capitals_or_not(agents_log, ids):
    assert runs_with(agents_log, "WORKER-2 JOB 1002")[0] == ids["shop_analyst"]
    assert runs_with(agents_log, 'say "no"')[0] == []
    assert runs_with(agents_log, "llm.start")[0] == []
    assert runs_with(agents_log, ids["triage"][0][:8])[0] == []  # the envelope is no content


def test_what_was_asked_is_the_text_of_a_mapping_that_only_holds_one():
    from steplog._view import words

    assert words.asked({"question": "Why?"}) == "Why?"
    assert json.loads(words.asked({"question": "Why?", "limit": 3})) == {"question": "Why?", "limit": 3}
    assert json.loads(words.asked({"limit": 3})) == {"limit": 3}
    assert words.asked({"$type": "Order"}) == "<Order>"
    assert words.asked({}) == words.asked(None) + "{}"
    assert words.given({"to": None, "subject": "Invoice"}) == "to: null, subject: Invoice"


def test_costs_are_told_where_prices_are_known(tmp_path, monkeypatch, reading):
    from steplog._view import prices

    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("paid") as run:
        for model in ("known", "unknown"):
            with run.llm(model=model, messages=[{"role": "user", "content": "hi"}]) as call:
                call.set(
                    message={"role": "assistant", "content": "ho"},
                    usage={"input_tokens": 1000, "output_tokens": 10},
                )
    monkeypatch.setattr(prices, "are_known", lambda: True)
    monkeypatch.setattr(prices, "cost", lambda model, *_: 0.25 if model == "known" else None)
    run = steplog.read(tmp_path / "log").run(-1)
    row = row_of(run)
    assert (row["cost"], row["unpriced"]) == (0.25, 1)
    *_, tail = b"".join(whole_run(run).pieces()).splitlines()
    assert json.loads(tail)[0]["costs"] == {"1": 0.25}
    assert told_costs(reading(tmp_path / "log"), run.id) == {"1": 0.25}


def test_reading_for_the_page_imports_no_server():
    import subprocess
    import sys

    program = "import sys, steplog; steplog.read; print([m for m in ('starlette','uvicorn','genai_prices','steplog._view.page') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


async def test_a_page_that_does_not_listen_for_a_while_misses_nothing(tmp_path):
    import asyncio

    import orjson

    from steplog._view.live import Live

    live = Live()
    catalogue = Catalogue(tmp_path / "log", live.tell)
    catalogue.start()
    # What is written before everything has been read once is listed, and not told.
    assert await asyncio.to_thread(catalogue.wait_until_read, 30)
    events = live.events(catalogue, None)
    try:
        assert await anext(events) == b"retry: 1000\n\n"
        await anext(events)
        with steplog.Recorder(tmp_path / "log") as recorder:
            for n in range(700):
                with recorder.run(f"run {n}"):
                    pass
        await asyncio.to_thread(until, lambda: catalogue.rows(0, 0)[1] == 700, 20)
        told: set[str] = set()
        while len(told) < 700:
            event = await asyncio.wait_for(anext(events), 60)
            told |= {row["name"] for row in orjson.loads(event[6:]).get("rows", [])}
    finally:
        await events.aclose()
        catalogue.stop()


def test_what_a_call_cost_that_ended_after_its_run_is_told_too(tmp_path, monkeypatch, reading):
    from steplog._view import prices

    monkeypatch.setattr(prices, "are_known", lambda: True)
    monkeypatch.setattr(prices, "cost", lambda *_: 0.25)
    (file,) = weather().write_in(tmp_path / "log").iterdir()
    ends = [line for line in file.read_bytes().splitlines() if b'"llm.end"' in line]
    known = told_costs(reading(tmp_path / "log"), RUN)
    assert len(known) == len(ends) == 2
    late = {**json.loads(ends[0]), "seq": 90, "step": 77}
    file.write_bytes(file.read_bytes() + json.dumps(late).encode() + b"\n")
    assert told_costs(reading(tmp_path / "log"), RUN) == {**known, "77": 0.25}


def told_costs(catalogue, run):
    whole = catalogue.whole(run)
    return json.loads(b"".join(whole.pieces()).splitlines()[-1])[0]["costs"]
