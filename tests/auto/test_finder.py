"""The finder: it wakes the adapter in time, and the import of the framework stays what it was."""

from __future__ import annotations

import json

import pytest

RUN_ONE = """
from langchain_core.runnables import RunnableLambda
assert RunnableLambda(lambda n: n + 1).invoke(1) == 2
"""
STAND_IN = """
import sys
def activate():
    trigger = sys.modules["langchain_core.tracers.context"]
    print("woken", hasattr(trigger, "_configure_hooks"))
"""


def test_the_very_first_run_of_a_process_is_recorded(desk):
    done = desk.boot(RUN_ONE, STEPLOG="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs().values()) == [1]


def test_a_framework_imported_before_install_is_recorded_from_then_on(desk):
    # Set only now: where steplog-auto is installed, the variable alone would have recorded the first run too.
    late = "import os; os.environ['STEPLOG'] = '1'; from steplog._auto.boot import install; install()"
    done = desk.python("-c", f"{RUN_ONE}{late}; RunnableLambda(str).invoke(2)")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs().values()) == [1]


def test_a_program_that_imports_the_adapter_before_the_framework_is_recorded(desk):
    done = desk.boot("import langchain_steplog\n" + RUN_ONE, STEPLOG="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs().values()) == [1]


def test_a_second_install_changes_nothing(desk):
    again = "import sys; before = list(sys.meta_path); install(); assert sys.meta_path == before"
    done = desk.boot(again + RUN_ONE, STEPLOG="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs().values()) == [1]


def test_a_framework_that_imports_the_trigger_in_its_own_import_is_recorded_from_its_first_run_on(desk):
    """As langchain-core 1.0 does: the adapter cannot be imported before the framework is whole."""
    desk.write(
        "more/early.py",
        "import sys, langchain_core.tracers.context\nhalf = 'langchain_steplog' in sys.modules",
    )
    grow = f"import langchain_core; langchain_core.__path__.append({str(desk.folder / 'more')!r})\n"
    check = "import langchain_core.early; assert not langchain_core.early.half\n"
    # Eight threads at once, each with its first run.
    runs = "from langchain_core.runnables import RunnableLambda; from concurrent.futures import ThreadPoolExecutor\n"
    runs += "with ThreadPoolExecutor(8) as pool: list(pool.map(RunnableLambda(str).invoke, range(8)))"
    done = desk.boot(grow + check + runs, STEPLOG="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs().values()) == [8]


def test_what_waits_for_the_first_run_goes_when_the_finder_does(desk):
    desk.write("more/early.py", "import langchain_core.tracers.context")
    grow = f"import langchain_core; langchain_core.__path__.append({str(desk.folder / 'more')!r})\n"
    program = """
import langchain_core.early
from steplog._auto.finder import uninstall
hooks = langchain_core.tracers.context._configure_hooks
ours = hooks[-1]
uninstall()
assert type(ours[0]).__module__ == "steplog._auto.finder" and ours not in hooks
"""
    done = desk.boot(grow + program + RUN_ONE, STEPLOG="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert not desk.log.exists()


def test_the_adapter_is_woken_after_its_trigger_was_executed(desk):
    desk.write("stand_in/langchain_steplog.py", STAND_IN)
    desk.put_on_path(desk.folder / "stand_in")
    assert desk.boot(RUN_ONE, STEPLOG="1").stdout == b"woken True\n"


def test_an_adapter_that_is_not_installed_costs_one_line_that_says_what_to_install(desk):
    done = desk.boot(
        "import sys; sys.modules['langchain_steplog'] = None" + RUN_ONE + "print('ran')", STEPLOG="1"
    )
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert done.stderr == b'steplog: LangChain is not recorded: pip install "steplog[langchain]"\n'


def test_the_line_for_a_missing_namespace_package_is_the_same(desk):
    desk.write("stand_in/llama_index_instrumentation.py", "print('framework')")
    desk.put_on_path(desk.folder / "stand_in")
    program = "import sys; sys.modules['llama_index'] = None; import llama_index_instrumentation"
    done = desk.boot(program, STEPLOG="1")
    assert (done.returncode, done.stdout) == (0, b"framework\n")
    assert done.stderr == b'steplog: LlamaIndex is not recorded: pip install "steplog[llama-index]"\n'


def test_an_adapter_that_raises_costs_one_line_and_not_the_program(desk):
    desk.write("stand_in/langchain_steplog.py", "def activate():\n    raise RuntimeError('one\\ntwo')")
    desk.put_on_path(desk.folder / "stand_in")
    done = desk.boot(RUN_ONE + "print('ran')", STEPLOG="1")
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert done.stderr == b"steplog: LangChain is not recorded: RuntimeError: one two\n"


def test_something_the_adapter_lacks_is_not_mistaken_for_the_adapter(desk):
    desk.write("stand_in/langchain_steplog.py", "import no_such_module_anywhere")
    desk.put_on_path(desk.folder / "stand_in")
    done = desk.boot(RUN_ONE, STEPLOG="1")
    assert b"ModuleNotFoundError: No module named 'no_such_module_anywhere'" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_program_without_a_standard_error_runs(desk):
    desk.write("stand_in/langchain_steplog.py", "def activate():\n    raise RuntimeError")
    desk.put_on_path(desk.folder / "stand_in")
    done = desk.boot("import sys; sys.stderr = None" + RUN_ONE + "print('ran')", STEPLOG="1")
    assert (done.returncode, done.stdout) == (0, b"ran\n")


def test_an_error_in_the_framework_itself_is_the_users_error_and_wakes_nobody(desk):
    desk.write("stand_in/llama_index_instrumentation.py", "raise ZeroDivisionError('theirs')")
    desk.write("stand_in/llama_index/observability/steplog.py", "def activate(): print('woken')")
    desk.put_on_path(desk.folder / "stand_in")
    done = desk.boot("import llama_index_instrumentation", STEPLOG="1")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.endswith(b"ZeroDivisionError: theirs\n")


def test_spec_and_loader_of_a_trigger_are_those_it_has_without_us(desk):
    look = """
import importlib, importlib.resources, importlib.util, inspect, json, pkgutil, runpy, sys
name = "langchain_core.tracers.context"
spec = importlib.util.find_spec(name)
assert name not in sys.modules
module = importlib.import_module(name)
package = importlib.import_module("langchain_core.tracers")
runpy.run_module(name)
json.dump([
    type(spec.loader).__name__, spec.origin, spec.cached, spec.has_location, spec.submodule_search_locations,
    type(module.__loader__).__name__, module.__loader__ is module.__spec__.loader, module.__file__,
    len(inspect.getsource(module)), len(spec.loader.get_source(name)), spec.loader.is_package(name),
    len(spec.loader.get_data(spec.origin)), spec.loader.get_code(name).co_name, spec.loader.get_filename(name),
    sorted(p.name for p in importlib.resources.files(package).iterdir()) != [],
    type(spec.loader.get_resource_reader(name)).__name__,
    len(pkgutil.get_data("langchain_core.tracers", "context.py")),
    importlib.reload(module) is module,
], sys.stdout)
"""
    assert json.loads(desk.boot(look, STEPLOG="1").stdout) == json.loads(desk.boot(look, STEPLOG="0").stdout)


def test_looking_for_a_trigger_without_importing_it_wakes_nobody(desk):
    look = "import importlib.util, sys; importlib.util.find_spec('langchain_core.tracers.context')"
    done = desk.boot(look + "; print('langchain_steplog' in sys.modules)", STEPLOG="1")
    assert done.stdout == b"False\n"


def test_a_lazily_loaded_trigger_wakes_the_adapter_when_it_is_executed(desk):
    desk.write("stand_in/llama_index_instrumentation.py", "value = 5")
    desk.write("stand_in/llama_index/observability/steplog.py", "def activate(): print('woken')")
    desk.put_on_path(desk.folder / "stand_in")
    program = """
import importlib.util, sys
spec = importlib.util.find_spec("llama_index_instrumentation")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
print("lazy")
print(module.value)
"""
    assert desk.boot(program, STEPLOG="1").stdout == b"lazy\nwoken\n5\n"


# The two shapes that other tools' import hooks have: one asks all finders but itself, one wraps what it is given in
# a proxy that hands attributes on (wrapt). Each stands before and behind ours.
OTHERS = """
import importlib.util, sys

class AsksAll:
    def find_spec(self, name, path=None, target=None):
        if name != "langchain_core.tracers.context":
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec:
                print("asked")
                return spec

class Proxy:
    def __init__(self, loader):
        object.__setattr__(self, "loader", loader)
        object.__setattr__(self, "exec_module", self.run)
    def __getattr__(self, name):
        return getattr(self.loader, name)
    def __setattr__(self, name, value):
        setattr(self.loader, name, value)
    def run(self, module):
        self.loader.exec_module(module)
        print("proxied")

class Wraps(AsksAll):
    def find_spec(self, name, path=None, target=None):
        later = sys.meta_path[sys.meta_path.index(self) + 1:] if self in sys.meta_path else []
        spec = None
        if name == "langchain_core.tracers.context":
            spec = next(filter(None, (f.find_spec(name, path, target) for f in later)), None)
        if spec:
            spec.loader = Proxy(spec.loader)
        return spec
"""


@pytest.mark.parametrize(("other", "said"), [("AsksAll", b"asked\n"), ("Wraps", b"proxied\n")])
def test_an_import_hook_of_another_tool_before_ours_works_beside_it(desk, other, said):
    program = OTHERS + f"sys.meta_path.insert(0, {other}())" + RUN_ONE
    done = desk.boot(program, STEPLOG="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, said, b"")
    assert list(desk.runs().values()) == [1]


def test_an_import_hook_of_another_tool_behind_ours_works_beside_it(desk):
    program = (
        OTHERS
        + "sys.meta_path.insert(1, Wraps()); assert 'TriggerFinder' in repr(sys.meta_path[0])"
        + RUN_ONE
    )
    done = desk.boot(program, STEPLOG="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"proxied\n", b"")
    assert list(desk.runs().values()) == [1]


def test_a_loader_that_cannot_be_listened_to_costs_one_line(desk):
    program = """
import importlib.machinery
class Loader:
    __slots__ = ()
    def create_module(self, spec): return None
    def exec_module(self, module): print("framework")
class Slotted:
    def find_spec(self, name, path=None, target=None):
        if name == "llama_index_instrumentation":
            return importlib.machinery.ModuleSpec(name, Loader())
import sys
sys.meta_path.insert(1, Slotted())
import llama_index_instrumentation
"""
    done = desk.boot(program, STEPLOG="1")
    assert (done.returncode, done.stdout) == (0, b"framework\n")
    assert done.stderr.startswith(b"steplog: LlamaIndex is not recorded: cannot listen to Loader: ")
    assert done.stderr.count(b"\n") == 1


def test_a_trigger_in_a_zip_file_wakes_the_adapter_once(desk):
    zipping = """
import zipfile
with zipfile.ZipFile("all.zip", "w") as archive:
    archive.writestr("llama_index_instrumentation.py", "print('framework')")
    for folder in ("llama_index/", "llama_index/observability/"):
        archive.writestr(folder, "")
    archive.writestr("llama_index/observability/steplog.py", "def activate(): print('woken')")
import importlib.util, sys
sys.path.insert(0, "all.zip")
importlib.util.find_spec("llama_index_instrumentation")
import llama_index_instrumentation, llama_index.observability.steplog
"""
    assert desk.boot(zipping, STEPLOG="1").stdout == b"framework\nwoken\n"
