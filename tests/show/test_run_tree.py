"""A run or a step shown by itself: text where there is text, HTML in a notebook, and nothing of the log acts."""

from __future__ import annotations

import contextlib
from html.parser import HTMLParser

import pytest

import steplog
from steplog._show.html import run_html

NASTY = '<script>alert(1)</script><img src=x onerror="alert(1)">&amp;\x1b[31m\u202e$\\href{javascript:alert(1)}{x}$\x00'
ALLOWED = {"div", "b", "code", "span", "pre", "details", "summary"}


class Audit(HTMLParser):
    """Collects what a browser would make elements of."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = set(), set(), [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def run(tmp_path):
    """A run in which everything that can hold text holds what must not act."""
    with steplog.Recorder(tmp_path / "log") as recorder:
        with (
            contextlib.suppress(ValueError),
            recorder.run(NASTY, input=NASTY, thread=NASTY, metadata={NASTY: NASTY}) as run,
        ):
            with run.llm(model=NASTY, messages=[{"role": NASTY, "content": NASTY}]) as call:
                call.set(
                    message={"role": "assistant", "content": NASTY},
                    usage={"input_tokens": 3, "output_tokens": 4},
                )
            with run.node(NASTY) as node, node.tool(NASTY, args={NASTY: NASTY}) as call:
                call.set(result=NASTY)
            with run.tool("fails"):
                raise ValueError(NASTY)
    return steplog.read(tmp_path / "log").run("@last")


@pytest.fixture(params=["run", "llm", "tool", "fails"])
def shown(run, request):
    return run if request.param == "run" else next(s for s in run.steps if request.param in (s.kind, s.name))


def drawn(shown):
    """The tree or the page of HTML, not the frame in which notebooks show a run."""
    return run_html(shown) if isinstance(shown, steplog.Run) else shown._repr_html_()


def test_what_is_in_the_log_makes_no_element_of_its_own(shown):
    audit = Audit(drawn(shown))
    assert audit.tags <= ALLOWED
    assert audit.attributes <= {"class", "style"}
    assert audit.open == []
    assert "<script>" in audit.text
    assert not {"\x1b", "\u202e", "\x00"} & set(audit.text)


def test_formulas_of_the_log_are_not_typeset(shown):
    assert drawn(shown).startswith('<div class="steplog tex2jax_ignore mathjax_ignore" ')


def test_the_text_has_nothing_that_steers_a_terminal(shown):
    assert not {"\x1b", "\u202e", "\x00"} & set(str(shown))


def test_html_and_text_say_what_the_run_did(run):
    text, html = str(run), Audit(drawn(run)).text
    for said in (
        "error",
        "tool fails",
        "3/4 tokens",
        "ValueError",
        "totals: 4 steps, 1 llm call, 2 tool calls, 1 error",
    ):
        assert said in text
        assert said in html


def test_a_terminal_of_ipython_gets_the_text(shown):
    class Printer:
        def text(self, text):
            self.said = text

    printer = Printer()
    shown._repr_pretty_(printer, cycle=False)
    assert printer.said == str(shown)


def test_a_log_that_is_gone_is_said_instead_of_raised(run, tmp_path):
    fresh = steplog.read(tmp_path / "log").run("@last")
    for file in (tmp_path / "log").iterdir():
        file.unlink()
    assert "cannot read" in str(fresh)
    assert "cannot read" in fresh._repr_html_()


def test_a_long_run_is_cut_where_a_browser_could_not_follow(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("long") as run:
        for n in range(700):
            with run.tool("search", args="x" * 50_000 if n == 0 else n):
                pass
    html = drawn(steplog.read(tmp_path / "log").run(-1))
    assert len(html) < 1_000_000
    assert "and 200 more steps" in html


def test_a_step_within_steps_without_end_is_shown(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("deep") as run:
        blocks = [run]
        for n in range(150):
            blocks.append(blocks[-1].node(f"n{n}").__enter__())
        for block in reversed(blocks[1:]):
            block.__exit__(None, None, None)
    audit = Audit(drawn(steplog.read(tmp_path / "log").run(-1)))
    assert "(depth 149) 150 node n149" in audit.text
