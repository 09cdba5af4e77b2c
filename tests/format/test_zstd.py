"""Compressed segments, of one frame or of many, are read from any place; damage costs what it damages."""

import gc
import io
import itertools
import random
import shutil
import subprocess

import pytest

from steplog._format.zstd import open_segment, unreadable
from steplog._format.zstd_frames import Frame, frames

zstd = pytest.importorskip("backports.zstd")
LINES = [b'{"seq":%d,"data":"%s"}\n' % (n, b"word " * (n % 40)) for n in range(20_000)]
PLAIN = b"".join(LINES)
STARTS = list(itertools.accumulate(map(len, LINES), initial=0))[:-1]
NAME = "20261123T031259000000Z-1-aaaaaaaa.jsonl.zst"


def frame(plain):
    return zstd.compress(plain, options={zstd.CompressionParameter.checksum_flag: 1})


def streamed(plain):
    """As version 0.1 compressed: one frame that does not say how long it is."""
    out = io.BytesIO()
    with zstd.open(out, "wb") as file:
        file.write(plain)
    return out.getvalue()


def split(size):
    return [PLAIN[at : at + size] for at in range(0, len(PLAIN), size)]


MANY = [frame(part) for part in split(1 << 18)]
SKIPPABLE = (0x184D2A53).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"index"
FORMS = {
    "many frames": b"".join(MANY),
    "one frame of version 0.1": streamed(PLAIN),
    "one frame that says its length": frame(PLAIN),
    "a frame that is no data": MANY[0] + SKIPPABLE + b"".join(MANY[1:]),
    "frames of both kinds": b"".join(MANY[:2]) + streamed(PLAIN[2 << 18 :]),
    "tiny frames": b"".join(map(frame, split(3000))),
}


@pytest.fixture(params=FORMS.values(), ids=FORMS.keys())
def file(request, tmp_path):
    path = tmp_path / NAME
    path.write_bytes(request.param)
    return path


def test_every_form_reads_as_the_plain_text(file):
    with open_segment(file) as stream:
        assert list(stream) == LINES
        assert stream.tell() == len(PLAIN)


def test_any_line_is_found_at_its_place(file):
    dice = random.Random(1)
    with open_segment(file) as stream:
        for n in [*dice.sample(range(len(LINES)), 60), *sorted(dice.sample(range(len(LINES)), 60)), 0]:
            assert stream.seek(STARTS[n]) == STARTS[n]
            assert stream.readline() == LINES[n]
        assert stream.seek(0, io.SEEK_END) == len(PLAIN)
        assert stream.read() == b""
        assert stream.seek(len(PLAIN) + 5) == len(PLAIN)
        stream.seek(STARTS[7])
        assert stream.seek(10, io.SEEK_CUR) == STARTS[7] + 10
        with pytest.raises(ValueError, match="negative"):
            stream.seek(-1)


def test_other_tools_read_what_is_written(tmp_path):
    if shutil.which("zstd") is None:
        pytest.skip("there is no zstd command here")
    (tmp_path / NAME).write_bytes(FORMS["many frames"])
    done = subprocess.run(["zstd", "-dc", str(tmp_path / NAME)], check=True, capture_output=True)
    assert done.stdout == PLAIN


def test_frames_are_told_by_their_headers(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(FORMS["many frames"])
    found = frames(path)
    assert [found.at for found in found] == [0, *itertools.accumulate(map(len, MANY))][:-1]
    assert [found.size for found in found] == list(map(len, MANY))
    assert [found.start for found in found] == list(range(0, len(PLAIN), 1 << 18))
    assert sum(found.length for found in found) == len(PLAIN)
    path.write_bytes(FORMS["one frame of version 0.1"])
    assert frames(path) == [Frame(0, path.stat().st_size, 0, None)]
    path.write_bytes(FORMS["frames of both kinds"])
    assert [found.length for found in frames(path)] == [1 << 18, 1 << 18, None]
    path.write_bytes(b"")
    assert frames(path) == []
    path.write_bytes(b"".join(frame(b"x" * n) for n in (1, 255, 256, 257, 65_791, 65_792)))
    assert [found.length for found in frames(path)] == [1, 255, 256, 257, 65_791, 65_792]


def test_behind_a_damaged_frame_reading_goes_on(tmp_path):
    """A seek unpacks one frame and not those before it, or it would meet the damage."""
    path = tmp_path / NAME
    damaged = bytearray(FORMS["many frames"])
    damaged[len(MANY[0]) - 2] ^= 1
    path.write_bytes(damaged)
    with open_segment(path) as stream:
        with pytest.raises(unreadable()):
            stream.read(len(PLAIN))
        after = frames(path)[1].start
        assert stream.seek(after) == after
        assert stream.read() == PLAIN[after:]


def test_a_cut_file_gives_what_is_whole(tmp_path):
    path = tmp_path / NAME
    whole = FORMS["many frames"]
    for cut in (1, 5, len(MANY[-1]) // 2, len(MANY[-1]) + 3, len(whole) - 1, len(whole) - 4):
        path.write_bytes(whole[:-cut])
        found = frames(path)
        with open_segment(path) as stream:
            for each in found:
                stream.seek(each.start)
                assert stream.read(each.length) == PLAIN[each.start : each.start + each.length]
            with pytest.raises(unreadable()):
                stream.read()


def given_before_the_damage(stream, size):
    given = b""
    try:
        while piece := stream.read(size):
            given += piece
    except unreadable():
        return given
    pytest.fail("the damage was not told")


@pytest.mark.parametrize(
    "form", ["many frames", "one frame of version 0.1", "one frame that says its length"]
)
def test_what_stands_before_a_cut_is_given_by_reads_of_any_size(form, tmp_path):
    path = tmp_path / NAME
    whole = FORMS[form]
    for cut in (1, len(whole) // 3, len(whole) // 2):
        path.write_bytes(whole[:-cut])
        with open_segment(path) as stream:
            given = given_before_the_damage(stream, 100)
            for size in (1 << 12, 1 << 17, 1 << 20, 1 << 24):
                stream.seek(0)
                assert given_before_the_damage(stream, size) == given, size
                with pytest.raises(unreadable()):  # and says it as often as it is asked
                    stream.read(1)
        assert PLAIN.startswith(given)
        assert len(given) > (len(PLAIN) // 4 if form == "many frames" else 1 << 17)


def test_a_file_that_cannot_be_opened_leaves_nothing_that_fails_later(tmp_path, monkeypatch):
    """From Python 3.13 on what fails in a finalizer is printed."""
    failures = []
    monkeypatch.setattr("sys.unraisablehook", failures.append)
    with pytest.raises(FileNotFoundError):
        open_segment(tmp_path / NAME)
    gc.collect()
    with pytest.raises(FileNotFoundError) as told:
        open_segment(tmp_path / NAME)
    for entry in told.traceback:
        half_opened = entry.frame.f_locals.get("self")
        if isinstance(half_opened, io.RawIOBase):
            half_opened.close()
    assert failures == []


def test_bytes_of_any_kind_are_no_frames_and_no_error(tmp_path):
    path = tmp_path / NAME
    dice = random.Random(2)
    for _ in range(300):
        path.write_bytes(MANY[0][: dice.randrange(40)] + dice.randbytes(dice.randrange(60)))
        for found in frames(path):
            assert found.at + found.size <= path.stat().st_size
