"""Records what a test runs into a directory, checks every line against the schema, and gives trees as short text."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Test folders are no packages; the server that answers as model providers do is the sister integration's.
sys.path[:0] = [
    str(HERE),
    str(HERE.parents[1] / "langchain-steplog" / "tests"),
    str(HERE.parents[2] / "tests"),
]


class Recorded:
    """A log that is being written by this process, and what is in it once it is closed."""

    def __init__(self, path, handler):
        self.path = path
        self.handler = handler

    def close(self):
        from llama_index.observability.steplog import deactivate

        deactivate()

    def log(self):
        import steplog

        self.close()
        return steplog.read(self.path)

    @property
    def runs(self):
        return self.log().runs

    @property
    def run(self):
        (only,) = self.runs
        return only


@pytest.fixture
def recorded(tmp_path):
    """Recording of everything this process does into a new directory, with all lines checked at the end."""
    from llama_index.observability.steplog import activate, deactivate

    path = tmp_path / "log"
    yield Recorded(path, activate(path))
    deactivate()
    if path.exists():
        check_lines(path)


def check_lines(path):
    import orjson
    from jsonschema import Draft202012Validator

    from steplog._format.schema import schema

    validator = Draft202012Validator(schema())
    for file in path.glob("*.jsonl"):
        for line in file.read_bytes().splitlines():
            record = orjson.loads(line)
            assert record["ev"] != "log.error", record
            assert not [e.message for e in validator.iter_errors(record)], record
