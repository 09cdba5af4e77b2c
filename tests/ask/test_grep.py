"""A phrase is found wherever it was logged, once, and with every call that saw it."""

import pytest

import steplog
from steplog import ask

LONG = "The quota of the Danube crew was exceeded at km 2850. " * 8


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("grep") / "logs"
    with steplog.Recorder(path) as recorder:
        with recorder.run(
            "crew",
            input={"question": "How long is the Danube?", "tags": ["Fluß"]},
            metadata={"desk": "nautical"},
        ) as run:
            messages = [{"role": "user", "content": "How long is the Danube?"}]
            for turn in range(3):
                answer = {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [
                        {"id": f"c{turn}", "name": "search", "args": {"q": "length", "turn": turn}}
                    ],
                }
                with run.llm(model="m-1", messages=messages) as call:
                    call.set(message=answer)
                messages.append(answer)
                with run.tool("search", args={"q": "length", "turn": turn}) as tool:
                    tool.set(result=LONG if turn == 0 else "nothing\nof\nthe\nkind")
                messages.append(
                    {"role": "tool", "content": LONG if turn == 0 else "nothing", "tool_call_id": f"c{turn}"}
                )
            with run.llm(model="m-1", messages=messages) as call:
                call.set(message={"role": "assistant", "content": 'It is 2850 km "long"\\ / é\x7f\u2028!'})
        with recorder.run("other") as run, run.tool("lookup", args={"length": {"of a road": 12}}):
            pass
    return steplog.read(path)


def hits(log, text, *, expression=False, ignore_case=False, **where):
    return list(ask.grep(log, ask.Pattern(text, expression, ignore_case), **where))


def test_a_phrase_that_was_shown_many_times_stands_once(log):
    found = [hit for hit in hits(log, "quota of the Danube") if hit.field == "result"]
    assert [(hit.step, hit.kind, hit.name, hit.times) for hit in found] == [(2, "tool", "search", 8)]


def test_every_call_that_saw_it_is_listed(log):
    pattern = ask.Pattern("quota of the Danube")
    calls = list(ask.shown(log, pattern, ask.grep(log, pattern)))
    assert [call.step for call in calls] == [3, 5, 7]
    assert {len(call.messages) for call in calls} == {1}


@pytest.mark.parametrize(
    "text",
    ['km "long"', 'long"\\ / é', "é", "\x7f", "\u2028", '2850 km "long"\\ / é\x7f\u2028!', "Fluß", "nothing\nof", "\n", "nautical"],
)  # fmt: skip
def test_whatever_stands_in_a_text_is_found_as_it_is(log, text):
    assert hits(log, text)


def test_numbers_and_the_programs_own_keys_are_found(log):
    # Durations are numbers, too, and any of them may hold these digits.
    found = [hit.field for hit in hits(log, "12", kinds=["tool"]) if hit.field != "ms"]
    assert found == ["args.length.of a road"]
    assert [hit.field for hit in hits(log, "of a road")] == ["args.length.of a road"]
    assert not hits(log, "tool_call_id")


def test_case_counts_unless_it_is_ignored(log):
    assert not hits(log, "dAnUbE")
    assert hits(log, "dAnUbE", ignore_case=True)


def test_expressions_are_pythons(log):
    assert {hit.field for hit in hits(log, r"^nothing$", expression=True)} == {"messages[0].content"}
    with pytest.raises(ask.QueryError, match="no regular expression"):
        ask.Pattern("(", True)
    with pytest.raises(ask.QueryError, match="empty"):
        ask.Pattern("")


def test_kinds_tools_fields_and_runs_narrow_it(log):
    everywhere = hits(log, "length")
    assert {hit.kind for hit in hits(log, "length", kinds=["llm"])} == {"llm"}
    assert {hit.name for hit in hits(log, "length", tools=["lookup"])} == {"lookup"}
    assert {hit.field for hit in hits(log, "length", fields=["args"])} == {
        "args.q",
        "args.length",
        "message.tool_calls[0].args.q",
    }
    other = next(run.id for run in log.runs if run.name == "other")
    assert {hit.run for hit in hits(log, "length", runs=[other])} == {other}
    assert len(hits(log, "length", limit=2)) == 2
    assert hits(log, "length", limit=2) == everywhere[-2:]


def test_the_excerpt_is_the_place_and_its_surroundings_on_demand(log):
    (hit,) = hits(log, "exceeded at", fields=["result"])
    assert "exceeded at km 2850" in hit.excerpt
    assert len(hit.excerpt) < 140
    several = [hit.excerpt for hit in hits(log, "of", context=1, fields=["result"])]
    assert several[1:] == ["nothing\nof\nthe", "nothing\nof\nthe"]


def test_the_message_in_which_it_stands_is_numbered(log):
    messages = {hit.message for hit in hits(log, "2850 km", kinds=["llm"])}
    run = next(run for run in log.runs if run.name == "crew")
    assert messages == {run.steps[-1].message["m"]}
