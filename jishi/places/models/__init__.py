"""Nouns of the room of places (spec 20 §3)."""

from jishi.places.models.codes import CodeMap, Group
from jishi.places.models.divisions import (
    Division,
    DivisionChange,
    DivisionLoad,
    DivisionVersion,
    Succession,
)
from jishi.places.models.drafts import GridMember, GroundImport
from jishi.places.models.grids import (
    Grid,
    GridEdition,
    GridVersion,
    MicroGrid,
    MicroGridPart,
)
from jishi.places.models.ground import (
    Building,
    Compound,
    Entrance,
    EntranceKind,
    Facility,
    GazetteerName,
    GroundMark,
    Zone,
)
from jishi.places.models.naming import AliasProposal, NameAlias
from jishi.places.models.passing import Barrier, Crossing, WalkNet
from jishi.places.models.plans import (
    GridPlan,
    Objection,
    PlanFinding,
    PlanGrid,
    PlanMove,
    PlanRun,
    PlanStatus,
    PlanSweep,
    RunStatus,
)
from jishi.places.models.residence import (
    SETTLED,
    Dwelling,
    DwellingUse,
    Household,
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
from jishi.places.models.workloads import Workload

__all__ = [
    "SETTLED",
    "AliasProposal",
    "Barrier",
    "Building",
    "CodeMap",
    "Compound",
    "Crossing",
    "Division",
    "DivisionChange",
    "DivisionLoad",
    "DivisionVersion",
    "Dwelling",
    "DwellingUse",
    "Entrance",
    "EntranceKind",
    "Facility",
    "GazetteerName",
    "Grid",
    "GridEdition",
    "GridMember",
    "GridPlan",
    "GridVersion",
    "Group",
    "GroundImport",
    "GroundMark",
    "GroundState",
    "Household",
    "MicroGrid",
    "MicroGridPart",
    "NameAlias",
    "Objection",
    "PlanFinding",
    "PlanGrid",
    "PlanMove",
    "PlanRun",
    "PlanStatus",
    "PlanSweep",
    "Residence",
    "ResidenceKind",
    "ResidencePair",
    "RunStatus",
    "ServedBy",
    "Succession",
    "Transition",
    "TransitionCause",
    "TransitionHousehold",
    "TransitionItem",
    "TransitionStatus",
    "WalkNet",
    "Workload",
    "Zone",
]
