"""Messages, tool calls, documents and token counts with names and types, beside what the log says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from steplog._format.record import Json, Record


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asked for: the tool's `name`, its `args`, and the `id` that the answer bears.

    `raw` is all that the log says of it.
    """

    name: str
    args: Json
    id: str
    raw: Mapping[str, Json] = field(repr=False)

    @staticmethod
    def of(raw: Mapping[str, Json]) -> ToolCall:
        """The call that a message's `tool_calls` names."""
        return ToolCall(_text(raw, "name"), raw.get("args"), _text(raw, "id"), raw)


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a run.

    `number` is its number in the run (0 if it has none), `role` `"system"`, `"user"`, `"assistant"`, `"tool"`, or the
    framework's own word; empty for a message whose line is lost. `content` is a text, or a list of blocks as the
    framework has them. `tool_call_id` says which call a tool's message answers, `status` whether that failed. `raw` is
    all that the log says of it.
    """

    number: int
    role: str
    content: Json
    tool_calls: tuple[ToolCall, ...]
    name: str
    id: str
    tool_call_id: str
    status: str
    raw: Mapping[str, Json] = field(repr=False)

    @staticmethod
    def of(raw: Record) -> Message:
        """The message that a record is, such as `step.message` or one of `step.prompt`."""
        calls = raw.get("tool_calls")
        number = raw.get("m")
        return Message(
            number=number if isinstance(number, int) else 0,
            role=_text(raw, "role"),
            content=raw.get("content", ""),
            tool_calls=tuple(
                ToolCall.of(cast("Record", call))
                for call in (cast("list[Json]", calls) if isinstance(calls, list) else ())
                if isinstance(call, dict)
            ),
            name=_text(raw, "name"),
            id=_text(raw, "id"),
            tool_call_id=_text(raw, "tool_call_id"),
            status=_text(raw, "status"),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Document:
    """What a retriever found, or a reranker kept; `score` is None where none was told. `raw` is all the log says of it."""

    id: str
    score: float | None
    content: Json
    metadata: Mapping[str, Json]
    raw: Mapping[str, Json] = field(repr=False)

    @staticmethod
    def of(raw: Mapping[str, Json]) -> Document:
        """The document that one of a step's `documents` is."""
        score, metadata = raw.get("score"), raw.get("metadata")
        return Document(
            id=_text(raw, "id"),
            score=score if isinstance(score, int | float) else None,
            content=raw.get("content", ""),
            metadata=metadata if isinstance(metadata, dict) else {},
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Usage(Mapping[str, int]):
    """The tokens of a call, None where they are not known; also a mapping of the names that the log has (`raw`).

    `input_tokens` include those read from a cache and written to it, `output_tokens` those spent on reasoning.
    """

    raw: Mapping[str, int]

    @property
    def input_tokens(self) -> int | None:
        """What the model was sent."""
        return self._count("input_tokens")

    @property
    def output_tokens(self) -> int | None:
        """What it answered."""
        return self._count("output_tokens")

    @property
    def cache_read_tokens(self) -> int | None:
        """Of the input, what the provider had in its cache."""
        return self._count("cache_read_tokens")

    @property
    def cache_write_tokens(self) -> int | None:
        """Of the input, what the provider put into its cache."""
        return self._count("cache_write_tokens")

    @property
    def reasoning_tokens(self) -> int | None:
        """Of the output, what was not shown."""
        return self._count("reasoning_tokens")

    @property
    def total_tokens(self) -> int | None:
        """Input and output, or what the provider says instead; None if neither is known."""
        known = [n for n in (self.input_tokens, self.output_tokens) if n is not None]
        return self._count("total_tokens") or (sum(known) if known else None)

    def _count(self, name: str) -> int | None:
        value: Any = self.raw.get(name)
        return value if isinstance(value, int) else None

    def __getitem__(self, name: str) -> int:
        """The count of that name; raises `KeyError`."""
        return self.raw[name]

    def __iter__(self) -> Iterator[str]:
        """The names that the log has."""
        return iter(self.raw)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.raw)

    def __eq__(self, other: object) -> bool:
        """Whether another mapping says the same."""
        return isinstance(other, Mapping) and dict(self.raw) == dict(cast("Mapping[str, int]", other))

    def __hash__(self) -> int:
        """By what it says."""
        return hash(frozenset(self.raw.items()))


def _text(raw: Mapping[str, Json], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""
