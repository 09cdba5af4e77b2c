"""The page in a real browser: every view, the keyboard, what is answered by looking, a phone's width."""

from __future__ import annotations

import json
import re

import pytest
from page_tools import run_cli

import steplog
from steplog import ask


@pytest.fixture
def page(tab, single_file):
    """The single file, from disk, with the network off."""
    opened = tab()
    opened.context.set_offline(True)
    opened.open(single_file.as_uri())
    opened.wait(lambda: opened.page.query_selector(".rr"))
    yield opened
    opened.clean()
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []


def rows(tab, selector=".tr"):
    return [re.sub(r"\s+", " ", row.inner_text()) for row in tab.page.query_selector_all(selector)]


def test_the_list_says_what_was_asked_and_answered_and_how_it_ended(page):
    page.sees("9 of 9 runs · 2 failed")
    text = page.text(".rt")
    assert "Would it pay to bring back the night train" in text
    assert "the process died inside read_invoice(file: 2026-10-delos.pdf, pages: 1-61)" in text
    assert "asks: Pay EUR 412.00 for A-1042?" in text
    assert "GraphRecursionError: Recursion limit of 21" in text
    assert "⤷ a human answered: “380.00, shipping is not refundable”" in text
    assert page.page.locator("[role=grid] [role=row]").count() == 10


def tops(tab, selector):
    return [row.bounding_box()["y"] for row in tab.page.query_selector_all(selector)]


def test_rows_stand_below_each_other(page, ids):
    assert len(set(tops(page, ".rr"))) == 9
    page.go(f"#/run/{ids['research'][0]}")
    page.wait(lambda: len(rows(page)) > 10)
    found = tops(page, ".tr")
    assert found == [found[0] + 22 * i for i in range(len(found))]


def test_runs_that_were_asked_different_things_are_compared_from_the_top(page, ids):
    page.go(f"#/compare/{ids['research'][0]}/{ids['triage'][0]}")
    page.sees("They part at once")
    banner = page.page.query_selector(".cgs > .fdiv").bounding_box()
    assert banner["height"] < 40
    assert tops(page, ".cg")[0] - banner["y"] < 100


def test_a_filter_that_cannot_be_understood_says_why(page):
    page.go("#/runs?q=colour:red")
    page.sees("The filter fits no run: no word colour: there are status, name")
    page.go("#/runs?q=-status:ok,interrupted tool:get_order,read_invoice")
    page.sees("2 of 9 runs")


def test_the_query_filters_by_chips_that_the_address_keeps(page):
    keyboard = page.page.keyboard
    keyboard.press("/")
    keyboard.type("status:err")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    page.sees("1 of 9 runs")
    assert "q=status%3Aerror" in page.page.url
    keyboard.type('"worker-2 job 1002"')
    keyboard.press("Enter")
    page.sees("No run fits.")
    page.page.click("[aria-label='remove status:error']")
    page.wait(lambda: rows(page, ".rr") and "shop_analyst" in rows(page, ".rr")[0])
    keyboard.press("Backspace")
    page.sees("9 of 9 runs")


def test_a_link_shows_the_same_again(page, ids, step_of):
    page.go("#/runs?q=name%3Aresearch&group=thread")
    page.sees("2 of 9 runs")
    assert page.page.query_selector(".gr")
    page.go(f"#/run/{ids['research'][0]}?step={step_of('research', 'fetch_page')}&rows=nodes")
    page.wait(lambda: page.page.query_selector("[aria-selected=true].tr"))
    assert "fetch_page" in page.text("#detail")
    page.page.reload()
    page.wait(lambda: page.page.query_selector("[aria-selected=true].tr"))
    assert "fetch_page" in page.text("#detail")


def test_why_it_failed_is_on_the_screen_when_the_run_is_opened(page, ids):
    page.go(f"#/run/{ids['order_support'][0]}")
    page.sees("get_order was called 9 times with the same arguments", "#detail")
    assert "Each time the answer was the same" in page.text("#detail")
    assert "PENDING_REVIEW" in page.text("#detail")
    assert any("get_order × 9" in row for row in rows(page))
    assert len(rows(page)) == 4


def test_what_was_running_when_it_died_is_on_the_screen(page, ids):
    page.go(f"#/run/{ids['invoices'][0]}")
    page.sees("The process died inside read_invoice", "#detail")
    text = page.text("#detail")
    assert "in flight since" in text
    assert "2026-10-delos.pdf" in text
    assert "Both are booked. The scan of Delos has 61 pages; I read it whole." in text
    assert "checkpoint_id" in text
    assert "The log ends here" in page.text(".tree")
    assert any("no end" in row for row in rows(page))


def test_what_the_human_was_asked_and_answered_is_on_the_screen(page, ids):
    page.go(f"#/run/{ids['refunds'][0]}")
    page.sees("Pay EUR 412.00 for A-1042?", "#detail")
    assert "380.00, shipping is not refundable" in page.text("#detail")
    page.go(f"#/run/{ids['refunds'][2]}")
    page.sees("Waits for a human", "#detail")
    page.go("#/thread/tkt-88240?view=chat")
    page.sees("a human answered after", ".conv")
    assert page.text(".conv").index("Pay EUR 412.00") < page.text(".conv").index("380.00, shipping")


def test_where_the_time_went_and_which_sub_agent_used_what(page, ids):
    page.go(f"#/run/{ids['research'][0]}")
    page.wait(lambda: len(rows(page)) > 15)
    history = next(row for row in rows(page) if " history " in row)
    assert re.search(r"\+8 ≥ [\d,]+ / \d+ (– )?[\d.]+ m?s$", history)
    assert page.page.locator(".sub, .tr.agent").count() == 2
    assert page.page.locator(".bo.k-llm").count() > 8
    retried = next(row for row in rows(page) if "↻ 1 retry" in row)
    assert "fetch_page" in retried


def test_which_prompt_grew_and_by_what(page, ids):
    page.go(f"#/run/{ids['research'][0]}")
    page.wait(lambda: len(rows(page)) > 15)
    # Each row of a model says what came to its prompt, and how large it is by now.
    asked = [row for row in rows(page) if " aria-small " in row]
    assert sum("1 result" in row or "2 results" in row for row in asked) == 6
    sizes = [int(re.search(r"([\d,]+) / \d+ \S+ m?s$", row)[1].replace(",", "")) for row in asked]
    of_agents = [sizes[:4], sizes[4:]]
    assert all(each == sorted(each) and each[-1] > each[0] * 1.5 for each in of_agents), sizes
    # The step beside it has what was new in full, and the rest folded.
    page.sees("7 messages, 2 new since step", "#detail")
    assert "5 carried over" in page.text("#detail")
    assert "+2 added · 0 removed · 0 edited" in page.text("#detail")
    assert "41.2959" in page.text("#detail")


def test_which_prompt_shrank_and_what_is_no_longer_in_it(page, ids):
    page.go(f"#/run/{ids['triage'][0]}")
    page.wait(lambda: any("13 similar" in row for row in rows(page)))
    assert any("− 21 messages inside" in row for row in rows(page))
    page.go(f"#/run/{ids['triage'][0]}?step=46")
    page.sees("4 messages, 3 new since step 42", "#detail")
    assert "− 21 no longer sent" in page.text("#detail")
    assert "Summary of the tickets read so far" in page.text("#detail")


def test_where_it_loops(page, ids):
    page.go(f"#/run/{ids['order_support'][0]}")
    page.wait(lambda: any("get_order × 9" in row for row in rows(page)))
    assert "The loop" in page.text("#detail")
    assert "the same call 9 times" in next(row for row in rows(page) if "× 9" in row)
    page.go("#/runs")
    page.wait(lambda: any("×9" in row for row in rows(page, ".rr")))


def test_what_it_cost_and_which_sub_agent(tab, agents_log, ids, tmp_path):
    """With prices of the project's own: these models are nobody's."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.steplog.prices]\n"aria-*" = { input = 2.0, output = 10.0 }\n', encoding="utf-8"
    )
    run = ids["research"][0]
    done = run_cli("html", run, "-p", str(agents_log), "-o", "cost.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = ask.stats(steplog.read(agents_log), ("agent",), runs=[run]).as_json()["groups"]
    costs = {
        group["agent"]: (2 * group["input_tokens"] + 10 * group["output_tokens"]) / 1e6 for group in told
    }
    opened = tab()
    opened.open((tmp_path / "cost.html").as_uri())
    opened.wait(lambda: len(rows(opened)) > 15)
    for agent in ("history", "costs"):
        row = next(row for row in rows(opened) if f" {agent} " in row)
        assert f"${costs[agent]:.4f}" in row, (row, costs)
    total = f"${sum(costs.values()):.3f}"
    assert total in opened.text(".rh"), (total, opened.text(".rh"))
    opened.clean()


def test_thinking_and_images_are_told_and_not_loaded(page, ids):
    page.go(f"#/run/{ids['shop_analyst'][0]}?view=chat")
    page.sees("Thinking", ".conv")
    assert "image/png" in page.text(".conv")
    assert "not shown: only its size and hash are in the log" in page.text(".conv")
    assert page.page.locator("img, iframe, object, embed, video, audio").count() == 0


def test_search_finds_what_no_row_shows(page, ids):
    page.go(f"#/run/{ids['shop_analyst'][0]}")
    page.wait(lambda: rows(page))
    page.page.keyboard.press("/")
    page.page.keyboard.type("worker-2 job 1002")
    page.sees("1 step", ".tb .q")
    page.page.keyboard.press("Enter")
    page.wait(lambda: "load_log" in page.text("#detail .dh"))


def test_the_first_divergence_is_on_the_screen_with_the_words_that_differ(page, ids):
    page.go(f"#/compare/{ids['research'][0]}/{ids['research'][1]}")
    # Which of the two agents began first, their threads decide: and with it, what differs first.
    page.wait(lambda: re.search(r"First divergence: step \d+.*: (other \w+|only one)", page.text()))
    assert page.page.locator("#first").bounding_box()["y"] < 700
    assert re.search(r"\d+ equal · \d+ differ · \d+ only in A · \d+ only in B", page.text(".tb"))
    page.page.mouse.move(300, 500)
    page.page.mouse.wheel(0, 20_000)
    page.wait(lambda: page.page.locator("ins", has_text="Hardly.").count())
    assert "9.8" in [e.inner_text() for e in page.page.query_selector_all("del")]
    assert "5.0" in [e.inner_text() for e in page.page.query_selector_all("ins")]


def test_stats_lead_to_their_runs(page):
    page.go("#/stats")
    page.sees("Model calls")
    page.wait(lambda: page.page.query_selector(".ch path"))
    assert re.search(r"read_ticket\s+13", page.text(".st"))
    page.page.click("text=order_support")
    page.sees("1 of 9 runs")


def test_the_log_has_the_health_that_doctor_finds(page, agents_log):
    page.go("#/health")
    page.sees("No line is missing; a process died while it wrote.")
    found = json.loads(run_cli("doctor", str(agents_log), "--json").stdout)
    assert found["verdict"] == "unclosed"
    assert f"{found['segments'][0]['lines']} lines" in page.text(".st")
    assert "its process died" in page.text(".st")


def test_the_keyboard_does_everything_in_the_list(page):
    key = page.page.keyboard.press
    for _ in range(3):
        key("j")
    key("k")
    key("x")
    key("j")
    key("x")
    page.sees("2 selected")
    key("c")
    page.wait(lambda: "/compare/" in page.page.url)
    key("Escape")
    key("e")
    key("Enter")
    page.wait(lambda: "/run/" in page.page.url)
    page.wait(lambda: page.page.query_selector("#detail .pm"))
    key("]")
    page.wait(lambda: page.page.query_selector(".rh"))
    key("?")
    page.wait(lambda: page.page.query_selector("[role=dialog]"))
    key("Escape")
    assert page.page.query_selector("[role=dialog]") is None
    key("g")
    key("s")
    page.wait(lambda: "#/stats" in page.page.url)
    key("g")
    key("r")
    page.wait(lambda: "#/runs" in page.page.url)


def test_the_keyboard_does_everything_in_a_run(page, ids):
    key = page.page.keyboard.press
    page.go(f"#/run/{ids['research'][0]}")
    page.wait(lambda: len(rows(page)) > 15)
    key("Home")
    key("j")
    # Which of the two agents began first, their threads decide.
    page.wait(lambda: re.search("^(history|costs)", page.text("#detail .dh")))
    key("h")
    page.wait(lambda: len(rows(page)) < 17)
    key("l")
    page.wait(lambda: len(rows(page)) > 17)
    stops = []
    for _ in range(2):
        key("e")
        stops.append(page.wait(lambda: page.text("#detail .dh") not in stops and page.text("#detail .dh")))
        page.wait(lambda: "Attempts 2" in page.text("#detail") or "failed" in page.text("#detail .dh"))
    key("E")
    page.wait(lambda: page.text("#detail .dh") == stops[0])
    key("c")
    page.wait(lambda: page.page.query_selector(".left .conv"))
    key("t")
    page.wait(lambda: page.page.query_selector(".left .tree"))


def test_keys_that_come_faster_than_the_page_draws_each_count(page, ids):
    page.go(f"#/run/{ids['triage'][0]}?rows=all")
    page.wait(lambda: len(rows(page)) > 15)
    page.page.evaluate(
        "for (const key of ['Home', 'j', 'j', 'k', 'j']) document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"
    )
    third = rows(page)[2].split(" ")[0]
    page.sees(f"step {third}", "#detail .dh")


def test_a_step_is_copied_as_python_messages_and_as_a_config(tab, single_file, ids):
    opened = tab(permissions=["clipboard-read", "clipboard-write"])
    opened.open(f"{single_file.as_uri()}#/run/{ids['refunds'][0]}?step=2")
    opened.wait(lambda: opened.page.query_selector("#detail .dh"))
    for name in ("Python messages", "Config to fork here", "JSON", "Markdown"):
        opened.page.click("#detail >> text=Copy ▾")
        opened.page.click(f"[role=menuitem]:has-text('{name}')")
        opened.sees(f"Copied: {name}")
        text = opened.page.evaluate("navigator.clipboard.readText()")
        if name == "Python messages":
            scope = {}
            exec(text, scope)
            assert scope["messages"][-1]["tool_calls"][0]["args"] == {"order_id": "A-1042", "amount": 412}
        elif name == "Config to fork here":
            scope = {}
            exec(text, scope)
            assert scope["config"]["configurable"]["thread_id"] == "tkt-88240"
        else:
            assert "A-1042" in text
    opened.clean()


def test_on_a_phone_the_step_is_a_sheet_and_nothing_is_wider_than_the_screen(tab, single_file, ids):
    opened = tab(viewport={"width": 390, "height": 844}, has_touch=True)
    opened.open(single_file.as_uri())
    opened.wait(lambda: opened.page.query_selector(".rr"))
    views = [
        "#/runs",
        f"#/run/{ids['research'][0]}",
        f"#/run/{ids['research'][0]}?view=chat",
        f"#/compare/{ids['research'][0]}/{ids['research'][1]}",
        "#/stats",
        "#/health",
        f"#/run/{ids['invoices'][0]}?sheet=1",
    ]
    for view in views:
        opened.go(view)
        opened.page.wait_for_timeout(250)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390, view
    opened.go(f"#/run/{ids['research'][0]}")
    opened.wait(lambda: opened.page.query_selector(".tr"))
    assert not opened.page.is_visible("#detail")
    opened.page.tap(".tr >> nth=1")
    opened.wait(lambda: opened.page.is_visible("#detail"))
    assert not opened.page.is_visible(".tree")
    opened.page.tap(".btn.back")
    opened.wait(lambda: opened.page.is_visible(".tree"))
    opened.clean()


def test_on_a_phone_the_cause_stands_above_the_steps_and_a_tap_tells_the_rest(tab, single_file, ids):
    opened = tab(viewport={"width": 390, "height": 844}, has_touch=True)
    opened.open(single_file.as_uri())
    opened.wait(lambda: opened.page.query_selector(".rr"))
    opened.go(f"#/run/{ids['order_support'][0]}")
    opened.wait(lambda: opened.page.query_selector(".tr"))
    cause = "get_order was called 9 times with the same arguments"
    assert opened.text("#detail").split("\n") == ["Why", cause]
    below = opened.page.query_selector("#detail").bounding_box()
    assert below["y"] + below["height"] <= opened.page.query_selector(".tree").bounding_box()["y"]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.page.tap("text=Why")
    opened.sees("The loop", "#detail")
    assert not opened.page.is_visible(".tree")
    opened.page.tap("text=step 42")
    opened.sees("model call", "#detail")
    opened.page.tap(".btn.back")
    opened.wait(lambda: opened.page.is_visible(".tree"))
    assert cause in opened.text("#detail")
    opened.clean()


@pytest.mark.parametrize("width", [1280, 3000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(tab, single_file, ids, width, scheme):
    """WCAG AA: 4.5 to 1, computed over everything that is drawn, what is see-through included."""
    opened = tab(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened.open(single_file.as_uri())
    opened.wait(lambda: opened.page.query_selector(".rr"))
    for view in (
        "#/runs",
        f"#/run/{ids['research'][0]}?step=32",
        f"#/run/{ids['invoices'][0]}",
        f"#/compare/{ids['research'][0]}/{ids['research'][1]}",
        f"#/run/{ids['order_support'][0]}",
        f"#/run/{ids['shop_analyst'][0]}?view=chat&find=East",
        f"#/run/{ids['triage'][0]}?step=46",
        "#/thread/tkt-88240?view=chat",
        "#/stats",
        "#/health",
    ):
        opened.go(view)
        opened.wait(lambda: opened.page.query_selector(".rr, .tr, .cv, .cg, .tile"))
        opened.page.wait_for_timeout(100)
        assert opened.page.evaluate(CONTRAST) == [], view
    opened.clean()


CONTRAST = """() => {
  const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
  const c = canvas.getContext('2d', {willReadFrequently: true});
  const rgba = s => { c.clearRect(0, 0, 1, 1); c.fillStyle = s; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data]; };
  const light = p => { const [r, g, b] = p.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { const layers = []; for (; e; e = e.parentElement) { const p = rgba(getComputedStyle(e).backgroundColor); if (p[3]) { layers.push(p); if (p[3] === 255) break; } }
    return layers.reverse().reduce((a, p) => a.map((v, i) => v + (p[i] - v) * p[3] / 255), [255, 255, 255]); };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, t = walk.currentNode.textContent.trim();
    if (!t || !/[\\p{L}\\p{N}]/u.test(t) || !e.checkVisibility({checkOpacity: true}) || e.closest('script,style,option,button:disabled')) continue;
    const ink = rgba(getComputedStyle(e).color), paper = behind(e);
    let see = ink[3] / 255; for (let p = e; p; p = p.parentElement) see *= +getComputedStyle(p).opacity;
    const shown = paper.map((v, i) => v + (ink[i] - v) * see);
    const [a, b] = [light(shown), light(paper)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push([t.slice(0, 40), e.className, ratio.toFixed(2)]);
  }
  return bad.slice(0, 12);
}"""


def test_roles_and_names_are_those_of_a_tree_a_table_and_a_dialog(page, ids):
    page.go(f"#/run/{ids['research'][0]}?step=32")
    page.wait(lambda: len(rows(page)) > 15)
    snapshot = page.page.locator("body").aria_snapshot()
    for role in (
        'tree "steps"',
        "treeitem",
        'region "step"',
        "navigation",
        "toolbar",
        'heading "Would it pay',
    ):
        assert role in snapshot, role
    assert page.page.evaluate(NAMELESS) == []
    page.go("#/runs")
    page.wait(lambda: page.page.query_selector(".rr"))
    snapshot = page.page.locator("body").aria_snapshot()
    for role in (
        'grid "runs"',
        "row",
        "gridcell",
        "columnheader",
        'combobox "filter"',
        'img "died"',
        'img "failed"',
    ):
        assert role in snapshot, role
    assert page.page.evaluate(NAMELESS) == []


NAMELESS = """() => [...document.querySelectorAll('button,input,select,[role=img],[role=dialog],[role=checkbox],a[href]')]
  .filter(e => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.title || e.placeholder)).map(e => e.outerHTML.slice(0, 120))"""


def test_the_focus_is_seen(page):
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Tab")
    outline = page.page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert outline == "solid2px"


def test_a_span_of_time_is_brushed_and_a_part_of_a_run_is_zoomed_into(page, ids):
    def drag(selector, a, b):
        box = page.page.locator(selector).bounding_box()
        y = box["y"] + box["height"] / 2
        page.page.mouse.move(box["x"] + box["width"] * a, y)
        page.page.mouse.down()
        page.page.mouse.move(box["x"] + box["width"] * b, y, steps=4)
        page.page.mouse.up()

    drag(".hist", 0.0, 0.15)
    page.wait(lambda: "span=" in page.page.url)
    page.wait(lambda: not page.text(".sum").startswith("9 of 9"))
    page.page.click("[aria-label='remove the span of time']")
    page.sees("9 of 9 runs")
    page.go(f"#/run/{ids['research'][0]}")
    page.wait(lambda: len(rows(page)) > 15)
    drag(".strip", 0.2, 0.4)
    page.sees("Zoomed to")
    assert "zoom=" in page.page.url
    page.page.keyboard.press("z")
    page.wait(lambda: "Zoomed to" not in page.text())


def test_only_the_errors_and_only_one_agent_are_shown_when_that_is_asked_for(page, ids):
    page.go(f"#/run/{ids['research'][0]}")
    page.wait(lambda: len(rows(page)) > 15)
    page.page.click("button:has-text('1 error, 1 retry')")
    page.wait(lambda: len(rows(page)) < 8)
    assert "fetch_page failed" in " ".join(rows(page))
    page.page.click("button:has-text('1 error, 1 retry')")
    page.page.select_option(
        "select[aria-label='only this agent']",
        label=next(
            o for o in page.text("select[aria-label='only this agent']").split("\n") if o.startswith("costs")
        ),
    )
    page.wait(lambda: all("lisbon madrid" not in row for row in rows(page)))
    assert "costs" in rows(page)[0]


@pytest.fixture(scope="module")
def many_runs_file(tmp_path_factory):
    """A file of more pairs of runs than it holds comparisons of: long runs, each with one step of its own in the middle."""
    folder = tmp_path_factory.mktemp("many")
    with steplog.Recorder(folder / "logs") as recorder:
        for n in range(16):
            with recorder.run(f"run {n}", input="Go.") as run:
                for i in range(300 if n < 2 else 3):
                    if i == 150 and n == 1:
                        with run.tool("extra", args={}) as tool:
                            tool.set(result="only here")
                    with run.tool("page", args={"n": i}) as tool:
                        tool.set(result=f"page {i}")
    target = folder / "runs.html"
    assert run_cli("html", "--last", "50", "-p", str(folder / "logs"), "-o", str(target)).returncode == 0
    return folder / "logs", target


def test_a_file_of_many_runs_compares_those_of_which_it_holds_no_comparison(tab, many_runs_file):
    log, target = many_runs_file
    runs = {run.name: run for run in steplog.read(log).runs}
    page = tab()
    page.open(target.as_uri())
    page.wait(lambda: page.page.query_selector(".rr"))
    said = set()
    for a, b in (("run 0", "run 1"), ("run 1", "run 0"), ("run 14", "run 15"), ("run 2", "run 15")):
        page.go(f"#/compare/{runs[a].id}/{runs[b].id}")
        page.sees("durations and ids are not compared")
        page.wait(
            lambda a=a, b=b: runs[a].id[:8] in page.text(".cmp") and runs[b].id[:8] in page.text(".cmp")
        )
        told = page.text(".tb")
        said.add("aligned by this page" in told)
        differs = [pair for pair in ask.diff(runs[a], runs[b]).pairs if pair.differs]
        assert f"{sum(pair.a is None for pair in differs)} only in B" in told
        assert f"{sum(pair.b is None for pair in differs)} only in A" in told
    assert True in said
    page.clean()


def test_in_a_narrow_window_the_columns_that_matter_less_give_way(tab, single_file, ids):
    opened = tab(viewport={"width": 800, "height": 700})
    opened.open(single_file.as_uri())
    opened.wait(lambda: opened.page.query_selector(".rr"))
    edges = "s => [...document.querySelectorAll(s)].map(e => e.getBoundingClientRect()).filter(r => r.width)"
    right = max(edge["right"] for edge in opened.page.evaluate(edges, ".rr > *, .rg.hd > *"))
    assert 700 < right <= 800
    opened.go(f"#/run/{ids['order_support'][0]}")
    opened.wait(lambda: opened.page.query_selector(".tr"))
    left = opened.page.query_selector(".left").bounding_box()
    right = max(edge["right"] for edge in opened.page.evaluate(edges, ".tr > *, .tg.hd > *"))
    assert left["width"] - 50 < right <= left["x"] + left["width"]
    asked = opened.page.query_selector(".tr .c").bounding_box()
    assert asked["width"] > left["width"] * 0.45
    opened.clean()
