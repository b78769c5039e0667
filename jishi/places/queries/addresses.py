"""Addresses read with the tenant's own names (spec 20 §4): parts, one line, one key; proposals of names to review."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from jishi.foundation import scope
from jishi.kernels.address import Address, Alias, Area, Book, Named, normalise_all
from jishi.kernels.text.normalise import normalise_all as folded
from jishi.places import memory
from jishi.places.models import AliasProposal, Building, Compound, Facility, GazetteerName
from jishi.places.things import Ground, building_number

KINDS = {"road": "road", "compound": "compound", "facility": "facility", "river": "facility"}


def normalise(texts: Sequence[str], *, within: str, day: date) -> list[Address]:
    """Read addresses as of a day; upper parts that are missing come from the division `within`.

    The answer holds rooms: who shows it shows `parts` without `room`, and never `raw`, in public.
    """
    return normalise_all(texts, within=within, book=book(memory.ground(day)))


def house_named(words: str, *, within: str, day: date) -> int | None:
    """Give the one building of a community that a person's words name ("翠竹苑1号楼302"); None: none, or several.

    For her own row alone: the words are hers, and what they point to is sealed with them.
    """
    if not words.strip() or len(within) != 12:
        return None
    parts = normalise([words], within=within, day=day)[0].parts
    called, number = parts.get("compound", ""), building_number(parts.get("building", ""))
    if not called or not number:
        return None
    rows = Building.objects.filter(
        Q(compound__name=called) | Q(compound__aliases__contains=[called]), tenant_id=scope.current().actor.tenant_id,
        compound__community=within, active_to=None,
    ).values_list("id", "name")  # fmt: skip
    found = [row for row, name in rows if building_number(name) == number]
    return found[0] if len(found) == 1 else None


def book(ground: Ground) -> Book:
    """Give the names of a day's ground; the id of a name is its place in the ground's things."""
    if ground.book is None:
        areas = [
            Area(d.code, d.name, d.level, d.parent, d.short_name, d.placeholder) for d in ground.divisions.values()
        ]
        ground.book = Book.of(areas, _names(ground), fold=lambda texts: [f.text for f in folded(texts)])
    made: Book = ground.book
    return made


def _names(ground: Ground) -> list[Named]:
    houses: dict[int, dict[str, list[int]]] = {}
    for at, thing in enumerate(ground.things):
        if thing.level == "building" and thing.compound is not None:
            said = thing.name.removeprefix(ground.things[thing.compound].name)
            houses.setdefault(thing.compound, {}).setdefault(building_number(said), []).append(at)
    made = []
    for at, thing in enumerate(ground.things):
        kind = KINDS.get(thing.level)
        if kind is None or at not in ground.spoken:
            continue
        former = ground.former.get(at, [])
        others = [n for n in dict.fromkeys(ground.spoken[at]) if n != thing.name and n not in {f for f, _ in former}]
        aliases = (*(Alias(n) for n in others), *(Alias(n, until) for n, until in former))
        numbers = {number: tuple(ids) for number, ids in houses.get(at, {}).items()}
        made.append(Named(at, thing.name, kind, thing.community, aliases, numbers))
    return made


def alias_proposals(*, after: int = 0, limit: int = 51) -> list[AliasProposal]:
    """List the proposals that wait for the weekly review, the oldest first."""
    rows = AliasProposal.objects.filter(tenant_id=scope.current().actor.tenant_id, state="open", id__gt=after)
    return list(rows.select_related("compound", "facility", "gazetteer_name").order_by("id")[:limit])


@dataclass(frozen=True, slots=True)
class Nameable:
    """A place that may get another name: `kind` compound, facility or gazetteer_name; `community` its code."""

    kind: str
    id: int
    name: str
    community: str


def nameable(words: str, *, limit: int = 8) -> list[Nameable]:
    """Find what may get another name by the beginning of what it is called now; three statements."""
    wanted = " ".join(words.split())
    if len(wanted) < 2:
        return []
    so_called = Q(name__startswith=wanted) | Q(aliases__contains=[wanted])
    here = {"tenant_id": scope.current().actor.tenant_id, "active_to": None}
    compounds = Compound.objects.filter(so_called, **here).values_list("id", "name", "community")
    facilities = Facility.objects.filter(so_called, **here).values_list("id", "name", "community")
    names = GazetteerName.objects.filter(so_called, **here, compound=None, building=None)
    called = names.values_list("id", "name", "within")
    lists = (("compound", compounds), ("facility", facilities), ("gazetteer_name", called))
    found = [Nameable(kind, *row) for kind, rows in lists for row in rows.order_by("name", "id")[:limit]]
    return sorted(found, key=lambda n: (n.name != wanted, n.name, n.kind, n.id))[:limit]


def gazetteer(query: str, *, day: date, limit: int = 20) -> list[dict[str, Any]]:
    """Find places whose name, or one of whose other names, holds the words; shortest names first."""
    ground = memory.ground(day)
    wanted = folded([query])[0].text.strip().lower()
    if len(wanted) < 2:
        return []
    found = []
    for at, names in ground.spoken.items():
        hit = next((n for n in names if wanted in n.lower()), None)
        if hit is not None:
            thing = ground.things[at]
            found.append((len(hit), thing.name, at, hit, thing))
    return [
        {
            "name": t.name, "said": hit, "kind": t.level, "community": t.community, "lng": round(t.lng, 7),
            "lat": round(t.lat, 7), "former": [{"name": n, "until": u} for n, u in ground.former.get(at, [])],
        }
        for _, _, at, hit, t in sorted(found, key=lambda f: f[:3])[:limit]
    ]  # fmt: skip
