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

__all__ = [
    "CRS", "Asked", "Became", "DivisionRow", "GridRow", "Located", "Spot", "ZoneRow", "as_geojson", "centres",
    "communities", "converted", "division_path", "divisions_below", "find", "grid", "grid_of_edition", "grids",
    "grids_in", "grids_near", "locate", "looks_swapped", "place_of", "resolve", "successors", "zones",
]  # fmt: skip
