"""`steplog doctor`: what shape a log is in, what it lacks and why; and a copy of what is good."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from steplog._ask.unpriced import unpriced
from steplog._cli.command import NO, ReadCommand, complain
from steplog._cli.options import takes_json, takes_log
from steplog._cli.sizes import size_text
from steplog._notes.place import notes_files
from steplog._notes.reading import notes_in
from steplog._read.files.segments import log_path
from steplog._read.files.walk import Walk
from steplog._read.health import examine
from steplog._read.secrets_in_log import secrets_in_log
from steplog._show.terminal_text import as_json, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._read.health import Health, SegmentHealth, Unclosed

_NAMED: Final = 20
_LIMITS: Final = "max_value_bytes (a text), max_line_bytes, max_items or max_depth, higher, would keep more"
_VERDICTS: Final = {
    "whole": "whole: no acknowledged line is missing",
    "unclosed": "ended without log.close: no line is known to be missing, but last lines may be",
    "not whole": "not whole",
}
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog doctor",
        "steplog doctor --json",
        "steplog doctor --salvage rescued",
        "steplog doctor --secrets",
        "steplog doctor --environment",
    ),
)
@click.option("--verify", is_flag=True, help="Check the chain of a log written with chain=true.")
@click.option("--salvage", metavar="OUT", help="Copy every good line to the new directory OUT.")
@click.option("--secrets", "secrets_", is_flag=True, help="Name the lines that hold a secret, and its kind.")
@click.option(
    "--environment",
    is_flag=True,
    help="Say what a bug report needs: versions, settings, whether recording works here.",
)
@takes_json
@takes_log
def doctor(
    *, path: str | None, verify: bool, salvage: str | None, secrets_: bool, environment: bool, json_: bool
) -> None:
    """Examine the log at PATH: which segments are clean, crashed, damaged, and which lines are missing, and why.

    Exit code 1 if a line that a program had been promised is missing or damaged, or does not fit its chain. A log whose
    writer ended without its closing line is not called whole, since nothing could tell what that still held; nothing is
    known to be missing then, and the exit code is 0. Told besides: what looks as if it was recorded wrongly, or not all
    of it. Nothing in the log is changed. The chain's key is taken from STEPLOG_CHAIN_KEY.

    With --secrets the rules of today by which secrets are masked are run over the log instead, and exit code 1 says that
    there is one: logs of older versions, or written with redact=false, may hold what is masked now.

    With --environment no log is examined: one run is recorded in a temporary directory and read back, and what is said
    holds no secret and no contents.
    """
    if environment:
        if path is not None or verify or salvage is not None or secrets_:
            raise click.UsageError("--environment stands alone: it examines no log")
        _say_environment(as_one_object=json_)
        return
    if secrets_:
        if verify or salvage is not None:
            raise click.UsageError(
                "--secrets stands alone: --verify and --salvage are another look at the log"
            )
        _name_secrets(log_path(path), as_one_object=json_)
        return
    key = os.environ.get("STEPLOG_CHAIN_KEY", "").encode() if verify else None
    health = examine(log_path(path), key)
    health.findings += unpriced(health.models)
    damaged = notes_in(notes_files([health.path], [each.file for each in health.segments])).bad
    if json_:
        told = {"bad_notes": list(map(str, damaged))} if damaged else {}
        click.echo(as_json(as_dict(health) | told, indent=2))
    else:
        for line in (*(f"notes      {bad}" for bad in damaged), *report(health)):
            click.echo(visible(line))
    if salvage is not None:
        _salvage(health, Path(salvage))
    if verify and not health.chained:
        complain("there is no chained line in this log: it was written without chain=true")
        click.get_current_context().exit(NO)
    if health.has_losses:
        click.get_current_context().exit(NO)


def _say_environment(*, as_one_object: bool) -> None:
    from steplog._auto.surroundings import as_text, surroundings  # noqa: PLC0415 -- the write side, which no other doctor needs

    found = surroundings(os.environ)
    for line in [as_json(found, indent=2)] if as_one_object else as_text(found):
        click.echo(line if as_one_object else visible(line))
    if not found["recording"].startswith("works"):
        click.get_current_context().exit(NO)


def _name_secrets(path: Path, *, as_one_object: bool) -> None:
    findings = secrets_in_log(path)
    if as_one_object:
        told = [
            {"file": str(one.file), "line": one.line, "kind": one.kind, "field": one.field}
            for one in findings.found
        ]
        click.echo(as_json({"path": str(path), "secrets": told, "unread": findings.unread}, indent=2))
    else:
        for one in findings.found:
            place = f"{one.file.name}, line {one.line}, in {one.field or 'a name of the program'}"
            click.echo(visible(f"secret     {one.kind}: {place}"))
        if not findings.found:
            click.echo("no secret that the rules of today know")
    for sentence in findings.unread:
        complain(sentence)
    if findings.found or findings.unread:
        click.get_current_context().exit(NO)


def as_dict(health: Health) -> dict[str, Any]:
    """The report as plain JSON; what is unknown is absent."""
    found: dict[str, Any] = {
        "path": str(health.path),
        "verdict": health.verdict,
        "whole": health.verdict == "whole",
        "segments": [_segment(segment) for segment in health.segments],
        "holes": [
            {name: getattr(hole, name) for name in hole.__dataclass_fields__ if getattr(hole, name) != ""}
            for hole in health.holes
        ],
        "unclosed": [asdict(unclosed) for unclosed in health.unclosed],
        "lost": health.lost,
        "faults": health.faults,
        "cut": health.cut,
        "masked": health.masked,
        "findings": [asdict(finding) for finding in health.findings],
    }
    return found if health.chained is None else {**found, "chained": health.chained}


def _segment(segment: SegmentHealth) -> dict[str, Any]:
    damages = [
        {"line": bad.number, "offset": bad.offset, "reason": bad.reason, "torn": torn}
        for torn, some in ((False, segment.damages), (True, segment.torn))
        for bad in some
    ]
    return {
        "file": str(segment.file),
        "state": segment.state,
        "lines": segment.lines,
        "bytes": segment.bytes,
        "first_ts": segment.first_ts,
        "last_ts": segment.last_ts,
        "damages": damages,
        "unfit": segment.unfit,
    }


def report(health: Health) -> Iterator[str]:
    """The same for people."""
    for segment in health.segments:
        yield f"{segment.state:10} {segment.file.name}  {segment.lines} lines, {size_text(segment.bytes)}"
        for bad in segment.damages[:_NAMED]:
            yield f"    damaged: line {bad.number} (byte {bad.offset}): {bad.reason}"
        for bad in segment.torn[:_NAMED]:
            yield f"    half a line, which nobody was promised: line {bad.number} (byte {bad.offset})"
        for problem in segment.unfit[:_NAMED]:
            yield f"    chain: {problem}"
    for hole in health.holes:
        why = f", {hole.reason}" if hole.reason else ", no reason given"
        count = hole.last - hole.first + 1
        yield f"missing    {count} lines ({hole.first} to {hole.last}) of {hole.writer}, between {hole.after_ts} and {hole.before_ts}{why}"
    for unclosed in health.unclosed[:_NAMED]:
        yield f"unclosed   {_without_close(unclosed)}"
    if len(health.unclosed) > _NAMED:
        yield f"unclosed   {len(health.unclosed) - _NAMED} more writers"
    for lost in health.lost:
        span = f"{lost.get('first_ts', '?')} to {lost.get('last_ts', '?')}"
        yield f"lost       {lost.get('count')} lines of {lost['writer']}, {span}: {lost.get('reason', '?')}"
    for fault in health.faults[:_NAMED]:
        yield f"fault      {fault.get('ts')} steplog itself failed in {fault.get('where')}"
    yield from _summary(health)


def _summary(health: Health) -> Iterator[str]:
    for finding in health.findings:
        yield f"{'cut' if finding.kind == 'cut' else 'audit':10} {finding.text}"
    if health.cut and not any(finding.kind == "cut" for finding in health.findings):
        yield f"cut        {health.cut} values were over a limit: {_LIMITS}"
    if health.masked:
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(health.masked.items()))
        yield f"masked     {kinds}"
    if health.chained:
        unfit = sum(len(segment.unfit) for segment in health.segments)
        yield f"chain      {health.chained} lines checked, {unfit} do not fit"
    yield _VERDICTS[health.verdict]


def _without_close(unclosed: Unclosed) -> str:
    """What is to be known of a writer that did not close its log."""
    who = f"writer {unclosed.writer or '(unknown)'} ended without log.close after line {unclosed.last}, {unclosed.last_ts}"
    if unclosed.is_gone:
        return (
            f"{who}: its process is gone; lines that it could not write to the disk any more would be missing"
        )
    return f"{who}: whether its process still runs cannot be told from here"


def _salvage(health: Health, out: Path) -> None:
    """Copies the good lines of each file, byte for byte; the originals are only read."""
    out.mkdir(mode=0o700, parents=True)
    walk, lines = Walk(every=True), 0
    for segment in health.segments:
        target = out / segment.file.name.removesuffix(".zst")
        with os.fdopen(os.open(target, _FLAGS, 0o600), "wb") as copy:
            for stretch, _ in walk.stretches(segment.file):
                copy.writelines(text + b"\n" for text in stretch.texts)
                lines += len(stretch.texts)
    for file in notes_files([health.path], [each.file for each in health.segments]):
        if notes := notes_in([file]).notes:
            with os.fdopen(os.open(out / file.name, _FLAGS, 0o600), "wb") as copy:
                copy.writelines(as_json({"v": 1, **note.as_json()}).encode() + b"\n" for note in notes)
    complain(f"{lines} good lines copied to {out}")
