"""What a `kill -9` costs: acknowledged lines against those found, in raw bytes.

Run: python tests/torture/kills.py [KILLS]
"""

import mmap
import os
import random
import signal
import struct
import sys
import tempfile
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from raw import Raw

import steplog

SLOTS = 4096
STOP = SLOTS - 1


class Counters:
    """Numbers that outlive whoever wrote them: what each thread's hooks have returned for."""

    def __init__(self):
        self._memory = mmap.mmap(-1, SLOTS * 8)

    def __getitem__(self, slot):
        return struct.unpack_from("<q", self._memory, slot * 8)[0]

    def __setitem__(self, slot, value):
        struct.pack_into("<q", self._memory, slot * 8, value)


def write_for_ever(path, counters, first_slot, threads, sizes):
    """A program that does nothing but log; a slot holds the last line whose hook has returned."""
    recorder = steplog.Recorder(path, max_value_bytes=2 << 20, max_line_bytes=4 << 20, redact=False)
    with recorder.run("victim") as run:

        def write(slot):
            n, chance = 0, random.Random(slot)
            while not counters[STOP]:
                n += 1
                pad = f"{slot} {n} " + "pad " * (chance.choice(sizes) // 4)
                run.custom("line", {"slot": slot, "n": n, "pad": pad})
                counters[slot] = n

        others = [threading.Thread(target=write, args=(first_slot + i,)) for i in range(1, threads)]
        for other in others:
            other.start()
        write(first_slot)
        for other in others:
            other.join()
    recorder.close()


def start(*args):
    pid = os.fork()
    if pid:
        return pid
    try:
        write_for_ever(*args)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the child must not go on as a second parent
        traceback.print_exc()
        os._exit(1)


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the program made no progress"
        time.sleep(0.001)


def kill_after_a_moment(pid, chance):
    time.sleep(chance.uniform(0, 0.05))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def judged(path, counters, slots):
    """How many lines were acknowledged, how many of them are there, and what is torn or damaged or doubled."""
    raw = Raw(path)
    found = {}
    for line in raw.lines:
        if line["ev"] == "custom.point":
            found.setdefault(line["data"]["slot"], []).append(line["data"]["n"])
    acknowledged = sum(counters[slot] for slot in slots)
    there = sum(len(set(found.get(slot, ())) & set(range(1, counters[slot] + 1))) for slot in slots)
    disorder = sum(numbers != sorted(set(numbers)) for numbers in found.values())
    return {
        "acknowledged": acknowledged,
        "found": there,
        "lost": acknowledged - there,
        "torn": len(raw.torn),
        "damaged": len(raw.damaged),
        "twice": len(raw.repeated()) + disorder,
    }


def segments(folder, kills, threads, sizes, seed=1):
    """One process after the other, each with a segment of its own, killed at a random moment."""
    chance, total = random.Random(seed), {}
    for kill in range(kills):
        counters = Counters()
        path = Path(folder) / str(kill)
        pid = start(path, counters, 0, threads, sizes)
        wait_for(lambda: counters[0] > 0)  # noqa: B023 - called at once
        kill_after_a_moment(pid, chance)
        for name, n in judged(path, counters, range(threads)).items():
            total[name] = total.get(name, 0) + n
    return {"kills": kills, **total}


def shared_file(folder, kills, processes, sizes, seed=1):
    """Processes that append to one file all the time; now and then one is killed, and another takes its place."""
    chance, counters = random.Random(seed), Counters()
    path, slot, running = Path(folder) / "all.jsonl", 0, {}
    for _ in range(kills + processes):
        if len(running) == processes:
            victim = chance.choice(list(running))
            wait_for(lambda: counters[running[victim]] > 0)  # noqa: B023 - called at once
            kill_after_a_moment(victim, chance)
            del running[victim]
        running[start(path, counters, slot, 1, sizes)] = slot
        slot += 1
    counters[STOP] = 1
    for pid in running:
        _, status = os.waitpid(pid, 0)
        assert status == 0
    found = judged(path, counters, range(slot))
    # Half a line that a killed process left stands on a line of its own, so in a shared file it is torn, not damaged.
    found["torn"], found["damaged"] = found["torn"] + found["damaged"], max(0, found["damaged"] - kills)
    return {"kills": kills, **found}


CASES = {
    "1 thread": lambda folder, kills: segments(folder, kills, 1, (300, 1000, 5000)),
    "8 threads": lambda folder, kills: segments(folder, kills, 8, (300, 1000, 5000)),
    "1 MB lines": lambda folder, kills: segments(folder, kills, 1, (1 << 20,)),
    "4 processes, one file": lambda folder, kills: shared_file(folder, kills, 4, (300, 5000, 70_000)),
}


def main(kills=60):
    columns = ("kills", "acknowledged", "found", "lost", "torn", "damaged", "twice")
    print(f"{'':24}" + "".join(f"{name:>14}" for name in columns))
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            found = case(folder, kills)
        print(f"{name:24}" + "".join(f"{found[column]:>14}" for column in columns), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*(int(n) for n in sys.argv[1:2]))
