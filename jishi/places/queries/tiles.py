"""Vector tiles of the ground (spec 20 §8). The edition stands in the address, so that whoever has a tile keeps it.

An edition is the ground from a day on, as one state of the rows drew it: a change, of the past too, makes another.
Layers are laid on the map once per edition and kept in memory, and so are the tiles that were asked for.
"""

import gzip
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

from django.db import connection

from jishi.foundation import scope
from jishi.foundation.refusals import Invalid
from jishi.kernels.geo import tiles
from jishi.places import memory
from jishi.places.queries import layers
from jishi.places.refusals import AnotherEdition
from jishi.places.shapes import E7

MOST_BYTES = 500_000  # of a tile, packed (spec 20 §8)
PLAIN_BELOW = 2000  # features of a layer that a map draws from plain GeoJSON
KEEPING = 600  # bytes that keeping one tile costs beside what is in it
BYTES_KEPT, FEATURES_KEPT = 64 * 1024 * 1024, 600_000  # of tiles; of layers laid on the map, some 0.5 kB each


@dataclass(frozen=True, slots=True)
class Packed:
    """One tile, packed; `left_out`: features for which it has no room at this scale."""

    content: bytes
    left_out: int
    features: int


class Shelf:
    """What is kept for all threads up to a weight; what was kept first is given up first.

    A map asks for many tiles at once, and each is answered by a thread of its own: one puts in at a time.
    """

    def __init__(self, most: int) -> None:
        self._most, self._weight = most, 0
        self._rows: OrderedDict[tuple[Any, ...], tuple[Any, int]] = OrderedDict()
        self._turn = Lock()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def weight(self) -> int:
        return self._weight

    def get(self, key: tuple[Any, ...]) -> Any:
        """Give what is kept under a key, or None."""
        return self._rows.get(key, (None, 0))[0]

    def keep(self, key: tuple[Any, ...], thing: Any, weight: int) -> None:
        """Keep a thing that is no heavier than all may be together."""
        with self._turn:
            if key not in self._rows and weight <= self._most:
                self._rows[key] = thing, weight
                self._weight += weight
                while self._weight > self._most:
                    self._weight -= self._rows.popitem(last=False)[1][1]


_laid, _kept = Shelf(FEATURES_KEPT), Shelf(BYTES_KEPT)


def edition(day: date) -> str:
    """Give the name of the ground's edition of a day: the day on which it began, and the state of its rows."""
    since, mark = memory.span(day)
    state = hashlib.sha256(repr((scope.current().actor.tenant_id, mark)).encode()).hexdigest()[:12]
    return f"{since.isoformat().replace('-', '')}-{state}"


def grids_as_tiles(day: date) -> dict[str, Any] | None:
    """Give where a map finds the grids of a day in tiles, and their box; None of so few that it draws them plainly."""
    index = memory.ground(day).index
    if len(index.codes) < PLAIN_BELOW:
        return None
    edges = [*index.box[:, :2].min(axis=0).tolist(), *index.box[:, 2:].max(axis=0).tolist()]
    return {
        "layer": "grids", "tiles": f"/api/v1/tiles/grids/{edition(day)}/{{z}}/{{x}}/{{y}}",
        "least_z": tiles.LEAST_Z, "most_z": tiles.MOST_Z, "bounds": [v / E7 for v in edges],
    }  # fmt: skip


def boxes(day: date) -> dict[str, str]:
    """Give the box of each grid, as a list beside a map of tiles needs it; nothing of a map that has their shapes."""
    index = memory.ground(day).index
    if len(index.codes) < PLAIN_BELOW:
        return {}
    rows = (index.box / E7).tolist()
    return {code: ",".join(f"{v:.5f}" for v in row) for code, row in zip(index.codes, rows, strict=True)}


def tile(layer: str, wanted: str, z: int, x: int, y: int) -> Packed:
    """Give one tile of a layer, packed; of the edition that is named and no other.

    :raises NotFound: there is no such layer. :raises AnotherEdition: the ground was changed since the address was made.
    :raises Invalid: no tile of zoom 8 to 18.
    """
    day = _since(wanted)
    now = edition(day)
    if now != wanted:
        raise AnotherEdition(asked=wanted, edition=now)
    if not (tiles.LEAST_Z <= z <= tiles.MOST_Z and 0 <= x < 2**z and 0 <= y < 2**z):
        raise Invalid(detail=f"z {tiles.LEAST_Z}–{tiles.MOST_Z}, x, y")
    key = (str(connection.settings_dict["NAME"]), scope.current().actor.tenant_id, wanted, layer, z, x, y)
    held: Packed | None = _kept.get(key)
    if held is None:
        held = _packed(_layer(key[:4], day), z, x, y)
        if held.features:  # an empty one is made as quickly as it is found, and there are many
            _kept.keep(key, held, len(held.content) + KEEPING)
    return held


def _since(wanted: str) -> date:
    try:
        return date.fromisoformat(wanted[:8])
    except ValueError:
        raise AnotherEdition(asked=wanted[:40], edition="—") from None


def _layer(key: tuple[Any, ...], day: date) -> tiles.Layer:
    held: tiles.Layer | None = _laid.get(key)
    if held is None:
        held = tiles.Layer.of(key[3], layers.rows(key[3], day))
        memory.look_again()
        now = edition(day)
        if now != key[2]:  # somebody changed the ground between its name and its rows
            raise AnotherEdition(asked=key[2], edition=now)
        _laid.keep(key, held, len(held.ids) + 1)
    return held


def _packed(layer: tiles.Layer, z: int, x: int, y: int) -> Packed:
    most = tiles.MOST_FEATURES
    while True:
        made = tiles.encode(layer, z, x, y, most=most)
        content = gzip.compress(made.content, 5, mtime=0)
        if len(content) <= MOST_BYTES or most <= 1:
            return Packed(content, made.left_out, made.features)
        most //= 2
