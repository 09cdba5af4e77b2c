"""`%load_ext steplog` in IPython and Jupyter: `%steplog on|off|last|show N`, `%%steplog` for one cell."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from steplog._auto import finder
from steplog._auto.switch import activate, deactivate, recording_to
from steplog._read import LogError, Run, Step, read
from steplog._show.terminal_text import one_line
from steplog._view import notebook as frames
from steplog._write.settings.settings import SettingsError
from steplog._write.steps.labels import add_labeller, remove_labeller

_HELP: Final = """%steplog on [DIR]         record from now on
%steplog off              record no more
%steplog last             the newest run of this notebook
%steplog show N [STEP]    its Nth run, or a run by the beginning of its id, or @-2
%steplog                  what is recorded, and where to
%%steplog                 record this cell, and show its runs below it"""
_NAME_CELLS: Final = 60


class Notebook:
    """One shell's recording: which runs its cells began."""

    def __init__(self, shell: Any) -> None:
        """For this shell; `load` begins."""
        self.shell = shell
        self.path = ""
        self.runs: list[str] = []
        self._first_of_cell = 0
        self._show_cell = False
        self._only_cell = False

    def load(self) -> None:
        """Put the commands into the shell, and record."""
        frames.bind()
        add_labeller(self.label)
        self.shell.events.register("pre_run_cell", self.before_cell)
        self.shell.events.register("post_run_cell", self.after_cell)
        self.shell.input_transformers_cleanup.append(unfold)
        self.shell.register_magic_function(self.magic, magic_kind="line_cell", magic_name="steplog")
        self.on("")

    def unload(self) -> None:
        """Take everything out again."""
        self.off()
        remove_labeller(self.label)
        self.shell.events.unregister("pre_run_cell", self.before_cell)
        self.shell.events.unregister("post_run_cell", self.after_cell)
        self.shell.input_transformers_cleanup.remove(unfold)
        for kind in ("line", "cell"):
            self.shell.magics_manager.magics[kind].pop("steplog", None)

    def label(self, run: str) -> Mapping[str, Any]:
        """The cell's number, for the metadata of its runs."""
        self.runs.append(run)
        # not execution_count, which newer versions of IPython have moved on by now
        return {"cell": self.shell.displayhook.prompt_count}

    def before_cell(self, _: object = None) -> None:
        """What begins from here on is this cell's."""
        self._first_of_cell = len(self.runs)
        self._show_cell = self._only_cell = False

    def after_cell(self, _: object = None) -> None:
        """Below a cell that began with `%%steplog`, its runs."""
        if not self._show_cell:
            return
        ids = self.runs[self._first_of_cell :]
        for number in range(self._first_of_cell + 1, self._first_of_cell + len(ids) + 1):
            self._display(self.find(str(number)))
        if not ids:
            _say("no run began in this cell")
        if self._only_cell:
            self.off()
        self._show_cell = self._only_cell = False

    def magic(self, line: str, cell: str | None = None) -> Run | Step | None:
        """Records LLM agents. `%steplog help` lists what there is."""
        if cell is not None:  # only where somebody calls the magic by hand: `unfold` takes care of cells
            self.shell.run_cell(f"%steplog cell {line}\n{cell}")
            return None
        word, *rest = line.split() or [""]
        match word, rest:
            case "", []:
                self.status()
            case "on", [] | [_]:
                self.on("".join(rest))
            case "cell", [] | [_]:
                self.begin_cell("".join(rest))
            case "off", []:
                self.off()
            case "last", []:
                return self.find(str(len(self.runs)) if self.runs else "@last")
            case "show", [run]:
                return self.find(run)
            case "show", [run, step] if step.isdecimal():
                return self.find(run, int(step))
            case _:
                _say(_HELP)
        return None

    def on(self, path: str) -> None:
        """Record, to `path` if there is one, and not where it was recorded to before."""
        try:
            if path and finder.installed():
                deactivate()
            activate(path or None)
        except SettingsError as error:
            _say(str(error))
        self.path = recording_to()

    def off(self) -> None:
        """Record no more; what was recorded can still be shown."""
        deactivate()

    def begin_cell(self, path: str) -> None:
        """A cell that began with `%%steplog`: recorded, even if the others are not."""
        self._show_cell, self._only_cell = True, not finder.installed()
        self.on(path)

    def find(self, run: str, step: int | None = None) -> Run | Step | None:
        """The Nth run of this notebook, or the one meant as on the command line, or a step of it."""
        if run.isdecimal() and 0 < int(run) <= len(self.runs):
            run = self.runs[int(run) - 1]
        try:
            found = read(self.path).run(run)
            return found if step is None else found.step(step)
        except LogError as error:
            _say(str(error))
            return None

    def status(self) -> None:
        """Whether it is recorded, where to, and the notebook's runs by number."""
        _say(f"recording to {self.path}" if finder.installed() else f"off; recorded to {self.path}")
        known: dict[str, Run] = {}
        try:
            known.update({run.id: run for run in read(self.path).runs} if self.runs else {})
        except LogError as error:
            _say(str(error))
        for number, run_id in enumerate(self.runs, 1):
            run = known.get(run_id)
            said = f"{run.name} {run.status}" if run else "not in the log"
            _say(f"{number:>3} {run_id[:8]} {one_line(said, _NAME_CELLS)}")

    def _display(self, shown: Run | Step | None) -> None:
        if shown is not None:
            data = {"text/plain": str(shown), "text/html": shown._repr_html_()}  # pyright: ignore[reportPrivateUsage] -- it is IPython's name
            self.shell.display_pub.publish(data=data)


def unfold(lines: list[str]) -> list[str]:
    """A cell's `%%steplog` as a command on its first line, so that the rest of it runs as any cell, `await` and all."""
    words = lines[0].split() if lines else []
    if words[:1] == ["%%steplog"]:
        return [f"%steplog cell {' '.join(words[1:])}\n", *lines[1:]]
    return lines


_notebooks: dict[int, Notebook] = {}


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext steplog` calls: record from now on, before or after the framework's import."""
    if id(shell) not in _notebooks:
        notebook = _notebooks[id(shell)] = Notebook(shell)
        notebook.load()


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext steplog` calls: leave the shell as it was."""
    notebook = _notebooks.pop(id(shell), None)
    if notebook is not None:
        notebook.unload()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n" if text == _HELP else f"steplog: {text}\n")
