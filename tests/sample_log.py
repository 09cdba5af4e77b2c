"""Logs written by hand, line by line, as docs/format.md says: what the reader's tests read."""

import json
from pathlib import Path

WRITER = "k3x9q2ab"
SEGMENT = f"20261123T031259000000Z-4711-{WRITER}.jsonl"
RUN = "8f3a1c2b4d5e6f70"
UUID = "01a2b3c4-d5e6-7f80-8f3a-1c2b4d5e6f70"
OTHER_RUN = "9e00000000000001"


class Lines:
    """Lines of one writer, numbered and timed a millisecond apart (`every` writes on each line its `w`)."""

    def __init__(
        self, writer: str = WRITER, *, every: bool = False, second: int = 59, run: str = RUN
    ) -> None:
        self.records: list[dict] = []
        self.writer, self.every, self.second, self.run = writer, every, second, run

    def add(self, ev: str, **fields) -> "Lines":
        number = len(self.records) + 1
        record = {"seq": number, "ts": f"2026-11-23T03:12:{self.second:02}.{number * 1000:06}Z"}
        if self.every:
            record["w"] = self.writer
        if not ev.startswith("log."):
            record["run"] = self.run
        self.records.append({**record, "ev": ev, **fields})
        return self

    def opened(self, **fields) -> "Lines":
        host = {"host": "elsewhere", "pid": 4711, "proc_start": 1, "boot": "b", "python": "3.11.7"}
        return self.add("log.open", **{"v": 1, "w": self.writer, "steplog": "0.1.0", **host, **fields})

    def bytes(self) -> bytes:
        return b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in self.records)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.bytes())
        return path

    def write_in(self, folder: Path, name: str = SEGMENT) -> Path:
        folder.mkdir(exist_ok=True)
        self.write(folder / name)
        return folder


QUESTION = {"m": 1, "role": "user", "content": "What is the weather in Oslo?"}
CALL = {
    "m": 2,
    "role": "assistant",
    "tool_calls": [{"id": "c1", "name": "weather", "args": {"city": "Oslo"}}],
}
RESULT = {"m": 3, "role": "tool", "content": "rain, 4 °C", "tool_call_id": "c1"}
ANSWER = {"m": 4, "role": "assistant", "content": "Rain,\nfour degrees."}


def weather(**opened) -> Lines:
    """A run that asks a model, calls a tool, and asks again: all ends in order."""
    lines = begun(**opened)
    lines.add("tool.end", step=3, ms=30, message=RESULT)
    lines.add("node.end", step=1, ms=950.5, output={"messages": {"$m": "2-3"}})
    lines.add("llm.start", step=4, model="gpt-x", prompt="1-3")
    usage = {"input_tokens": 150, "output_tokens": 12}
    lines.add("llm.end", step=4, ms=700, usage=usage, finish_reason="stop", message=ANSWER)
    totals = {
        "steps": 4,
        "llm_calls": 2,
        "tool_calls": 1,
        "input_tokens": 250,
        "output_tokens": 32,
        "models": ["gpt-x"],
    }
    lines.add("run.end", ms=1700, output={"messages": {"$m": "1-4"}}, totals=totals)
    return lines.add("log.close", lines=12, bytes=3000)


def begun(**opened) -> Lines:
    """The same run while its tool is at work: neither it, its node nor the run has an end."""
    lines = Lines().opened(**opened)
    lines.add(
        "run.start",
        id=UUID,
        name="forecast",
        framework="langgraph",
        input={"messages": [QUESTION]},
        thread="t1",
    )
    lines.add("node.start", step=1, name="agent", step_in_graph=1)
    lines.add(
        "llm.start", step=2, parent=1, model="gpt-x", provider="acme", params={"temperature": 0}, prompt="1"
    )
    usage = {"input_tokens": 100, "output_tokens": 20}
    lines.add("llm.end", step=2, ms=900, usage=usage, finish_reason="tool_calls", message=CALL)
    return lines.add(
        "tool.start", step=3, parent=1, name="weather", call_id="c1", args={"city": "Oslo"}, asked_by=2
    )
