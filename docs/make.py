"""Makes what is generated of the docs, and with `--site` the site itself: `python docs/make.py [--site]`.

Generated are `reference/commands.md` from each command's `--help`, `reference/python.md` from the docstrings, and `llms.txt`
from the navigation; a test compares them with what stands here. The site needs `docs/requirements.txt`, and no network.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
MODULES = (
    "steplog",
    "steplog.ask",
    "steplog.export",
    "steplog.fleet",
    "steplog.spark",
    "steplog.integration",
    "steplog.testing",
    "langchain_steplog",
    "llama_index.observability.steplog",
)
WIDTH = 110
SHOWN_DEFAULTS = (str, int, float, bool, type(None))
EXAMPLE = "<!-- tested: tests/house/test_docstring_examples.py -->"
NOTHING = "<!-- not run: part of a docstring -->"


def commands() -> str:
    """The reference of the command line."""
    from steplog._cli.main import _COMMANDS, steplog  # noqa: PLC0415 - the whole command line

    lines = [
        "# Commands",
        "",
        "Each command's `--help`, by `python docs/make.py`. `RUN` is the beginning of a run's id, `@last`, or `@-2` for the last but one.",
        "A log is named by the last argument or by `-p PATH`; without it, it is `$STEPLOG_PATH` or `./steplogs`. Exit codes: 0 fine, 1 the",
        'answer is "no" (no such run, it differs, something is missing), 2 wrong usage.',
        "",
        "| command | answers |",
        "|---|---|",
        *(f"| [`steplog {name}`](#steplog-{name}) | {what} |" for name, what in _COMMANDS.items()),
    ]
    for name in _COMMANDS:
        command = steplog.get_command(click.Context(steplog), name)
        context = click.Context(
            command, info_name=f"steplog {name}", terminal_width=WIDTH, max_content_width=WIDTH
        )
        told = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        lines += [
            "",
            f"## steplog {name}",
            "",
            "<!-- tested: tests/docs/test_generated.py -->",
            "```text",
            told,
            "```",
        ]
    return "\n".join(lines) + "\n"


def python() -> str:
    """The reference of the Python API."""
    lines = ["# Python", "", "What is public, with its docstrings, by `python docs/make.py`.", ""]
    found = [module for name in MODULES if (module := _module(name)) is not None]
    lines += [f"* [`{module.__name__}`](#{_anchor(module.__name__)})" for module in found]
    for module in found:
        lines += ["", f"## {module.__name__}", "", *_doc(module)]
        for name in sorted(module.__all__):
            thing = getattr(module, name)
            if not name.startswith("__") and (inspect.isclass(thing) or callable(thing)):
                lines += ["", *_of(name, thing)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _anchor(name: str) -> str:
    return re.sub(r"[^\w-]", "", name.lower())


def _of(name: str, thing: Any) -> Iterator[str]:
    """A name's heading, what it says, and for a class its own public members."""
    yield f"### {name}"
    yield ""
    if not isinstance(thing, type) or not issubclass(thing, BaseException):
        yield f"`{name}{_signature(thing)}`"
        yield ""
    yield from _doc(thing)
    if not inspect.isclass(thing):
        return
    yield ""
    for member, value in sorted(vars(thing).items()):
        of = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if member.startswith("_") or not inspect.isfunction(of) or not of.__doc__:
            continue
        told = f"`.{member}`" if isinstance(value, property) else f"`.{member}{_signature(of)}`"
        first = inspect.cleandoc(of.__doc__).partition("\n\n")[0].replace("\n", " ")
        yield f"* {told}: {first}"


def _signature(thing: Any) -> str:
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(…)"
    kept = [
        parameter
        if parameter.default is parameter.empty or isinstance(parameter.default, SHOWN_DEFAULTS)
        else parameter.replace(default=...)
        for name, parameter in found.parameters.items()
        if name not in ("self", "cls") and not name.startswith("_")
    ]
    text = str(found.replace(parameters=kept)).replace("Ellipsis", "…")
    return re.sub(r"'([^']*)'", r"\1", text) if "'" in text and " = '" not in text else text


def _doc(thing: Any) -> Iterator[str]:
    text = inspect.cleandoc(vars(thing).get("__doc__") or "") if hasattr(thing, "__dict__") else ""
    text = text.partition("PYTEST_DONT_REWRITE")[0].rstrip()  # words for pytest
    fences = 0
    for line in text.splitlines():
        if line.startswith("```"):
            fences += 1
            if fences % 2:
                yield EXAMPLE if line == "```python" else NOTHING
        yield line


def navigation() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The sections of mkdocs.yml, each with titles and pages; pages that are not here are left out."""
    for entry in yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]:
        for title, inside in entry.items():
            pages = (
                [(title, inside)]
                if isinstance(inside, str)
                else [pair for one in inside for pair in one.items()]
            )
            yield title, [(name, page) for name, page in pages if (DOCS / page).exists()]


def llms() -> str:
    """What a coding agent reads first: the pages, each with its first sentence."""
    intro = "The flight recorder for LLM agents: every step of a run (model calls, tool calls, errors) as one JSON line in a local file."
    lines = ["# steplog", "", f"> {intro}", "", "The prompt to paste into a coding agent is on index.md."]
    for title, pages in navigation():
        lines += ["", f"## {title}", ""]
        for name, page in pages:
            text = (DOCS / page).read_text(encoding="utf-8")
            found = re.search(
                r"^(?!#|<!--|\||```|\s*$)(.+?)(?:[.:](?:\s|$)|\n\n|\Z)", text, re.MULTILINE | re.DOTALL
            )
            lines.append(f"* [{name}]({page}): {' '.join(found[1].split()) if found else name}.")
    return "\n".join(lines) + "\n"


GENERATED = {"reference/commands.md": commands, "reference/python.md": python, "llms.txt": llms}


def site(out: Path) -> None:
    """Build the site into `out`, with a Markdown twin of each page; raises where the builder complains."""
    with_room = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    with_room["nav"] = [
        {
            title: [{name: page} for name, page in pages]
            if len(pages) > 1 or title != pages[0][0]
            else pages[0][1]
        }
        for title, pages in navigation()
        if pages
    ]
    out.mkdir(parents=True, exist_ok=True)
    desk = out / "desk"
    shutil.copytree(
        DOCS, desk / "docs", ignore=shutil.ignore_patterns("*.py", "__pycache__", "requirements.txt")
    )
    (desk / "mkdocs.yml").write_text(yaml.safe_dump(with_room, sort_keys=False), encoding="utf-8")
    builder = Path(sys.executable).with_name("zensical")
    subprocess.run([str(builder), "build", "--clean", "--strict"], cwd=desk, check=True)  # noqa: S603 - the builder
    for page in (desk / "docs").rglob("*.md"):
        shutil.copy(page, desk / "site" / page.relative_to(desk / "docs"))
    (desk / "site").rename(out / "site")
    shutil.rmtree(desk)


def main() -> None:
    """Write the generated pages; build the site if asked."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--site", metavar="OUT", help="build the site into the new folder OUT/site")
    asked = options.parse_args()
    for name, make in GENERATED.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
    if asked.site:
        site(Path(asked.site).resolve())


if __name__ == "__main__":
    main()
