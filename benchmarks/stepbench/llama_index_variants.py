"""Ways to record a LlamaIndex program: nothing, the baselines, LlamaIndex's own, steplog."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from stepbench.variant import Hooked, Mode, Recording, Skipped, Variant


def _none(_: Path, __: Mode) -> Recording:
    return Recording()


def _handlers(write: Callable[[Any], None]) -> tuple[Any, Any]:
    """The smallest event handler and span handler that call `write` with each event, span start and span end."""
    try:
        from llama_index.core.instrumentation.event_handlers import BaseEventHandler
        from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
    except ImportError as error:
        raise Skipped(str(error)) from None

    class Events(BaseEventHandler):
        def handle(self, event: Any, **_: Any) -> None:
            write(event)

    class Spans(BaseSpanHandler[Any]):
        def span_enter(self, id_: str, parent_id: str | None = None, **_: Any) -> None:
            write(("enter", id_, parent_id))

        def span_exit(self, id_: str, **_: Any) -> None:
            write(("exit", id_))

        def span_drop(self, id_: str, err: BaseException | None = None, **_: Any) -> None:
            write(("drop", id_, repr(err)))

        def new_span(self, *_: Any, **__: Any) -> None: ...
        def prepare_to_exit_span(self, *_: Any, **__: Any) -> None: ...
        def prepare_to_drop_span(self, *_: Any, **__: Any) -> None: ...

    return Events(), Spans()


def _recording(events: Any, spans: Any, close: Callable[[], object]) -> Recording:
    from llama_index.core.instrumentation import get_dispatcher

    root = get_dispatcher()

    def on() -> None:
        if events is not None:
            root.add_event_handler(events)
        root.add_span_handler(spans)

    def off() -> None:
        root.event_handlers[:] = [h for h in root.event_handlers if h is not events]
        root.span_handlers[:] = [h for h in root.span_handlers if h is not spans]

    return Recording(on=on, off=off, close=close, hooked=_hooked(events, spans))


def _hooked(events: Any, spans: Any) -> list[Hooked]:
    held: list[Hooked] = [(spans, ("span_enter", "span_exit", "span_drop"))]
    return held if events is None else [*held, (events, ("handle",))]


def _noop(_: Path, __: Mode) -> Recording:
    return _recording(*_handlers(lambda _: None), close=lambda: None)


def _floor(folder: Path, _: Mode) -> Recording:
    fd = os.open(folder / "floor.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(what: Any) -> None:
        record = {"ts": time.time(), "ev": type(what).__name__, "data": what}
        os.write(
            fd,
            orjson.dumps(
                record, default=_as_dict, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
            ),
        )

    return _recording(*_handlers(write), close=lambda: os.close(fd))


def _as_dict(o: Any) -> Any:
    return getattr(o, "__dict__", None) or repr(type(o))


def _simple(_: Path, __: Mode) -> Recording:
    try:
        from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
    except ImportError as error:
        raise Skipped(str(error)) from None
    spans = SimpleSpanHandler()
    return _recording(None, spans, close=spans.completed_spans.clear)


def _steplog(**settings: Any) -> Callable[[Path, Mode], Recording]:
    def start(folder: Path, _: Mode) -> Recording:
        try:
            adapter = import_module("llama_index.observability.steplog")
        except ImportError as error:
            raise Skipped(str(error)) from None
        handler = adapter.StepLogHandler(folder, **settings)
        hooked = _hooked(handler.event_handler, handler.span_handler)
        return Recording(on=handler.attach, off=handler.detach, close=handler.close, hooked=hooked)

    return start


VARIANTS = (
    Variant("none", "no handler", _none),
    Variant("no-op", "an event handler and a span handler that do nothing", _noop),
    Variant(
        "floor", "orjson of each event, a short line for each span's start and end, one write each", _floor
    ),
    Variant("steplog none", 'content="none"', _steplog(content="none")),
    Variant("steplog preview", 'content="preview"', _steplog(content="preview")),
    Variant("steplog full", "the default: full content, masking on", _steplog()),
    Variant("steplog all", 'detail="all"', _steplog(detail="all")),
    Variant("SimpleSpanHandler", "LlamaIndex's own; in memory, no content", _simple),
)
