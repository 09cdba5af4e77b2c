"""All that is measured from outside, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

from stepbench.processes import Survival, import_time, peak_memory, start_time, survival

_REMEMBERED = ("none", "floor", "steplog none", "steplog full", "FileCallbackHandler", "parquet logger",
               "OpenInference + OTel")  # fmt: skip
_KILLED = ("floor", "steplog full", "FileCallbackHandler", "parquet logger", "OpenInference + OTel")
_HELP = ["-c", "from steplog._cli.main import main; main()", "--help"]


@dataclass(frozen=True)
class Probes:
    """Peak memory in MiB after a 160-turn run and after 300 five-step runs, ms of imports and starts, survival."""

    memory_long: dict[str, float]
    memory_many: dict[str, float]
    import_ms: float
    help_ms: float
    bare_ms: float
    survival: dict[str, Survival]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def probe(*, is_quick: bool) -> Probes:
    """Measure it; a few seconds a process."""
    runs, times = (50, 5) if is_quick else (300, 15)
    lived = {name: survival(name, 25) for name in _KILLED}
    return Probes(
        memory_long=_memory("long-agent", 1),
        memory_many=_memory("five-step", runs),
        import_ms=import_time("langchain_steplog", times),
        help_ms=start_time(_HELP, times),
        bare_ms=start_time(["-c", "pass"], times),
        survival={name: found for name, found in lived.items() if found is not None},
    )


def _memory(workload: str, runs: int) -> dict[str, float]:
    found = {name: peak_memory(workload, name, runs) for name in _REMEMBERED}
    return {name: mib for name, mib in found.items() if not isnan(mib)}
