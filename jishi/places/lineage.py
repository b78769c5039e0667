"""What a code meant on a day, and what its division has become since (spec 20 §2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from jishi.places.models import DivisionVersion, Succession

MOST_STEPS = 40  # changes of one place that are followed; a chain that comes back to itself ends here
ENDING = ("merged", "split", "dissolved")  # the kinds of change after which a division is no more


@dataclass(frozen=True, slots=True)
class Became:
    """What a division has become by a day, whole or in part; `share` of its households, the shares sum to 1."""

    division_id: int
    code: str
    name: str
    share: float | None


def resolve(code: str, day: date) -> DivisionVersion | None:
    """Give the version of a division that had this code on the day; a retired code answers with its last version."""
    rows = DivisionVersion.objects.filter(code=code, valid_from__lte=day).select_related("division")
    return rows.order_by("-valid_from").first()


def successors(code: str, day: date) -> list[Became]:
    """Give what the division that had this code has become by the day, through every merge and split; by code.

    A division that lasts is its own successor under the name and code of the day. One that was dissolved without a
    successor gives nothing; so does a code that nobody had by then. `share` is None where a step does not say it.
    """
    start = resolve(code, day)
    if start is None:
        return []
    there: dict[int, float | None] = {start.division_id: 1.0}
    settled: dict[int, float | None] = {}
    for _ in range(MOST_STEPS):
        steps = _steps(there, day)
        settled |= {d: _sum(settled, d, share) for d, share in there.items() if d not in steps}
        following: dict[int, float | None] = {}
        for division, share in there.items():
            for successor, part in steps.get(division, ()):
                passed = share * part if share is not None and part is not None else None
                following[successor] = _sum(following, successor, passed)
        there = following
        if not there:
            break
    return _became(settled, day)


def merged_into(code: str, day: date) -> set[str]:
    """Give the codes of the divisions that were merged whole into this one by the day."""
    heir = resolve(code, day)
    if heir is None:
        return set()
    rows = Succession.objects.filter(successor=heir.division_id, kind="merged", on_date__lte=day)
    gone = DivisionVersion.objects.filter(division__in=rows.values("predecessor"))
    return set(gone.values_list("code", flat=True)) - {code}


def _sum(there: Mapping[int, float | None], division: int, share: float | None) -> float | None:
    if division not in there:
        return share
    before = there[division]
    return None if before is None or share is None else before + share


def _steps(divisions: Iterable[int], day: date) -> dict[int, list[tuple[int, float | None]]]:
    """Ended divisions with what each became on its last day; a row without a successor ends it for good."""
    found: dict[int, list[tuple[int, float | None]]] = {}
    rows = Succession.objects.filter(predecessor__in=list(divisions), on_date__lte=day, kind__in=ENDING)
    for row in rows.order_by("predecessor", "successor"):
        parts = found.setdefault(row.predecessor_id, [])
        if row.successor_id is not None and row.successor_id != row.predecessor_id:
            parts.append((row.successor_id, row.share_households))
    return found


def _became(shares: Mapping[int, float | None], day: date) -> list[Became]:
    lasting = Q(valid_to=None) | Q(valid_to__gt=day)
    rows = DivisionVersion.objects.filter(lasting, valid_from__lte=day, division__in=shares)
    found = [Became(r.division_id, r.code, r.name, shares[r.division_id]) for r in rows]
    return sorted(found, key=lambda b: b.code)
