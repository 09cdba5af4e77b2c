"""Runs an agent in a pool of spawned processes."""

import sys
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

if __name__ == "__main__":
    agent = import_module(sys.argv[1]).agent
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        print(pool.submit(agent).result())
