"""A post-mortem as text, for a terminal or as Markdown: drawn from its plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._show.preview import as_text
from steplog._show.run_tree import totals_text
from steplog._show.terminal_text import as_json, one_line, visible
from steplog._show.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_GIVEN: Final = 2_000  # characters of an input or an answer on the page
_MOST_STACK: Final = 12
_TO_COPY: Final = "config="  # a line that somebody will paste
_ENDED: Final = {
    "crashed": "its process died",
    "error": "it failed",
    "cancelled": "it was cancelled",
    "interrupted": "it waits for a human",
    "abandoned": "nobody read it to the end",
    "running": "it is running",
    "unfinished": "its end is not in the log",
    "ok": "it ended well",
}


def postmortem_lines(page: Mapping[str, Any], columns: int) -> Iterator[str]:
    """The page for a terminal of so many columns."""
    yield visible(_title(page))
    yield visible(_facts(page))
    for heading, lines in _sections(page):
        yield ""
        yield heading
        for line in lines:
            is_cut = len(line) > columns - 2 and not line.startswith(_TO_COPY)
            yield f"  {one_line(line, columns - 2) if is_cut else visible(line)}"


def markdown_lines(page: Mapping[str, Any]) -> Iterator[str]:
    """The page as Markdown: whatever the log says stands in blocks of code, where it means nothing."""
    yield f"# {_plain(_title(page))}"
    yield ""
    yield _plain(_facts(page))
    for heading, lines in _sections(page):
        yield from ("", f"## {heading}", "")
        yield from fenced([visible(line, keep_breaks=True) for line in lines])


def fenced(lines: list[str]) -> Iterator[str]:
    """The lines as a block of code, with a fence longer than any in them."""
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    yield from (f"{fence}text", *lines, fence)


def _plain(text: str) -> str:
    """Text in which Markdown finds nothing to do."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|!" else char for char in visible(text))


def _title(page: Mapping[str, Any]) -> str:
    name = page.get("name") or "(no name)"
    return f"{name}: {_ENDED.get(page['status'], page['status'])}"


def _facts(page: Mapping[str, Any]) -> str:
    facts = [f"run {page['run']}", page.get("framework", ""), f"started {page.get('started', '?')}"]
    # What a dead process did after its last line is not known.
    words = "last line after" if page["status"] in ("crashed", "unfinished") else "took"
    facts.append(f"{words} {duration(page['ms'])}" if "ms" in page else "")
    facts.append(f"thread {page['thread']}" if "thread" in page else "")
    return ", ".join(fact for fact in facts if fact)


def _sections(page: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    if "asked" in page:
        yield "Asked", _text(page["asked"])
    if "in_flight" in page:
        words = {"crashed": "Under way when the process died", "running": "Under way now"}
        flying = [line for step in page["in_flight"] for line in _in_flight(step)]
        died = page["status"] == "crashed"
        yield (
            words.get(page["status"], "Under way at the end"),
            [*flying, *(["nothing was written after"] if died else [])],
        )
    for failure in page.get("failures", ()):
        yield f"Failed: step {failure['step']}", list(_failure(failure))
    if "waits_for" in page:
        yield "Waits for an answer to", [line for question in page["waits_for"] for line in _text(question)]
    if "config" in page:
        yield "To go on from here", [f"{_TO_COPY}{as_json(page['config'])}"]
    if "tried" in page:
        yield "Tried", list(page["tried"])
    if "waste" in page:
        yield "In vain", [f"{each['sentence']} (steps {_steps(each['steps'])})" for each in page["waste"]]
    if "last_answer" in page:
        yield "Last answer of a model", _text(page["last_answer"])
    yield "Totals", list(_totals(page))


def _in_flight(step: Mapping[str, Any]) -> Iterator[str]:
    since = f" since {step['since']}" if step["since"] else ""
    lasted = f", for {duration(step['ms'])}" if step["ms"] else ""
    state = "" if step["status"] == "open" else f" ({step['status']})"
    yield f"step {step['step']} {step['kind']} {step['name']}{state}{since}{lasted}"
    yield from (f"  {line}" for line in _text(step["given"]))


def _failure(failure: Mapping[str, Any]) -> Iterator[str]:
    error = failure["error"]
    yield f"{failure['kind']} {failure['name']}".strip()
    yield from (f"given: {line}" for line in _text(failure["given"]))
    type_ = ".".join(as_text(error[part]) for part in ("module", "type") if error.get(part))
    yield from _text(f"{type_ or 'error'}: {as_text(error.get('message'))}")
    facts = [
        f"{part} {as_text(error[part])}" for part in ("http_status", "code", "request_id") if part in error
    ]
    yield from facts
    stack = error.get("stack")
    places = [as_text(place) for place in stack] if isinstance(stack, list) else []
    if len(places) > _MOST_STACK:
        yield f"  … {len(places) - _MOST_STACK} calls above"
    yield from (f"  {place}" for place in places[-_MOST_STACK:])
    led = failure.get("led")
    if led is not None:
        yield from _text(f"after step {led['step']} {led['kind']} {led['name']}: {led['said']}")


def _steps(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:8]))
    return f"{shown} …" if len(numbers) > 8 else shown


def _totals(page: Mapping[str, Any]) -> Iterator[str]:
    yield totals_text(page.get("totals", {}))
    if "cost" in page:
        yield f"cost ${page['cost']:.6f}"
    if "masked" in page:
        yield "masked: " + ", ".join(f"{count} {kind}" for kind, count in page["masked"].items())


def _text(text: str) -> list[str]:
    shown = text if len(text) <= _MOST_GIVEN else f"{text[:_MOST_GIVEN]}… ({len(text)} characters)"
    return shown.split("\n") if shown else []
