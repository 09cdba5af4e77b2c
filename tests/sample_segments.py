"""Segments written by hand, in whatever state a writer may leave them."""

import json
import os

from steplog._format.process import Here

DEAD = 2**22 + 5  # no kernel gives this number to a process
RUN = "8f3a1c2b4d5e6f70"
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def writer_id(number):
    return "".join(LETTERS[number >> 5 * place & 31] for place in range(8))


def opened(w, **fields):
    """A `log.open` of a process of this machine that is gone, with a lock; a field that is None is left out."""
    here = Here.now()
    facts = {
        "host": here.host,
        "pid": DEAD,
        "ppid": 1,
        "proc_start": 1,
        "boot": here.boot,
        "pidns": here.pidns,
    }
    line = {"ev": "log.open", "v": 1, "w": w, "steplog": "0.1.0", **facts, "python": "3.11.7", "locked": True}
    return {name: value for name, value in {**line, **fields}.items() if value is not None}


def numbered(records, *, first=1):
    for seq, record in enumerate(records, first):
        yield {"seq": seq, "ts": f"2026-01-01T00:00:00.{seq:06}Z", **record}


def line(record):
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def write_segment(folder, records, *, number=0, part=1, day=1, tail=b"", first=1):
    """A segment of writer `number`, last written on that day of January 2026; `tail` is what stands after its lines."""
    folder.mkdir(exist_ok=True)
    suffix = "" if part == 1 else f".{part}"
    path = folder / f"20260101T{number:012}Z-{DEAD}-{writer_id(number)}{suffix}.jsonl"
    path.write_bytes(b"".join(map(line, numbered(records, first=first))) + tail)
    then = 1767225600 + (day - 1) * 86400
    os.utime(path, (then, then))
    return path


def dead_segment(folder, *, number=0, part=1, day=1, size=10_000, closed=True, **fields):
    """A segment of a writer that is gone: `log.open`, a line of about `size` bytes, `log.close` if it was closed."""
    point = {"run": RUN, "step": 1, "ev": "custom.point", "data": {"pad": "x" * size}}
    close = [{"ev": "log.close", "lines": 3}] if closed else []
    records = [opened(writer_id(number), **fields), point, *close]
    return write_segment(folder, records, number=number, part=part, day=day)
