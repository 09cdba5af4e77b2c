"""Whether the process of a `log.open` lives: certain only where its number means something."""

import json
import subprocess
import sys

import pytest

from steplog._format import process
from steplog._format.process import Here, fate, process_facts

HERE = Here.now()
DEAD = {"pid": 2**22 + 5, "proc_start": 1}
pytestmark = pytest.mark.skipif(not HERE.sees_processes, reason="needs /proc")


def ours(**fields):
    return {**process_facts(), **fields}


def test_this_process_lives():
    assert fate(ours(), HERE) == "lives"
    assert fate(ours(proc_start=None), HERE) == "lives"
    assert fate(ours(host="renamed meanwhile"), HERE) == "lives", "its kernel and namespace are ours"


def test_a_number_that_another_process_has_now_is_gone():
    assert fate(ours(proc_start=1), HERE) == "gone"
    assert fate(ours(**DEAD), HERE) == "gone"


def test_a_reboot_ended_every_process_of_this_host():
    assert fate(ours(boot="before"), HERE) == "gone"
    assert fate(ours(boot="before", pidns=1), HERE) == "gone"


@pytest.mark.parametrize(
    "fields",
    [
        {"pidns": 1}, {"host": "elsewhere", "boot": "another"}, {"host": "elsewhere", "boot": None},
        {"host": "elsewhere", "pidns": None}, {"host": "elsewhere", "pidns": 1}, {"pid": None}, {"pid": "1"}, {"pid": True},
        {"pid": 0}, {"pid": -1},
    ],
    ids=str,
)  # fmt: skip
def test_of_others_nothing_is_known(fields):
    assert fate(ours(**{**DEAD, **fields}), HERE) == "unknown"


SEES_ALL = HERE.pidns == 0xEFFFFFFC and process.process_start(1) is not None


def test_a_line_without_a_namespace_is_certain_only_where_all_processes_are_seen():
    old = ours(**DEAD, pidns=None)
    assert fate(old, HERE) == ("gone" if SEES_ALL else "seems gone")
    alone = Here(HERE.host, HERE.boot, 1, sees_processes=True)
    assert fate(old, alone) == "seems gone"
    assert fate(ours(pid=DEAD["pid"], pidns=None), HERE) == "seems gone", "one began at that very moment"
    assert fate(ours(**{**DEAD, "proc_start": None}, pidns=None), HERE) == "seems gone"
    assert fate(ours(pidns=None), HERE) == "lives"


def test_a_process_that_began_after_we_looked_is_not_taken_for_gone():
    here = Here.now()
    assert here.knows_gone(1) == SEES_ALL
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        start = process.process_start(child.pid)
        assert fate(ours(**{**DEAD, "proc_start": start}, pidns=None), here) == "seems gone"


def test_without_proc_a_signal_tells_who_lives_and_not_who_is_gone():
    blind = Here(HERE.host, None, None, sees_processes=False)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    blank = {"boot": None, "pidns": None, "proc_start": None}
    assert fate(ours(**blank), blind) == "lives"
    assert fate(ours(**blank, pid=child.pid), blind) == "lives"
    child.communicate()
    expected = "seems gone" if sys.platform == "linux" else "gone"
    assert fate(ours(**blank, pid=child.pid), blind) == expected
    assert fate(ours(**blank, host="elsewhere"), blind) == "unknown"


def run_in(words, *program):
    """What a program prints in surroundings that not everybody may make."""
    try:
        can_be_had = subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        can_be_had = False
    if not can_be_had:
        pytest.skip(f"`{' '.join(words[:3])} ...` is not allowed here")
    python = [*words, sys.executable, "-c"]
    if subprocess.run([*python, "import steplog"], capture_output=True, check=False).returncode:
        pytest.skip("another user cannot run this Python")  # as where it stands in a folder of one's own
    return subprocess.run([*python, *program], capture_output=True, text=True, check=True).stdout


def test_a_proc_of_another_namespace_is_not_believed():
    """In a new namespace /proc shows the old one's processes until it is mounted anew."""
    program = "from steplog._format.process import Here; here = Here.now(); print(here.sees_processes, here.knows_gone(1))"
    assert run_in(["unshare", "--pid", "--fork"], program) == "False False\n"


HIDEPID = """
mount -t proc -o hidepid=2 none /proc || exit 9
exec setpriv --reuid 12345 --regid 12345 --clear-groups "$@"
"""
JUDGE = """
import json, sys
from steplog._format.process import Here, fate
opened, here = json.loads(sys.argv[1]), Here.now()
print(fate(opened, here), fate({**opened, "pid": 4194309}, here), here.knows_gone(1))
"""


def test_what_proc_does_not_show_is_not_taken_for_gone():
    """Mounted with hidepid, /proc shows a user only processes of their own."""
    words = ["unshare", "--mount", "sh", "-c", HIDEPID, "sh"]
    assert run_in(words, JUDGE, json.dumps(ours())) == "unknown gone False\n"
