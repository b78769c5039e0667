"""Between a net of ways and the bytes that are kept of it: nodes in 1e-7 degree, edges, which have steps."""

from collections import OrderedDict
from io import BytesIO
from typing import Any

import numpy as np
from django.db import connection

from jishi.kernels.geo.walknet import Net
from jishi.places.shapes import E7, Plane

_MOST_KEPT = 4  # nets unpacked in one process
_unpacked: "OrderedDict[tuple[str, int, str], tuple[Plane, Net]]" = OrderedDict()  # the one asked for last stands last


def pack(net: Net, plane: Plane) -> bytes:
    """Give the bytes of a net in metres of a plane."""
    lng, lat = plane.degrees(net.x, net.y)  # type: ignore[arg-type]
    held = BytesIO()
    np.savez_compressed(
        held, lng=np.round(np.asarray(lng) * E7).astype(np.int32), lat=np.round(np.asarray(lat) * E7).astype(np.int32),
        u=net.u, v=net.v, steps=net.steps,
    )  # fmt: skip
    return held.getvalue()


def unpack(arrays: bytes | memoryview) -> tuple[Plane, Net]:
    """Give a net in metres, and their plane: it lies about the middle of the net."""
    with np.load(BytesIO(bytes(arrays)), allow_pickle=False) as held:
        lng, lat = held["lng"] / E7, held["lat"] / E7
        u, v, steps = held["u"], held["v"], held["steps"]
    middle = (float(lng.mean()), float(lat.mean())) if len(lng) else (0.0, 0.0)
    plane = Plane(*middle)
    x, y = (lng - plane.lng) * plane.east, (lat - plane.lat) * plane.north
    return plane, Net(x, y, u, v, np.hypot(x[u] - x[v], y[u] - y[v]), steps)


def kept(net_id: int, sha256: str, arrays: Any) -> tuple[Plane, Net]:
    """Give an unpacked net, from memory where it was asked for before; `arrays()` fetches its bytes.

    An id alone does not name a net: another database, or one that was restored, has another under it.
    """
    key = (str(connection.settings_dict["NAME"]), net_id, sha256)
    held = _unpacked.get(key)
    if held is None:
        held = _unpacked[key] = unpack(arrays())
    _unpacked.move_to_end(key)
    if len(_unpacked) > _MOST_KEPT:
        _unpacked.popitem(last=False)
    return held
