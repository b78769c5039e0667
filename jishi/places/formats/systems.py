"""Which coordinate system a file names, and how its numbers become degrees of CGCS2000 (spec 20 §6).

What is said in a .prj or a GeoPackage is read by pyproj. Systems that need parameters of their own (Xian 80, Beijing
54, a local one) are refused by name: nobody guesses them.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from jishi.kernels.geo import datum
from jishi.places.refusals import UnknownDatum

_GAUSS = range(4491, 4555)  # CGCS2000 / Gauss–Krüger, with and without the zone in the easting


@dataclass(frozen=True, slots=True)
class System:
    """A known system: `label` as people say it, `epsg` of a projected one (0: degrees)."""

    label: str
    epsg: int = 0

    def degrees(self, points: Any) -> Any:
        """Give an array (n, 2) of these numbers as degrees of CGCS2000."""
        if self.epsg:
            x, y = _transformer(self.epsg).transform(points[:, 0], points[:, 1])
            return np.column_stack((x, y))
        if self.label in ("gcj02", "bd09"):
            moved = datum.to_cgcs2000(points[:, 0], points[:, 1], self.label)
            return np.column_stack((moved.lng, moved.lat))
        return points


def label_of(crs: str) -> System:
    """Give the system that a person names: cgcs2000, wgs84, gcj02, bd09, or EPSG:4491 … 4554.

    :raises UnknownDatum: nothing said, or a system that is not known.
    """
    number = re.fullmatch(r"(?i)epsg:?\s*([0-9]{4,5})", crs.strip())
    if number and int(number.group(1)) in _GAUSS:
        return System(f"epsg:{number.group(1)}", int(number.group(1)))
    try:
        return System(datum.ensure_known(crs))
    except datum.UnknownDatum:
        raise UnknownDatum(crs=crs or "—") from None


def named(definition: str) -> System | None:
    """Give the system that a .prj or a GeoPackage names; None where it names none.

    :raises UnknownDatum: it names one that needs parameters of its own.
    """
    if not definition.strip() or definition.strip() in ("undefined", "EPSG:0", "EPSG:-1"):
        return None
    crs = _parsed(definition.strip())
    if crs is None:
        raise UnknownDatum(crs=definition.strip()[:60])
    base = crs.geodetic_crs
    ground = f"{crs.name} {base.name if base else ''} {base.datum.name if base and base.datum else ''}".lower()
    if re.search(r"xian|1980|beijing|1954|krass", ground):
        raise UnknownDatum(crs=crs.name)
    china = re.search(r"china.?(geodetic coordinate system )?.?2000|cgcs.?2000", ground) is not None
    if crs.is_geographic and (china or "wgs" in ground):
        return System("cgcs2000" if china else "wgs84")
    if crs.is_projected and china:
        epsg = _gauss(crs)
        if epsg:
            return System(f"epsg:{epsg}", epsg)
    raise UnknownDatum(crs=crs.name)


def _parsed(definition: str) -> Any:
    from pyproj import CRS  # noqa: PLC0415 — loaded when a file comes in, not at start
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    told = re.fullmatch(r"\s*EPSG:([0-9]{4,6})\s*", definition, re.I)
    try:  # never a PROJ string: it may name files of this machine
        return CRS.from_epsg(int(told[1])) if told else CRS.from_wkt(definition)
    except CRSError:
        return None


def _gauss(crs: Any) -> int:
    """The EPSG code of a CGCS2000 Gauss–Krüger system: as told, or by its central meridian and false easting."""
    told = crs.to_epsg(min_confidence=60)
    if told in _GAUSS:
        return int(told)
    said = {p.name.lower(): p.value for p in crs.coordinate_operation.params} if crs.coordinate_operation else {}
    meridian = next((v for k, v in said.items() if "longitude of" in k), None)
    east = next((v for k, v in said.items() if "false easting" in k), None)
    if meridian is None or east is None or meridian % 3:
        return 0
    zone = int(meridian // 3)
    if east > 1_000_000 and int(east // 1_000_000) == zone and 25 <= zone <= 45:
        return 4513 + zone - 25
    return 4534 + zone - 25 if east == 500_000 and 25 <= zone <= 45 else 0


@lru_cache(maxsize=16)
def _transformer(epsg: int) -> Any:
    from pyproj import Transformer  # noqa: PLC0415

    return Transformer.from_crs(epsg, 4490, always_xy=True)
