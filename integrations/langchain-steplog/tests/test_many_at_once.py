"""Threads, tasks and processes: every line whole, numbered without gaps, under the right parent."""

import asyncio
import json
import multiprocessing
import threading

from lc_agents import five_step_agent

from langchain_steplog import StepLogHandler
from steplog import read

QUESTION = {"messages": [("user", "go")]}
SHAPE = [
    (1, "node", 0), (2, "llm", 1), (3, "node", 0), (4, "tool", 3), (5, "node", 0),
    (6, "llm", 5), (7, "node", 0), (8, "tool", 7), (9, "node", 0), (10, "llm", 9),
]  # fmt: skip


def shape(run):
    return [(s.number, s.kind, s.parent.number if s.parent else 0) for s in run.steps]


def check(path, runs):
    log = read(path)
    assert log.bad == ()
    assert len(log.runs) == runs
    for run in log.runs:
        assert run.status == "ok"
        assert shape(run) == SHAPE
    seqs = {}
    for segment in [path] if path.is_file() else path.iterdir():
        for line in segment.read_bytes().splitlines():
            if line:
                record = json.loads(line)
                seqs.setdefault(record.get("w") if path.is_file() else segment, []).append(record["seq"])
    assert all(found == list(range(1, len(found) + 1)) for found in seqs.values())
    return len(seqs)


async def test_eight_threads_and_fifty_tasks_on_one_handler(tmp_path):
    handler = StepLogHandler(tmp_path / "logs")
    config = {"callbacks": [handler]}

    def in_thread():
        for _ in range(3):
            five_step_agent()[0].invoke(QUESTION, config)

    threads = [threading.Thread(target=in_thread) for _ in range(8)]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(five_step_agent()[0].ainvoke(QUESTION, config) for _ in range(50)))
    for thread in threads:
        await asyncio.to_thread(thread.join)
    handler.close()
    assert check(tmp_path / "logs", 74) == 1


def run_agents(path):
    handler = StepLogHandler(path)
    for _ in range(5):
        five_step_agent()[0].invoke(QUESTION, {"callbacks": [handler]})
    handler.close()


def test_four_processes_on_one_shared_file(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=run_agents, args=(tmp_path / "all.jsonl",)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert check(tmp_path / "all.jsonl", 20) == 4


def test_a_hook_inside_an_event_loop_blocks_on_nothing_that_blockbuster_knows(tmp_path):
    from blockbuster import blockbuster_ctx

    handler = StepLogHandler(tmp_path / "logs")

    async def main():
        with blockbuster_ctx():
            return await asyncio.gather(
                *(five_step_agent()[0].ainvoke(QUESTION, {"callbacks": [handler]}) for _ in range(10))
            )

    asyncio.run(main())
    handler.close()
    check(tmp_path / "logs", 10)
