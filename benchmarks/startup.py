"""What recording costs as a process starts: whole processes, interleaved, medians; and what `-X importtime` says.

    python benchmarks/startup.py [--rounds 30]

Needs steplog-auto and langchain-steplog in the environment that it is run with.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

NOTHING = "pass"
FRAMEWORK = "import langchain_core.tracers.context"
ONE_RUN = "from langchain_core.runnables import RunnableLambda; RunnableLambda(str).invoke(1)"
PROGRAMS = {"no framework": NOTHING, "imports LangChain": FRAMEWORK, "one LangChain run": ONE_RUN}


def ways(folder: str) -> dict[str, tuple[list[str], dict[str, str]]]:
    """How a program is started: words before `-c`, and its environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STEPLOG")}
    return {
        "without site (-S)": ([sys.executable, "-S"], clean),
        "STEPLOG unset": ([sys.executable], clean),
        "STEPLOG=0": ([sys.executable], clean | {"STEPLOG": "0"}),
        "STEPLOG=./logs": ([sys.executable], clean | {"STEPLOG": folder}),
        "steplog run": (
            [sys.executable, "-c", "from steplog._cli.main import main; main()", "run", "--path", folder],
            clean,
        ),
    }


def timed(words: list[str], env: dict[str, str], program: str) -> float:
    began = time.perf_counter()
    subprocess.run([*words, "-c", program], env=env, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def imports(env: dict[str, str], program: str) -> tuple[float, float]:
    """Milliseconds in imports of ours (themselves, without what they import), and of all, by `-X importtime`."""
    command = [sys.executable, "-X", "importtime", "-c", program]
    said = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stderr
    ours = total = 0
    for own, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", said):
        total += int(own)
        ours += int(own) if name.startswith(("steplog", "langchain_steplog")) else 0
    return ours / 1000, total / 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        started = ways(folder)
        for title, program in PROGRAMS.items():
            taken: dict[str, list[float]] = {way: [] for way in started}
            for _ in range(rounds):
                for way, (words, env) in started.items():  # interleaved: a busy moment meets all of them
                    if way != "without site (-S)" or program == NOTHING:
                        taken[way].append(timed(words, env, program))
            base = statistics.median(taken["STEPLOG unset"])
            for way, times in taken.items():
                if times:
                    median = statistics.median(times)
                    print(
                        f"{title:<18} {way:<18} median {median:7.1f} ms  least {min(times):7.1f} ms  {median - base:+7.1f} ms"
                    )
            for way in ("STEPLOG unset", "STEPLOG=./logs"):
                found = [imports(started[way][1], program) for _ in range(max(3, rounds // 5))]
                ours, total = (statistics.median(column) for column in zip(*found, strict=True))
                print(f"{title:<18} {way:<18} importtime: ours {ours:6.2f} ms of {total:7.1f} ms")


if __name__ == "__main__":
    main()
