"""Every text of a log is hostile: it does nothing but show, and nothing leaves the machine."""

from __future__ import annotations

import json
import re

import pytest
from page_tools import CHROMIUM, QUIET, embedded, run_cli, serving

import steplog
from sample_log import RUN, Lines

NASTY = [
    "<script>window.pwned=1</script><img src=x onerror=window.pwned=1><svg onload=window.pwned=1>",
    "</script></style></textarea><!--<script>window.pwned=1</script>",
    '"><iframe srcdoc="<script>parent.pwned=1</script>"></iframe><a href="javascript:window.pwned=1">x</a>',
    "[click](javascript:window.pwned=1) ![i](https://evil.example/pixel.png) [w](https://evil.example/?q=1)",
    "{{constructor.constructor('window.pwned=1')()}} ${window.pwned=1} `window.pwned=1`",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200b\ufeff \u0000\u0007\u001b[2J\u001b]0;owned\u0007 \ud83c zalgo\u0301\u0301\u0301",
    "$(window.pwned=1) @import url(https://evil.example/x.css); url(https://evil.example/y)",
    "%3Cscript%3E &lt;script&gt; &#60;script&#62; \\u003cscript\\u003e",
]


def nested(levels: int):
    value = "the bottom"
    for n in range(levels):
        value = {f"level{n}": value} if n % 2 else [value]
    return value


def hostile(**fields) -> Lines:
    """A run every text of which is hostile: names, models, threads, errors, keys, roles, ids."""
    every = " ".join(NASTY).replace("\ud83c", "")
    lines = Lines().opened(argv0=every[:200], content="full")
    lines.add(
        "run.start",
        id="01a2b3c4-d5e6-7f80-8f3a-1c2b4d5e6f70",
        name=NASTY[0],
        framework="x",
        thread=NASTY[1],
        input={"messages": [{"m": 1, "role": NASTY[0], "content": every}]},
    )
    for n, nasty in enumerate(NASTY):
        text = nasty.replace("\ud83c", "")
        step = n * 3 + 1
        lines.add("agent.start", step=step, name=text)
        lines.add(
            "llm.start",
            step=step + 1,
            parent=step,
            model=text,
            provider=text,
            params={text: text},
            prompt="1",
            tools=[text],
            tool_defs=[{"name": text, "description": text, "parameters": {text: text}}],
        )
        call = {
            "id": text,
            "name": text,
            "args": {text: text, "__proto__": {"pwned": 1}, "constructor": text},
        }
        lines.add(
            "llm.end",
            step=step + 1,
            ms=1,
            finish_reason=text,
            usage={"input_tokens": 1, "output_tokens": 1},
            message={"m": n + 2, "role": "assistant", "content": text, "tool_calls": [call]},
        )
        lines.add(
            "tool.start",
            step=step + 2,
            parent=step,
            name=text,
            call_id=text,
            args=call["args"],
            asked_by=step + 1,
        )
        lines.add(
            "tool.end",
            step=step + 2,
            ms=1,
            status="error",
            error={"type": text, "message": text, "stack": [text], "module": text},
        )
    last = len(NASTY) * 3 + 1
    lines.add("tool.start", step=last, name="deep", args=nested(200))
    lines.add("tool.end", step=last, ms=1, result=nested(200))
    lines.add("tool.start", step=last + 1, name="large", args={"n": 1})
    lines.add("tool.end", step=last + 1, ms=1, result="<b>wide</b> " * 900_000)
    lines.add("interrupt.point", step=last + 2, value={"question": every, "options": NASTY[:5]}, id=NASTY[0])
    lines.add(
        "custom.point",
        step=last + 3,
        name=NASTY[0],
        data={"$blob": {"type": NASTY[0], "bytes": 5, "sha256": NASTY[1]}},
    )
    return lines.add(
        "run.end",
        ms=30,
        status="error",
        error={"type": NASTY[0], "message": every, "step": 3},
        totals={"steps": last + 3},
    )


@pytest.fixture(scope="module")
def hostile_log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "log"
    folder.mkdir()
    data = hostile().bytes()
    (folder / "20261123T031259000000Z-4711-k3x9q2ab.jsonl").write_bytes(
        data + b'{"seq":99,"ts":"<script>window.pwned=1</script>"}\n\xff\xfe<script>\n'
    )
    return folder


VIEWS = [
    "#/runs", f"#/run/{RUN}", f"#/run/{RUN}?view=chat", f"#/run/{RUN}?rows=all&step=2", f"#/run/{RUN}?step=3", f"#/run/{RUN}?step=25", f"#/run/{RUN}?step=26",
    f"#/run/{RUN}?step=27", f"#/run/{RUN}?step=28", f"#/compare/{RUN}/{RUN}", "#/stats", "#/health", "#/thread/" + "%3Cscript%3E", "#/runs?q=%3Cimg%20src%3Dx%20onerror%3Dwindow.pwned%3D1%3E",
    "#/run/%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E", f"#/run/{RUN}?find=%3Cscript%3E",
]  # fmt: skip


def look_everywhere(tab) -> None:
    """Opens every view, and unfolds everything on it."""
    page = tab.page
    for view in VIEWS:
        tab.go(view)
        page.wait_for_timeout(120)
        for _ in range(2):
            page.evaluate(
                "document.querySelectorAll('details:not([open]) > summary').forEach(s => s.click())"
            )
            page.wait_for_timeout(40)
    assert (
        page.evaluate("[window.pwned, ({}).pwned, document.title.includes('<')]") == [None, None, False]
        or page.evaluate("window.pwned") is None
    )
    assert (
        page.evaluate(
            "[...document.querySelectorAll('a[href]')].filter(a => !a.getAttribute('href').startsWith('#')).length"
        )
        == 0
    )
    assert (
        page.locator(
            "img, iframe, object, embed, video, audio, base, form, script[src], link[rel=stylesheet]"
        ).count()
        == 0
    )


def test_hostile_texts_do_nothing_but_show_in_the_single_file(tab, hostile_log, tmp_path):
    target = tmp_path / "x.html"
    assert run_cli("html", "@last", "-p", str(hostile_log), "-o", str(target)).returncode == 0
    opened = tab()
    opened.open(target.as_uri())
    opened.wait(lambda: opened.page.query_selector(".rh"))
    look_everywhere(opened)
    opened.go(f"#/run/{RUN}?step=3")
    opened.sees("<script>window.pwned=1</script>", "#detail")
    opened.go(f"#/run/{RUN}?view=chat")
    opened.sees("⟨RLO⟩gnp.exe")
    opened.sees("javascript:window.pwned=1")
    opened.clean()


def test_hostile_texts_do_nothing_but_show_on_the_served_page(tab, hostile_log):
    with serving(hostile_log) as served:
        opened = tab()
        opened.open(served.link)
        opened.wait(lambda: opened.page.query_selector(".rr"))
        assert "token" not in opened.page.url
        look_everywhere(opened)
        opened.go("#/health")
        opened.sees("This log is not whole.")
        assert {
            url.partition("/api")[0].rstrip("/").partition("/?")[0]
            for url in opened.requests
            if not url.startswith("data:")
        } == {served.origin}
        # A run that is not there is asked for, and its answer is a sentence of ours.
        assert [p for p in opened.problems if "404" not in p] == []
        assert opened.page.evaluate("window.__violations") == []


def test_a_value_of_ten_megabytes_is_shown_in_part(tab, hostile_log, tmp_path):
    target = tmp_path / "x.html"
    run_cli("html", "@last", "-p", str(hostile_log), "-o", str(target))
    opened = tab()
    opened.open(f"{target.as_uri()}#/run/{RUN}?step=26")
    opened.sees("<b>wide</b>", "#detail")
    opened.sees("more characters")
    assert len(opened.text("#detail")) < 100_000
    opened.page.click(".btn.more >> nth=0")
    opened.wait(lambda: len(opened.text("#detail")) > 100_000)
    opened.clean()


def test_two_hundred_levels_open_one_by_one(tab, hostile_log, tmp_path):
    target = tmp_path / "x.html"
    run_cli("html", "@last", "-p", str(hostile_log), "-o", str(target))
    opened = tab()
    opened.open(f"{target.as_uri()}#/run/{RUN}?step=25")
    opened.sees("level199", "#detail")
    for _ in range(210):
        if "the bottom" in opened.text("#detail"):
            break
        opened.page.evaluate(
            "document.querySelectorAll('#detail .js details:not([open]) > summary').forEach(s => s.click())"
        )
        opened.page.wait_for_timeout(15)
    opened.sees("the bottom", "#detail")
    opened.clean()


def test_the_policy_is_in_force_even_for_a_script_that_got_in(tab, served):
    opened = tab()
    opened.open(served.link)
    opened.wait(lambda: opened.page.query_selector(".rr"))
    for attack in (
        "document.body.innerHTML = '<b>x</b>'",
        "const s = document.createElement('script'); s.textContent = 'window.pwned = 1'; document.body.append(s)",
        "const i = document.createElement('img'); i.src = 'https://evil.example/x.png'; document.body.append(i)",
        "fetch('https://evil.example/').catch(() => 0)",
        "document.body.setAttribute('onclick', 'window.pwned = 1'); document.body.click()",
    ):
        before = len(opened.page.evaluate("window.__violations"))
        opened.page.evaluate(f"() => {{ try {{ {attack} }} catch (e) {{ window.__caught = String(e) }} }}")
        opened.page.wait_for_timeout(60)
        assert opened.page.evaluate("window.pwned") is None, attack
        assert len(opened.page.evaluate("window.__violations")) > before or opened.page.evaluate(
            "window.__caught"
        ), attack


def test_nothing_leaves_the_machine(proxy, hostile_log, agents_log, tmp_path):
    """A whole browser behind a proxy that counts who asks for what."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: the page is not looked at")
    target = tmp_path / "x.html"
    run_cli("html", "--last", "20", "-p", str(agents_log), "-o", str(target))
    program = f"""
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    b = p.chromium.launch(executable_path={CHROMIUM!r}, args=[*{list(QUIET)!r}, "--proxy-server=http://127.0.0.1:{proxy.port}"])
    page = b.new_page()
    page.goto(sys.argv[1]); page.wait_for_selector(".rr")
    for view in {VIEWS!r}:
        page.evaluate("h => {{ location.hash = h }}", view); page.wait_for_timeout(60)
    page.goto(sys.argv[2]); page.wait_for_selector(".rr"); page.click(".rr"); page.wait_for_selector(".tr")
    b.close()
"""
    import subprocess
    import sys

    with serving(hostile_log) as served:
        done = subprocess.run(
            [sys.executable, "-c", program, served.link, target.as_uri()],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    # Chromium asks its maker for updates whatever is open; no page of ours has asked for anything.
    makers = re.compile(rb"^\w+ (https?://)?[\w.-]*\.(googleapis|google|gvt1|gstatic)\.com[:/]")
    asked = [line for line in proxy.asked if not makers.match(line)]
    assert asked == []


def test_a_notebooks_frame_is_shut_off_and_readable_without_a_network(tab, agents_log, ids, tmp_path):
    log = steplog.read(agents_log)
    frames = log._repr_html_() + log.run(ids["research"][0])._repr_html_()
    assert frames.count('<iframe sandbox="allow-scripts" ') == 2
    page = tmp_path / "notebook.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><title>exported</title><p>notebook</p>{frames}", encoding="utf-8"
    )
    opened = tab()
    opened.context.set_offline(True)
    opened.open(page.as_uri())
    first, second = opened.page.frames[1:]
    opened.wait(lambda: first.query_selector(".rr"))
    opened.wait(lambda: second.query_selector(".tr"))
    first.click(".rr:has-text('invoices')")
    opened.wait(lambda: "The process died inside read_invoice" in first.inner_text("body"))
    first.click(".brand")
    opened.wait(lambda: first.query_selector(".rr"))
    assert opened.page.url == page.as_uri()
    assert (
        first.evaluate(
            "(() => { try { return String(parent.document.title) } catch (e) { return 'shut off' } })()"
        )
        == "shut off"
    )
    opened.clean()


def test_a_log_too_large_for_a_notebook_says_where_the_rest_is(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        for n in range(25):
            with recorder.run(f"run {n}"):
                pass
    from html import unescape

    listing, runs = embedded(unescape(steplog.read(tmp_path / "log")._repr_html_()))
    assert (len(runs), listing["state"]["more"]) == (20, 5)
    assert json.dumps(listing)
