"""巡查路线: laid, changed and ended by the desk of the place; their errands are set on their day (spec 10 §12)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.cases.actions import errands, patrols
from jishi.cases.actions.patrols import NewRoute, Point
from jishi.cases.models import Errand, PatrolRoute, RoutePoint
from jishi.cases.queries import ontheway, rounds
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements
from jishi.cases.tests.test_errands import AWAY, again, an_errand, entries, grid_of, worker
from jishi.duties import queries as duties
from jishi.duties.actions.deciding import PushDownRefused
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused, Stale, WrongMoment

pytestmark = pytest.mark.django_db


class TestARound:
    def lay(self, town: int, *, by: Actor | None = None, **said: Any) -> PatrolRoute:
        new = NewRoute(
            name="配电间", grid_id=grid_of(town).id, points=(Point("1号楼配电间"), Point("3号楼配电间")),
            look_for="门锁好没有，有没有积水", every_days=7, first_on=localdate(MONDAY_TEN),
        )  # fmt: skip
        return f.do(by or f.dispatcher(town), patrols.lay, replace(new, **said), now=MONDAY_TEN)

    def sweep(self, town: int, now: datetime) -> dict[str, int]:
        return patrols.sweep(by=f.the_clock(town), now=now)

    def test_sets_its_errands_on_its_day_once_and_again_after_the_interval(self, town):
        route, by = self.lay(town), worker(town)

        assert self.sweep(town, MONDAY_TEN - timedelta(days=1))["set"] == 0
        assert [self.sweep(town, MONDAY_TEN)["set"] for _ in range(2)] == [2, 0]
        with scope.work(by):
            mine = ontheway.mine(by=by, now=MONDAY_TEN)
        for each in mine.errands:
            f.do(by, errands.take, each["number"], now=MONDAY_TEN)
            f.do(by, errands.finish, each["number"], finding="in_order", now=MONDAY_TEN)
        assert self.sweep(town, MONDAY_TEN + timedelta(days=6))["set"] == 0
        assert self.sweep(town, MONDAY_TEN + timedelta(days=7))["set"] == 2
        with scope.work(by):
            told = ontheway.mine(by=by, now=MONDAY_TEN).routes[0]
            assert set(RoutePoint.objects.filter(route=route).values_list("last_at", flat=True)) == {MONDAY_TEN}
        assert told["last_on"] == localdate(MONDAY_TEN) and told["places"] == ["1号楼配电间", "3号楼配电间"]

    def test_makes_no_second_errand_for_a_place_that_waits_and_makes_up_for_no_missed_day(self, town):
        route = self.lay(town)
        self.sweep(town, MONDAY_TEN)

        late = self.sweep(town, MONDAY_TEN + timedelta(days=22))

        assert late == {"set": 0, "overdue": 2, "dropped": 0}
        with scope.work(system(town)):
            assert PatrolRoute.objects.get(id=route.id).next_on == localdate(MONDAY_TEN + timedelta(days=28))
            marked = list(Errand.objects.filter(kind="patrol"))
            assert {e.grid_id for e in marked if e.overdue_at is not None} == {route.grid_id} and len(marked) == 2
        assert all(entries(e) == ["errand.set", "errand.overdue"] for e in marked)
        assert self.sweep(town, MONDAY_TEN + timedelta(days=22))["overdue"] == 0

    def test_is_laid_by_the_desk_or_the_office_of_the_place_and_nobody_else(self, town):
        for by in (worker(town), f.stranger(town), f.reviewer(town), replace(f.dispatcher(town), area=AWAY)):
            with pytest.raises(NotAllowed):
                self.lay(town, by=by)
        assert self.lay(town, by=f.office(town)).id

    @pytest.mark.parametrize(
        "said", [{"every_days": 0}, {"every_days": 400}, {"points": ()}, {"grid_id": 10**9}, {"look_for": ""},
                 {"points": (Point(" "),)}, {"points": (Point("甲"),) * 41}],
    )  # fmt: skip
    def test_without_places_interval_or_grid_is_refused(self, town, said):
        with pytest.raises(Refused):
            self.lay(town, **said)

    def test_may_not_be_of_a_duty_that_was_taken_back(self, town):
        with scope.work(system(town)):
            law = duties.law(localdate(MONDAY_TEN))
            back = next(row for row in law.items.values() if row.number.startswith("收回"))

        with pytest.raises(PushDownRefused):
            self.lay(town, item_id=back.id)

    def test_may_not_be_of_a_duty_that_takes_a_lawful_power(self, town):
        with scope.work(system(town)):
            lines = duties.law(localdate(MONDAY_TEN)).items.values()
            relief = next(row for row in lines if row.number == "基本-051")

        with pytest.raises(PushDownRefused) as no:
            self.lay(town, item_id=relief.id)

        assert no.value.facts["guard"] == "lawful_power_needed"

    def test_ends_once_with_a_reason(self, town):
        route = self.lay(town)

        f.do(f.dispatcher(town), patrols.end, route.id, words="配电间移交供电所", now=MONDAY_TEN)

        with pytest.raises(WrongMoment):
            f.do(f.dispatcher(town), patrols.end, route.id, words="再停一次", now=MONDAY_TEN)
        with pytest.raises(NotFound):
            f.do(worker(town, area=AWAY), patrols.end, route.id, words="不归我", now=MONDAY_TEN)
        assert self.sweep(town, MONDAY_TEN)["set"] == 0
        with scope.work(system(town)):
            assert [e.verb for e in trail.of("patrol", route.id)] == ["patrol.laid", "patrol.ended"]

    def test_is_changed_place_by_place_and_what_was_looked_at_stays(self, town):
        route = self.lay(town)
        self.sweep(town, MONDAY_TEN)
        new = NewRoute(name="两处", grid_id=0, points=(Point("3号楼配电间"), Point("泵房")), look_for="门锁",
                       every_days=3, first_on=localdate(MONDAY_TEN) + timedelta(days=3))  # fmt: skip
        desk = f.dispatcher(town)
        with pytest.raises(NotAllowed):
            f.do(f.reviewer(town), patrols.change, route.id, new=new, now=MONDAY_TEN)
        with pytest.raises(Stale):
            f.do(desk, patrols.change, route.id, new=new, now=MONDAY_TEN, version=route.version + 7)
        with pytest.raises(Refused):
            f.do(desk, patrols.change, route.id, new=replace(new, points=()), now=MONDAY_TEN)

        f.do(desk, patrols.change, route.id, new=new, now=MONDAY_TEN)

        with scope.work(desk):
            told = rounds.route(route.id, by=desk, now=MONDAY_TEN)
            assert [e.verb for e in trail.of("patrol", route.id)] == ["patrol.laid", "patrol.changed"]
            assert RoutePoint.objects.filter(route=route).count() == 3
        assert [p.name for p in told.places] == ["3号楼配电间", "泵房"]
        assert self.sweep(town, MONDAY_TEN + timedelta(days=3))["set"] == 1, "the other place still waits"

    def test_with_two_places_of_one_name_is_changed_and_keeps_the_first(self, town):
        route = self.lay(town, points=(Point("北门"), Point("北门"), Point("南门")))
        new = NewRoute(name="两个门", grid_id=0, points=(Point("南门"), Point("北门")), look_for="门锁", every_days=3,
                       first_on=localdate(MONDAY_TEN))  # fmt: skip

        f.do(f.dispatcher(town), patrols.change, route.id, new=new, now=MONDAY_TEN)

        with scope.work(system(town)):
            run = RoutePoint.objects.filter(route=route, ended_at=None).order_by("place")
            assert [(p.place, p.name) for p in run] == [(1, "南门"), (2, "北门")]

    def test_is_changed_by_as_many_statements_at_thirty_places_as_at_three(self, town):
        def cost(many: int) -> int:
            route = self.lay(town, points=tuple(Point(f"{i}号楼") for i in range(many)))
            turned = tuple(Point(f"{i}号楼") for i in reversed(range(1, many + 1)))
            new = NewRoute(name="倒过来走", grid_id=0, points=turned, look_for="门锁", every_days=3,
                           first_on=localdate(MONDAY_TEN))  # fmt: skip
            with statements() as made:
                f.do(f.dispatcher(town), patrols.change, route.id, new=new, now=MONDAY_TEN)
            return len(made)

        cost(3)  # what is read once by the process

        assert cost(30) == cost(3)

    def test_is_laid_changed_and_ended_on_a_page_that_names_the_post_and_no_person(self, town):
        desk, grid = colleague(town, "dispatcher"), grid_of(town)
        said = {"name": "雨水井", "grid": grid.id, "places": "北门\n\n南门", "look_for": "堵没堵", "every_days": 7,
                "first_on": localdate(MONDAY_TEN)}  # fmt: skip

        assert desk.post("/desk/patrols", {**said, "places": ""}).status_code == 422
        assert desk.post("/desk/patrols", said).status_code == 302
        with scope.work(system(town)):
            route = PatrolRoute.objects.get(name="雨水井")
        page = desk.get("/desk/patrols").content.decode()
        changed = desk.post(f"/desk/patrols/{route.id}", {**said, "version": route.version, "every_days": 2})
        stale = desk.post(f"/desk/patrols/{route.id}", {**said, "version": route.version})
        ended = desk.post(f"/desk/patrols/{route.id}/end", {"version": route.version + 1, "words": "井归水务局看"})

        assert "雨水井" in page and grid.name in page
        assert (changed.status_code, stale.status_code, ended.status_code) == (302, 412, 302)
        assert "井归水务局看" in desk.get(f"/desk/patrols/{route.id}").content.decode()
        assert desk.get("/desk/patrols/999999").status_code == 404
        assert colleague(town, "reviewer").get("/desk/patrols").status_code == 403

    def test_an_idle_errand_to_verify_is_dropped_when_its_case_has_ended(self, town):
        case = f.a_case_at(town, Status.RECEIVED, kind="inquiry")
        errand = an_errand(town, kind="verify_before", case_id=case.id, what="几点开门")
        from jishi.cases.actions import intake

        f.do(f.operator(town), intake.answer_at_once, case.id, text="九点开门。", now=MONDAY_TEN)

        assert self.sweep(town, MONDAY_TEN)["dropped"] == 1
        assert (again(errand).status, entries(errand)[-1]) == ("DROPPED", "errand.dropped")
