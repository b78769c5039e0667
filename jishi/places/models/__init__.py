"""Nouns of the room of places (spec 20 §3)."""

from jishi.places.models.divisions import (
    Division,
    DivisionChange,
    DivisionLoad,
    DivisionVersion,
    Succession,
)
from jishi.places.models.grids import (
    Grid,
    GridEdition,
    GridVersion,
)
from jishi.places.models.ground import (
    Building,
    Compound,
    Facility,
    GazetteerName,
    GroundMark,
    Zone,
)
from jishi.places.models.residence import (
    Dwelling,
    DwellingUse,
    Residence,
    ResidenceKind,
    ResidencePair,
)
from jishi.places.models.transitions import (
    GroundState,
    ServedBy,
    Transition,
    TransitionCause,
    TransitionHousehold,
    TransitionItem,
    TransitionStatus,
)

__all__ = [
    "Building",
    "Compound",
    "Division",
    "DivisionChange",
    "DivisionLoad",
    "DivisionVersion",
    "Dwelling",
    "DwellingUse",
    "Facility",
    "GazetteerName",
    "Grid",
    "GridEdition",
    "GridVersion",
    "GroundMark",
    "GroundState",
    "Residence",
    "ResidenceKind",
    "ResidencePair",
    "ServedBy",
    "Succession",
    "Transition",
    "TransitionCause",
    "TransitionHousehold",
    "TransitionItem",
    "TransitionStatus",
    "Zone",
]
