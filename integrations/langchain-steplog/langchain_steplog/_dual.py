"""Methods that a sync and an async callback manager both run at once, in the caller's thread and context.

LangChain's async manager sends a plain method of a non-inline handler to an executor (a thread hop per event, a stall
when the pool is full), and a handler that says `run_inline` makes it drop other people's `on_llm_start`
(langchain#39633). A method that `inspect` takes for a coroutine function is awaited in the loop instead; one that does
its work when called and returns something trivial to await serves the sync manager too, which only runs real coroutines.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any, TypeVar, cast

from steplog.integration import BudgetExceeded, untold

F = TypeVar("F", bound=Callable[..., Any])


class _Done:
    """What a hook returns: awaitable, finished, and no coroutine."""

    __slots__ = ()

    def __await__(self) -> Iterator[Any]:
        return iter(())


DONE = _Done()


async def _template() -> None:
    """Its code object carries the flag by which `inspect` knows coroutine functions."""


class _FunctionLike:
    """What `inspect` takes for a coroutine function where a function itself cannot be made one."""

    def __init__(self, hook: Callable[..., Any]) -> None:
        self._hook = hook
        self.__name__ = hook.__name__
        self.__qualname__ = hook.__qualname__
        self.__module__ = hook.__module__
        self.__doc__ = hook.__doc__
        # What inspect looks for in a function-like object (inspect._signature_is_functionlike).
        self.__code__ = _template.__code__
        self.__defaults__ = None
        self.__kwdefaults__ = None
        self.__annotations__ = hook.__annotations__
        mark = getattr(inspect, "markcoroutinefunction", None)  # Python 3.12's own way to say it
        if mark is not None:
            mark(self)

    def __get__(self, handler: Any, owner: type | None = None) -> Any:
        return self if handler is None else MethodType(self, handler)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._hook(*args, **kwargs)


def dual(hook: F) -> F:
    """A hook that runs when called, awaited or not; what it raises is reported by its handler and goes no further."""
    name = hook.__name__

    @functools.wraps(hook)
    def contained_hook(handler: Any, /, *args: Any, **kwargs: Any) -> _Done:
        try:
            hook(handler, *args, **kwargs)
        except BudgetExceeded:  # a guard that the program asked for stops it
            raise
        except Exception as error:  # noqa: BLE001 - as `contained`, without a third call in every hook
            try:
                handler.report(name, error)
            except Exception:  # noqa: BLE001 - at the recursion limit
                untold(name)
        return DONE

    return direct(cast("F", contained_hook))


def direct(hook: F) -> F:
    """As `dual`, without a call of ours in between, for a hook that lets no failure through and returns `DONE`."""
    mark = getattr(inspect, "markcoroutinefunction", None)
    if mark is not None:
        return cast("F", mark(hook))
    if sys.implementation.name != "cpython":
        return cast("F", _FunctionLike(hook))
    # In CPython 3.11 this flag is what `inspect` looks at, and what makes a coroutine is a byte code, which is not there.
    code = hook.__code__
    cast("Any", hook).__code__ = code.replace(co_flags=code.co_flags | inspect.CO_COROUTINE)
    return hook


class OncePerRun(_FunctionLike):
    """A bound hook of which only the first call of a run has something to do: the rest cost a comparison.

    Tokens come by the thousand, and what is kept of them is when they began.
    """

    def __init__(self, hook: Any) -> None:
        """Stand for a bound hook."""
        super().__init__(hook)
        self._last: Any = None

    def __call__(self, *args: Any, run_id: Any = None, **kwargs: Any) -> _Done:
        """Pass on a call that is not about the same run as the one before."""
        if run_id is not self._last:
            self._hook(*args, run_id=run_id, **kwargs)
            self._last = run_id
        return DONE
