"""A service whose worker reads in a consumer group of its own: it owns every partition, beside those that do too.

`python -m tests.faults.apart NAME --worker`, with the environment of the service; nothing else of it is changed.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any

from faststream.kafka import KafkaBroker

_subscriber = KafkaBroker.subscriber


def _apart(self: KafkaBroker, *topics: str, group_id: str, **more: Any) -> Any:
    return _subscriber(self, *topics, group_id=f"{group_id}-apart", **more)


if __name__ == "__main__":
    KafkaBroker.subscriber = _apart  # type: ignore[method-assign,assignment]
    service = sys.argv.pop(1)
    runpy.run_module(f"services.{service}", run_name="__main__")
