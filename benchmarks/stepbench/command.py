"""The benchmark's command line."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from stepbench.catalogue import WORK
from stepbench.machine import facts, sentence
from stepbench.probes import Probes, probe
from stepbench.report import markdown, put_into
from stepbench.study import Study, study
from stepbench.targets import verdicts

_OUTSIDE = "outside"


def main() -> None:
    """Measure what was asked for; tables go to standard output."""
    names = [*(work.name for work in WORK), _OUTSIDE]
    parser = argparse.ArgumentParser(
        description="What recording costs, beside the same program without a recorder."
    )
    parser.add_argument(
        "--quick", action="store_true", help="a third of the rounds: for a look, not for a figure"
    )
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the tables, between the marks where it has them"
    )
    asked = parser.parse_args()
    logging.disable(logging.WARNING)  # peers whose hooks fail say so at each call

    studies: dict[str, Study] = {}
    for work in WORK:
        if work.name in asked.only:
            print(f"{work.name} ...", file=sys.stderr)
            studies[work.name] = study(work, is_quick=asked.quick)
    probes: Probes | None = None
    if _OUTSIDE in asked.only:
        print(f"{_OUTSIDE} ...", file=sys.stderr)
        probes = probe(is_quick=asked.quick)

    found = verdicts(studies, probes)
    text = markdown(sentence(), studies, probes, found)
    print(text)
    if asked.markdown is not None:
        put_into(asked.markdown, text)
    if asked.json is not None:
        result = {
            "machine": facts(),
            "targets": [
                {"target": v.target, "found": v.found, "most": v.most, "met": v.is_met} for v in found
            ],
            "workloads": [one.as_dict() for one in studies.values()],
            "outside": None if probes is None else probes.as_dict(),
        }
        asked.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
