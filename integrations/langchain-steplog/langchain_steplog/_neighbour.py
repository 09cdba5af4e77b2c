"""An adapter that is newer than the steplog beside it says so, in place of the first name that it does not find there.

Each adapter has this page of its own: an older steplog cannot have it.
"""

from langchain_steplog._version import __version__
from steplog import __version__ as _core


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


if _minor(_core) < _minor(__version__):
    raise ImportError(
        f"langchain-steplog {__version__} needs steplog {__version__.rpartition('.')[0]}, and steplog {_core} is "
        "installed: pip install --upgrade steplog"
    )
