"""The API of this room, one file an idea: `moves`, `belonging`, `together`, `opened` to all (spec 10 §16)."""

from jishi.cases.rest import belonging, moves, opened, together
from jishi.cases.rest.edge import router

__all__ = ["belonging", "moves", "opened", "router", "together"]
