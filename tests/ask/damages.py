"""What may happen to a log: each damage is done to a copy of a whole one."""

import shutil

import orjson
import pytest


def segments(path):
    return sorted(path.glob("*.jsonl"), key=lambda file: file.stat().st_size)


def torn(path):
    file = segments(path)[-1]
    file.write_bytes(file.read_bytes()[:-37])


def torn_but_whole(path):
    file = segments(path)[-1]
    file.write_bytes(file.read_bytes()[:-1])


def nuls(path):
    file = segments(path)[-1]
    data = file.read_bytes()
    at = data.index(b"\n", len(data) // 2) + 1
    file.write_bytes(data[:at] + b"\0" * 300 + data[at:])


def spliced(path):
    file = segments(path)[-1]
    lines = file.read_bytes().splitlines(keepends=True)
    lines[10] = lines[10][:60] + lines[11]
    del lines[11]
    file.write_bytes(b"".join(lines))


def repeated(path):
    file = segments(path)[-1]
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines, *lines[5:40]]))


def copied(path):
    shutil.copy(segments(path)[-1], path / "copy.jsonl")


def foreign(path):
    file = segments(path)[-1]
    rows = (
        b'{"hello": 1}\n[1,2]\n"text"\n{"ev": 3}\n{"ev":"llm.end","usage":{"input_tokens":5}}\n\n\xff\xfe\n'
    )
    file.write_bytes(rows + file.read_bytes() + rows)


def bom(path):
    file = segments(path)[-1]
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())


def lost_lines(path):
    file = segments(path)[-1]
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(line for at, line in enumerate(lines) if at % 17))


def without_ends(path):
    for file in segments(path):
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(line for line in lines if b'"ev":"run.end"' not in line))


def reused_ids(path):
    file = segments(path)[-1]
    lines = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    ids = list(dict.fromkeys(line["run"] for line in lines if "run" in line))
    for line in lines:
        if line.get("run") in ids[:4]:
            line["run"] = ids[0]
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def without_totals(path):
    """What is changed by hand here was added up by the writer as it was: let the steps say it."""
    for file in segments(path):
        records = [orjson.loads(line) for line in file.read_bytes().splitlines()]
        file.write_bytes(
            b"".join(orjson.dumps({k: v for k, v in r.items() if k != "totals"}) + b"\n" for r in records)
        )


def inferred_ends(path):
    """Before some real ends an inferred one, behind others; some steps have only that."""
    without_totals(path)
    file = segments(path)[-1]
    found = []
    for at, line in enumerate(file.read_bytes().splitlines()):
        record = orjson.loads(line)
        if record["ev"] in ("llm.end", "tool.end"):
            inferred = {name: record[name] for name in ("ts", "run", "step", "ev")} | {
                "implied": True,
                "status": "cancelled",
                "ms": 9e9,
            }
            found.extend([[inferred, record], [record, inferred], [inferred], [record]][at % 4])
        else:
            found.append(record)
    for seq, record in enumerate(found, 1):
        record["seq"] = seq
        record.pop("totals", None)  # they were added up from other lines
    file.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in found))


def cached_answers(path):
    without_totals(path)
    for file in segments(path):
        data = file.read_bytes().replace(
            b'"finish_reason":"length"', b'"finish_reason":"length","cached":true'
        )
        lines = [orjson.loads(line) for line in data.splitlines()]
        for line in lines:
            line.pop("totals", None)  # they were added up from other lines
        file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def one_file(path):
    whole = b"".join(file.read_bytes() for file in segments(path))
    for file in segments(path):
        file.unlink()
    (path / "all.jsonl").write_bytes(whole)


def odd_types(path):
    file = segments(path)[-1]
    lines = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    odd = [
        ("usage", "many"),
        ("error", "text"),
        ("metadata", [1]),
        ("tags", {"a": 1}),
        ("ms", "long"),
        ("totals", 3),
    ]
    for (name, value), line in zip(odd, lines[20:], strict=False):
        line[name] = value
    lines[40]["seq"], lines[41]["step"], lines[42]["ts"], lines[43]["run"] = "x", "y", 5, 6
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def packed(path):
    zstd = pytest.importorskip("backports.zstd")
    for file in segments(path)[1:]:
        data = file.read_bytes()
        middle = data.index(b"\n", len(data) // 2) + 1
        (path / f"{file.name}.zst").write_bytes(zstd.compress(data[:middle]) + zstd.compress(data[middle:]))
        file.unlink()


def cut_while_packed(path):
    packed(path)
    file = max(path.glob("*.zst"), key=lambda each: each.stat().st_size)
    file.write_bytes(file.read_bytes()[:-200])


def whole(path):
    del path


DAMAGES = [
    whole, torn, torn_but_whole, nuls, spliced, repeated, copied, foreign, bom, lost_lines, without_ends, reused_ids,
    inferred_ends, cached_answers, one_file, odd_types, packed, cut_while_packed,
]  # fmt: skip
