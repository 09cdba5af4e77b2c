"""A server as gunicorn is one: a master loads the application, forks two workers, hands on requests, and stops them."""

import os
import signal
import socket
import sys
from importlib import import_module

agent = import_module(sys.argv[1]).agent
workers = {}
for _ in range(2):
    master, worker = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        while worker.recv(1):
            worker.sendall(str(agent()).encode())
        os._exit(1)
    workers[pid] = master
answers = []
for master in workers.values():
    master.sendall(b"?")
for pid, master in workers.items():
    answers.append(master.recv(16).decode())
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
assert answers == ["42", "42"]
print(answers[0])
