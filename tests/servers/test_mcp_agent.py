"""A LangGraph agent finds what went wrong among 2,000 runs through `steplog mcp`, for few tokens, hostile text only as data."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import planted_log
from steplog._show.quoted import tokens_in

pytestmark = pytest.mark.servers


def test_an_agent_with_the_tools_finds_the_planted_fault(environment, tmp_path):
    pytest.importorskip("mcp", reason="the extra `mcp` is not installed")
    planted = planted_log.write(tmp_path / "logs")
    binaries = environment("langchain-mcp-adapters", "mcp<2", "langchain", "langgraph", ours=())
    server = tmp_path / "steplog"
    server.write_text(f"#!{sys.executable}\nfrom steplog._cli.main import main\nmain()\n")
    server.chmod(0o755)
    program = Path(__file__).with_name("mcp_agent.py")
    done = subprocess.run(
        [binaries / "python", program, server, tmp_path / "logs", planted_log.ORDER],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["tools"]) == 8
    assert told["answer"] == f"run {planted[:8]}, step 4: {planted_log.CAUSE}"
    spent = tokens_in(json.dumps(told["schemas"])) + sum(map(tokens_in, told["messages"]))
    assert spent < 10_000, spent
    lines = [line for message in told["messages"] for line in message.split("\n")]
    hostile = [line for line in lines if re.search("Ignore your|maintenance", line)]
    assert hostile, "it came by it"
    assert all(line.startswith("|") for line in hostile)
