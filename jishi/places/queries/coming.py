"""What the rooms above ask of a plan that is on its way or adopted: grids before and after, what moves, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils.timezone import localdate

from jishi.accounts.actions import reading
from jishi.foundation import numbers, scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels.dutylist.operators import division_head
from jishi.places import memory, plan_rules, plan_words
from jishi.places.models import Building, GridPlan, PlanGrid, PlanMove, Residence
from jishi.places.queries import plans

TABLE = Residence._meta.db_table


@dataclass(frozen=True, slots=True)
class Coming:
    """What the room above needs of a plan to say who serves: grids before and after (code → id, name), and when."""

    id: int
    community: str
    status: str
    effective_from: date | None
    before: Mapping[str, tuple[int, str]]
    after: Mapping[str, tuple[int | None, str]]


def coming(plan_id: int, *, by: Actor) -> Coming | None:
    """Give the grids that a plan begins with and those it leads to; None: no such plan. Three statements."""
    plan = GridPlan.objects.filter(tenant_id=by.tenant_id, id=plan_id).select_related("run").defer(
        "run__frozen", "run__drawn"
    ).first()  # fmt: skip
    if plan is None:
        return None
    before = {g.grid.code: (g.grid_id, g.name) for g in plans.grids_of(plan.run.base_id) if g.grid.kind == "general"}
    rows = list(PlanGrid.objects.filter(run=plan.run_id).order_by("code").values_list("code", "name"))
    known = plans.ids_of([code for code, _ in rows], by=by)
    after = {code: (known.get(code), name) for code, name in rows}
    return Coming(plan.id, plan.community, plan.status, plan.effective_from, before, after)


@dataclass(frozen=True, slots=True)
class MovedPoint:
    """A place that changes its grid: old and new one, from which day, why (a reason of the plan's own moves)."""

    before: str
    after: str
    grid_id: int
    from_day: date
    reason: str

    def as_facts(self) -> dict[str, Any]:
        """Give what a notice pins: codes and ids alone."""
        return {"from": self.before, "to": self.after, "grid": self.grid_id, "day": self.from_day.isoformat(),
                "reason": self.reason}  # fmt: skip


def moved_points(plan_id: int, points: Sequence[tuple[float, float]]) -> list[MovedPoint | None]:
    """Give, of degrees in the order asked, what an adopted plan changes there; None: nothing, or no such plan.

    A handful of statements whatever the number.
    """
    tenant = scope.current().actor.tenant_id
    rows = GridPlan.objects.filter(tenant_id=tenant, id=plan_id, status__in=("ADOPTED", "IN_FORCE"))
    plan = rows.first()
    if plan is None or plan.effective_from is None or not points:
        return [None] * len(points)
    lngs, lats = [p[0] for p in points], [p[1] for p in points]
    eve, day = memory.ground(plan.effective_from - timedelta(days=1)), memory.ground(plan.effective_from)
    if not eve.grids or not day.grids:
        return [None] * len(points)
    was, will = (ground.index.locate(lngs, lats).grid for ground in (eve, day))
    why = _reasons(plan.run_id)
    found: list[MovedPoint | None] = []
    for a, b in zip(was, will, strict=True):
        before, after = (eve.index.codes[a] if a >= 0 else ""), (day.index.codes[b] if b >= 0 else "")
        moves = before != after and after[:12] == plan.community
        found.append(
            MovedPoint(before, after, day.by_code[after].id, plan.effective_from,
                       why.get((before, after)) or why.get(("", after)) or "makes_room") if moves else None
        )  # fmt: skip
    return found


def reason_in(code: str, lang: str) -> str:
    """Say why an address changes its grid."""
    zh, en = plan_words.REASONS.get(code, (code, code))
    return en if lang.startswith("en") else zh


def _reasons(run_id: int) -> dict[tuple[str, str], str]:
    """Give, by old and new grid (and by the new one alone), the reason that most households move for."""
    homes: dict[tuple[str, str], Counter[str]] = {}
    rows = PlanMove.objects.filter(run=run_id).values_list("before_code", "after_code", "reason", "households")
    for before, after, reason, n in rows:
        for key in ((before, after), ("", after)):
            homes.setdefault(key, Counter())[reason] += n + 1
    return {key: max(sorted(told), key=lambda r: told[r]) for key, told in homes.items()}


@dataclass(frozen=True, slots=True)
class OwnMove:
    """What changes for the home that a person herself said: no more than the plan's public table, for one address."""

    label: str
    before: str
    after: str
    grid_id: int
    from_day: date
    reason: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """A plan of the community of a person who never said in which house she lives: she looks at its public list."""

    plan_id: int
    community: str
    from_day: date


def own_news(by: Actor, *, now: datetime) -> tuple[list[OwnMove], list[Undecided]]:
    """Give what adopted plans change for a person's own home, from the adoption until some days after; hers alone.
    Besides, the plans of which nothing can be told, because she said her community and no house.

    She opens her own row, and it stands on her list of readings. Nobody looks from a house to who lives there.
    """
    rules, today = plan_rules.load(), localdate(now)
    since = today - timedelta(days=rules.days_after)
    rows = GridPlan.objects.filter(
        tenant_id=by.tenant_id, status__in=("ADOPTED", "IN_FORCE"), effective_from__gte=since
    ).order_by("effective_from")  # fmt: skip
    told = list(rows.values_list("run_id", "effective_from", "id", "community"))
    adopted = {run: day for run, day, _plan, _where in told if day is not None}
    if by.kind != "resident" or by.account_id is None or not adopted:
        return [], []
    living = Residence.objects.filter(
        tenant_id=by.tenant_id, account=by.account_id, kind="living", active__contains=today
    )
    owners = [(TABLE, row) for row in living.values_list("id", flat=True)]
    said = reading.read(
        owners, ["building", "division"], purpose="residence.place", reason="本人看自己家换没换网格", by=by, now=now
    )  # fmt: skip
    unsaid = {one.get("division", "") for one in said.values() if not one.get("building")}
    moving = _moves_somebody([run for run, _day, _plan, where in told if where in unsaid])
    open_ = [Undecided(plan, where, day) for run, day, plan, where in told
             if day is not None and run in moving]  # fmt: skip
    houses = [int(one["building"]) for one in said.values() if numbers.names_a_row(one.get("building", ""))]
    units = {f"b{house}" for house in houses} | {
        f"c{row}" for row in Building.objects.filter(tenant_id=by.tenant_id, id__in=houses)
        .exclude(compound=None).values_list("compound_id", flat=True)
    }  # fmt: skip
    moves = list(PlanMove.objects.filter(run__in=adopted, unit__in=units).exclude(before_code="").order_by("id"))
    ids = plans.ids_of([m.after_code for m in moves], by=by)
    return [
        OwnMove(m.label, m.before_code, m.after_code, ids[m.after_code], adopted[m.run_id], m.reason)
        for m in moves if m.after_code in ids and m.before_code != m.after_code
    ], open_  # fmt: skip


def _moves_somebody(runs: Sequence[int]) -> set[int]:
    rows = PlanMove.objects.filter(run__in=runs).exclude(before_code="").exclude(before_code=F("after_code"))
    return set(rows.order_by().values_list("run", flat=True).distinct()) if runs else set()


@dataclass(frozen=True, slots=True)
class Slip:
    """What is hung at one door whose grid changes: a house, two grids, why. It names nobody who lives there."""

    label: str
    before: str
    after: str
    reason: str


def slips(plan_id: int, *, after: int, limit: int, by: Actor) -> tuple[GridPlan, list[Slip], int | None]:
    """Give the slips of an adopted plan, one for each unit door of each moved house; the next page begins after the
    last move. What did not move has none. Four statements.

    :raises NotFound: no such plan of the office's area, or it is not adopted.
    """
    plan = GridPlan.objects.filter(
        tenant_id=by.tenant_id, id=plan_id, status__in=("ADOPTED", "IN_FORCE"),
        community__startswith=division_head(by.area),
    ).first()  # fmt: skip
    if plan is None:
        raise NotFound
    rows = PlanMove.objects.filter(run=plan.run_id, id__gt=after).exclude(before_code="").exclude(
        before_code=F("after_code")
    ).order_by("id")  # fmt: skip
    moves = list(rows[: limit + 1])
    houses = [int(m.unit[1:]) for m in moves if m.unit[:1] == "b" and m.unit[1:].isdigit()]
    units = dict(Building.objects.filter(tenant_id=by.tenant_id, id__in=houses).values_list("id", "units"))
    found = [
        Slip(label, m.before_code, m.after_code, m.reason)
        for m in moves[:limit] for label in _doors(m.label, units.get(int(m.unit[1:])) if m.unit[:1] == "b" else None)
    ]  # fmt: skip
    return plan, found, moves[limit - 1].id if len(moves) > limit else None


def _doors(label: str, units: int | None) -> list[str]:
    return [f"{label} {n}单元" for n in range(1, units + 1)] if units and units > 1 else [label]
