"""The conformance tables of the integrations are of today's tests, and say yes for the newest versions."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from conformance import BEGIN, END, INTEGRATIONS


@pytest.mark.parametrize("integration", INTEGRATIONS, ids=lambda integration: integration.folder)
def test_the_table_has_every_behaviour_and_the_newest_versions_have_all(integration):
    text = (integration.home / "README.md").read_text(encoding="utf-8")
    table = text.partition(BEGIN)[2].partition(END)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()]
    assert [title.partition(":")[0] for title in rows[0]] == ["behaviour", "oldest", "pinned", "newest"]
    assert [row[0] for row in rows[2:]] == integration.behaviours()
    assert {row[-1] for row in rows[2:]} == {"yes"}
