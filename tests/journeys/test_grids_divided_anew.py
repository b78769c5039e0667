"""Two compounds come down, one goes up: the grids are drawn anew, an objection is right, and people are told once.

From the calculation to the day on which the edition holds, by the verbs that the pages call (spec 21 §§12, 16).
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.utils.timezone import get_current_timezone, localdate

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts
from jishi.bodies import queries as bodies
from jishi.bodies.actions import posts, rebinding
from jishi.cases.actions import wording
from jishi.cases.models import Message
from jishi.cases.tests import factories as f
from jishi.cases.tests.news_steps import in_the_house
from jishi.foundation import carriers, scope
from jishi.foundation.actor import Actor, clock, system
from jishi.places import queries as places
from jishi.places.actions import gridplan, ground, plans, residence
from jishi.places.actions.residence import Whereabouts
from jishi.places.models import Building, Compound, GridPlan, PlanGrid, PlanMove, PlanRun
from jishi.places.queries import coming
from jishi.places.queries import plans as looking

pytestmark = pytest.mark.django_db
PASSWORD = "long enough 123"
DAYS = timedelta(days=1)
E7 = 10_000_000
BANDS = ((300, 500), (250, 550), (200, 600), (150, 700), (100, 900), (50, 1500))


class Street:
    """The office of a town that divides one community anew; two people, because one may not do it alone."""

    def __init__(self, town: int) -> None:
        self.town, self.first, self.second = town, f.office(town, account=18), f.office(town, account=19)
        with scope.work(system(town)):
            counted: dict[str, int] = {}
            for one in Compound.objects.filter(active_to=None, households_planned__gt=0):
                counted[one.community] = counted.get(one.community, 0) + 1
            self.community = min((n, code) for code, n in counted.items() if n >= 6)[1]

    def do(self, verb: Callable[..., Any], *args: Any, by: Actor | None = None, **more: Any) -> Any:
        return f.do(by or self.first, verb, *args, **more)

    def look(self, ask: Callable[[], Any]) -> Any:
        with scope.work(system(self.town)):
            return ask()

    def calculated(self, price: int, now: datetime) -> PlanRun:
        """Ask with wider and wider bands until a plan without fault moves somebody."""
        for lo, hi in BANDS:
            run = self.do(plans.ask, self.community, rules=plans.Rules(lo=lo, hi=hi, price=price), now=now)
            plans.work_off(self.town, clock=lambda: now)
            run = self.look(lambda run=run: PlanRun.objects.get(id=run.id))
            if run.verdict.startswith("legal") and self.look(lambda run=run: self.moved(run)):
                return run
        raise AssertionError("no band of the list moves anybody legally")

    @staticmethod
    def moved(run: PlanRun) -> list[PlanMove]:
        return list(PlanMove.objects.filter(run=run).exclude(before_code="").order_by("id"))

    def point(self, unit: str) -> tuple[float, float]:
        model: Any = Building if unit[0] == "b" else Compound
        row = self.look(lambda: model.objects.get(id=int(unit[1:])))
        return row.lng_e7 / E7, row.lat_e7 / E7


def told_at(town: int) -> list[Message]:
    with scope.work(system(town)):
        return list(Message.objects.filter(code="moved_caller").order_by("id"))


def test_compounds_come_down_and_up_and_everybody_concerned_is_told_once(town):
    it, now = Street(town), MONDAY_TEN
    standing = it.look(lambda: list(
        Compound.objects.filter(community=it.community, active_to=None, households_planned__gt=0).order_by("id")
    ))  # fmt: skip
    down, near = standing[:2], standing[2]
    it.do(ground.demolish, [one.ref for one in down], on=localdate(now), now=now)
    built = ground.NewCompound(
        "journey-1", "安置新苑", it.community, near.lng_e7 + 900, near.lat_e7 + 900, households_planned=280
    )
    it.do(ground.add_compounds, [built], crs="cgcs2000", active_from=localdate(now), now=now)

    # --- the plan, and who has something at an address that moves ---------------------------------------------
    run = it.calculated(10, now)
    moves = it.look(lambda: it.moved(run))
    stays = it.look(lambda: next(
        (ref, code) for ref, _, code in looking.units_of(run)
        if ref not in {m.unit for m in PlanMove.objects.filter(run=run)} and ref[1:].isdigit()
    ))  # fmt: skip
    lng, lat = it.point(moves[0].unit)
    before = f.a_case(town, lng=lng, lat=lat, crs="cgcs2000", text="楼下的雨水井堵了，一下雨就漫出来。")
    lng, lat = it.point(stays[0])
    unmoved = f.a_case(town, lng=lng, lat=lat, crs="cgcs2000", text="路灯灭了一排，接孩子看不见路。")
    old_grid = it.look(lambda: before.grid.code if before.grid else "")

    # --- the first notice: an objection that is right ----------------------------------------------------------
    plan = it.do(gridplan.draft, run.id, now=now)
    it.do(gridplan.check, plan.id, now=now)
    it.do(gridplan.publish, plan.id, now=now)
    anybody = Actor(tenant_id=town, kind="anonymous")
    said = it.do(gridplan.object_, plan.id, text="我们这边离新网格的服务站太远，老人走不到。", by=anybody, now=now)
    it.do(gridplan.answer, plan.id, objection_id=said.id, words="说得对，换一份方案。", is_right=True, now=now)
    it.do(gridplan.conclude, plan.id, now=now + 8 * DAYS)
    other = it.do(plans.change, run.id, moves=dict([_back(it, run, moves)]), now=now + 8 * DAYS)
    if other.faults:  # taking one house back breaks a rule: the office calculates with another price instead
        other = it.calculated(50, now + 8 * DAYS)

    # --- the second notice, who will serve, adoption by another person ------------------------------------------
    later = now + 9 * DAYS
    it.do(gridplan.revise, plan.id, run_id=other.id, now=later)
    it.do(gridplan.check, plan.id, now=later)
    it.do(gridplan.publish, plan.id, now=later)
    it.do(gridplan.conclude, plan.id, now=later + 8 * DAYS)
    day = localdate(later) + 20 * DAYS
    moves = it.look(lambda: it.moved(other))
    with scope.work(it.first):
        coming_to = coming.coming(plan.id, by=it.first)
        vacant = [one.code for one in bodies.handing_over(plan.id, later) if one.nobody]
    post, holder = _a_post(it, later)
    target = vacant[0] if vacant else sorted(coming_to.after)[0]
    it.do(rebinding.name, plan.id, target, post, "leader", now=later)
    at = later + 8 * DAYS
    it.do(gridplan.adopt, plan.id, document_no="河办〔2026〕3号", effective_from=day, by=it.second, now=at)
    with carriers.using({carriers.SMS: carriers.Recorder()}):
        for _ in range(2):  # what was delivered is not delivered again
            in_the_house(town, at)

    # --- told once, with everything that is to be known; unmoved people get nothing ------------------------------
    told = told_at(town)
    with scope.work(system(town)):
        expected = coming.moved_points(plan.id, [(c.lng_e7 / E7, c.lat_e7 / E7) for c in (before, unmoved)])
    assert [m.case_id for m in told] == [c.id for c, one in zip((before, unmoved), expected, strict=True) if one]
    assert unmoved.id not in {m.case_id for m in told} or expected[1] is not None
    with scope.work(system(town)):
        for message in told:
            (sentence,) = wording.sentences([message], "sms", "zh")
            assert message.facts["moved"]["to"][12:] in sentence and f"{day.month}月{day.day}日" in sentence
            assert coming.reason_in(message.facts["moved"]["reason"], "zh") in sentence

    # --- the home that a person herself said --------------------------------------------------------------------
    house = it.look(lambda: _a_house(moves))
    if house is not None:
        resident = _resident(it, house, later)
        with scope.work(resident):
            mine, _unsaid = coming.own_news(resident, now=later + 9 * DAYS)
        assert [(one.before, one.after) for one in mine] == [
            (m.before_code, m.after_code) for m in moves if m.unit in (f"b{house.id}", f"c{house.compound_id}")
        ]

    # --- the day ------------------------------------------------------------------------------------------------
    midnight = datetime.combine(day, time(0), get_current_timezone())
    with scope.work(clock(town, "night")) as here:
        assert gridplan.enter_force_due(by=here.actor, now=midnight) == 1
    with scope.work(system(town)):
        codes = {g.code for g in places.grids_in(it.community, day) if g.kind == "general"}
        assert codes == set(PlanGrid.objects.filter(run=other.id).values_list("code", flat=True))
        assert GridPlan.objects.get(id=plan.id).status == "IN_FORCE"
        new = next(g for g in places.grids_in(it.community, day) if g.code == target)
        assert [one.name for one in bodies.grid_register(new.id, midnight).of("leader")] == [holder]
    still = f.again(town, before.id)
    assert it.look(lambda: still.grid.code if still.grid else "") == old_grid, "a report keeps the grid of its day"


def _back(it: Street, run: PlanRun, moves: list[PlanMove]) -> tuple[str, str]:
    """The first address whose old grid goes on, with that grid."""
    codes = it.look(lambda: set(PlanGrid.objects.filter(run=run).values_list("code", flat=True)))
    return next((m.unit, m.before_code) for m in moves if m.before_code in codes)


def _a_post(it: Street, now: datetime) -> tuple[int, str]:
    """A post of the community that nobody's grid has, held by somebody of the demonstration town."""
    with scope.work(system(it.town)) as here:
        body = next(b for b in bodies.all_bodies(on=localdate(now)) if b.division_code == it.community)
        post = posts.create_posts([posts.NewPost(body.id, "新网格长", ["grid_worker"], work_phone="0999-7701")],
                                  by=here.actor, now=now)[0]  # fmt: skip
        account = accounts.open_account("journey-lead", "宋和平", PASSWORD, staff=True, by=here.actor, now=now).id
        posts.begin_term(post, account, by=here.actor, now=now)
        return post, "宋和平"


def _a_house(moves: list[PlanMove]) -> Building | None:
    for one in moves:
        found = Building.objects.filter(id=int(one.unit[1:])) if one.unit[0] == "b" else Building.objects.filter(
            compound=int(one.unit[1:]))  # fmt: skip
        house = found.filter(active_to=None).order_by("id").first()
        if house is not None:
            return house
    return None


def _resident(it: Street, house: Building, now: datetime) -> Actor:
    with scope.work(system(it.town)) as here:
        account = accounts.open_account("journey-home", "白露", PASSWORD, staff=False, by=here.actor, now=now).id
    me = Actor(tenant_id=it.town, kind="resident", account_id=account, roles=frozenset({"resident"}))
    with scope.work(me):
        residence.declare(
            account, "living", Whereabouts(it.community, building_id=house.id), purpose="service",
            from_day=localdate(now), ends_on=localdate(now) + 300 * DAYS, by=me, now=now,
        )  # fmt: skip
    return me
