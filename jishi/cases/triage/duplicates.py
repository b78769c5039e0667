"""Is it the same matter as an open case? Proposed with reasons, never merged by itself (spec 12 §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jishi.places.queries import Spot

if TYPE_CHECKING:
    from jishi.cases.triage.classifying import Classes
    from jishi.cases.triage.looking import Words


@dataclass(frozen=True, slots=True)
class Alike:
    candidates: tuple[dict[str, Any], ...]
    abstained: str
    edition: str


SKIPPED = Alike((), "skipped", "")
NOT_ASKED = Alike((), "not_asked", "")


def find(
    batch: Sequence["Words"], shown: Sequence[str], spots: Sequence[Spot], classes: Sequence["Classes"], *, now: datetime
) -> list[Alike]:
    """Find open cases that may be the same matter as each text."""
    return [NOT_ASKED for _ in batch]
