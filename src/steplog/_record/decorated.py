"""Functions whose calls are recorded: plain ones, coroutines, generators and asynchronous generators."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final, ParamSpec, Protocol, Self, TypeVar, cast

from steplog._record.here import Inside, Nested

P = ParamSpec("P")
R = TypeVar("R")

_MOST_ITEMS: Final = 900  # of a generator that its end tells
_MOST_CHARACTERS: Final = 1 << 20


class Call(Nested, Protocol):
    """The run or step that one call of a function is."""

    def begin(self) -> None:
        """The function is called."""
        ...

    def end(self, error: BaseException | None = None) -> None:
        """It is over."""
        ...

    def first_token(self) -> None:
        """Its first item is there."""
        ...

    def set_result(self, value: Any) -> None:
        """It has this result."""
        ...


# What a call of the function is, by what it is called with; None where it is not recorded.
Make = Callable[[Any], Call | None]


def decorated(function: Callable[P, R], make: Make) -> Callable[P, R]:
    """The function, each of its calls recorded. What it is called with, gives and raises stays as it is."""
    wrapped: Callable[..., Any]
    if inspect.isasyncgenfunction(function):
        wrapped = _async_generator(function, _told(function, make))
    elif inspect.isgeneratorfunction(function):
        wrapped = _generator(function, _told(function, make))
    elif inspect.iscoroutinefunction(function):
        wrapped = _coroutine(function, _told(function, make))
    else:
        wrapped = _plain(function, _told(function, make))
    return cast("Callable[P, R]", functools.wraps(function)(wrapped))


def _told(function: Callable[..., Any], make: Make) -> Callable[..., Call | None]:
    """`make`, to be called with the arguments of the function: it is told them by name."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # one that does not say
        signature = None

    def call_of(*args: Any, **kwargs: Any) -> Call | None:
        given: dict[str, Any] = {"args": args, **kwargs} if args else kwargs
        if signature is not None:
            try:
                given = dict(signature.bind(*args, **kwargs).arguments)
            except TypeError:  # it will raise that itself
                pass
            else:
                for own in ("self", "cls"):
                    if next(iter(given), None) == own:
                        del given[own]
        return make(given)

    return call_of


def _plain(function: Callable[..., Any], call_of: Callable[..., Call | None]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        call = call_of(*args, **kwargs)
        if call is None:
            return function(*args, **kwargs)
        with _Recorded(call), Inside(call):
            value = function(*args, **kwargs)
            call.set_result(value)
            return value

    return called


def _coroutine(function: Callable[..., Any], call_of: Callable[..., Call | None]) -> Callable[..., Any]:
    async def called(*args: Any, **kwargs: Any) -> Any:
        call = call_of(*args, **kwargs)
        if call is None:
            return await function(*args, **kwargs)
        with _Recorded(call), Inside(call):
            value = await function(*args, **kwargs)
            call.set_result(value)
            return value

    return called


def _generator(function: Callable[..., Any], call_of: Callable[..., Call | None]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        call = call_of(*args, **kwargs)
        if call is None:
            return (yield from function(*args, **kwargs))
        with _Recorded(call):
            items = _Items(call)
            value = yield from _Stepped(function(*args, **kwargs), call, items)
            call.set_result(items.with_result(value))
            return value

    return called


def _async_generator(function: Callable[..., Any], call_of: Callable[..., Call | None]) -> Callable[..., Any]:
    async def called(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        call = call_of(*args, **kwargs)
        generator: AsyncGenerator[Any, Any] = function(*args, **kwargs)
        if call is None:
            call = _Unrecorded()
        with _Recorded(call):
            items, inside = _Items(call), Inside(call)
            step = anext(generator)
            while True:
                with inside:
                    try:
                        item = await step
                    except StopAsyncIteration:
                        break
                items.add(item)
                try:
                    step = generator.asend((yield item))
                except GeneratorExit:
                    with inside:
                        await generator.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - it is the function's
                    step = generator.athrow(error)
            call.set_result(items.with_result(None))

    return called


class _Recorded:
    """Begins a call and ends it, by the exception that passes through if there is one."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __enter__(self) -> None:
        self._call.begin()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._call.end(error)


class _Unrecorded:
    """Stands for a call that is not recorded."""

    outer: Nested | None = None
    recorder: object = None
    is_over = True

    def begin(self) -> None: ...

    def end(self, error: BaseException | None = None) -> None: ...

    def first_token(self) -> None: ...

    def set_result(self, value: Any) -> None: ...


class _Items:
    """What a generator gave, as far as its end line tells it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._items: list[Any] = []
        self._count = 0
        self._characters = 0

    def add(self, item: Any) -> None:
        if not self._count:
            self._call.first_token()
        self._count += 1
        if self._count <= _MOST_ITEMS and self._characters <= _MOST_CHARACTERS:
            self._items.append(item)
            if type(item) is str:
                self._characters += len(item)

    def with_result(self, value: Any) -> Any:
        """All of it: one text where all are texts; with what the generator returned, if anything."""
        items: Any = self._items
        more = self._count - len(items)
        if items and {type(item) for item in items} == {str}:
            items = "".join(items) + (f"… {more} more items" if more else "")
        elif more:
            items = [*items, f"… {more} more items"]
        return items if value is None else {"items": items, "result": value}


class _Stepped:
    """A generator of which only its own code runs inside of its call: who reads it does not."""

    def __init__(self, generator: Generator[Any, Any, Any], call: Call, items: _Items) -> None:
        self._generator = generator
        self._inside = Inside(call)
        self._items = items

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        with self._inside:
            item = self._generator.send(value)
        self._items.add(item)
        return item

    def throw(self, error: BaseException, *_: Any) -> Any:
        with self._inside:
            item = self._generator.throw(error)
        self._items.add(item)
        return item

    def close(self) -> None:
        with self._inside:
            self._generator.close()


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called."""
    return getattr(function, "__name__", type(function).__name__)


def asked_by(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a step of this kind is told of the arguments of the function that it is."""
    if not given:
        return {}
    if kind == "tool":
        return {"args": given}
    if kind in ("retriever", "rerank"):
        return {"query": next(iter(given.values()))}
    if kind == "llm" and ("messages" in given or "prompt" in given):
        return {"messages": given.get("messages", given.get("prompt"))}
    return {"input": given}
