"""The API of this room, one file an idea: `moves`, `moving_time`, `belonging`, `together`, `opened` to all (spec 10 §16)."""

from jishi.cases.rest import belonging, moves, moving_time, news, opened, together
from jishi.cases.rest.edge import router

__all__ = ["belonging", "moves", "moving_time", "news", "opened", "router", "together"]
