"""Ground that is not ours: which county a pin lies in, or an address names, when it is not one of the tenant's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from django.db.models import Q

from jishi.places import models, shapes

COUNTY = 3  # level of a division that has a town of its own
LENGTHS = range(12, 2, -1)  # characters of a name that is looked for in words: shorter ones are words of the language
_ENDS = re.compile("[县市区旗]")


@dataclass(frozen=True, slots=True)
class Neighbour:
    code: str
    name: str
    shape: Any  # degrees; None where no border is drawn


def read(prefix: str, day: date) -> dict[str, Neighbour]:
    """Give the counties of the country that do not begin with `prefix`, on a day, by name."""
    rows = models.DivisionVersion.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=day), level=COUNTY, placeholder=False, valid_from__lte=day
    )
    found = rows.exclude(code__startswith=prefix).order_by("-code").values_list("code", "name", "boundary")
    return {
        name: Neighbour(code, name, shapes.read(bytes(border)) if border is not None else None)
        for code, name, border in found
    }


def named(text: str, known: Mapping[str, Neighbour]) -> tuple[str, int]:
    """Give the first of them that the words say in full, and where it ends; ("", 0) where they name none."""
    for end in (m.end() for m in _ENDS.finditer(text)):
        for length in LENGTHS:
            if text[max(0, end - length) : end] in known:
                return text[max(0, end - length) : end], end
    return "", 0


def holding(lng: float, lat: float, known: Mapping[str, Neighbour]) -> str:
    """Give the name of the one whose border holds the point; empty where no border is drawn there."""
    point = shapely.Point(lng, lat)
    return next((n.name for n in known.values() if n.shape is not None and n.shape.covers(point)), "")
