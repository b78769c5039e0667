"""How large a trial is: as the specification asks, or so that it ends soon."""

import os
from collections.abc import Callable
from typing import Any

FULL = os.environ.get("JISHI_TRUST") == "full"


def size(short: int, full: int) -> int:
    """Give the size of this run."""
    return full if FULL else short


def say(record_property: Callable[[str, Any], None], said: str, *, enough: bool = FULL) -> None:
    """Write down what was measured, and whether it was as large as asked."""
    record_property("said", said)
    if not enough:
        record_property("short", "yes")
