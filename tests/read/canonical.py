"""Logs as our writer writes them, byte for byte but made by hand: runs of several writers, interleaved, and damage to them."""

import random
from pathlib import Path

import orjson

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


class Writer:
    """One writer's lines, numbered, a millisecond apart."""

    def __init__(self, chance: random.Random, at: int, *, shared: bool) -> None:
        self.chance, self.shared = chance, shared
        self.w = "".join(chance.choices(LETTERS, k=8))
        self.us = at
        self.seq = 0
        self.lines: list[bytes] = []
        facts = {"v": 1, "w": self.w, "steplog": "0.1.0", "host": "elsewhere", "pid": 1, "python": "3.11"}
        self.line("log.open", **facts)

    def line(self, ev: str, run: str = "", step: int = 0, **fields) -> None:
        self.seq, self.us = self.seq + 1, self.us + 1000
        stamp = f"2026-11-{1 + self.us // 86_400_000_000:02}T{self.us // 3_600_000_000 % 24:02}:{self.us // 60_000_000 % 60:02}:{self.us // 1_000_000 % 60:02}.{self.us % 1_000_000:06}Z"
        record: dict = {"seq": self.seq, "ts": stamp}
        record |= {"w": self.w} if self.shared else {}
        record |= {"run": run} if run else {}
        record |= {"step": step} if step else {}
        begin = b"\n" if self.shared else b""
        self.lines.append(begin + orjson.dumps(record | {"ev": ev} | fields) + b"\n")

    def runs(self, count: int) -> "Writer":
        """So many runs, some at once, some without an end, some with lines behind it."""
        chance = self.chance
        going: dict[str, list] = {}
        for number in range(count):
            run = f"{chance.getrandbits(64):016x}"
            self.line("run.start", run, id=f"uuid-{run}", name=f"run {number}", thread=f"t{number % 3}")
            going[run] = [0, {"steps": 0, "llm_calls": 0, "input_tokens": 0, "models": ["m"]}]
            for _ in range(chance.randrange(8)):
                self.step(*chance.choice(list(going.items())))
            if chance.random() < 0.7:
                self.over(*going.popitem())
        for each in list(going.items()):
            if chance.random() < 0.5:
                self.over(*each)
        return self

    def step(self, run: str, state: list) -> None:
        state[0] += 1
        said = "é “quoted” \\ " * self.chance.randrange(1, 12)
        self.line(
            "llm.start",
            run,
            state[0],
            model="m",
            prompt="1",
            messages=[{"m": 1, "role": "user", "content": said}],
        )
        tokens = self.chance.randrange(1, 99)
        self.line("llm.end", run, state[0], ms=1.5, usage={"input_tokens": tokens})
        state[1]["steps"] += 1
        state[1]["llm_calls"] += 1
        state[1]["input_tokens"] += tokens

    def over(self, run: str, state: list) -> None:
        totals = {name: value for name, value in state[1].items() if value} if state[0] else {}
        self.line("run.end", run, ms=9.5, totals=dict(totals))
        if self.chance.random() < 0.1:
            self.step(run, state)

    def close(self) -> "Writer":
        self.line("log.close", lines=self.seq + 1)
        return self


def write(folder: Path, seed: int) -> Path:
    """A log: a directory of segments, or a file that several share; gives its path."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    shared = chance.random() < 0.4
    writers = [
        Writer(chance, chance.randrange(10**10), shared=shared).runs(chance.randrange(1, 14))
        for _ in range(chance.randrange(1, 4))
    ]
    for writer in writers:
        if chance.random() < 0.7:
            writer.close()
    if shared:
        rows = [(writer, line) for writer in writers for line in writer.lines]
        order = sorted(range(len(rows)), key=lambda at: (chance.random() * 40 + at, at))
        queues = {id(writer): iter(writer.lines) for writer in writers}
        (folder / "all.jsonl").write_bytes(b"".join(next(queues[id(rows[at][0])]) for at in order))
        return folder / "all.jsonl"
    for number, writer in enumerate(writers):
        stem = f"202611{1 + number:02}T00000000000{number}Z-{number + 1}-{writer.w}"
        cuts = sorted(chance.sample(range(1, len(writer.lines)), min(2, len(writer.lines) - 1)))
        for part, (a, b) in enumerate(zip([0, *cuts], [*cuts, None], strict=True), 1):
            name = f"{stem}.jsonl" if part == 1 else f"{stem}.{part}.jsonl"
            (folder / name).write_bytes(b"".join(writer.lines[a:b]))
    return folder


def damage(folder: Path, seed: int) -> None:
    """Whole lines lost, repeated, moved, cut at the end of a file, followed by NULs or by what is no line."""
    chance = random.Random(seed)
    for _ in range(chance.randrange(4)):
        file = chance.choice(sorted(folder.iterdir()))
        lines = file.read_bytes().splitlines(keepends=True)
        if len(lines) < 3:
            continue
        at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(7):
            case 0:
                del lines[at]
            case 1:
                lines[to:to] = lines[at : at + 3]
            case 2:
                lines[at], lines[to] = lines[to], lines[at]
            case 3:
                lines[-1] = lines[-1][: chance.randrange(1, len(lines[-1]))]
            case 4:
                lines.insert(at, b"\0" * chance.choice([1, 700]))
            case 5:
                lines.insert(
                    at, chance.choice([b"garbage\n", b'{"a":1}\n', b"\r\n", b"\n\n", b"[" * 50 + b"\n"])
                )
            case _:
                lines[at] = lines[at][: len(lines[at]) // 2]
        file.write_bytes(b"".join(lines))
