"""Large logs, written line by line as docs/format.md says: a run of many steps, a directory of many runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 11, 20, 3, 0, 0, tzinfo=UTC)
WORDS = [
    "the",
    "crew",
    "rows",
    "forty-five",
    "kilometres",
    "a",
    "day",
    "and",
    "rests",
    "on",
    "Sundays",
    "while",
    "the",
    "river",
    "rises",
    "after",
    "rain",
    "in",
    "the",
    "hills",
]


def stamp(ms: float) -> str:
    return (START + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def opened(w: str) -> str:
    return f'{{"seq":1,"ts":"{stamp(0)}","ev":"log.open","v":1,"w":"{w}","steplog":"0.1.0","host":"elsewhere","pid":4711,"python":"3.11.7","argv0":"agent.py","content":"full","detail":"steps"}}\n'


def text(n: int, words: int) -> str:
    return " ".join(WORDS[(n * 7 + i * 3) % len(WORDS)] for i in range(words))


def long_run(folder: Path, steps: int, *, run: str = "8f3a1c2b4d5e6f70") -> Path:
    """One run: a node, a model call and a tool call, again and again, until there are so many steps."""
    folder.mkdir(parents=True, exist_ok=True)
    seq, ms, m, out = 1, 0.0, 1, [opened("aaaaaaaa")]

    def line(ev: str, body: str, step: int | None = None) -> None:
        nonlocal seq, ms
        seq += 1
        ms += 1.7
        at = f',"step":{step}' if step else ""
        out.append(f'{{"seq":{seq},"ts":"{stamp(ms)}","run":"{run}"{at},"ev":"{ev}"{body}}}\n')

    line(
        "run.start",
        f',"id":"01a2b3c4-d5e6-7f80-{run[:4]}-{run[4:]}","name":"crawler","framework":"langgraph","input":{{"messages":[{{"m":1,"role":"user","content":"Read all pages."}}]}}',
    )
    n = 1
    while n + 3 <= steps:
        node, llm, tool = n, n + 1, n + 2
        line("node.start", ',"name":"model","step_in_graph":1', node)
        line(
            "llm.start",
            f',"parent":{node},"model":"aria-small-2026-09","provider":"acme","prompt":"1-{m}"',
            llm,
        )
        line(
            "llm.end",
            f',"ms":120.5,"ttft_ms":40.1,"message":{{"m":{m + 1},"role":"assistant","content":"{text(n, 12)}","tool_calls":[{{"id":"call_{n}","name":"fetch_page","args":{{"page":{n}}}}}]}},"usage":{{"input_tokens":{100 + n // 9},"output_tokens":22}},"finish_reason":"tool_calls"',
            llm,
        )
        line("node.end", ',"ms":121.2', node)
        failed = n % 3001 == 1
        line(
            "tool.start",
            f',"name":"fetch_page","call_id":"call_{n}","args":{{"page":{n}}},"asked_by":{llm}',
            tool,
        )
        result = (
            f'"status":"error","error":{{"type":"TimeoutError","message":"page {n} did not answer"}}'
            if failed
            else f'"message":{{"m":{m + 2},"role":"tool","content":"page {n}: {text(n, 24)}","tool_call_id":"call_{n}","name":"fetch_page"}}'
        )
        line("tool.end", f',"ms":31.4,{result}', tool)
        m += 2
        n += 3
    line(
        "run.end",
        f',"ms":{ms:.1f},"output":{{"messages":{{"$m":"{m}"}}}},"totals":{{"steps":{n - 1},"llm_calls":{n // 3},"tool_calls":{n // 3},"input_tokens":1000000,"output_tokens":50000,"models":["aria-small-2026-09"]}}',
    )
    path = folder / "20261120T030000000000Z-4711-aaaaaaaa.jsonl"
    path.write_text("".join(out), encoding="utf-8")
    return folder


def many_runs(folder: Path, size: int, segment: int) -> Path:
    """A directory of about so many bytes in segments of so many: the same five-step run over and over, each with an id of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = _one_run()
    template = "".join(lines)
    written, number = 0, 0
    part = 0
    while written < size:
        w = f"{chr(97 + part // 26)}{chr(97 + part % 26)}aaaaaa"
        path = (
            folder / f"{(START + timedelta(hours=part)).strftime('%Y%m%dT%H%M%S%f')}Z-{5000 + part}-{w}.jsonl"
        )
        with path.open("w", encoding="utf-8") as file:
            file.write(opened(w))
            here, seq = 0, 1
            while here < segment and written < size:
                at = part * 3_600_000 + (number % 100_000) * 30.0
                block = (
                    template.replace("@RUN@", f"{number:016x}")
                    .replace("@TS@", stamp(at))
                    .replace("@N@", str(number))
                )
                rows = []
                for row in block.splitlines(keepends=True):
                    seq += 1
                    rows.append(f'{{"seq":{seq},{row}')
                block = "".join(rows)
                file.write(block)
                here += len(block)
                written += len(block)
                number += 1
        part += 1
    return folder


def short_runs(folder: Path, runs: int) -> Path:
    """A directory of so many runs, each of two lines."""
    folder.mkdir(parents=True, exist_ok=True)
    out = [opened("bbbbbbbb")]
    for n in range(runs):
        run, ts = f"{n + 1:016x}", stamp(n * 1000.0)
        out.append(
            f'{{"seq":{2 * n + 2},"ts":"{ts}","run":"{run}","ev":"run.start","id":"01a2b3c4-d5e6-7f80-{run[:4]}-{run[4:]}","name":"tiny","input":"number {n}"}}\n'
            f'{{"seq":{2 * n + 3},"ts":"{ts}","run":"{run}","ev":"run.end","ms":0.1,"totals":{{"steps":0}}}}\n'
        )
    (folder / "20261120T030000000000Z-4712-bbbbbbbb.jsonl").write_text("".join(out), encoding="utf-8")
    return folder


def _one_run() -> list[str]:
    head = '"ts":"@TS@","run":"@RUN@"'
    records: list[tuple[str, str]] = [
        (
            "run.start",
            '"id":"01a2b3c4-d5e6-7f80-8f3a-1c2b4d5e6f70","name":"research","framework":"langgraph","thread":"t@N@","input":{"messages":[{"m":1,"role":"user","content":"How long is river @N@?"}]}',
        ),
    ]
    for i in range(5):
        node, step = i * 2 + 1, i * 2 + 2
        records += [
            ("node.start", f'"step":{node},"name":"model","step_in_graph":{i}'),
            (
                "llm.start",
                f'"step":{step},"parent":{node},"model":"aria-small-2026-09","provider":"acme","prompt":"1-{i + 1}"',
            ),
            (
                "llm.end",
                f'"step":{step},"ms":321.5,"ttft_ms":101.2,"message":{{"m":{i + 2},"role":"assistant","content":{json.dumps(text(i, 120))}}},"usage":{{"input_tokens":812,"output_tokens":120}},"finish_reason":"stop"',
            ),
            ("node.end", f'"step":{node},"ms":322.9'),
        ]
    records.append(
        (
            "run.end",
            '"ms":1700.2,"totals":{"steps":10,"llm_calls":5,"input_tokens":4060,"output_tokens":600,"models":["aria-small-2026-09"]}',
        )
    )

    def line(ev: str, body: str) -> str:
        step, _, rest = body.partition(",") if body.startswith('"step"') else ("", "", body)
        return f'{head}{"," + step if step else ""},"ev":"{ev}",{rest}}}\n'

    return [line(ev, body) for ev, body in records]
