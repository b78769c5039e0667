"""Who serves before and after a plan of grids: named by people, bound from its day, undone with it (spec 21 §12)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import transaction
from django.utils.timezone import get_current_timezone

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts
from jishi.bodies import queries
from jishi.bodies.actions import bodies, grid_posts, posts, rebinding
from jishi.bodies.actions.bodies import Founding
from jishi.bodies.actions.grid_posts import AlreadyFullTime, LeaderThere, NotBegunYet, ServesAlready
from jishi.bodies.actions.rebinding import NamedAlready, PlanIsOver
from jishi.bodies.models import GridPost, GridPostNamed
from jishi.foundation import outbox, scope, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.places import queries as places
from jishi.places.actions import gridplan, plans
from jishi.places.queries import coming
from jishi.places.tests.factories import SINCE, STREET, A, a_town, office
from jishi.places.tests.plan_steps import HOMES, compounds

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=1)
LATER, DAY = MONDAY_TEN + 8 * DAYS, (MONDAY_TEN + 20 * DAYS).date()
MIDNIGHT = datetime.combine(DAY, time(0), get_current_timezone())
_people = count(1)


class Office:
    """An office with a plan of community A on its way: four grids before, each with a leader."""

    def __init__(self, tenant: int, lo: int, hi: int) -> None:
        self.system, self.by = system(tenant), office(tenant)
        a_town(tenant)
        compounds(HOMES, tenant)
        rows = [
            Founding("jd", "河西街道办事处", "河西街道", "street", STREET, supervising_phone="0999-12345"),
            Founding("sq", "青溪社区居委会", "青溪社区", "community", A, parent="jd", work_phone="0999-8801"),
        ]
        self.bodies = bodies.found_many(rows, active_from=SINCE, by=self.system, now=MONDAY_TEN)
        self.grids = {g.code: g.id for g in places.grids_in(A)}
        self.leaders = {code: self.post(f"网格长{code[12:]}") for code in self.grids}
        for code, post in self.leaders.items():
            grid_posts.serve(post, self.grids[code], "leader", by=self.system, now=MONDAY_TEN)
        run = plans.ask(A, rules=plans.Rules(lo=lo, hi=hi), by=self.by, now=MONDAY_TEN)
        plans.work_off(tenant, clock=lambda: MONDAY_TEN)
        self.plan = gridplan.draft(run.id, by=self.by, now=MONDAY_TEN).id

    def post(self, title: str, holder: bool = True) -> int:
        new = posts.NewPost(self.bodies["sq"], title, ["grid_worker"], work_phone="0999-8802")
        post = posts.create_posts([new], by=self.system, now=MONDAY_TEN)[0]
        if holder:
            named = (f"rebound-{next(_people)}", f"{title}某", "long enough 123")
            account = accounts.open_account(*named, staff=True, by=self.system, now=MONDAY_TEN).id
            posts.begin_term(post, account, by=self.system, now=MONDAY_TEN)
        return post

    def adopted(self) -> None:
        gridplan.check(self.plan, by=self.by, now=MONDAY_TEN)
        gridplan.publish(self.plan, by=self.by, now=MONDAY_TEN)
        gridplan.conclude(self.plan, by=self.by, now=LATER)
        gridplan.adopt(self.plan, document_no="试9号", effective_from=DAY, by=replace(self.by, account_id=2), now=LATER)
        self.told("ADOPTED")

    def told(self, status: str) -> None:
        facts = {"plan_id": self.plan, "community": A, "status": status}
        with scope.within(system(self.by.tenant_id)):
            for _ in range(2):  # a reaction may run twice
                rebinding.follow(facts, now=LATER)

    def rows(self) -> dict[str, queries.Changing]:
        return {one.code: one for one in queries.handing_over(self.plan, MONDAY_TEN)}


@pytest.fixture
def house(other_tenant):
    def make(lo: int = 250, hi: int = 450) -> Office:
        return Office(other_tenant, lo, hi)

    with scope.work(system(other_tenant)), scope.within(office(other_tenant)):
        yield make


def new_one(rows: dict[str, queries.Changing]) -> str:
    return next(code for code, one in rows.items() if one.fate == "new")


def test_the_table_says_who_served_who_will_and_which_grid_has_nobody(house):
    it = house()
    before = it.rows()
    code = new_one(before)

    rebinding.name(it.plan, code, it.post("新网格长"), "leader", by=it.by, now=MONDAY_TEN)
    after = it.rows()

    assert [one.code for one in before.values() if one.nobody] == [c for c, one in before.items() if one.fate == "new"]
    assert all(one.will[0].name == one.served[0].name for one in before.values() if one.fate == "stays")
    assert not after[code].served and (after[code].will[0].name, after[code].nobody) == ("新网格长某", False)
    assert [e.verb for e in trail.of("gridplan", it.plan)][-1] == "grid_post.named"


def test_a_named_post_whose_holder_is_gone_leaves_its_grid_with_nobody(house):
    it = house()
    code = new_one(it.rows())

    rebinding.name(it.plan, code, it.post("空岗", holder=False), "leader", by=it.by, now=MONDAY_TEN)

    assert it.rows()[code].nobody


def test_adopted_those_named_serve_from_the_day_and_withdrawn_everything_is_as_before(house):
    it = house()
    code = new_one(it.rows())
    stays = next(c for c, one in it.rows().items() if one.fate == "stays")
    rebinding.name(it.plan, code, it.post("新网格长"), "leader", by=it.by, now=MONDAY_TEN)
    rebinding.name(it.plan, stays, it.post("换来的"), "leader", by=it.by, now=MONDAY_TEN)
    was = sorted(GridPost.objects.values_list("grid", "post", "active"), key=str)

    it.adopted()
    eve, day = (queries.grid_registers([it.grids[stays]], moment)[it.grids[stays]] for moment in
                (MIDNIGHT - timedelta(seconds=1), MIDNIGHT))  # fmt: skip
    fresh = next(g for g in places.grids_in(A, DAY) if g.code == code)
    new = queries.grid_register(fresh.id, MIDNIGHT)

    assert [p.name for p in eve.of("leader")] == [f"网格长{stays[12:]}某"]
    assert [p.name for p in day.of("leader")] == ["换来的某"] and [p.name for p in new.of("leader")] == ["新网格长某"]
    gridplan.withdraw(it.plan, why="重新商量", by=it.by, now=LATER)
    it.told("WITHDRAWN")
    assert sorted(GridPost.objects.values_list("grid", "post", "active"), key=str) == was


def test_a_grid_that_goes_lets_its_posts_go_and_its_worker_may_serve_another_full_time(house):
    it = house(600, 1000)
    gone = next(c for c, one in it.rows().items() if one.fate == "gone")
    stays = next(c for c, one in it.rows().items() if one.fate == "stays")
    worker = it.post("专职")
    grid_posts.serve(worker, it.grids[gone], "full_time", by=it.system, now=MONDAY_TEN)
    rebinding.name(it.plan, stays, worker, "full_time", by=it.by, now=MONDAY_TEN)

    it.adopted()

    held = GridPost.objects.filter(post=worker).order_by("active")
    assert [(r.grid_id, r.active.lower, r.active.upper) for r in held] == [
        (it.grids[gone], MONDAY_TEN, MIDNIGHT), (it.grids[stays], MIDNIGHT, None),
    ]  # fmt: skip
    assert not GridPost.objects.filter(grid=it.grids[gone], active__contains=MIDNIGHT).exists()


def test_after_adoption_a_naming_binds_at_once_or_says_why_not(house):
    it = house()
    code, busy = new_one(it.rows()), it.post("忙着的")
    grid_posts.serve(busy, it.grids[f"{A}001"], "full_time", by=it.system, now=MONDAY_TEN)
    it.adopted()

    with pytest.raises(AlreadyFullTime), transaction.atomic():
        second = it.post("兼着")
        account = queries.posts_of(it.bodies["sq"], now=LATER)
        holder = next(p.holders[0].account_id for p in account if p.id == busy)
        posts.begin_term(second, holder, by=it.system, now=MONDAY_TEN)
        rebinding.name(it.plan, code, second, "full_time", by=it.by, now=LATER)
    named = rebinding.name(it.plan, code, it.post("来得及"), "full_time", by=it.by, now=LATER)

    bound = GridPost.objects.filter(active__startswith=MIDNIGHT)
    assert bound.count() == 1 and GridPostNamed.objects.count() == 1
    rebinding.unname(named, by=it.by, now=LATER)
    assert not bound.exists() and it.rows()[code].nobody


def test_one_blocked_naming_does_not_block_the_next_of_the_plan(house):
    it = house()
    code, busy, second = new_one(it.rows()), it.post("忙着的"), it.post("兼着", holder=False)
    stays = next(c for c, one in it.rows().items() if one.fate == "stays" and c != f"{A}001")
    grid_posts.serve(busy, it.grids[f"{A}001"], "full_time", by=it.system, now=MONDAY_TEN)
    there = queries.posts_of(it.bodies["sq"], now=LATER)
    posts.begin_term(second, next(p.holders[0].account_id for p in there if p.id == busy), by=it.system, now=MONDAY_TEN)
    rebinding.name(it.plan, code, second, "full_time", by=it.by, now=MONDAY_TEN)
    it.adopted()
    assert not GridPost.objects.filter(post=second).exists()

    fine = it.post("来得及")
    rebinding.name(it.plan, stays, fine, "adviser", by=it.by, now=LATER)

    assert GridPost.objects.get(post=fine).active.lower == MIDNIGHT and GridPostNamed.objects.count() == 2
    with pytest.raises(AlreadyFullTime), transaction.atomic():
        rebinding.name(it.plan, stays, second, "full_time", by=it.by, now=LATER)


def test_between_adoption_and_its_day_what_is_bound_for_the_day_counts_and_what_runs_out_may_end(house):
    it = house()
    stays = next(c for c, one in it.rows().items() if one.fate == "stays")
    grid, leader, worker, eager = it.grids[stays], it.post("换来的"), it.post("专职"), it.post("也想当")
    rebinding.name(it.plan, stays, leader, "leader", by=it.by, now=MONDAY_TEN)
    rebinding.name(it.plan, stays, worker, "full_time", by=it.by, now=MONDAY_TEN)
    it.adopted()
    old, new = (GridPost.objects.get(grid=grid, post=p) for p in (it.leaders[stays], leader))
    there = {p.id: p.holders[0].account_id for p in queries.posts_of(it.bodies["sq"], now=LATER) if p.holders}
    beside = it.post("兼着", holder=False)
    grid_posts.serve(beside, it.grids[f"{A}001"], "full_time", by=it.system, now=MONDAY_TEN)

    for refusal, act in (
        (NotBegunYet, lambda: grid_posts.stop(new.id, by=it.by, now=LATER)),
        (LeaderThere, lambda: posts.begin_term(leader, there[eager], by=it.system, now=LATER)),
        (AlreadyFullTime, lambda: posts.begin_term(beside, there[worker], by=it.system, now=LATER)),
    ):
        with pytest.raises(refusal), transaction.atomic():
            act()
    grid_posts.stop(old.id, by=it.by, now=LATER)
    with pytest.raises(NotFound), transaction.atomic():
        grid_posts.stop(old.id, by=it.by, now=LATER + DAYS)
    with pytest.raises(ServesAlready), transaction.atomic():
        grid_posts.serve(worker, grid, "adviser", by=it.by, now=LATER)
    for refusal, post, role in ((LeaderThere, eager, "leader"), (ServesAlready, worker, "adviser")):
        with pytest.raises(refusal), transaction.atomic():  # the database saw it first
            grid_posts.bind(post, grid, role, None, since=LATER, by=it.by, now=LATER)

    old.refresh_from_db()
    assert old.active.upper == LATER and [e.verb for e in trail.of("grid_post", old.id)][1:] == ["grid_post.ended"]
    assert [e.verb for e in trail.of("grid_post", new.id)] == ["grid_post.begun"]


def test_a_grid_has_a_leader_in_the_days_before_the_one_who_comes_with_the_plan(house):
    it = house()
    stays = next(c for c, one in it.rows().items() if one.fate == "stays")
    grid, leader, between = it.grids[stays], it.post("换来的"), it.post("这几天")
    rebinding.name(it.plan, stays, leader, "leader", by=it.by, now=MONDAY_TEN)
    it.adopted()
    old = GridPost.objects.get(grid=grid, post=it.leaders[stays])
    with pytest.raises(LeaderThere), transaction.atomic():
        grid_posts.serve(between, grid, "leader", by=it.by, now=LATER)
    grid_posts.stop(old.id, by=it.by, now=LATER)
    assert queries.grid_register(grid, LATER).of("leader") == ()

    row = grid_posts.serve(between, grid, "leader", by=it.by, now=LATER)

    assert GridPost.objects.get(id=row).active.upper == MIDNIGHT == GridPost.objects.get(post=leader).active.lower
    assert [p.name for p in queries.grid_register(grid, LATER).of("leader")] == ["这几天某"]
    assert [p.name for p in queries.grid_register(grid, MIDNIGHT).of("leader")] == ["换来的某"]
    with pytest.raises(LeaderThere), transaction.atomic():
        grid_posts.serve(it.post("也想当"), grid, "leader", by=it.by, now=LATER)


def test_a_person_may_go_from_one_full_time_post_to_another_on_the_day(house):
    it = house(600, 1000)
    rows = it.rows()
    gone, stays = (next(c for c, one in rows.items() if one.fate == fate) for fate in ("gone", "stays"))
    first, second = it.post("先"), it.post("后", holder=False)
    grid_posts.serve(first, it.grids[gone], "full_time", by=it.system, now=MONDAY_TEN)
    rebinding.name(it.plan, stays, second, "full_time", by=it.by, now=MONDAY_TEN)
    it.adopted()
    account = next(p.holders[0].account_id for p in queries.posts_of(it.bodies["sq"], now=LATER) if p.id == first)

    posts.begin_term(second, account, by=it.system, now=LATER)

    assert [p.name for p in queries.grid_register(it.grids[stays], MIDNIGHT).of("full_time")] == ["先某"]


def test_what_does_not_fit_is_refused_and_changes_nothing(house):
    it = house()
    code, post = new_one(it.rows()), it.post("新网格长")
    rebinding.name(it.plan, code, post, "leader", by=it.by, now=MONDAY_TEN)
    other = it.post("又一个")
    stranger = Actor(tenant_id=it.by.tenant_id, kind="staff", account_id=9, roles=frozenset({"handler"}))
    elsewhere = replace(it.by, area="990882002")
    was = len(trail.of("gridplan", it.plan))

    for refusal, plan, grid, row, role, more, by in (
        (NotAllowed, it.plan, code, other, "adviser", {}, stranger),
        (NotFound, it.plan, code, other, "adviser", {}, elsewhere), (NotFound, 0, code, other, "adviser", {}, it.by),
        (NotFound, it.plan, f"{A}999", other, "adviser", {}, it.by), (NotFound, it.plan, code, 0, "adviser", {}, it.by),
        (Invalid, it.plan, code, other, "king", {}, it.by), (Invalid, it.plan, code, other, "part_time", {}, it.by),
        (NamedAlready, it.plan, code, other, "leader", {}, it.by),
        (NamedAlready, it.plan, code, post, "part_time", {"hours_per_week": Decimal(4)}, it.by),
    ):  # fmt: skip
        with pytest.raises(refusal), transaction.atomic():
            rebinding.name(plan, grid, row, role, **more, by=by, now=MONDAY_TEN)
    gridplan.withdraw(it.plan, why="重新商量", by=it.by, now=MONDAY_TEN)
    with pytest.raises(PlanIsOver), transaction.atomic():
        rebinding.name(it.plan, code, other, "adviser", by=it.by, now=MONDAY_TEN)

    assert GridPostNamed.objects.count() == 1 and len(trail.of("gridplan", it.plan)) == was + 1
    assert queries.handing_over(it.plan, MONDAY_TEN) == ()


def test_the_news_of_an_adoption_reaches_the_posts(house):
    it = house()
    code = new_one(it.rows())
    rebinding.name(it.plan, code, it.post("新网格长"), "leader", by=it.by, now=MONDAY_TEN)
    gridplan.check(it.plan, by=it.by, now=MONDAY_TEN)
    gridplan.publish(it.plan, by=it.by, now=MONDAY_TEN)
    gridplan.conclude(it.plan, by=it.by, now=LATER)
    gridplan.adopt(it.plan, document_no="试9号", effective_from=DAY, by=replace(it.by, account_id=2), now=LATER)

    with scope.within(clock(it.by.tenant_id, "t")):
        while outbox.deliver(now=LATER.astimezone(UTC)):
            pass

    found = coming.coming(it.plan, by=it.by)
    assert found is not None and found.status == "ADOPTED"
    assert GridPost.objects.filter(active__startswith=MIDNIGHT).count() == 1
