"""What a walk through a container gives, and why it ends."""

from dataclasses import dataclass, field


class Unsound(Exception):
    """Cut off, not what it says, or something else stands in it."""


@dataclass(frozen=True, slots=True)
class Walked:
    """The bytes that may be kept, how long they last, and whether nothing sounds in them."""

    data: bytes = field(repr=False)
    ms: int
    silent: bool = False


def must(held: object) -> None:
    """:raises Unsound: it does not hold."""
    if not held:
        raise Unsound
