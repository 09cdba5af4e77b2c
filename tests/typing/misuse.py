"""What a type checker must refuse: each line that ends in `# wrong` is an error, and no other is."""

from __future__ import annotations

import steplog
from langchain_steplog import StepLogHandler


def settings() -> None:
    steplog.Recorder("logs", contents="none")  # wrong
    steplog.Recorder("logs", content="some")  # wrong
    steplog.Recorder(b"logs")  # wrong
    steplog.activate("logs", max_items="many")  # wrong
    steplog.recording("logs", redact_all=True)  # wrong
    StepLogHandler("logs", detial="all")  # wrong


def fields(recorder: steplog.Recorder) -> None:
    recorder.run("r", tag=["a"])  # wrong
    with recorder.run("r") as run:
        run.tool("t", call="c")  # wrong
        run.llm("m", provder="acme")  # wrong
        run.node("n", step=3)  # wrong
        run.step("banana")  # wrong
        with run.tool("t") as call:
            call.set(usagee={})  # wrong
            call.set(usage={"input": 3})  # wrong
            call.set(status="canceled")  # wrong
            call.set(seq=2)  # wrong


def functions(recorder: steplog.Recorder) -> None:
    @recorder.tool
    def search(q: str) -> str:
        return q

    search(1)  # wrong
    search("a").append("b")  # wrong
