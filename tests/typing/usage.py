"""How programs use the public names, as a type checker in strict mode sees it. Checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import steplog
import steplog.testing
from langchain_steplog import StepLogHandler
from steplog.integration import LogHandle, MessageType, StepRecorder


def masked(text: str) -> str:
    return text


def recorders() -> None:
    with steplog.Recorder("logs", content="preview", detail="all", redactor=masked, fsync=0.5) as recorder:
        assert_type(recorder, steplog.Recorder)
        assert_type(recorder.runs, tuple[steplog.Run, ...])
        assert_type(recorder.totals.get("input_tokens"), int | None)
    steplog.Recorder(sink=steplog.MemorySink(), rotate_bytes=0, chain=True, chain_key="k")


def runs_and_steps(recorder: steplog.Recorder) -> None:
    with recorder.run("nightly", input={"q": 1}, thread="t", tags=["a"], metadata={"n": 1}) as run:
        assert_type(run, steplog.RecordedRun)
        with run.llm(
            "m", [{"role": "user", "content": "hi"}], provider="acme", params={"temperature": 0}
        ) as call:
            assert_type(call, steplog.RecordedStep)
            call.first_token()
            call.set(message="yo", usage={"input_tokens": 3, "output_tokens": 1}, finish_reason="stop")
        with run.tool("t", args={"q": 1}, call_id="c", attempt=2) as tool, tool.agent("a") as agent:
            agent.set(output=1, status="cancelled")
            tool.set(result=1, error=ValueError("no"))
        with run.step("embedding", model="m", count=3) as embedding:
            embedding.set(usage={"input_tokens": 3}, dimensions=128)
        with run.retriever("r", "q") as found:
            found.set(documents=[{"id": "d", "score": 0.5, "content": "c"}])
        run.custom("n", 1)
        run.retry(2, wait_ms=1.5, error="x")
        run.set(output="done")


def functions(recorder: steplog.Recorder) -> None:
    @recorder.tool
    def search(q: str, limit: int = 3) -> list[str]:
        return [q] * limit

    @recorder.run("job", tags=["cron"])
    async def job(day: str) -> int:
        return len(search(day))

    @recorder.llm("m")
    def stream(prompt: str) -> Iterator[str]:
        yield prompt

    @recorder.node
    async def astream() -> AsyncIterator[int]:
        yield 1

    async def use() -> None:
        assert_type(search("a", limit=2), list[str])
        assert_type(await job("monday"), int)
        assert_type(stream("hi"), Iterator[str])
        async for n in astream():
            assert_type(n, int)
        current = recorder.current
        if current is not None:
            current.set(usage={"input_tokens": 1})

    del use


async def blocks() -> None:
    with steplog.recording("logs", content="none") as rec:
        assert_type(rec, steplog.Recording)
    assert_type(rec.runs, tuple[steplog.Run, ...])
    async with (
        steplog.activate("logs") as active,
        steplog.Recorder("logs") as recorder,
        recorder.run("r") as run,
    ):
        assert_type((active.path, run.id.hex), tuple[str, str])


def handlers() -> None:
    with StepLogHandler("logs", detail="calls") as handler:
        assert_type(handler, StepLogHandler)
        assert_type(handler.totals_of("x").get("models"), list[str] | None)
        base: LogHandle = handler
    assert_type(base.runs, tuple[steplog.Run, ...])


def for_tests(recorder: StepRecorder) -> None:
    with steplog.testing.StableRecorder(detail="all") as stable, stable.run("r"):
        pass
    assert_type(stable.lines, list[bytes])
    steplog.testing.assert_nothing_left(recorder)
    MessageType(
        read=lambda m: (m, {"role": "user"}, (None, None)), is_unchanged=lambda m, mark: bool(m) is bool(mark)
    )
