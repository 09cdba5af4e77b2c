"""`gs://` and `az://` against local servers of both kinds: shipped with kills in between, whole, once, and read by URL.

Google's is `gcp-storage-emulator`, Azure's is Microsoft's own Azurite (npm); S3's tests are in tests/fleet.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import steplog

pytestmark = pytest.mark.servers
# The key that every Azurite has: it is published with it, and opens nothing else.
KNOWN_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = """
import os
from azure.storage.blob import BlobServiceClient
BlobServiceClient.from_connection_string(os.environ["AZURE_STORAGE_CONNECTION_STRING"]).create_container("logs")
"""
SHIPPING = """
import sys
from steplog import fleet
import {package}
print("begun", flush=True)
for done in fleet.ship(sys.argv[1], sys.argv[2]):
    pass
"""


def free_port():
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def serving(command, folder, port):
    with (folder / "server.txt").open("wb") as out:
        server = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                assert server.poll() is None, (folder / "server.txt").read_text()[-2000:]
                assert time.monotonic() < until
                time.sleep(0.2)
            else:
                break
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture(scope="module", params=["gs", "az"])
def store(request, environment, tmp_path_factory):
    """The `bin` of an environment for this kind of store, its URL, the variables that lead there, and its package."""
    where, port = tmp_path_factory.mktemp(request.param), free_port()
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STEPLOG", "GOOGLE", "AZURE"))
    }
    env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "XDG_CACHE_HOME": str(where / "cache")}
    if request.param == "gs":
        bin_ = environment("gcsfs", "gcp-storage-emulator", "duckdb", "backports.zstd", ours=(".",))
        server = [
            bin_ / "gcp-storage-emulator",
            "start",
            "--host=127.0.0.1",
            f"--port={port}",
            "--in-memory",
            "--default-bucket=logs",
        ]
        with serving(server, where, port):
            yield bin_, "gs://logs/all", env | {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}, "gcsfs"
        return
    if shutil.which("npm") is None:
        pytest.skip("no npm here")
    (where / "package.json").write_text("{}")
    subprocess.run(
        ["npm", "install", "azurite", "--no-audit", "--no-fund"],
        cwd=where,
        check=True,
        timeout=600,
        capture_output=True,
    )
    bin_ = environment("adlfs", "duckdb", "backports.zstd", ours=(".",))
    env["AZURE_STORAGE_CONNECTION_STRING"] = (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KNOWN_KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    )
    server = [
        where / "node_modules/.bin/azurite-blob", "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence",
        "--skipApiVersionCheck", "--disableTelemetry", "--silent",
    ]  # fmt: skip
    with serving(server, where, port):
        subprocess.run([bin_ / "python", "-c", CONTAINER], env=env, check=True, timeout=60)
        yield bin_, "az://logs/all", env, "adlfs"


def test_killed_and_begun_again_all_is_there_once_and_read_by_url(store, tmp_path):
    bin_, url, env, package = store
    log, chance = tmp_path / "log", random.Random(17)
    with steplog.Recorder(log, rotate_bytes=20_000) as recorder:
        for number in range(150):
            with (
                recorder.run(f"r{number}", input="x" * 500) as run,
                run.tool("t", args={"q": "y" * 1500}) as tool,
            ):
                tool.set(result="z" * 1500)
    killed = 0
    for _ in range(8):
        command = [bin_ / "python", "-c", SHIPPING.format(package=package), log, url]
        shipping = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert shipping.stdout.readline() == b"begun\n"
        try:
            shipping.wait(timeout=chance.uniform(0, 0.5))
        except subprocess.TimeoutExpired:
            shipping.kill()
            killed += 1
        shipping.communicate()
    assert killed

    def call(*words):
        done = subprocess.run(
            [bin_ / "steplog", *map(str, words)],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    segments = sorted(file.name for file in log.glob("*.jsonl"))
    call("ship", url, log)
    assert "0 segments shipped" in call("ship", url, log)
    (log / ".shipped").unlink()
    again = call("ship", url, log)
    assert again.count(", was there") == len(segments) > 5, "each is there already, and whole"
    runs = [run.id for run in steplog.read(log).runs]
    question = "SELECT run, name, status FROM runs ORDER BY run"
    assert call("sql", question, "--json", "-p", url) == call("sql", question, "--json", "-p", log)
    assert sorted(row["run"] for row in json.loads(call("sql", question, "--json", "-p", url))) == sorted(
        runs
    )
    assert "2 runs" in call("ls", "-n", "2", url)
    call("doctor", url)
    call("prune", "--keep-bytes", "1", "--yes", log)
    assert not list(log.glob("*.jsonl"))
    assert json.loads(call("show", runs[0], "--json", url))
