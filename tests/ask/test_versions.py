"""Versions of an agent are told from the log alone, and which of them made more runs fail."""

import contextlib
import json
import random
import subprocess
import sys

import pytest

import steplog
from steplog import ask
from steplog._ask.version_diff import version_diff
from steplog._ask.versions import chance, version_meant

NAMES = [
    "Ann",
    "Bob",
    "Cyd",
    "Dan",
    "Eve",
    "Fay",
    "Gus",
    "Hal",
    "Ida",
    "Jon",
    "Kim",
    "Lea",
    "Max",
    "Nia",
    "Oli",
    "Pia",
    "Quy",
    "Ria",
    "Sam",
    "Tia",
]
SEARCH = {
    "name": "search",
    "description": "Finds orders.",
    "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
}
REFUND = {"name": "refund", "description": "Pays back.", "parameters": {"type": "object"}}


def answer(
    recorder, number, *, prompt="Be brief.", tools=(SEARCH,), model="m-1", fails=False, temperature=0.1
):
    """A run of an agent whose prompt names the user, the day and the ticket."""
    name = NAMES[number % len(NAMES)]
    system = f"You help {name}. Today is {1 + number % 28} November 2026, ticket c-{10_000 + number * 37}.\n{prompt}"
    messages = [
        {"role": "system", "content": system},
        {"role": "user", "content": f"where is my order {number}?"},
    ]
    with contextlib.suppress(ValueError), recorder.run("support", input="?") as run:
        with run.llm(
            model, messages, params={"temperature": temperature, "user": name}, tools=[each["name"] for each in tools],
            tool_defs=list(tools),
        ) as call:  # fmt: skip
            call.set(
                message={
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "c1", "name": "search", "args": {}}],
                }
            )
        with run.tool("search", args={}, call_id="c1"):
            if fails:
                raise ValueError(f"no order {number}")


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Five versions of one agent; with the third many runs fail."""
    path = tmp_path_factory.mktemp("versions") / "logs"
    new = {**SEARCH, "description": "Finds orders and invoices."}
    kinds = [
        {}, {"prompt": "Be kind."}, {"prompt": "Be kind.", "tools": (new, REFUND)},
        {"prompt": "Be kind.", "tools": (new, REFUND), "model": "m-2"},
        {"prompt": "Be kind.", "tools": (new, REFUND), "model": "m-2", "temperature": 0.9},
    ]  # fmt: skip
    with steplog.Recorder(path) as recorder:
        for version, given in enumerate(kinds):
            for number in range(40):
                answer(recorder, number, fails=(version == 2 and number % 3 == 0) or number == 39, **given)
    return steplog.read(path)


def test_another_prompt_tool_text_model_and_parameter_make_one_version_each_and_nothing_else_does(log):
    found = ask.versions(log)
    assert [(each.name, each.runs, each.changed) for each in found] == [
        ("support v1", 40, ()),
        ("support v2", 40, ("prompt",)),
        ("support v3", 40, ("tools",)),
        ("support v4", 40, ("model",)),
        ("support v5", 40, ("parameters",)),
    ]
    assert found[0].prompt == "You help ‹…›. Today is ‹date›, ticket ‹id›.\nBe brief."
    assert len({each.fingerprint for each in found}) == 5
    assert json.loads(found[4].parameters) == {"temperature": 0.9}


def test_the_version_with_which_more_runs_fail_is_named(log):
    assert [each.name for each in ask.versions(log) if each.rose] == ["support v3"]
    third = ask.versions(log)[2]
    assert third.sentence == (
        f"errors rose with support v3 ({third.fingerprint}): 14 of 40 runs failed, before it 1 of 40; what changed: tools"
    )


def test_what_changed_is_told_in_words(log):
    found = ask.versions(log)
    (prompt,) = version_diff(found[0], found[1]).changes
    assert (prompt.part, prompt.words) == ("prompt", "Be [-brief.-]{+kind.+}")
    tools = version_diff(found[1], found[2]).changes
    assert [(each.name, each.change) for each in tools] == [("refund", "added"), ("search", "changed")]
    assert tools[1].words == '"description": "Finds [-orders.",-]{+orders and invoices.",+}'
    (model,) = version_diff(found[2], found[3]).changes
    assert (model.part, model.before, model.after) == ("model", "m-1", "m-2")
    (parameter,) = version_diff(found[3], found[4]).changes
    assert (parameter.part, parameter.name, parameter.before, parameter.after) == (
        "parameters",
        "temperature",
        "0.1",
        "0.9",
    )
    assert version_diff(found[0], found[0]).same


def test_a_version_is_meant_by_its_name_its_number_or_its_digits(log):
    found = ask.versions(log)
    for words in ("support v2", "support/v2", "v2", found[1].fingerprint[:5], found[1].fingerprint.upper()):
        assert version_meant(found, words) is found[1]
    assert version_meant(found, "support@last") is found[4]
    with pytest.raises(steplog.NotFound, match="lists the 5"):
        version_meant(found, "v9")


def test_calls_are_counted_by_version(log):
    found = ask.stats(log, ["version"])
    versions = ask.versions(log)
    assert {each.group[0]: (each.runs, each.calls, each.errors) for each in found.groups} == {
        f"{each.name} {each.fingerprint}": (40, 80, each.failed) for each in versions
    }


def cli(*words):
    program = "from steplog._cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, check=False
    )


def test_the_commands_say_it(log):
    shown = cli("versions", log.path)
    assert shown.returncode == 0, shown.stderr
    assert "! errors rose with support v3" in shown.stdout
    assert len(json.loads(cli("versions", "-n", 2, "--json", log.path).stdout)) == 2
    compared = cli("diff", "support/v1", "v3", log.path)
    assert compared.returncode == 1
    assert "~ system prompt changed" in compared.stdout
    assert "Be [-brief.-]{+kind.+}" in compared.stdout
    assert "+ tool refund added" in compared.stdout
    assert cli("diff", "v1", "v1", log.path).returncode == 0
    missing = cli("diff", "v1", "v77", log.path)
    assert missing.returncode == 1
    assert "steplog versions" in missing.stderr


def test_two_runs_are_one_or_two_versions_as_their_texts_say(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        for prompt in ("Be brief.", "Be kind."):
            with recorder.run("a") as run, run.llm("m", [{"role": "system", "content": prompt}]):
                pass
    assert [each.runs for each in ask.versions(steplog.read(tmp_path / "log"))] == [1, 1]


def test_an_agent_inside_another_and_two_nodes_have_versions_of_their_own(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        for number in range(4):
            with recorder.run("outer") as run:
                for node in ("plan", "act"):
                    with (
                        run.node(node) as inside,
                        inside.llm("m", [{"role": "system", "content": node}]),
                    ):
                        pass
                with (
                    run.agent("inner") as agent,
                    agent.llm("m" if number < 2 else "n", [{"role": "user", "content": "x"}]),
                ):
                    pass
    found = [(each.name, each.runs, each.model) for each in ask.versions(steplog.read(tmp_path / "log"))]
    assert found == [
        ("outer/plan v1", 4, "m"),
        ("outer/act v1", 4, "m"),
        ("inner v1", 2, "m"),
        ("inner v2", 2, "n"),
    ]


def test_chance_is_what_random_runs_show():
    dice = random.Random(1)
    rose = sum(
        chance(
            sum(dice.random() < 0.2 for _ in range(50)), 50, sum(dice.random() < 0.2 for _ in range(50)), 50
        )
        < 0.01
        for _ in range(1_000)
    )
    assert rose <= 15
    assert chance(13, 40, 1, 40) < 0.001
    assert chance(1, 1, 0, 1) == 0.5
