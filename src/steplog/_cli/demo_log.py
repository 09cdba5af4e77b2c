"""The sample log of `steplog demo`: what agents do on good days and on bad ones, recorded with the public recorder.

Run as a program it is the agent whose process is killed in the middle of a tool: `python -m steplog._cli.demo_log DIR`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import steplog

_MODEL = "demo-model-1"
_LOOPS = 12


def write(path: str) -> None:
    """Five runs: one that is fine, one that fails, one that loops, one that asks a human, one whose process dies."""
    with steplog.Recorder(path) as recorder:
        _fine(recorder)
        _failing(recorder)
        _looping(recorder)
        _asking(recorder)
    # A process of its own, which really dies: nothing in it can tidy up.
    subprocess.run([sys.executable, "-m", __name__, path], check=False, stdout=subprocess.DEVNULL)  # noqa: S603 -- this module


def die(path: str) -> None:
    """Begins a run, and is killed while a tool works."""
    recorder = steplog.Recorder(path)
    with recorder.run("nightly report", input="Summarise yesterday's orders.") as run:
        messages = [_user("Summarise yesterday's orders.")]
        _call(run, messages, calls=[("export_orders", {"day": "yesterday"})])
        with run.tool("export_orders", args={"day": "yesterday"}):
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _fine(recorder: steplog.Recorder) -> None:
    asked = "How many days does a crew need for the length of the Danube?"
    with recorder.run("research", input=asked) as run:
        messages = [{"role": "system", "content": "Answer from the notes."}, _user(asked)]
        messages.append(
            _call(run, messages, calls=[("search_notes", {"query": "Danube length, rowing crew"})])
        )
        found = "The Danube is 2850 km long. A rowing crew makes 45 km a day."
        with run.tool("search_notes", args={"query": "Danube length, rowing crew"}) as tool:
            tool.set(result=found)
        messages.append({"role": "tool", "content": found, "tool_call_id": "call_1"})
        _call(run, messages, says="About 63 days.")
        run.set(output="About 63 days.")


def _failing(recorder: steplog.Recorder) -> None:
    try:
        with recorder.run("refund", input="Refund order 1017.", metadata={"customer": "c-204"}) as run:
            messages = [_user("Refund order 1017. My key is sk-" + "demo1" * 8)]
            messages.append(_call(run, messages, calls=[("refund", {"order": 1017})]))
            run.retry(2, wait_ms=200.0, error="the payment service did not answer")
            with run.tool("refund", args={"order": 1017}):
                raise ConnectionError("payments.internal:443 refused the connection")
    except ConnectionError:
        pass  # the run has it


def _looping(recorder: steplog.Recorder) -> None:
    with recorder.run("find invoice", input="Where is the invoice of March?") as run:
        messages = [_user("Where is the invoice of March?")]
        for _ in range(_LOOPS):
            messages.append(_call(run, messages, calls=[("list_files", {"folder": "/invoices"})]))
            with run.tool("list_files", args={"folder": "/invoices"}) as tool:
                tool.set(result="[]")
            messages.append({"role": "tool", "content": "[]", "tool_call_id": "call_1"})
        run.set(status="abandoned", output="Stopped after 12 rounds.")


def _asking(recorder: steplog.Recorder) -> None:
    with recorder.run("send newsletter", input="Send it.", thread="newsletter-11") as run:
        _call(run, [_user("Send the newsletter.")], calls=[("send_mail", {"to": 1840})])
        with run.tool("send_mail", args={"to": 1840}) as tool:
            run.custom("approval needed", {"question": "Send to 1,840 people?"})
            tool.set(status="interrupted")
        run.set(status="interrupted")


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def _call(
    run: steplog.RecordedRun,
    messages: list[dict[str, Any]],
    *,
    says: str = "",
    calls: list[tuple[str, dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """A model call that answers at once; gives the answer."""
    answer: dict[str, Any] = {"role": "assistant", "content": says}
    if calls:
        answer["tool_calls"] = [{"id": "call_1", "name": name, "args": args} for name, args in calls]
    with run.llm(model=_MODEL, messages=messages) as call:
        words = sum(len(str(message["content"]).split()) for message in messages)
        call.set(message=answer, usage={"input_tokens": 12 + words, "output_tokens": 4 + len(says.split())})
    return answer


if __name__ == "__main__":
    die(sys.argv[1])
