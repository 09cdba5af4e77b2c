"""A text over the limit keeps its beginning and its end, near the limit; secrets at the cut are masked."""

import json
import time

import pytest

import steplog
from steplog._write.safe.walk import Walk
from steplog._write.settings.settings import Settings

KEY = "sk-" + "a1" * 20
PAGE = "\n".join(f"line {i}: the tide table of harbour {i % 97}" for i in range(60_000))


def plain(value, **settings):
    return Walk(Settings.load("x", environ={}, **settings)).value(value, 0, (1, "data"))


def test_what_is_kept_comes_near_the_limit_three_quarters_from_the_beginning():
    cut = plain(PAGE)["$cut"]
    limit = Settings.load("x", environ={}).max_value_bytes
    assert (len(cut["head"]), len(cut["tail"])) == (limit // 4 * 3, limit // 4)
    assert PAGE.startswith(cut["head"])
    assert PAGE.endswith(cut["tail"])
    assert (cut["bytes"], len(cut["sha256"]), cut["setting"]) == (len(PAGE), 64, "max_value_bytes")


def test_what_is_left_of_a_text_stands_once_in_a_run(tmp_path):
    with steplog.Recorder(tmp_path) as recorder, recorder.run("r", input={"page": PAGE}) as run:
        with run.tool("t") as call:
            call.set(result=PAGE)
        with run.llm("m", messages=[{"role": "tool", "content": PAGE}]):
            pass
        run.custom("c", [PAGE, {"again": PAGE}])
        run.set(output={"page": PAGE})
    (file,) = tmp_path.iterdir()
    limit = Settings.load("x", environ={}).max_value_bytes
    assert limit < file.stat().st_size < limit + 10_000
    (found,) = steplog.read(tmp_path).runs
    tool, model, point = found.steps
    kept = plain(PAGE)
    assert [tool.field("result"), model.prompt[0]["content"], found.output["page"]] == [kept] * 3
    assert point.field("data") == [kept, {"again": kept}]


def test_a_text_at_the_limit_is_whole():
    text = PAGE[: Settings.load("x", environ={}).max_value_bytes]
    assert plain(text) == text
    assert "$cut" in plain(text + ".")


@pytest.mark.parametrize("offset", range(-45, 46, 5))
def test_a_secret_that_straddles_the_cut_is_masked(offset):
    limit, head = 4000, 3000
    before = "word " * 1000
    text = before[: head + offset] + KEY + " " + "word " * 2000
    cut = plain(text, max_value_bytes=limit)["$cut"]
    assert not any(KEY[:n] in cut["head"] for n in range(8, len(KEY) + 1))
    text = "word " * 2000 + KEY + (" word" * 1000)[: limit - head + offset]
    cut = plain(text, max_value_bytes=limit)["$cut"]
    assert not any(KEY[-n:] in cut["tail"] for n in range(12, len(KEY) + 1))


def test_a_private_key_whose_end_is_beyond_the_cut_is_masked():
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 400
    text = (
        "word " * 590 + "-----BEGIN PRIVATE KEY-----\n" + body + "-----END PRIVATE KEY-----\n" + "word " * 900
    )
    cut = plain(text, max_value_bytes=4000)["$cut"]
    assert "MIIEvQ" not in cut["head"] + cut["tail"]


def test_depth_and_items_name_their_setting():
    deep = []
    for _ in range(50):
        deep = [deep]
    assert '{"$cut": {"depth": 33, "setting": "max_depth"}}' in json.dumps(plain(deep))
    assert plain(list(range(2000)))[-1] == {"$cut": {"items": 2000, "setting": "max_items"}}
    assert plain(dict.fromkeys(range(2000), 1))["$cut"] == {"items": 2000, "setting": "max_items"}


def test_what_is_looked_at_for_one_line_has_a_bound():
    text = "look: " + "words and token: more " * 40_000
    began = time.process_time()
    found = plain([text] * 900, max_line_bytes=65536)
    assert time.process_time() - began < 10  # some 250 times that where each was looked at
    assert found[0]["$cut"]["head"].startswith("look: ")
    assert found[-1] == {"$cut": {"chars": len(text), "setting": "max_line_bytes"}}


def lines_of(**settings):
    sink = steplog.MemorySink()
    return sink, steplog.Recorder(sink=sink, **settings)


def test_a_prompt_of_pages_is_whole():
    """Sixteen texts at the limit fit into one line."""
    pages = [PAGE[i : i + 120_000] for i in range(0, 1_600_000, 100_000)]
    sink, recorder = lines_of()
    with recorder, recorder.run("r") as run:
        with run.llm("m", messages=[{"role": "user", "content": page} for page in pages]) as call:
            call.set(message={"role": "assistant", "content": pages[0][:100_000]})
    (start,) = [line for line in sink.records if line["ev"] == "llm.start"]
    assert [message["content"] for message in start["messages"]] == pages
    (end,) = [line for line in sink.records if line["ev"] == "llm.end"]
    assert end["message"]["content"] == pages[0][:100_000]


def test_in_a_line_that_is_too_long_only_the_longest_texts_are_cut_and_to_one_length():
    texts = {
        "short": "word " * 500,
        "middle": "word " * 4000,
        "long": "word " * 20_000,
        "other": "text " * 40_000,
    }
    sink, recorder = lines_of(max_line_bytes=100_000)
    with recorder, recorder.run("r") as run:
        run.custom("c", texts)
    (point,) = [line for line in sink.records if line["ev"] == "custom.point"]
    data = point["data"]
    assert (data["short"], data["middle"]) == (texts["short"], texts["middle"])
    kept = [len(data[name]["$cut"]["head"]) + len(data[name]["$cut"]["tail"]) for name in ("long", "other")]
    assert kept[0] == kept[1]
    assert {data[name]["$cut"]["setting"] for name in ("long", "other")} == {"max_line_bytes"}
    (line,) = [line for line in sink.lines if b"custom.point" in line]
    assert 90_000 < len(line) <= 100_000


@pytest.mark.parametrize("text", ['a "quoted" \\ line\n', "日本語の文章。", "\x7f\x85\u2028", "\ud800 half"])
def test_a_line_is_within_its_limit_whatever_its_texts_take(text):
    sink, recorder = lines_of(max_line_bytes=50_000)
    with recorder, recorder.run("r") as run:
        run.custom("c", {f"k{i}": f"{i} {text * 3000}" for i in range(20)})
    (line,) = [line for line in sink.lines if b"custom.point" in line]
    assert 20_000 < len(line) <= 50_000
    assert json.loads(line)["data"]["k19"]["$cut"]["head"]


def test_in_a_line_of_many_small_things_the_first_of_them_are_kept():
    rows = [{f"column {j}": f"value {i} {j} " * 4 for j in range(50)} for i in range(900)]
    sink, recorder = lines_of(max_line_bytes=1_000_000)
    with recorder, recorder.run("r") as run, run.tool("t") as call:
        call.set(result=rows)
    (end,) = [line for line in sink.records if line["ev"] == "tool.end"]
    assert end["result"][0] == rows[0]
    assert end["result"][-1]["$cut"]["items"] == 900
    assert 250 < len(end["result"]) < 900


def test_values_of_a_log_that_were_cut_are_counted_once():
    sink, recorder = lines_of(max_line_bytes=50_000)
    with recorder, recorder.run("r") as run:
        run.custom("c", {f"k{i}": f"{i} " + "word " * 3000 for i in range(20)})
    assert sink.records[-1]["cut"] == 20
