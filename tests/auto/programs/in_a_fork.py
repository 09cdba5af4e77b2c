"""Runs an agent in a forked child, and in its parent, which has used the framework before the fork."""

import os
import sys
from importlib import import_module

agent = import_module(sys.argv[1]).agent
agent()
child = os.fork()
if child == 0:
    agent()
    os._exit(0)  # as multiprocessing ends its children: without `atexit`
assert os.waitpid(child, 0)[1] == 0
print(agent())
