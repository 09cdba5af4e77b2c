"""An independent judge: a few lines that look at the raw bytes, and share no code with steplog's own reader."""

import json
from collections import Counter
from pathlib import Path


class Raw:
    """What stands in a log: whole lines by writer, and pieces that are none."""

    def __init__(self, path):
        path = Path(path)
        self.files = sorted(path.iterdir(), key=self._age) if path.is_dir() else [path]
        self.lines, self.torn, self.damaged = [], [], []
        for file in self.files:
            self._scan(file)

    @staticmethod
    def _age(file):
        stem, *part = file.name.removesuffix(".jsonl").split(".")
        return stem, int(part[0]) if part and part[0].isdigit() else 1

    def _scan(self, file):
        data = file.read_bytes()
        writer = file.name.rpartition("-")[2].partition(".")[0]
        *whole, tail = data.split(b"\n")
        for piece in whole:
            if not piece:
                continue
            try:
                record = json.loads(piece)
            except ValueError:
                self.damaged.append((file.name, piece[:80]))
                continue
            if not isinstance(record, dict) or "seq" not in record:
                self.damaged.append((file.name, piece[:80]))
                continue
            record["_w"] = record.get("w") or writer
            record["_file"] = file.name
            self.lines.append(record)
        if tail:
            self.torn.append((file.name, len(tail)))

    def numbers(self):
        """The `seq` of each writer, in the order they stand in."""
        found = {}
        for line in self.lines:
            found.setdefault(line["_w"], []).append(line["seq"])
        return found

    def repeated(self):
        counts = Counter((line["_w"], line["seq"]) for line in self.lines)
        return [key for key, n in counts.items() if n > 1]

    def gaps(self):
        """How many numbers are missing, by writer."""
        gaps = {}
        for w, numbers in self.numbers().items():
            missing = max(numbers) - len(set(numbers)) - (min(numbers) - 1)
            if missing:
                gaps[w] = missing
        return gaps

    def lost(self):
        return sum(line["count"] for line in self.lines if line["ev"] == "log.lost")

    def data(self, key="n"):
        """What the program handed to `custom`, in the order it stands in."""
        return [
            line["data"][key]
            for line in self.lines
            if line["ev"] == "custom.point" and key in line.get("data", {})
        ]

    def in_order(self):
        """Whether each writer's numbers and stamps run forward."""
        last = {}
        for line in self.lines:
            seq, ts = last.get(line["_w"], (0, ""))
            if line["seq"] <= seq or line["ts"] < ts:
                return False
            last[line["_w"]] = (line["seq"], line["ts"])
        return True
