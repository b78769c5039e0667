"""The ground given out: files of a layer, and vector tiles for maps (spec 20 §§7, 8, 10). Open to whoever is in the
town, as the lists of this room are; places only, never who lives in them.
"""

import gzip
from datetime import date
from typing import Annotated, Any

import orjson
import shapely
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localdate
from ninja import Query, Router

from jishi.foundation.refusals import NotFound
from jishi.kernels.geo.tiles import LEAST_Z, MOST_Z
from jishi.places import formats
from jishi.places.queries import layers, tiles
from jishi.places.refusals import TooManyToGive

router = Router(tags=["places"])
Shape = dict[str, Any]
MOST_ROWS = 20_000  # of one file; a division at a time beyond
FOREVER = "public, max-age=31536000, immutable"
KINDS = {
    "geojson": "application/geo+json",
    "shp.zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/export/{file}", summary="A layer of a day as a file", response={200: None})
def export(
    request: HttpRequest, file: str, day: date | None = None, division: Annotated[str, Query(max_length=12)] = ""
) -> HttpResponse:
    """Give a layer of a day in CGCS2000 degrees: `{layer}.geojson`, `{layer}.shp.zip` or `{layer}.xlsx` (WKT).

    Layers: divisions, grids, compounds, buildings, entrances, facilities, barriers, crossings.
    """
    layer, _, ending = file.partition(".")
    if ending not in KINDS:
        raise NotFound
    on = day or localdate()
    rows = layers.rows(layer, on, division=division, most=MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        raise TooManyToGive(limit=MOST_ROWS)
    answer = HttpResponse(_written(layer, ending, on, rows), content_type=KINDS[ending])
    answer["Content-Disposition"] = f'attachment; filename="{layer}-{on.isoformat()}.{ending}"'
    return answer


def _written(layer: str, ending: str, day: date, rows: list[layers.Row]) -> bytes:
    features = [
        {"type": "Feature", "id": number, "properties": {"id": number, **said},
         "geometry": shapely.geometry.mapping(shapely.set_precision(shape, 1e-7))}
        for number, shape, said in rows
    ]  # fmt: skip
    fields = list(features[0]["properties"]) if features else ["id"]
    if ending == "xlsx":
        return formats.workbook(features, fields, name=layer)
    if ending == "shp.zip":
        return formats.shapefile_zip(features, fields, name=layer)
    named = {"type": "FeatureCollection", "crs_name": "cgcs2000", "day": day.isoformat(), "features": features}
    return orjson.dumps(named, option=orjson.OPT_SERIALIZE_NUMPY)


@router.get("/tiles", summary="The layers that tiles are given of")
def told(request: HttpRequest, day: date | None = None) -> Shape:
    """Give the edition of the ground on a day and, of each layer, the address of its tiles: it may be kept for ever."""
    on = day or localdate()
    edition = tiles.edition(on)
    return {
        "edition": edition, "day": on, "least_z": LEAST_Z, "most_z": MOST_Z,
        "items": [
            {"layer": name, "tiles": f"/api/v1/tiles/{name}/{edition}/{{z}}/{{x}}/{{y}}",
             "file": f"/api/v1/export/{name}.geojson?day={on.isoformat()}"}
            for name in layers.LAYERS
        ],
    }  # fmt: skip


@router.get("/tiles/{layer}/{edition}/{z}/{x}/{y}", summary="A vector tile", response={200: None})
def tile(request: HttpRequest, layer: str, edition: str, z: int, x: int, y: int) -> HttpResponse:
    """Give one tile (Mapbox Vector Tile 2.1, packed): of an edition that stands in its address, to be kept for ever.

    `X-Left-Out`: how many features have no room at this scale.
    """
    made = tiles.tile(layer, edition, z, x, y)
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = HttpResponse(
        made.content if packs else gzip.decompress(made.content), content_type="application/vnd.mapbox-vector-tile"
    )
    if packs:
        answer["Content-Encoding"] = "gzip"
    answer["Vary"], answer["Cache-Control"], answer["X-Left-Out"] = "Accept-Encoding", FOREVER, str(made.left_out)
    return answer
