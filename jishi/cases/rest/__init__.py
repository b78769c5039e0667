"""The API of this room, one file an idea (spec 10 §16)."""

from jishi.cases.rest import (
    belonging,
    bulk,
    clusters,
    field,
    imports,
    mediations,
    moves,
    moving_time,
    news,
    opened,
    own,
    photos,
    quality,
    samples,
    together,
    topics,
    unsealings,
)
from jishi.cases.rest.edge import router

__all__ = [
    "belonging",
    "bulk",
    "clusters",
    "field",
    "imports",
    "mediations",
    "moves",
    "moving_time",
    "news",
    "opened",
    "own",
    "photos",
    "quality",
    "router",
    "samples",
    "together",
    "unsealings",
    "topics",
]
