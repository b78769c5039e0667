"""工作量: counts of work at houses, handed down; they weigh in plans and are shown by grid and quarter (20 §3.2)."""

from datetime import date

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed
from jishi.places import plan_files, queries
from jishi.places.actions import workloads
from jishi.places.models import Building, Compound, Workload, WorkloadMonth
from jishi.places.queries import plans as looking
from jishi.places.refusals import PlanRulesMakeNoSense, UnknownHouse, WorkloadDoesNotFit
from jishi.places.tests.factories import A, at
from jishi.places.tests.plan_steps import a_run, by  # noqa: F401 - the fixture

G1 = A + "001"
QUARTER = date(2026, 1, 1)
SEEN = date(2026, 4, 10)


def house(name: str = "新村1区") -> str:
    return f"c{Compound.objects.get(name=name).id}"


def recorded(by, counts, month=1, kind="requests", year=2026):  # noqa: F811
    who = system(by.tenant_id)
    return workloads.record(counts, kind=kind, period=date(year, month, 1), source="t", by=who, now=MONDAY_TEN)


def closed(by, *months, year=2026):  # noqa: F811
    for month in months:
        for kind in ("requests", "found"):
            recorded(by, {}, month, kind, year)


class TestRecord:
    def test_a_month_is_written_once_by_kind_and_house(self, by):  # noqa: F811
        building = f"b{Building.objects.order_by('id').first().id}"

        assert recorded(by, {house(): 7, building: 2, house("新村2区"): 0}) == 2
        assert recorded(by, {house(): 9}) == 0

        assert sorted(Workload.objects.values_list("value", flat=True)) == [2, 7]
        assert {w.grid.code for w in Workload.objects.all()} == {G1}
        entries = [e for e in trail.of("tenant", [by.tenant_id]) if e.verb == "workloads.recorded"]
        assert [e.codes["houses"] for e in entries] == [2]

    def test_a_person_fills_in_nothing(self, by):  # noqa: F811
        with pytest.raises(NotAllowed):
            workloads.record({house(): 1}, kind="requests", period=QUARTER, source="t", by=by, now=MONDAY_TEN)

    @pytest.mark.parametrize("value", [-1, 1.5, True, "3", 10**8])
    def test_a_count_is_whole_and_not_negative(self, by, value):  # noqa: F811
        with pytest.raises(WorkloadDoesNotFit):
            recorded(by, {house(): value})
        assert not Workload.objects.exists()

    def test_a_kind_that_is_not_listed_a_broken_month_and_an_unknown_house_are_refused(self, by):  # noqa: F811
        with pytest.raises(WorkloadDoesNotFit):
            recorded(by, {house(): 1}, kind="religion")
        with pytest.raises(WorkloadDoesNotFit):
            workloads.record({}, kind="found", period=date(2026, 1, 2), source="t", by=system(by.tenant_id),
                             now=MONDAY_TEN)  # fmt: skip
        for unknown in ("b999999999", "x1", "", "b-1", "c1 "):
            with pytest.raises(UnknownHouse):
                recorded(by, {house(): 1, unknown: 1})
        assert not Workload.objects.exists()


class TestShown:
    def test_a_grid_has_its_whole_quarters_and_what_is_below_five_is_not_told(self, by):  # noqa: F811
        recorded(by, {house(): 3}, 1)
        recorded(by, {house(): 2}, 2)
        recorded(by, {house(): 4}, 1, "found")
        recorded(by, {house(): 90}, 4)
        closed(by, 1, 2, 3)

        rows = queries.workloads_of_grids([G1], day=SEEN)

        assert [(r.since, r.kind, r.value, r.label) for r in rows] == [
            (QUARTER, "requests", 5, "5"), (QUARTER, "found", None, "<5"),
        ]  # fmt: skip
        assert queries.workloads_of_grids([G1], day=date(2026, 4, 2)) == [], "not counted yet"

    def test_a_quarter_is_shown_when_its_last_month_is_counted_for_every_kind(self, by):  # noqa: F811
        recorded(by, {house(): 30}, 1)
        closed(by, 1, 2)
        recorded(by, {}, 3)
        assert queries.workloads_of_grids([G1], day=SEEN) == [], "what was found first in March is not counted"

        recorded(by, {}, 3, "found")
        assert [r.value for r in queries.workloads_of_grids([G1], day=SEEN)] == [30, None]

    def test_a_month_that_had_nothing_is_closed_too(self, by):  # noqa: F811
        march = date(2026, 3, 1)
        assert march in queries.months_to_count(SEEN, "found")
        assert recorded(by, {}, 3, "found") == 0

        assert march not in queries.months_to_count(SEEN, "found")
        assert march in queries.months_to_count(SEEN, "requests")
        assert recorded(by, {house(): 3}, 3, "found") == 0
        assert not Workload.objects.exists(), "what comes in late is counted nowhere"
        assert WorkloadMonth.objects.get().houses == 0

    def test_nearest_house_of_the_same_grid_is_the_one_that_a_place_lies_at(self, by):  # noqa: F811
        points = [at(0.34, 0.34), at(0.99, 0.99), at(50, 50)]
        found = queries.houses_at([(x / 1e7, y / 1e7) for x, y in points], day=SEEN)

        assert found[0] == house() and found[2] == ""
        assert found[1] == house("新村5区") or found[1].startswith("b")

    def test_each_grid_has_its_own_figures(self, by):  # noqa: F811
        recorded(by, {house(): 3}, 1)
        recorded(by, {house(): 40}, 1, "found")
        closed(by, 1, 2, 3)

        rows = queries.workloads_of_grids([G1, A + "002"], day=SEEN)

        assert [r.value for r in rows if r.grid == A + "002"] == [None, None]
        assert [r.value for r in rows if r.grid == G1] == [None, 40]


class TestPlanned:
    def test_work_weighs_in_a_plan_is_frozen_with_it_and_small_sums_are_not_told(self, by):  # noqa: F811
        names = [f"新村{n}区" for n in range(1, 10)]
        recorded(by, {house(n): 60 if n in ("新村1区", "新村2区", "新村3区") else 1 for n in names})

        even, without = a_run(by, lo=400, hi=800, work_weight=50), a_run(by, lo=400, hi=800, work_weight=0)
        page = looking.page(even.id, by=by)

        assert [k for k, _names in page.kinds] == ["requests"]
        assert looking.page(without.id, by=by).kinds == []
        sums = {g.code: g.work["requests"] for g in page.grids}
        assert sum(sums.values()) == 186
        frozen, plan = plan_files.plan_of(even)
        assert float(frozen.problem.workloads["requests"].values.sum()) == 186
        work = frozen.problem.workloads["requests"].values

        def spread(assignment):
            held = [float(work[assignment == g].sum()) for g in set(assignment.tolist())]
            return max(held) - min(held)

        _, plain = plan_files.plan_of(without)
        assert spread(plan.assignment) <= spread(plain.assignment)
        code = page.grids[0].code
        shown = looking.sheet_of(even, code)["work"]["requests"]
        assert shown == (sums[code] if sums[code] >= 5 else None)

    def test_a_move_says_what_work_it_moves(self, by):  # noqa: F811
        recorded(by, {house(f"新村{n}区"): 30 for n in range(1, 10)})
        run = a_run(by, lo=300, hi=900)
        unit = house("新村1区")
        code_of = {ref: code for ref, _label, code in looking.units_of(run)}
        other = next(c for c in set(code_of.values()) if c != code_of[unit])

        found = looking.tried(run, {unit: other}).work

        assert {w.grid for w in found} == {code_of[unit], other}
        assert next(w for w in found if w.grid == other).after >= 30
        assert not any(w.is_hidden for w in found)

    @pytest.mark.parametrize(("mine", "others"), [(3, 20), (20, 0)], ids=["few in the house", "few in a grid"])
    def test_a_move_from_which_a_small_figure_follows_shows_nothing_of_the_kind(self, by, mine, others):  # noqa: F811
        counts = {house(f"新村{n}区"): others for n in range(2, 10)} | {house("新村1区"): mine}
        recorded(by, counts)
        recorded(by, dict.fromkeys(counts, 10), 1, "found")
        run = a_run(by, lo=300, hi=900)
        code_of = {ref: code for ref, _label, code in looking.units_of(run)}
        unit = house("新村1区")
        other = next(c for c in set(code_of.values()) if c != code_of[unit])

        found = looking.tried(run, {unit: other}).work

        assert [(w.before, w.after, w.is_hidden) for w in found if w.kind == "requests"] == [(None, None, True)] * 2
        assert {w.is_hidden for w in found if w.kind == "found"} == {False}

    def test_a_weight_that_makes_no_sense_is_refused(self, by):  # noqa: F811
        with pytest.raises(PlanRulesMakeNoSense):
            a_run(by, work_weight=51)
