"""A log of any number of machines on Spark: the views of docs/sql.md by the same names, and the same answers.

```python
from pyspark.sql import SparkSession
from steplog import spark

session = SparkSession.builder.getOrCreate()
spark.views(session, "s3://bucket/logs")
session.sql("SELECT model, sum(output_tokens) FROM llm_calls GROUP BY model").show()

log = spark.SparkLog(session, "s3://bucket/logs")
print(log.stats(by=["model", "day"]).as_json())
```

Needs `pip install 'steplog[spark]'` and Java 17, steplog on the workers too; for `s3://` Spark's own hadoop-aws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steplog._fleet.spark_answers import SparkLog, spark_session
from steplog._fleet.spark_views import make_views

if TYPE_CHECKING:
    import os

__all__ = ["SparkLog", "session", "views"]


def views(session: Any, url: str | os.PathLike[str]) -> None:
    """Registers runs, steps, llm_calls, tool_calls, messages, documents, errors and points in a Spark session.

    `url` is where `steplog ship` brought the segments (`s3://`, `gs://`, `file://` …), or a local folder of them. The log is
    looked through once, for runs without an end; all else is read when it is asked. The session's time zone becomes UTC.
    """
    make_views(session, str(url))


def session(master: str | None = None) -> Any:
    """A Spark session at this master: `spark://host:7077`, `sc://host` (Spark Connect); by default this machine alone.

    Raises: LogError without pyspark, or where none begins.
    """
    return spark_session(master)
