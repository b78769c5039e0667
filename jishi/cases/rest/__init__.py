"""The API of this room, one file an idea: `moves` of a case, `belonging` of reports to cases (spec 10 §16)."""

from jishi.cases.rest import belonging, moves
from jishi.cases.rest.edge import router

__all__ = ["belonging", "moves", "router"]
