"""Every error number there is, at every call the writer makes on its files: no exception, no wait, no spin, no litter."""

import errno

import pytest

# Writes some lines while a call fails, and some when it works again; for each error number, and for a call that fails from
# the start on or only once the log stands. Prints a line for whatever is not as it should be.
WALK = """
    import ctypes, json
    from pathlib import Path
    from raw import Raw
    from steplog._write.disk import pending
    from steplog._write.disk.composer import NOT_CALM

    pending._REST_S = 0.02
    CALL, SETTINGS, CODES = {call!r}, {settings!r}, {codes!r}
    library = ctypes.CDLL(None)
    fault_call = (ctypes.c_char * 32).in_dll(library, "fault_call")
    fault_where = (ctypes.c_char * 4096).in_dll(library, "fault_where")
    fault_code = ctypes.c_int.in_dll(library, "fault_code")
    fault_calls = ctypes.c_long.in_dll(library, "fault_calls")

    def write(run, numbers):
        for n in numbers:
            run.custom("line", {{"n": n}})

    def wait_until(condition):
        deadline = time.monotonic() + 10
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.001)

    def walked(code, began):
        folder = Path(LOG) / f"{{code}}-{{began}}"
        fault_where.value = os.fsencode(folder)
        recorder = steplog.Recorder(folder / "log", **SETTINGS)
        writer = recorder._steps.lines.appender._writer
        run = recorder.run("r")
        if began:
            run.__enter__()
            write(run, [0])
        fault_code.value, fault_calls.value, fault_call.value = code, 0, CALL.encode()
        cpu, clock = time.process_time(), time.monotonic()
        if not began:
            run.__enter__()
            write(run, [0])
        write(run, range(1, 20))
        writer._composer.look_soon()  # as a quarter of a second later
        writer._composer.calm = NOT_CALM
        write(run, [20])
        time.sleep(0.03)
        calls, took = fault_calls.value, (time.process_time() - cpu, time.monotonic() - clock)
        fault_call.value = b""
        wait_until(lambda: not writer.pending.queue)
        write(run, [21])
        run.__exit__(None, None, None)
        recorder.close()
        files = [file for file in (folder / "log").iterdir() if not file.name.startswith(".")]
        raw = Raw(folder / "log")
        found = raw.data(), len(raw.torn) + len(raw.damaged), raw.repeated(), raw.gaps(), raw.in_order()
        wrong = [found] if found != (list(range(22)), 0, [], {{}}, True) else []
        wrong += [f"{{calls}} calls"] * (calls > 150) + [f"{{took}} s"] * (took[0] > 0.3 or took[1] > 2)
        wrong += [f"{{len(files)}} files"] * (len(files) > 3) + ["a file is empty"] * any(not f.stat().st_size for f in files)
        wrong += ["it never ended"] * bool(writer.pending.queue)
        if wrong:
            print(CALL, code, "later" if began else "from the start", *wrong)

    for code in CODES:
        for began in (False, True):
            try:
                walked(code, began)
            except Exception as error:
                print(CALL, code, repr(error))
    wait_until(lambda: threading.active_count() == 1)
    os._exit(0)
    """

CALLS = [
    "open",
    "write",
    "fsync",
    "close",
    "fstat",
    "stat",
    "lstat",
    "mkdir",
    "chmod",
    "fchmod",
    "ftruncate",
    "unlink",
]
HOUSEKEEPING = {"keep_days": 1, "keep_bytes": 1 << 20}
FEW = [errno.ENOSPC, errno.ESTALE, errno.ENXIO, errno.EINVAL, errno.EBADF, errno.EINTR]


@pytest.mark.parametrize("call", [*CALLS, "rename", "opendir"])
def test_no_error_of_any_call_costs_a_line_or_holds_anybody_up(call, faults, program, tmp_path, full):
    settings = (
        {"fsync": "always"}
        if call == "fsync"
        else HOUSEKEEPING
        if call in ("rename", "opendir", "unlink")
        else {}
    )
    text = WALK.format(call=call, settings=settings, codes=sorted(errno.errorcode) if full else FEW)
    done = program(text, preload=faults, env={"PYTHONPATH": __file__.rpartition("/")[0]}, timeout=170)
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["a\\0b", "\\ud83d", "socket.jsonl", "pipe.jsonl", "x" * 300, "a-file/log"])
def test_a_path_that_no_file_can_have_costs_no_time(name, program, tmp_path):
    done = program(
        f"""
        import socket
        socket.socket(socket.AF_UNIX).bind("socket.jsonl")
        os.mkfifo("pipe.jsonl")
        open("a-file", "w").close()
        from steplog._write.disk.appender import Appender
        from steplog._write.disk.file_sink import FileSink
        from steplog._write.settings.settings import Settings
        path = os.getcwd() + "/{name}"
        sink = FileSink(path, shared=path.endswith(".jsonl"))
        appender = Appender(sink, dict, Settings.load(LOG, environ={{}}))
        began = time.monotonic(), time.process_time()
        for n in range(1000): appender.append(b'{{"ev":"custom.point"}}')
        took = time.monotonic() - began[0], time.process_time() - began[1]
        appender.close({{}})
        print(*took)
        """,
    )
    wall, cpu = map(float, done.stdout.split())
    assert wall < 1
    assert cpu < 0.3
    warning, count = done.stderr.splitlines()
    assert "the program goes on" in warning
    assert "1000 lines are lost" in count


def test_a_directory_that_cannot_be_synced_costs_neither_a_line_nor_a_second_file(faults, program, tmp_path):
    """Some file systems refuse with EINVAL."""
    done = program(
        """
        import ctypes
        from pathlib import Path
        library = ctypes.CDLL(None)
        (ctypes.c_char * 4096).in_dll(library, "fault_where").value = os.fsencode(LOG)
        ctypes.c_int.in_dll(library, "fault_code").value = 22
        fault_call = (ctypes.c_char * 32).in_dll(library, "fault_call")
        from steplog._write.disk.file_sink import FileSink
        sync_name = FileSink.sync_name
        def failing(sink):
            fault_call.value = b"fsync"
            try:
                sync_name(sink)
            finally:
                fault_call.value = b""
        FileSink.sync_name = failing
        with steplog.Recorder(LOG, fsync="always") as recorder, recorder.run("r") as run:
            for n in range(10): run.custom("line", {"n": n})
        print(len(list(Path(LOG).iterdir())))
        """,
        preload=faults,
    )
    assert (done.stdout.strip(), done.stderr) == ("1", "")
