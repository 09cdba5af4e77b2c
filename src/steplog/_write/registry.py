"""One recorder per log in a process, whoever asks for it; what forks and the end of the process do to them."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from steplog._format.record import Record
from steplog._secrets.texts import masked
from steplog._write.disk import helper_thread
from steplog._write.disk.appender import Appender
from steplog._write.disk.file_sink import FileSink, file_for
from steplog._write.disk.sinks import Sink
from steplog._write.guard import complain
from steplog._write.said.line_writer import LineWriter
from steplog._write.settings.settings import Settings
from steplog._write.steps.step_recorder import StepRecorder

_by_path: dict[str, StepRecorder] = {}
_all: list[StepRecorder] = []
_users: dict[int, int] = {}
_frameworks: dict[str, str] = {}
_paths: set[str] = set()
_MOST_PATHS = 100
_lock = threading.RLock()


def note_framework(name: str, version: str) -> None:
    """A framework that this process uses, for the `log.open` of logs that are opened from now on."""
    _frameworks[name] = version


def paths() -> list[str]:
    """The logs that this process has had a recorder for, those that are closed included."""
    return sorted(_paths)


def recorder_for(settings: Settings, sink: Sink | None = None) -> StepRecorder:
    """The process's recorder for `settings.path`, made at the first call; with a `sink`, a new one of its own.

    Give it back with `release`.
    """
    with _lock:
        found = _by_path.get(settings.path) if sink is None else None
        if found is None:
            found = _make(settings, sink)
            _all.append(found)
            if sink is None:
                _by_path[settings.path] = found
                if len(_paths) < _MOST_PATHS:
                    _paths.add(settings.path)
        elif found.settings != settings:
            complain(
                f"settings {settings.path}",
                f"{settings.path} is being written with {_differing(found.settings, settings)}; this stays so",
            )
        _users[id(found)] = _users.get(id(found), 0) + 1
        return found


def release(recorder: StepRecorder) -> None:
    """The caller is done with it; when all are, what is open ends and the log is closed."""
    with _lock:
        left = _users.get(id(recorder), 0) - 1
        if left > 0:
            _users[id(recorder)] = left
            return
        _users.pop(id(recorder), None)
        _by_path.pop(recorder.settings.path, None)
        if recorder in _all:
            _all.remove(recorder)
    recorder.close()
    recorder.lines.close()
    recorder.lines.appender.release()


def recorders() -> tuple[StepRecorder, ...]:
    """All that record in this process now."""
    return tuple(_all)


def path_of(recorder: object) -> str | None:
    """The log that a recorder writes; None where its lines go to a sink of the program's own."""
    return next((path for path, found in tuple(_by_path.items()) if found is recorder), None)


def _make(settings: Settings, sink: Sink | None) -> StepRecorder:
    def facts() -> Record:
        shaping: dict[str, Any] = {
            "content": settings.content,
            "detail": settings.detail,
            "redact": settings.redact,
        }
        program = masked(sys.argv[0], {}) if settings.redact and sys.argv else ""
        own = {"argv0": program} if program and program != sys.argv[0] else {}
        return {"frameworks": dict(_frameworks) or None} | shaping | own

    target = sink if sink is not None else file_for(settings)
    return StepRecorder(
        settings, LineWriter(settings, Appender(target, facts, settings, _housekeeping(settings, target)))
    )


def _housekeeping(settings: Settings, sink: Sink) -> Callable[[str | None], object] | None:
    """What is to be done when a file of this log is begun: in a thread, since it reads what other writers left."""
    if not isinstance(sink, FileSink) or settings.shared:
        return None
    if not (settings.keep_days or settings.keep_bytes or settings.compress):
        return None
    from steplog._write.keep.housekeeping import Housekeeper  # noqa: PLC0415 - few logs are kept within limits

    keeper = Housekeeper(settings)
    return lambda left: helper_thread.start(keeper.begun, left)


def _differing(now: Settings, asked: Settings) -> str:
    differing = [
        field for field in fields(Settings) if getattr(now, field.name) != getattr(asked, field.name)
    ]
    # What a repr of settings leaves out is secret.
    return ", ".join(
        f"{field.name}={getattr(now, field.name)!r}" if field.repr else f"another {field.name}"
        for field in differing
    )


def _close_all() -> None:
    # The descriptors stay open: __del__ methods and daemon threads may still log.
    for recorder in tuple(_all):
        recorder.close()
        recorder.lines.close()


def _after_fork_in_child() -> None:
    global _lock  # noqa: PLW0603 - the parent's lock may be held by a thread that does not exist here
    _lock = threading.RLock()
    for recorder in tuple(_all):
        recorder.lines.appender.after_fork()
        recorder.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
