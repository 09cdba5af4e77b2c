"""From files to answers: the read side of steplog. It never writes into a log."""

from steplog._read.errors import Ambiguous, LogError, NotALog, NotFound
from steplog._read.files.follow import follow
from steplog._read.files.lines import BadLine, Line
from steplog._read.files.sequence import Gap
from steplog._read.log import read
from steplog._read.runs.run import Run
from steplog._read.runs.step import Step
from steplog._read.runs.typed import Document, Message, ToolCall, Usage
from steplog._read.standing_log import Log

__all__ = [
    "Ambiguous",
    "BadLine",
    "Document",
    "Gap",
    "Line",
    "Log",
    "LogError",
    "Message",
    "NotALog",
    "NotFound",
    "Run",
    "Step",
    "ToolCall",
    "Usage",
    "follow",
    "read",
]
