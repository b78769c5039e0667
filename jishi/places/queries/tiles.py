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

MOST_BYTES = 500_000  # of a tile, packed (spec 20 §8)
PLAIN_BELOW = 2000  # features of a layer that a map draws from plain GeoJSON
_LAYERS_KEPT, _BYTES_KEPT = 24, 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Packed:
    """One tile, packed; `left_out`: features for which it has no room at this scale."""

    content: bytes
    left_out: int


_laid: "OrderedDict[tuple[Any, ...], tiles.Layer]" = OrderedDict()
_kept: "OrderedDict[tuple[Any, ...], Packed]" = OrderedDict()
_turn = Lock()  # a map asks for many tiles at once, and each is answered by a thread of its own


def edition(day: date) -> str:
    """Give the name of the ground's edition of a day: the day on which it began, and the state of its rows."""
    since, mark = memory.span(day)
    state = hashlib.sha256(repr((scope.current().actor.tenant_id, mark)).encode()).hexdigest()[:12]
    return f"{since.isoformat().replace('-', '')}-{state}"


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
    held = _kept.get(key)
    if held is None:
        held = _packed(_layer(key[:4], day), z, x, y)
        with _turn:
            _kept[key] = held
            while len(_kept) > 1 and sum(len(t.content) for t in _kept.values()) > _BYTES_KEPT:
                _kept.popitem(last=False)
    return held


def _since(wanted: str) -> date:
    try:
        return date.fromisoformat(wanted[:8])
    except ValueError:
        raise AnotherEdition(asked=wanted[:40], edition="—") from None


def _layer(key: tuple[Any, ...], day: date) -> tiles.Layer:
    held = _laid.get(key)
    if held is None:
        held = tiles.Layer.of(key[3], layers.rows(key[3], day))
        with _turn:
            _laid[key] = held
            while len(_laid) > _LAYERS_KEPT:
                _laid.popitem(last=False)
    return held


def _packed(layer: tiles.Layer, z: int, x: int, y: int) -> Packed:
    most = tiles.MOST_FEATURES
    while True:
        made = tiles.encode(layer, z, x, y, most=most)
        content = gzip.compress(made.content, 5, mtime=0)
        if len(content) <= MOST_BYTES or most <= 1:
            return Packed(content, made.left_out)
        most //= 2
