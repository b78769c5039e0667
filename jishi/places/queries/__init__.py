"""Where is this, whose ground was it on that day, and who is to be served there (spec 20 §10)? Batch first."""

from jishi.places.lineage import Became, resolve, successors
from jishi.places.queries.addresses import Nameable, alias_proposals, gazetteer, house_named, nameable, normalise
from jishi.places.queries.codes import Called, grid_called
from jishi.places.queries.finding import Asked, Spot, find, place_of
from jishi.places.queries.ground import (
    ZoneRow,
    as_geojson,
    centres,
    communities,
    division_path,
    divisions_below,
    grid,
    grid_of_edition,
    grids,
    grids_in,
    grids_met,
    grids_near,
    zones,
)
from jishi.places.queries.homes import homes
from jishi.places.queries.locating import CRS, Located, converted, locate, looks_swapped
from jishi.places.queries.members import Housed, grids_of_floors
from jishi.places.queries.micro import MicroRow, micro_grids
from jishi.places.queries.past import Stretch, history, history_of_grid
from jishi.places.queries.served import (
    Asking,
    OwnResidence,
    Serving,
    own_residence_rows,
    own_residences,
    residents_of,
    serving,
    serving_many,
)
from jishi.places.queries.stands import Stand, stands_in, stands_named
from jishi.places.queries.walking import Walked, WalkRoute, barriers, crossings, route_for, walk_net, walks_between
from jishi.places.queries.workloads import (
    GridLoad,
    houses_at,
    months_on,
    months_to_count,
    workload_table,
    workloads_of_grids,
)
from jishi.places.things import DivisionRow, GridRow

__all__ = [
    "Asked", "Asking", "Became", "CRS", "Called", "DivisionRow", "GridRow", "Housed", "Located", "OwnResidence",
    "Serving", "Spot", "WalkRoute", "ZoneRow", "alias_proposals", "as_geojson", "barriers", "centres",
    "communities", "converted", "crossings", "division_path", "divisions_below", "find", "gazetteer", "grid",
    "grid_called",
    "grid_of_edition", "grids", "grids_in", "grids_met", "grids_near", "grids_of_floors", "homes", "house_named",
    "locate", "looks_swapped",
    "MicroRow", "history", "history_of_grid", "micro_grids", "Nameable", "nameable", "normalise", "own_residence_rows",
    "own_residences", "place_of", "residents_of", "resolve",
    "Stand", "Stretch", "Walked", "route_for", "serving", "serving_many", "stands_in", "stands_named", "successors",
    "GridLoad", "houses_at", "months_on", "months_to_count", "workload_table", "workloads_of_grids",
    "walk_net", "walks_between", "zones",
]  # fmt: skip
