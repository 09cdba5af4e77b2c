"""Many machines, one log: closed segments go to a store, and every reader takes the store's URL for a path.

```python
import steplog
from steplog import fleet

for done in fleet.ship("logs", "s3://bucket/logs"):
    print(done.key, done.why)
print(steplog.read("s3://bucket/logs/dt=2026-11-23").runs)
```

Needs `pip install 'steplog[fleet]'` and fsspec's package for the store: s3fs, gcsfs, adlfs.
"""

from __future__ import annotations

from steplog._fleet.ship import Outcome, ShipError, ship
from steplog._format.store import StoreError

__all__ = ["Outcome", "ShipError", "StoreError", "ship"]
