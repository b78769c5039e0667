"""Every night: does each case stand where its entries say? What was changed without a verb shows (spec 90 §6, F11).

The state is told again by the table of moves; version, matter and urgency as the last entry that names them. A case
that seems to differ is read once more under its lock before it is named: somebody may just have been at work on it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from jishi.cases.models import Case
from jishi.cases.states import CASE, Urgency
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.kernels import procedure

AT_ONCE = 500
SHOWN = 20  # cases named in the entry; all are counted
COMPARED = "record.compared"
COLUMNS = ("state", "stepped_aside_from", "version", "matter", "urgency", "moves", "row")
WORDS = {
    "state": ("状态", "its state"), "stepped_aside_from": ("从哪一步停下的", "the step it was paused at"),
    "version": ("版本号", "its version"), "matter": ("事项", "its matter"), "urgency": ("缓急", "its urgency"),
    "moves": ("走不通的一步", "a step that the table does not know"),
    "row": ("整件不见了", "the case itself, which is gone"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Different:
    """A case whose row and entries differ, and in what (of `COLUMNS`; `moves`: the table does not know an entry; `row`:
    there are entries and no case, whose number nobody knows)."""

    case_id: int
    number: str
    what: tuple[str, ...]

    def sentence(self) -> str:
        """Say it in both languages."""
        named = self.number or f"#{self.case_id}"
        known = "、".join(WORDS[w][0] for w in self.what), ", ".join(WORDS[w][1] for w in self.what)
        return f"{named}：和留痕对不上：{known[0]} · its entries do not tell: {known[1]}"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the comparison; `last` is where the next begins, None at the end."""

    cases: int
    different: tuple[Different, ...]
    last: int | None


def page(after: int, *, by: Actor) -> Page:
    """Compare the next cases behind this id, 2 statements and 2 for all that seem to differ."""
    ids = _ids(Case.objects.filter(tenant_id=by.tenant_id, id__gt=after).order_by("id")[:AT_ONCE])
    seen = _different(ids, by)
    sure: Sequence[Different] = ()
    if seen:
        with transaction.atomic():
            again = [d.case_id for d in seen]
            rows = Case.objects.select_for_update(of=("self",)).filter(tenant_id=by.tenant_id, id__in=again)
            sure = _different(_ids(rows.order_by("id")), by)
    return Page(len(ids), tuple(sure), ids[-1] if len(ids) == AT_ONCE else None)


def gone(*, by: Actor) -> Page:
    """Find the cases that have entries and no row; one statement."""
    there = Case.objects.filter(tenant_id=by.tenant_id, id=OuterRef("subject_id"))
    heads = trail.TrailHead.objects.filter(tenant_id=by.tenant_id, subject_kind="case").filter(~Exists(there))
    lost = heads.order_by("subject_id").values_list("subject_id", flat=True)
    return Page(0, tuple(Different(i, "", ("row",)) for i in lost[:AT_ONCE]), None)


def whole(*, by: Actor) -> Page:
    """Compare every case of the town, page after page."""
    cases, found, after = 0, list(gone(by=by).different), page(0, by=by)
    while True:
        cases, found = cases + after.cases, [*found, *after.different]
        if after.last is None:
            return Page(cases, tuple(found), None)
        after = page(after.last, by=by)


@transaction.atomic
def conclude(pages: Iterable[Page], *, by: Actor, now: datetime) -> dict[str, Any]:
    """Write one entry for the night: how many cases were compared, how many differ, in what, the first of them."""
    told = list(pages)
    found = [d for one in told for d in one.different]
    codes = {
        "cases": sum(one.cases for one in told), "different": len(found),
        "in": dict(sorted(Counter(what for d in found for what in d.what).items())),
        "first": [d.case_id for d in found[:SHOWN]],
    }  # fmt: skip
    trail.record(COMPARED, ("tenant", by.tenant_id), by=by, at=now, codes=codes)
    return codes


def _ids(rows: Any) -> list[int]:
    return list(rows.values_list("id", flat=True))


def _different(ids: Sequence[int], by: Actor) -> list[Different]:
    entries: dict[int, list[Any]] = defaultdict(list)
    rows = trail.Entry.objects.filter(tenant_id=by.tenant_id, subject_kind="case", subject_id__in=ids)
    for entry in rows.order_by("subject_id", "seq").values_list("subject_id", "seq", "verb", "codes"):
        entries[entry[0]].append(entry[1:])
    cases = Case.objects.filter(tenant_id=by.tenant_id, id__in=ids).order_by("id")
    found = []
    told_of = ("id", "number", "status", "status_before", "version", "matter", "urgency")
    for case_id, number, *row in cases.values_list(*told_of):
        told, strange = _told(entries[case_id])
        what = [name for name, a, b in zip(COLUMNS, row, told, strict=False) if a != b]
        if what or strange:
            found.append(Different(case_id, number, (*what, *(("moves",) if strange else ()))))
    return found


def _told(entries: Sequence[tuple[int, str, dict[str, Any]]]) -> tuple[list[Any], bool]:
    """Give what a row must hold by its entries, in the order of `COLUMNS`, and whether an entry is strange."""
    walked = procedure.replay(CASE, (procedure.Told(s, verb, codes.get("status", "")) for s, verb, codes in entries))
    version, matter, urgency = 1, "", Urgency.NORMAL.value
    for _, _, codes in entries:
        version, matter = codes.get("version", version), codes.get("matter", matter)
        urgency = codes.get("urgency", urgency)
    return [walked.state, walked.origin, version, matter, urgency], bool(walked.strange)
