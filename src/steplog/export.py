"""Runs as other programs read them, one function a target of `steplog export`.

```python
import steplog
from steplog import export

log = steplog.read("logs")
export.parquet(log, "views")  # the views of `steplog sql`, a folder each
export.send(log.runs)  # to the backend that OTEL_EXPORTER_OTLP_ENDPOINT names
print(export.markdown(log["@last"]))
```

`parquet` needs DuckDB (`pip install 'steplog[parquet]'`), `send` and `write_otlp` OpenTelemetry (`pip install 'steplog[otlp]'`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steplog._export.atif import atif
from steplog._export.chrome import chrome
from steplog._export.markdown import markdown
from steplog._export.messages import chat_messages
from steplog._export.parquet import Delivered, parquet
from steplog._export.untold import Untold
from steplog._view.single_file import html

if TYPE_CHECKING:
    from steplog._export.otlp import Delivery, NotDelivered, send
    from steplog._export.otlp import write as write_otlp

__all__ = [
    "Delivered",
    "Delivery",
    "NotDelivered",
    "Untold",
    "atif",
    "chat_messages",
    "chrome",
    "html",
    "markdown",
    "parquet",
    "send",
    "write_otlp",
]

_OF_OTLP = {"Delivery": "Delivery", "NotDelivered": "NotDelivered", "send": "send", "write_otlp": "write"}


def __getattr__(name: str) -> Any:
    if name not in _OF_OTLP:
        raise AttributeError(f"module 'steplog.export' has no attribute {name!r}")
    from steplog._export import otlp  # noqa: PLC0415 -- its packages are an extra

    return getattr(otlp, _OF_OTLP[name])
