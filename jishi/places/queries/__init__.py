"""Where is this, whose ground was it on that day, and who is to be served there (spec 20 §10)? Batch first."""

from jishi.places.lineage import Became, resolve, successors
from jishi.places.queries.addresses import alias_proposals, gazetteer, normalise
from jishi.places.queries.finding import (
    CRS,
    Asked,
    DivisionRow,
    GridRow,
    Located,
    Spot,
    ZoneRow,
    as_geojson,
    centres,
    communities,
    converted,
    division_path,
    divisions_below,
    find,
    grid,
    grid_of_edition,
    grids,
    grids_in,
    grids_near,
    locate,
    looks_swapped,
    place_of,
    zones,
)
from jishi.places.queries.served import Asking, Serving, own_residence_rows, serving, serving_many
from jishi.places.queries.walking import WalkRoute, barriers, crossings, route_for

__all__ = [
    "alias_proposals", "as_geojson", "Asked", "Asking", "barriers", "Became", "centres", "communities",
    "converted", "crossings", "CRS", "division_path", "DivisionRow", "divisions_below", "find", "gazetteer",
    "grid", "grid_of_edition", "GridRow", "grids", "grids_in", "grids_near", "locate", "Located", "looks_swapped",
    "normalise", "own_residence_rows", "place_of", "resolve", "route_for", "Serving", "serving", "serving_many",
    "Spot", "successors", "WalkRoute", "ZoneRow", "zones",
]  # fmt: skip
