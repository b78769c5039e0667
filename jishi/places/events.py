"""News of this room: ids and codes, past tense."""

from dataclasses import dataclass
from typing import ClassVar

from jishi.foundation.outbox import Event


@dataclass(frozen=True)
class GridEditionAdopted(Event):
    """A division has new grids from a day on."""

    subject: ClassVar[tuple[str, str]] = ("grid_edition", "edition_id")
    edition_id: int
    division_code: str
    number: int
    effective_from: str
