"""An S3 server on loopback in this process, and logs to ship there."""

import os
import subprocess
import sys
import uuid

import pytest

PROGRAM = "from steplog._cli.main import main; main()"


@pytest.fixture(scope="session")
def s3_address():
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_address, monkeypatch, tmp_path):
    """The URL of an empty bucket; this process and its children find the server by the usual variables."""
    pytest.importorskip("s3fs")
    for name in [name for name in os.environ if name.startswith(("STEPLOG", "AWS"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": s3_address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    import boto3

    name = f"logs-{uuid.uuid4().hex[:12]}"
    boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}/logs"


@pytest.fixture
def command(tmp_path):
    """A function: calls `steplog` in an empty folder."""

    def call(*words):
        program = [sys.executable, "-c", PROGRAM, *map(str, words)]
        return subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    return call
