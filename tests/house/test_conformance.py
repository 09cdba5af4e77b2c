"""The conformance table of langchain-steplog is of today's tests, and says yes for the newest versions."""

import importlib.util
from pathlib import Path

PAGE = Path(__file__).parents[2] / "integrations" / "langchain-steplog"


def test_the_table_has_every_behaviour_and_the_newest_versions_have_all():
    spec = importlib.util.spec_from_file_location("conformance", PAGE / "conformance.py")
    conformance = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conformance)
    text = (PAGE / "README.md").read_text(encoding="utf-8")
    table = text.partition(conformance.BEGIN)[2].partition(conformance.END)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()][2:]
    assert [row[0] for row in rows] == conformance.behaviours()
    assert {row[-1] for row in rows} == {"yes"}
