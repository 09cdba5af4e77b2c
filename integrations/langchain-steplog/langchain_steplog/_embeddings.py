"""Embedding calls as steps: LangChain has no callback for them, so a program that wants them wraps its embeddings."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self, cast
from uuid import uuid4

from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import var_child_runnable_config

from langchain_steplog._activate import active_handler
from langchain_steplog._handler import StepLogHandler
from langchain_steplog._parents import parent_of
from steplog.integration import contained, live_dict, provider_error_fields, status_of

_MODEL: Final = ("model", "model_name", "model_id", "deployment", "repo_id")


def record_embeddings(embeddings: Embeddings, handler: StepLogHandler | None = None) -> Embeddings:
    """Embeddings that do what `embeddings` do, each call a step of the log: model, number of texts, dimensions, duration.

    ```python
    from langchain_core.embeddings import DeterministicFakeEmbedding

    embeddings = record_embeddings(DeterministicFakeEmbedding(size=16), StepLogHandler("logs"))
    embeddings.embed_documents(["tides", "winds"])
    ```

    The step stands in the run that the call is made in; outside of one it is a run of its own. It goes to `handler`, by
    default to the one that records that run, else to the active one; where there is none, nothing is recorded. Texts and
    vectors are never written. Whatever else the embeddings have is found on what is returned, too.
    """
    return embeddings if isinstance(embeddings, _Recorded) else _Recorded(embeddings, handler)


class _Recorded(Embeddings):
    """Passes every call on, and tells of it before and after."""

    def __init__(self, inner: Embeddings, handler: StepLogHandler | None) -> None:
        self._inner = inner
        self._handler = handler

    def embed_documents(self, texts: list[str], *args: Any, **kwargs: Any) -> list[list[float]]:
        """As the embeddings' own."""
        with self._call(texts) as call:
            return call.gave(self._inner.embed_documents(texts, *args, **kwargs))

    def embed_query(self, text: str, *args: Any, **kwargs: Any) -> list[float]:
        """As the embeddings' own."""
        with self._call([text]) as call:
            return call.gave(self._inner.embed_query(text, *args, **kwargs))

    async def aembed_documents(self, texts: list[str], *args: Any, **kwargs: Any) -> list[list[float]]:
        """As the embeddings' own."""
        with self._call(texts) as call:
            return call.gave(await self._inner.aembed_documents(texts, *args, **kwargs))

    async def aembed_query(self, text: str, *args: Any, **kwargs: Any) -> list[float]:
        """As the embeddings' own."""
        with self._call([text]) as call:
            return call.gave(await self._inner.aembed_query(text, *args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        """What the embeddings have besides, such as their model."""
        if name.startswith("__") or "_inner" not in self.__dict__:  # asked for by copy and pickle
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        """Say what is recorded."""
        return f"record_embeddings({self._inner!r})"

    def _call(self, texts: Any) -> _Call:
        return _Call(self._handler or _handler_here() or active_handler(), self._inner, texts)


class _Call:
    """One call, from its start to its end."""

    def __init__(self, handler: StepLogHandler | None, embeddings: Embeddings, texts: Any) -> None:
        count = len(texts) if type(texts) in (list, tuple) else None
        self._handler = None if count == 0 else handler  # there is nothing to tell of a call with no texts
        self._key = uuid4()
        self._embeddings = embeddings
        self._count = count
        self._dimensions: int | None = None

    def __enter__(self) -> Self:
        if self._handler is not None:
            contained(self._handler, "record_embeddings", self._begin, self._handler)
        return self

    def gave(self, found: Any) -> Any:
        """The call gave back a vector, or a list of them."""
        first = found[0] if type(found) is list and found else None
        self._dimensions = (
            len(cast("list[Any]", first))
            if type(first) is list
            else len(found)
            if first is not None
            else None
        )
        return found

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if self._handler is not None:
            contained(self._handler, "record_embeddings", self._end, self._handler, error)

    def _begin(self, handler: StepLogHandler) -> None:
        own = live_dict(self._embeddings)
        model = next((own[name] for name in _MODEL if type(own.get(name)) is str), None)
        name = None if model else type(self._embeddings).__name__
        handler.steps.start(
            self._key, "embedding", name,
            parent=parent_of(handler.steps, None), fields={"model": model, "count": self._count},
            run_fields={"framework": "langchain"}, run_id=self._key,
        )  # fmt: skip

    def _end(self, handler: StepLogHandler, error: BaseException | None) -> None:
        if error is None:
            handler.steps.end(self._key, fields={"dimensions": self._dimensions})
            return
        found = status_of(error)
        handler.steps.end(
            self._key,
            status=None if found == "error" else found,
            error=error,
            error_fields=provider_error_fields(error),
        )


def _handler_here() -> StepLogHandler | None:
    """The handler that records the run in whose context the call is made."""
    config: Any = var_child_runnable_config.get()
    handlers = live_dict(config.get("callbacks")).get("handlers") if type(config) is dict else None
    if type(handlers) is not list:
        return None
    return next((handler for handler in handlers if issubclass(type(handler), StepLogHandler)), None)
