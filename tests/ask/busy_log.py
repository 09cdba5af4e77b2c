"""A log of many small runs, written with the recorder: several writers, failures, retries, a crash, a packed segment."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from pathlib import Path

import steplog

MODELS = [("gpt-4o", "openai"), ("claude-sonnet-4-5", "anthropic"), ("local-llama", "ollama")]
WORDS = ["river", "crew", "notes", "invoice", "order", "refund", "danube", "tide", "report", "ticket", "page"]


def write(path: Path, runs: int = 40, seed: int = 7) -> None:
    """Runs of three kinds, by a writer of its own."""
    chance = random.Random(seed)
    with steplog.Recorder(path) as recorder:
        for number in range(runs):
            with contextlib.suppress(ValueError):
                _run(recorder, chance, number)


def _run(recorder: steplog.Recorder, chance: random.Random, number: int) -> None:
    def text(words: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(words))

    model, provider = chance.choice(MODELS)
    fields = {"thread": f"t{number % 5}", "metadata": {"user": f"u-{number % 4}"}, "tags": ["prod"]}
    with recorder.run(chance.choice(["support", "report"]), input=text(8), **fields) as run:
        messages = [{"role": "user", "content": text(20)}]
        for turn in range(chance.randint(1, 5)):
            name = chance.choice(["search", "refund"])
            args = {"q": text(3), "order": number}
            answer = {
                "role": "assistant",
                "content": text(5),
                "tool_calls": [{"id": f"c{turn}", "name": name, "args": args}],
            }
            with run.llm(model=model, provider=provider, messages=messages) as call:
                usage = {"input_tokens": chance.randint(100, 9000), "output_tokens": chance.randint(5, 900)}
                usage["cache_read_tokens"] = chance.choice([0, usage["input_tokens"] // 2])
                call.set(message=answer, usage=usage, finish_reason=chance.choice(["stop", "length"]))
            messages.append(answer)
            with run.tool(name, args=args, call_id=f"c{turn}") as tool:
                if chance.random() < 0.1:
                    raise ValueError(f"quota exceeded for customer {number}")
                tool.set(result=text(chance.choice([10, 80])))
            messages.append({"role": "tool", "content": text(10), "tool_call_id": f"c{turn}"})
        if chance.random() < 0.2:
            run.retry(2, error="again")
        run.set(output=text(5))


DYING = """
import os, sys, steplog
recorder = steplog.Recorder(sys.argv[1])
with recorder.run("dies", input="go", thread="t1") as run:
    with run.llm(model="gpt-4o", provider="openai", messages=[{"role": "user", "content": "go"}]) as call:
        call.set(message={"role": "assistant", "content": "on it"}, usage={"input_tokens": 11, "output_tokens": 3})
    with run.tool("slow", args={"n": 1}):
        os._exit(1)
"""


def die(path: Path) -> None:
    """A run whose process is gone in the middle of a tool."""
    subprocess.run([sys.executable, "-c", DYING, str(path)], check=False, timeout=60)
