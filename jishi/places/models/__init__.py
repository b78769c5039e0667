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

__all__ = [
    "Building",
    "Compound",
    "Division",
    "DivisionChange",
    "DivisionLoad",
    "DivisionVersion",
    "Facility",
    "GazetteerName",
    "Grid",
    "GridEdition",
    "GridVersion",
    "GroundMark",
    "Succession",
    "Zone",
]
