"""The log that `reading.py` reads: thousands of agent runs, written by several processes with the project's own recorder.

Run as a program it is one of those processes: `python benchmarks/reading_log.py DIR NUMBER RUNS FATE`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import steplog

PHRASE = "quota exceeded for tenant 4711"  # stands in a few tool results, for `grep`
_BYTES_A_RUN = 31_000  # measured; what `--size` is divided by
_WORDS = [
    "invoice",
    "order",
    "the",
    "customer",
    "of",
    "a",
    "refund",
    "shipment",
    "and",
    "to",
    "warehouse",
    "is",
    "price",
    "delayed",
    "by",
    "account",
    "1017",
    "with",
    "status",
    "open",
    "since",
    "Monday",
    "for",
    "region",
    "north",
    "über",
    "naïve",
    "東京",
    "total",
    "amount",
    "due",
    "next",
    "quarter",
    "please",
    "check",
    "again",
    "report",
]
_NAMES = ("support", "research", "billing", "nightly report", "triage")
_MODELS = ("gpt-large", "claude-mid", "local-small")
_TOOLS = ("search_orders", "refund", "fetch_page", "send_mail")


def write(folder: Path, size: int, *, writers: int = 8) -> int:
    """About `size` bytes of log in `folder`, two processes at a time; gives the number of runs.

    One writer in four is killed in the middle of a run. What the first half wrote is packed where zstd is installed.
    """
    runs = max(writers, size // _BYTES_A_RUN)
    for first in range(0, writers, 2):
        if first == writers // 2:
            pack(folder)
        pair = [
            subprocess.Popen(
                [
                    sys.executable,
                    __file__,
                    str(folder),
                    str(n),
                    str(runs // writers),
                    "killed" if n % 4 == 3 else "closed",
                ]
            )
            for n in (first, first + 1)
        ]
        for process in pair:
            process.wait()
    return runs // writers * writers


def pack(folder: Path) -> None:
    """Compress every second closed segment, as `steplog pack` does with all."""
    from steplog._format.zstd import zstd_module
    from steplog._write.keep.judge import Judge
    from steplog._write.keep.packing import pack
    from steplog._write.keep.segments import segments_in

    try:
        zstd_module()
    except ImportError:
        return
    segments = list(segments_in(folder))
    for _ in pack(segments[::2], Judge(folder, segments)):
        pass


class Agent:
    """One process's runs, the same for the same number."""

    def __init__(self, number: int, recorder: steplog.Recorder) -> None:
        self.random = random.Random(number)
        self.recorder = recorder
        self.text = " ".join(self.random.choices(_WORDS, k=40_000))
        self.number = number

    def said(self, least: int, most: int) -> str:
        length = int(least * (most / least) ** self.random.random())
        start = self.random.randrange(len(self.text) - length)
        return self.text[start : start + length]

    def run(self, at: int, *, dies: bool = False) -> None:
        thread = f"t-{self.number}-{at // 3}"
        person = {"user": f"u-{self.random.randrange(200)}"}
        with self.recorder.run(
            self.random.choice(_NAMES),
            input=self.said(50, 2_000),
            thread=thread,
            metadata=person,
            tags=["bench"],
        ) as run:
            messages = [
                {"role": "system", "content": self.text[:1_500]},
                {"role": "user", "content": self.said(50, 2_000)},
            ]
            for turn in range(self.random.randrange(2, 9)):
                with run.node("agent") as node:
                    self.turn(node, messages, turn, at)
                if dies and turn == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
            run.set(output=self.said(100, 3_000))

    def turn(self, node, messages: list[dict], turn: int, at: int) -> None:
        calls = [
            {
                "id": f"c{turn}{n}",
                "name": self.random.choice(_TOOLS),
                "args": {"q": self.said(10, 100), "page": n},
            }
            for n in range(self.random.randrange(1, 4))
        ]
        with node.llm(
            model=self.random.choice(_MODELS), messages=messages, params={"temperature": 0}
        ) as call:
            answer = {"role": "assistant", "content": self.said(20, 1_000), "tool_calls": calls}
            tokens = {"input_tokens": 400 + 300 * turn, "output_tokens": len(answer["content"]) // 4}
            call.set(message=answer, usage=tokens, finish_reason="tool_calls")
        messages.append(answer)
        for asked in calls:
            try:
                with node.tool(asked["name"], args=asked["args"], call_id=asked["id"]) as tool:
                    if self.random.random() < 0.02:
                        raise TimeoutError(f"order {at} took too long")
                    found = self.said(200, 6_000)
                    if self.random.random() < 0.001:
                        found += PHRASE
                    tool.set(result=found)
            except TimeoutError:
                found = "timed out"
            messages.append({"role": "tool", "content": found, "tool_call_id": asked["id"]})


def main(folder: str, number: str, runs: str, fate: str) -> None:
    """One writer's life."""
    with steplog.Recorder(folder) as recorder:
        agent = Agent(int(number), recorder)
        for at in range(int(runs)):
            agent.run(at, dies=fate == "killed" and at == int(runs) - 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
