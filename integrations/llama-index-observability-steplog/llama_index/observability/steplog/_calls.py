"""Model calls between their span and their answer, which may come in either order and by event or not at all."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from llama_index.observability.steplog._kinds import Span

Args = Mapping[str, Any]

_ANNOUNCES: Final = frozenset(
    {"wrapped_llm_chat", "wrapped_async_llm_chat", "wrapped_llm_predict", "wrapped_async_llm_predict"}
)
_MOST_WRAPPERS: Final = 6
_known: dict[tuple[type, str], bool] = {}
_MOST_KNOWN: Final = 4096


class Call:
    """One call of a model that is under way."""

    __slots__ = (
        "arguments", "before", "begun", "instance", "last", "parent", "parent_id", "span", "tags", "told_below",
    )  # fmt: skip

    def __init__(
        self,
        span: Span,
        instance: Any,
        arguments: Args,
        parent: Hashable,
        parent_id: str | None,
        tags: Args | None,
    ) -> None:
        """A call of `instance` under the step `parent`, not told yet."""
        self.span = span
        self.instance = instance
        self.arguments = arguments
        self.parent = parent
        self.parent_id = parent_id
        self.tags = tags
        self.begun = False
        # The newest two chunks of a stream: its last one may carry the usage and nothing else.
        self.last: Any = None
        self.before: Any = None
        # The provider's answer that a call below has told already, as a client around another's has it again.
        self.told_below: Any = None

    def prompt(self) -> Any:
        """The messages or the text that the call was given."""
        given = self.arguments.get("messages", self.arguments.get("prompt"))
        placed = self.arguments.get("args")
        if given is None and type(placed) is tuple and placed:
            return placed[0]
        return given if given is not None else self.keywords().get("prompt")

    def keywords(self) -> dict[str, Any]:
        """The keyword arguments of the call, however its method names them."""
        return next((v for v in self.arguments.values() if type(v) is dict), {})


def announces(cls: type, method: str) -> bool:
    """Whether LlamaIndex will dispatch a start event for this method, with all that is to be told of the call.

    A program's own model class need not have the decorator which does that: then the span is all there is.
    """
    known = _known.get((cls, method))
    if known is None:
        known = _find(cls, method)
        if len(_known) < _MOST_KNOWN:
            _known[cls, method] = known
    return known


def _find(cls: type, method: str) -> bool:
    found = next((base.__dict__[method] for base in cls.__mro__ if method in base.__dict__), None)
    for _ in range(_MOST_WRAPPERS):
        if found is None or isinstance(found, bool):
            return False
        code = getattr(found, "__code__", None)
        if getattr(code, "co_name", "") in _ANNOUNCES:
            return True
        found = getattr(found, "__wrapped__", None)
    return False
