"""From files to answers: the read side of steplog. It never writes into a log."""

from steplog._read.errors import Ambiguous, LogError, NotALog, NotFound
from steplog._read.follow import follow
from steplog._read.lines import BadLine, Line
from steplog._read.log import Log, read
from steplog._read.runs import Run
from steplog._read.sequence import Gap
from steplog._read.steps import Step

__all__ = [
    "Ambiguous",
    "BadLine",
    "Gap",
    "Line",
    "Log",
    "LogError",
    "NotALog",
    "NotFound",
    "Run",
    "Step",
    "follow",
    "read",
]
