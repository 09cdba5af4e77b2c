"""Steps whose span is over while what it gave back is not: streams being read, workflows under way.

A streamed answer is a generator that LlamaIndex returns unread: its span ends at once, the model is asked when the
program reads, without a parent. Such steps stay open here until the model's answer ends or the stream is thrown away.
Streams are known by identity and held weakly; what runs inside of one is found on the stack. Nothing is iterated.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncGenerator, Callable, Generator
from functools import lru_cache
from types import AsyncGeneratorType, FrameType, GeneratorType
from typing import Any, Final

from llama_index_instrumentation import dispatcher as _dispatcher

from llama_index.observability.steplog import _events as events
from llama_index.observability.steplog import _kinds as kinds
from steplog.integration import live_dict

# What is running now is known to the stack only: a contextvar would have to be set, and LlamaIndex resets its own.
_frame: Final[Callable[[int], FrameType]] = sys._getframe  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- see above

Fields = dict[str, Any]
End = Callable[[str, str | None, BaseException | None, Fields], None]

_MOST_HELD: Final = 256
_MOST_FRAMES: Final = 400
_HOME: Final = _dispatcher.__file__
_WRAPPERS: Final = frozenset({"wrapper", "async_wrapper"})
# What `under_way` asks for.
_GO_ON: Final = frozenset(
    {"WorkflowHandler", "StreamingResponse", "AsyncStreamingResponse", "StreamingAgentChatResponse"}
)
_NO_ANSWER: Final = frozenset({"empty_response_generator", "empty_response_agenerator"})


class Held:
    """One stream or workflow under way, and the steps that are over when it is."""

    __slots__ = ("is_call", "owner", "steps", "unread")

    def __init__(self, owner: weakref.ref[Any], *, is_call: bool, unread: str | None) -> None:
        """Held by `owner`; `unread` is the status of its steps if it is thrown away before its end."""
        self.owner = owner
        self.is_call = is_call
        self.unread = unread
        self.steps: list[tuple[str, Fields]] = []


class Streams:
    """The steps that wait for a stream or a workflow; bounded, and empty when all are over."""

    def __init__(self, end: End) -> None:
        """End steps by `end`."""
        self._end = end
        self.held: dict[int, Held] = {}  # by the id of what is under way; each hook looks whether it is empty

    def __len__(self) -> int:
        """How many streams are held."""
        return len(self.held)

    def hold(
        self, owner: object, key: str, fields: Fields, *, is_call: bool = False, unread: str | None = None
    ) -> None:
        """Leave the step `key` open until `owner` is over."""
        # No lock: each step is one call in C, one thread returns one result, and a fork would leave a lock taken.
        token = id(owner)
        held = self.held.get(token)
        if held is None or held.owner() is not owner:
            held = Held(weakref.ref(owner, lambda _: self._gone(token)), is_call=is_call, unread=unread)
            self.held[token] = held
        held.unread = held.unread or unread
        held.steps.append((key, fields))
        if len(self.held) > _MOST_HELD:
            self._gone(next(iter(tuple(self.held))))

    def over(
        self,
        owner: object,
        status: str | None = None,
        error: BaseException | None = None,
        *,
        answer: Any = None,
    ) -> None:
        """The stream or workflow `owner` has ended: so have the steps that wait for it."""
        held = self.held.get(id(owner))
        if held is not None and held.owner() is owner:
            self._release(id(owner), status, error, answer)

    def run_over(self, run_id: object) -> None:
        """The workflow run with this id has ended."""
        for token, held in tuple(self.held.items()):
            owner = held.owner()
            if type(owner).__name__ == "WorkflowHandler" and live_dict(owner).get("run_id") == run_id:
                self._release(token, None, None)

    def running(self) -> str | None:
        """The step whose stream is being read by the code that a span now begins in; None where a span is nearer."""
        if not self.held:
            return None
        found = self._on_stack(_above_span(_frame(1)))
        return found[0][1].steps[0][0] if found else None

    def answer_over(self, status: str | None, error: BaseException | None, answer: Any) -> None:
        """The model's answer has ended inside of streams that are being read now: they are over, too."""
        if not self.held:
            return
        for token, held in self._on_stack(_frame(1)):
            if not held.is_call:
                self._release(token, status, error, answer)

    def inside_call(self, cls: str) -> bool:
        """Whether a stream of a model call of this class is being read by the code that a span now begins in."""
        if not self.held:
            return False
        found = self._on_stack(_above_span(_frame(1)))
        return any(held.is_call and held.steps[0][0].partition(".")[0] == cls for _, held in found)

    def hear_nothing(self) -> None:
        """The model asked in these streams announces no end: that they were read to it cannot be known."""
        if self.held:
            for _, held in self._on_stack(_above_span(_frame(1))):
                held.unread = None

    def call_over(self, key: str) -> None:
        """The model call `key` has ended by its own event: its stream is not waited for any more."""
        for token, held in tuple(self.held.items()):
            if held.is_call and held.steps[0][0] == key:
                self.held.pop(token, None)

    def _on_stack(self, frame: FrameType | None) -> list[tuple[int, Held]]:
        """The held streams that are running, innermost first, up to the next span."""
        frames: dict[int, tuple[int, Held]] = {}
        for token, held in tuple(self.held.items()):
            own = frame_of(held.owner())
            if own is not None:
                frames[id(own)] = (token, held)
        found: list[tuple[int, Held]] = []
        for _ in range(_MOST_FRAMES if frames else 0):
            if frame is None or _is_wrapper(frame):
                break
            if id(frame) in frames:
                found.append(frames[id(frame)])
            frame = frame.f_back
        return found

    def _gone(self, token: int) -> None:
        held = self.held.get(token)
        if held is not None:
            self._release(token, held.unread, None)

    def _release(
        self, token: int, status: str | None, error: BaseException | None, answer: Any = None
    ) -> None:
        held = self.held.pop(token, None)
        if held is None:
            return
        for key, fields in held.steps:
            if answer is not None and not held.is_call:
                fields["output"] = {"response": answer} | (fields.get("output") or {})
            self._end(key, status, error, fields)


def frame_of(stream: object) -> FrameType | None:
    """The frame of a generator that is not over yet."""
    if type(stream) is GeneratorType:
        return stream.gi_frame
    return stream.ag_frame if type(stream) is AsyncGeneratorType else None


def _is_wrapper(frame: FrameType) -> bool:
    return frame.f_code.co_name in _WRAPPERS and frame.f_code.co_filename == _HOME


def _above_span(frame: FrameType | None) -> FrameType | None:
    """The frame that called the function whose span begins now."""
    while frame is not None and not (
        frame.f_code.co_name == "span_enter" and frame.f_code.co_filename == _HOME
    ):
        frame = frame.f_back
    caller = frame.f_back if frame is not None else None
    return caller.f_back if caller is not None else None


def stream_in(result: object) -> Generator[Any, Any, Any] | AsyncGenerator[Any, Any] | None:
    """The generator that a result is or carries unread; None where there is none that a model writes to."""
    if type(result) is GeneratorType:
        return None if result.gi_code.co_name in _NO_ANSWER else result
    if type(result) is AsyncGeneratorType:
        return None if result.ag_code.co_name in _NO_ANSWER else result
    name = type(result).__name__
    if name in ("StreamingResponse", "AsyncStreamingResponse"):
        found = live_dict(result)
        return None if found.get("response_txt") is not None else stream_in(found.get("response_gen"))
    if name == "StreamingAgentChatResponse" and live_dict(result).get("is_writing_to_memory") is False:
        found = live_dict(result)
        return stream_in(found.get("chat_stream") or found.get("achat_stream"))
    return None


def is_over(span_id: str, instance: object, result: object) -> bool:
    """Whether a span that tells nothing of its own is over with this result: nothing goes on, nobody is waited for."""
    if result is None:
        # A program's own step gives None, too, when it waits for a human.
        return instance is not None or kinds.is_agent_plumbing(kinds.name_of_span(span_id))
    return _is_whole(type(result))


@lru_cache(maxsize=4096)
def _is_whole(cls: type) -> bool:
    if cls in (GeneratorType, AsyncGeneratorType) or cls.__name__ in _GO_ON:
        return False
    return not events.sorts_of(cls) & {"StopEvent", "InputRequiredEvent"}


def under_way(result: object) -> object:
    """What a span's result waits for: a stream to be read, a reply being read, a workflow; None where it is whole."""
    name = type(result).__name__
    if name == "WorkflowHandler":
        found = live_dict(result)
        return result if found.get("_result") is None and found.get("_result_exception") is None else None
    if name == "StreamingAgentChatResponse":
        found = live_dict(result)
        if found.get("is_writing_to_memory") is not False:  # a thread or task of LlamaIndex reads it
            return None if found.get("is_done") or found.get("exception") is not None else result
    return stream_in(result)
