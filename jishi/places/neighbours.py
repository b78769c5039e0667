"""Ground that is not ours: which county a pin lies in, or an address names, when it is not one of the tenant's."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from django.db.models import Q

from jishi.places import models, shapes

COUNTY = 3  # level of a division that has a town of its own
LEAST = 3  # characters of a name that is looked for in words: shorter ones are words of the language


@dataclass(frozen=True, slots=True)
class Neighbour:
    code: str
    name: str
    shape: Any  # degrees; None where no border is drawn


def read(prefix: str, day: date) -> tuple[Neighbour, ...]:
    """Give the counties of the country that do not begin with `prefix`, on a day; the longest names first."""
    rows = models.DivisionVersion.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=day), level=COUNTY, placeholder=False, valid_from__lte=day
    )
    found = [
        Neighbour(code, name, shapes.read(bytes(border)) if border is not None else None)
        for code, name, border in rows.exclude(code__startswith=prefix).values_list("code", "name", "boundary")
    ]
    return tuple(sorted(found, key=lambda n: (-len(n.name), n.code)))


def named(text: str, known: tuple[Neighbour, ...]) -> str:
    """Give the name of the first of them that the words say in full; empty where they name none."""
    return next((n.name for n in known if len(n.name) >= LEAST and n.name in text), "")


def holding(lng: float, lat: float, known: tuple[Neighbour, ...]) -> str:
    """Give the name of the one whose border holds the point; empty where no border is drawn there."""
    point = shapely.Point(lng, lat)
    return next((n.name for n in known if n.shape is not None and n.shape.covers(point)), "")
