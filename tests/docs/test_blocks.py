"""Every code block and command of README and docs does what stands there."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from blocks import COMMANDS, ROOT, blocks, pages, plain, run


def name(page):
    return page.relative_to(ROOT).as_posix()


PAGES = pages()
RUNNING = [
    page
    for page in PAGES
    if any(
        block.language in (*COMMANDS, "python")
        and block.mark not in ("not run", "tested", "main command", "test command")
        for block in blocks(page)
    )
]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_block_runs_or_says_why_not(page):
    before = None
    for block in blocks(page):
        if block.mark == "not run":
            assert len(block.value) > 10, f"why not? {block.text}"
        elif block.mark == "tested":
            assert (ROOT / block.value).exists(), block.value
        elif not block.mark:
            runs = block.language in (*COMMANDS, "python")
            is_output = not block.language and before is not None
            assert runs or is_output, f"{name(page)}: neither run nor marked:\n{block.text}"
        before = block if block.language in (*COMMANDS, "python") else None


@pytest.mark.parametrize("page", RUNNING, ids=name)
def test_what_stands_on_a_page_works(page, tmp_path):
    pytest.importorskip("duckdb")
    for one in run(page, tmp_path):
        code = int(one.block.value) if one.block.mark == "exits" else 0
        assert one.code == code, f"{one.block.text}\n{one.out}\n{one.err}"
        assert "Traceback" not in one.err
        if one.shown is not None:
            assert plain(one.out) == plain(one.shown.text), one.block.text


def test_what_differs_each_time_is_not_compared_and_the_rest_is():
    assert plain("took 3.1 ms, run 0a1b2c3d4e5f6071\n") == plain("took 44 ms, run ffee2c3d4e5f6071\n")
    assert plain("3 steps") != plain("4 steps")
