"""One figure of trust as it is printed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`reached`: True, False, or None: what was measured is sound, but it is less than the specification asks.

    `found` is what was measured, and of what is missing what it is.
    """

    code: str
    what: str
    reached: bool | None
    found: str


def worst(*found: bool | None) -> bool | None:
    """Give the verdict of several parts: one miss is a miss, one smaller size is a smaller size.

    >>> worst(True, None), worst(True, True), worst(None, False)
    (None, True, False)
    """
    if any(one is False for one in found):
        return False
    return None if any(one is None for one in found) else True
