"""Lines as they would be with a fixed clock, fixed ids and on a fixed machine: what snapshot tests compare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Unpack

from steplog._format.line import encode
from steplog._record.recorder import Recorder
from steplog._write.disk.sinks import MemorySink
from steplog._write.settings.keywords import SettingsFields

_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_FRAME: Final = re.compile(r"(?:.*[\\/])?([^\\/]+):\d+ in (.+)", re.DOTALL)
_TIMES: Final = ("ms", "ttft_ms", "late_ms")
_RUNS: Final = ("run", "resumes", "parent_run")
_WRITERS: Final = ("w", "parent_w")
_MACHINE: Final[Mapping[str, Any]] = {
    "steplog": "0", "host": "host", "pid": 1, "ppid": 0, "proc_start": 0, "boot": "boot", "python": "3",
    "argv0": "program", "bytes": 0,
}  # fmt: skip


def stable(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Records of lines with all replaced that differs from run to run and from machine to machine.

    Line `seq` is written `seq` milliseconds after the beginning of 2026, whatever lasts takes a millisecond, runs and
    UUIDs are numbered in order of appearance, files of stacks are names without lines, versions are 0.
    """
    return _Stable().records(records)


class StableRecorder(Recorder):
    """A recorder in memory whose lines are the same each time the same is recorded.

    ```python
    import steplog.testing

    with steplog.testing.StableRecorder() as recorder, recorder.run("nightly") as run:
        with run.tool("search", args={"q": "tea"}) as call:
            call.set(result="42 hits")
    start = recorder.records[2]
    assert (start["ev"], start["run"], start["ts"]) == ("tool.start", "8000000000000001", "2026-01-01T00:00:00.003000Z")
    ```
    """

    def __init__(self, **settings: Unpack[SettingsFields]) -> None:
        """Settings are those of `steplog.Settings`, but for the path: nothing is written to any file."""
        self._sink = MemorySink()
        super().__init__(sink=self._sink, **settings)

    @property
    def records(self) -> list[dict[str, Any]]:
        """All lines so far, decoded and made `stable`."""
        return stable(self._sink.records)

    @property
    def lines(self) -> list[bytes]:
        """The same, encoded."""
        return [encode(record) for record in self.records]


class _Stable:
    """Numbers what it meets."""

    def __init__(self) -> None:
        self._runs: dict[str, str] = {}
        self._uuids: dict[str, str] = {}
        self._writers: dict[str, str] = {}

    def records(self, records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [self._record(record) for record in records]

    def _record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        is_run_start = record.get("ev") == "run.start"
        return {
            name: self._run_uuid(str(record["run"]))
            if is_run_start and name == "id"
            else self._field(name, value, record)
            for name, value in record.items()
        }

    def _field(self, name: str, value: Any, record: Mapping[str, Any]) -> Any:
        if name in ("ts", "first_ts", "last_ts"):
            at = _BEGIN + timedelta(milliseconds=record["seq"])
            return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        if name in _TIMES:
            return 1.0
        if name in _RUNS:
            return self._run(value)
        if name in _WRITERS:
            return self._writers.setdefault(value, f"writer{len(self._writers) + 1:02}")
        if name in _MACHINE and record.get("ev") in ("log.open", "log.close"):
            return _MACHINE[name]
        if name == "frameworks" and record.get("ev") == "log.open":
            return dict.fromkeys(value, "0")
        return self._value(value)

    def _run(self, run: str) -> str:
        return self._runs.setdefault(run, f"8{len(self._runs) + 1:015x}")

    def _run_uuid(self, run: str) -> str:
        short = self._run(run)
        return f"00000000-0000-7000-{short[:4]}-{short[4:]}"

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {self._text(name): self._inner(name, inner) for name, inner in value.items()}
        return value

    def _inner(self, name: str, value: Any) -> Any:
        if name == "stack" and isinstance(value, list):
            return [_FRAME.sub(r"\1:1 in \2", frame) for frame in value if isinstance(frame, str)]
        return self._value(value)

    def _text(self, text: str) -> str:
        text = _UUID.sub(self._uuid, text) if "-" in text else text
        return _ADDRESS.sub("0x0", text) if "0x" in text else text

    def _uuid(self, found: re.Match[str]) -> str:
        text = found.group()
        short = text.replace("-", "")[16:]
        if short in self._runs:
            return self._run_uuid(short)
        return self._uuids.setdefault(text, f"00000000-0000-4000-8000-{len(self._uuids) + 1:012x}")
