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


@dataclass(frozen=True)
class ResidenceMoved(Event):
    """A person's place of one kind changed: ids only, no place."""

    subject: ClassVar[tuple[str, str]] = ("residence", "residence_id")
    residence_id: int
    new_id: int
    kind: str


@dataclass(frozen=True)
class TransitionClosed(Event):
    """Everything of a torn-down community is settled."""

    subject: ClassVar[tuple[str, str]] = ("transition", "transition_id")
    transition_id: int
    outcome: str


@dataclass(frozen=True)
class GridPlanMoved(Event):
    """A plan of grids took a step of its life."""

    subject: ClassVar[tuple[str, str]] = ("gridplan", "plan_id")
    plan_id: int
    community: str
    status: str
