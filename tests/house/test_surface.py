"""The public surface, with signatures: what changes here changes for everybody, and wants a line in the changelog.

Written anew by `python tests/house/test_surface.py`.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import types
import typing
from pathlib import Path

import steplog
import steplog.integration
import steplog.testing

SNAPSHOT = Path(__file__).with_name("surface.txt")
MODULES = (steplog, steplog.integration, steplog.testing)
SPECIAL = ("__call__", "__enter__", "__aenter__", "__len__", "__iter__", "__getitem__")


SHOWN_DEFAULTS = (str, int, float, bool, type(None))


def plain(annotation) -> str:
    """An annotation as it stands in the source."""
    return getattr(
        annotation, "__forward_arg__", annotation if isinstance(annotation, str) else str(annotation)
    )


def of_parameters(function) -> str:
    try:
        found = inspect.signature(function)
    except (TypeError, ValueError):  # written in C
        return "(…)"
    marks = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    shown, is_keyword_only = [], False
    for name, parameter in found.parameters.items():
        if name.startswith("_"):
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not is_keyword_only:
            is_keyword_only = True
            if not any(one.startswith("*") for one in shown):
                shown.append("*")
        text = marks.get(parameter.kind, "") + name
        if parameter.annotation is not inspect.Parameter.empty:
            text += f": {plain(parameter.annotation)}"
        if parameter.default is not inspect.Parameter.empty:
            text += f" = {parameter.default!r}" if isinstance(parameter.default, SHOWN_DEFAULTS) else " = …"
        shown.append(text)
    returns = (
        ""
        if found.return_annotation in (inspect.Signature.empty, "None", None)
        else f" -> {plain(found.return_annotation)}"
    )
    return f"({', '.join(shown)}){returns}"


def signatures(name: str, function) -> list[str]:
    return [name + of_parameters(one) for one in typing.get_overloads(function) or [function]]


def of_class(cls: type) -> list[str]:
    if issubclass(cls, BaseException):
        return [f"class {cls.__name__}({', '.join(base.__name__ for base in cls.__bases__)})"]
    if hasattr(cls, "__required_keys__"):
        return [
            f"TypedDict {cls.__name__}",
            *(f"    {name}: {plain(kind)}" for name, kind in cls.__annotations__.items()),
        ]
    lines = [f"class {cls.__name__}{of_parameters(cls)}"]
    if dataclasses.is_dataclass(cls):
        fields = [field for field in dataclasses.fields(cls) if not field.name.startswith("_")]
        lines = [f"class {cls.__name__}", *(f"    {field.name}: {plain(field.type)}" for field in fields)]
    for name, value in sorted(inspect.getmembers_static(cls)):
        home = next(base for base in cls.__mro__ if name in vars(base))
        if (name.startswith("_") and name not in SPECIAL) or not home.__module__.startswith("steplog"):
            continue
        if isinstance(value, property):
            lines.append(f"    {name} -> {plain(value.fget.__annotations__.get('return', '…'))}")
        elif isinstance(value, classmethod | staticmethod):
            lines.append(f"    {type(value).__name__} {name}{of_parameters(value.__func__)}")
        elif isinstance(value, types.FunctionType):
            lines += [f"    {line}" for line in signatures(name, value)]
    return lines


def surface() -> str:
    lines: list[str] = []
    for module in MODULES:
        lines.append(f"# {module.__name__}")
        for name in sorted(module.__all__):
            thing = getattr(module, name)
            if module is not steplog and name in steplog.__all__:
                lines.append(f"{name}: as in steplog")
            elif isinstance(thing, type):
                lines += of_class(thing)
            elif callable(thing):
                lines += signatures(name, thing)
            else:
                lines.append(f"{name}: {type(thing).__name__}")
        lines.append("")
    return "\n".join(lines)


def test_the_public_surface_is_what_it_was():
    before, now = SNAPSHOT.read_text(encoding="utf-8"), surface()
    changed = "\n".join(
        difflib.unified_diff(before.splitlines(), now.splitlines(), "before", "now", lineterm="")
    )
    assert now == before, (
        f"{changed}\n\nmeant? then: python tests/house/test_surface.py, and a line in CHANGELOG.md"
    )


def test_every_public_name_has_a_docstring():
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing):
                assert (thing.__doc__ or "").strip(), f"{module.__name__}.{name} needs a docstring"


if __name__ == "__main__":
    SNAPSHOT.write_text(surface(), encoding="utf-8")
