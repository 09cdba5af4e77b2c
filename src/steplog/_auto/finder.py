"""Waits until the program imports a framework, then calls `activate` of the adapter for it."""

from __future__ import annotations

import sys
from _thread import allocate_lock

TYPE_CHECKING = False  # `typing` costs more to import than this whole module
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

# A trigger is the module which holds the list that the adapter adds itself to, so nothing is imported early:
# langchain_core imports its own inside the first run, just before it reads the list.
TRIGGERS = {
    "langchain_core.tracers.context": ("LangChain", "langchain_steplog", "steplog[langchain]"),
    "llama_index_instrumentation": (
        "LlamaIndex",
        "llama_index.observability.steplog",
        "steplog[llama-index]",
    ),
}
# An adapter imports its trigger: where the program imports the adapter first, it is woken once it is whole.
WATCHED = {
    **{trigger: trigger for trigger in TRIGGERS},
    **{TRIGGERS[trigger][1]: trigger for trigger in TRIGGERS},
}
# Older LangChain imports its trigger at once, in the middle of its own import, when the adapter cannot be imported yet. As
# it asks those in its list before each run, somebody of ours asks it for the adapter then.
_ASKS_BEFORE_EACH_RUN = {"langchain_core.tracers.context": ("register_configure_hook", "_configure_hooks")}
_LONGEST_WAIT_S = 2.0
_put_off: set[str] = set()
_listened: list[Loader] = []
_arguments: dict[str, Any] = {}


def install(arguments: dict[str, Any] | None = None) -> None:
    """Start waiting; frameworks that are here already are recorded from now on. A second call does nothing.

    `arguments` are for the adapters' `activate`; without, the environment says all.
    """
    if installed():
        return
    _arguments.update(arguments or {})
    sys.meta_path.insert(0, TriggerFinder())
    for trigger in TRIGGERS:
        if trigger in sys.modules:
            wake(trigger)


def installed() -> bool:
    """Whether a framework that is imported now is recorded."""
    return any(isinstance(finder, TriggerFinder) for finder in sys.meta_path)


def uninstall() -> None:
    """Wait no more, and take the adapters out of their frameworks. A second call does nothing."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, TriggerFinder)]
    while _listened:
        object.__delattr__(_listened.pop(), "exec_module")
    for trigger, (_, listed) in _ASKS_BEFORE_EACH_RUN.items():
        hooks = getattr(sys.modules.get(trigger), listed, [])
        hooks[:] = [hook for hook in hooks if not isinstance(hook[0], _Later)]
    _arguments.clear()
    _put_off.clear()
    for framework, adapter, _ in TRIGGERS.values():
        try:
            here = sys.modules.get(adapter)
            if here is not None:  # pyright: ignore[reportUnnecessaryComparison] -- None forbids an import
                here.deactivate()
        except Exception as error:  # noqa: BLE001 -- as in wake
            _say(f"{framework} may still be recorded: {type(error).__name__}: {error}")


class TriggerFinder:
    """Finds nothing itself: it asks the finders behind it, and listens in on the loader they come up with."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """For a module watched, the spec that would be found without us, its loader listened to; else nothing."""
        if fullname not in WATCHED or self not in sys.meta_path:
            return None
        # only those behind us: one before us may be asking us right now, and we would ask each other for ever
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    _listen(spec.loader, WATCHED[fullname])
                return spec
        return None


def _listen(loader: Loader, trigger: str) -> None:
    """Shadow `exec_module` on this one loader. It stays what it is for inspect, runpy, reload and resources."""
    if getattr(getattr(loader, "exec_module", None), "__module__", None) == __name__:
        return  # ours already: a zip file has one loader for all its modules

    def exec_module(module: ModuleType) -> None:
        loaded(module)
        name = module.__name__
        if name in TRIGGERS or WATCHED.get(name) in _put_off:
            wake(WATCHED[name])

    try:
        loaded: Callable[[ModuleType], None] = loader.exec_module
        # not setattr: a proxy around a loader (wrapt makes one) would hand it on to what it calls itself
        object.__setattr__(loader, "exec_module", exec_module)
        _listened.append(loader)
    except (AttributeError, TypeError) as error:
        _say(f"{TRIGGERS[trigger][0]} is not recorded: cannot listen to {type(loader).__name__}: {error}")


def wake(trigger: str) -> None:
    """Call the adapter's `activate`. Whatever goes wrong in there costs the recording, not the user's import."""
    if not installed():
        return  # switched off between the search for a module and its execution
    framework, adapter, requirement = TRIGGERS[trigger]
    here = sys.modules.get(adapter)
    if here is not None and not hasattr(here, "activate"):  # pyright: ignore[reportUnnecessaryComparison] -- None forbids an import
        _put_off.add(trigger)
        return
    _put_off.discard(trigger)
    try:
        if trigger in _ASKS_BEFORE_EACH_RUN and _is_half_imported(trigger):
            getattr(sys.modules[trigger], _ASKS_BEFORE_EACH_RUN[trigger][0])(
                _Later(trigger), inheritable=True
            )
            return
        from importlib import import_module  # noqa: PLC0415 -- only needed once a framework is there

        import_module(adapter).activate(**_arguments)
    except Exception as error:  # noqa: BLE001 -- an adapter's failure of any kind must not fail the user's import
        missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{adapter}.".startswith(f"{missing}."):
            _say(f'{framework} is not recorded: pip install "{requirement}"')
        else:
            _say(f"{framework} is not recorded: {type(error).__name__}: {error}")


def _is_half_imported(trigger: str) -> bool:
    """Whether the trigger was imported by a module of its framework that is not whole yet."""
    root = trigger.partition(".")[0] + "."
    return any(
        getattr(getattr(module, "__spec__", None), "_initializing", False)
        for name, module in tuple(sys.modules.items())
        if name != trigger and name.startswith(root)
    )


class _Later:
    """Stands in a framework's list of those that it asks for a handler, until the adapter does itself."""

    def __init__(self, trigger: str) -> None:
        """Wake the adapter for `trigger` at the first run."""
        self._trigger = trigger
        self._has_asked = False
        self._one_at_a_time = allocate_lock()

    def get(self) -> None:
        """No handler; but the adapter adds itself to the list, whose end is not reached yet."""
        if self._has_asked:
            return
        # Another thread's first run waits for the adapter as well; but not for ever, should that one wait for this import.
        is_mine = self._one_at_a_time.acquire(timeout=_LONGEST_WAIT_S)
        try:
            if not self._has_asked:
                wake(self._trigger)
                self._has_asked = True
        finally:
            if is_mine:
                self._one_at_a_time.release()


def _say(sentence: str) -> None:
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison] -- None under pythonw
        sys.stderr.write(f"steplog: {' '.join(sentence.split())}\n")
