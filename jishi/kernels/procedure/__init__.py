"""Lives as data: read a table, ask it, prove it, draw it."""

from jishi.kernels.procedure.check import Finding, check
from jishi.kernels.procedure.mermaid import mermaid, page
from jishi.kernels.procedure.picture import draw
from jishi.kernels.procedure.pictures import pictures
from jishi.kernels.procedure.reading import Unreadable, parse
from jishi.kernels.procedure.replay import Replayed, Told, replay
from jishi.kernels.procedure.table import (
    BIRTH,
    Act,
    Chip,
    Clock,
    ConflictingClocks,
    Message,
    Move,
    OriginNeeded,
    Party,
    Procedure,
    Separation,
    Spoken,
    Standing,
    State,
    Suspension,
    WrongMoment,
    effects,
)

__all__ = [
    "BIRTH",
    "Act",
    "Chip",
    "Clock",
    "ConflictingClocks",
    "Finding",
    "Message",
    "Move",
    "OriginNeeded",
    "Party",
    "Procedure",
    "Replayed",
    "Separation",
    "Spoken",
    "Standing",
    "State",
    "Suspension",
    "Told",
    "Unreadable",
    "WrongMoment",
    "check",
    "draw",
    "effects",
    "mermaid",
    "page",
    "parse",
    "pictures",
    "replay",
]
