"""Where is this, whose ground was it on that day, and who is to be served there (spec 20 §10)? Batch first."""

from jishi.places.lineage import Became, resolve, successors
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

__all__ = [
    "Asked", "Asking", "Became", "CRS", "DivisionRow", "GridRow", "Located", "Serving", "Spot", "ZoneRow",
    "as_geojson", "centres", "communities", "converted", "division_path", "divisions_below", "find", "grid",
    "grid_of_edition", "grids", "grids_in", "grids_near", "locate", "looks_swapped", "own_residence_rows", "place_of",
    "resolve", "serving", "serving_many", "successors", "zones",
]  # fmt: skip
