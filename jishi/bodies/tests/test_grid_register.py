"""The public register of a grid: who serves it, on work phones, or since when nobody does (spec 20 §13, line 12)."""

from datetime import UTC, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts
from jishi.bodies import queries
from jishi.bodies.actions import bodies, grid_posts, posts
from jishi.bodies.actions.bodies import Founding
from jishi.bodies.models import GridPost, GridRole
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Refused
from jishi.places import queries as places
from jishi.places.tests import factories as ground
from jishi.places.tests.residence_steps import two_communities

NOW, MINUTE = MONDAY_TEN, timedelta(minutes=1)
PRIVATE = "13900001111"


class Grid:
    """One grid of a community with a street above it, and people who may serve it."""

    def __init__(self, tenant):
        self.by = system(tenant)
        two_communities(self.by)
        ground.adopt(ground.A, self.by)
        rows = [
            Founding("jd", "河西街道办事处", "河西街道", "street", ground.STREET, supervising_phone="0999-12345"),
            Founding("sq", "青溪社区居委会", "青溪社区", "community", ground.A, parent="jd", work_phone="0999-8801"),
            Founding("zb", "青溪第一网格党支部", "第一网格支部", "other", ground.A, parent="sq"),
        ]
        self.bodies = bodies.found_many(rows, active_from=ground.SINCE, by=self.by, now=NOW)
        self.grids = [g.id for g in places.grids_in(ground.A)]
        self.id, self.people = self.grids[0], 0

    def person(self, username=""):
        self.people += 1
        named = (username or f"person-{self.people}", f"网格员{self.people}", "long enough 123")
        return accounts.open_account(*named, staff=True, by=self.by, now=NOW).id

    def post(self, title="网格长", phone="0999-8802", body="sq"):
        new = posts.NewPost(self.bodies[body], title, ["grid_worker"], work_phone=phone)
        return posts.create_posts([new], by=self.by, now=NOW)[0]

    def held(self, role, *, at=NOW, grid=None, title="岗位", hours=None):
        """Give (post, term, account) of somebody who serves from `at` on."""
        post, account = self.post(title), self.person()
        grid_posts.serve(post, grid or self.id, role, hours_per_week=hours, by=self.by, now=at)
        return post, posts.begin_term(post, account, by=self.by, now=at), account

    def register(self, at=NOW):
        return queries.grid_register(self.id, at)


@pytest.fixture
def grid(other_tenant):
    with scope.work(system(other_tenant)):
        yield Grid(other_tenant)


def test_a_term_and_the_serving_of_a_grid_wait_for_each_other_at_the_post(grid):
    first, second = grid.post("一"), grid.post("二")
    with CaptureQueriesContext(connection) as found:
        posts.begin_terms([(second, grid.person()), (first, grid.person())], by=grid.by, now=NOW)

    held = [q["sql"] for q in found if "FOR UPDATE" in q["sql"] and 'FROM "bodies_post"' in q["sql"]]
    assert len(held) == 1 and 'ORDER BY "bodies_post"."id"' in held[0]
    served = next(n for n, q in enumerate(found) if 'FROM "bodies_gridpost"' in q["sql"])
    assert next(n for n, q in enumerate(found) if q["sql"] == held[0]) < served


class TestTheRegister:
    def test_shows_leader_secretary_workers_and_advisers_in_this_order(self, grid):
        for role in ("adviser", "full_time", "party_secretary", "leader"):
            grid.held(role, title=role)
        grid_posts.name_party(grid.bodies["zb"], grid.id, by=grid.by, now=NOW)

        found = grid.register()

        assert [(s.role, s.title, s.work_phone) for s in found.people] == [
            (role, role, "0999-8802") for role in ("leader", "party_secretary", "full_time", "adviser")
        ]
        assert (found.party, found.vacancies) == ("青溪第一网格党支部", ())
        assert (found.supervising_phone, found.supervised_by) == ("0999-12345", "河西街道办事处")

    def test_a_term_that_ends_is_gone_the_same_minute_and_one_that_starts_is_there(self, grid):
        first_post, term, _ = grid.held("leader")
        later = NOW + timedelta(days=3)
        posts.end_term(term, by=grid.by, now=later)

        assert [s.name for s in grid.register(later - MINUTE).of("leader")] == ["网格员1"]
        assert grid.register(later).of("leader") == ()
        assert grid.register(later).vacancies[0] == queries.Vacancy("leader", later)

        posts.begin_term(first_post, grid.person(), by=grid.by, now=later + MINUTE)
        assert grid.register(later).of("leader") == ()
        assert [s.name for s in grid.register(later + MINUTE).of("leader")] == ["网格员2"]
        assert grid.register(later + MINUTE).current_since == later + MINUTE

    def test_a_vacancy_is_a_vacancy_with_the_phone_of_the_community(self, grid):
        found = grid.register()

        assert [(v.role, v.since) for v in found.vacancies] == [("leader", None), ("full_time", None)]
        assert (found.phone, found.phone_of) == ("0999-8801", "青溪社区居委会")

    def test_a_post_without_work_phone_shows_none_and_never_a_private_one(self, grid):
        post, account = grid.post(phone=""), grid.person(PRIVATE)
        grid_posts.serve(post, grid.id, "leader", by=grid.by, now=NOW)
        posts.begin_term(post, account, by=grid.by, now=NOW)

        found = grid.register()

        assert found.of("leader")[0].work_phone == ""
        assert PRIVATE not in repr(found)

    def test_part_time_people_are_counted_and_not_named(self, grid):
        grid.held("part_time", hours=Decimal("6.5"))
        grid.held("part_time", hours=Decimal(3))

        found = grid.register()

        assert found.part_time == 2
        assert found.people == () and "网格员" not in repr(found.people)

    def test_a_serving_that_stops_is_gone_while_the_term_goes_on(self, grid):
        grid.held("leader")
        stopped = NOW + timedelta(hours=1)
        grid_posts.stop(GridPost.objects.get().id, by=grid.by, now=stopped)

        assert grid.register(stopped).vacancies[0].since == stopped
        assert len(grid.register(stopped - MINUTE).of("leader")) == 1

    def test_many_cost_as_many_statements_as_one(self, grid, django_assert_max_num_queries):
        grid.held("leader")
        grid.register()

        with django_assert_max_num_queries(4):
            assert len(queries.grid_registers(grid.grids, NOW)) == 4

    def test_of_no_grid_is_none(self, grid):
        assert queries.grid_register(99999999, NOW) is None


class TestRefusals:
    def test_a_second_leader(self, grid):
        post, _, _ = grid.held("leader")
        for act in (
            lambda: grid.held("leader"),
            lambda: posts.begin_term(post, grid.person(), by=grid.by, now=NOW + MINUTE),
        ):
            with pytest.raises(Refused) as no, transaction.atomic():
                act()
            assert no.value.code == "leader_there"
        assert len(grid.register(NOW + MINUTE).of("leader")) == 1

    def test_a_second_full_time_post_of_one_person(self, grid):
        _, _, account = grid.held("full_time")
        other = grid.post()
        grid_posts.serve(other, grid.grids[1], "full_time", by=grid.by, now=NOW)
        held = grid.post()
        posts.begin_term(held, account, by=grid.by, now=NOW)

        for act in (
            lambda: posts.begin_term(other, account, by=grid.by, now=NOW + MINUTE),
            lambda: grid_posts.serve(held, grid.grids[2], "full_time", by=grid.by, now=NOW + MINUTE),
        ):
            with pytest.raises(Refused) as no, transaction.atomic():
                act()
            assert no.value.code == "already_full_time"

    @pytest.mark.parametrize(
        ("role", "hours", "code"),
        [
            ("spy", None, "invalid"), ("part_time", None, "invalid"), ("leader", Decimal(3), "invalid"),
            ("part_time", Decimal(0), "invalid"), ("part_time", Decimal(99), "invalid"),
        ],
    )  # fmt: skip
    def test_what_is_no_way_of_serving(self, grid, role, hours, code):
        with pytest.raises(Refused) as no:
            grid_posts.serve(grid.post(), grid.id, role, hours_per_week=hours, by=grid.by, now=NOW)
        assert no.value.code == code
        assert not GridPost.objects.exists()

    def test_what_is_not_there(self, grid):
        post = grid.post()
        for args in ((99999999, grid.id, "leader"), (post, 99999999, "leader")):
            with pytest.raises(Refused) as no:
                grid_posts.serve(*args, by=grid.by, now=NOW)
            assert no.value.code == "not_found"

    def test_who_does_not_keep_the_register(self, grid):
        post = grid.post()
        worker = Actor(tenant_id=grid.by.tenant_id, kind="staff", account_id=5, roles=frozenset({"grid_worker"}))
        for act in (
            lambda: grid_posts.serve(post, grid.id, "leader", by=worker, now=NOW),
            lambda: grid_posts.stop(1, by=worker, now=NOW),
            lambda: grid_posts.name_party(grid.bodies["zb"], grid.id, by=worker, now=NOW),
        ):
            with pytest.raises(Refused) as no:
                act()
            assert no.value.code == "not_allowed"

    def test_each_step_leaves_one_entry(self, grid):
        grid.held("leader")
        row = GridPost.objects.get().id
        grid_posts.stop(row, by=grid.by, now=NOW + MINUTE)

        assert [e.verb for e in trail.of("grid_post", row)] == ["grid_post.begun", "grid_post.ended"]

    def test_the_database_refuses_two_leaders_by_itself(self, grid):
        grid.held("leader")
        with pytest.raises(IntegrityError), transaction.atomic():
            GridPost.objects.create(
                tenant_id=grid.by.tenant_id, grid_id=grid.id, post_id=grid.post(), role=GridRole.LEADER,
                active=DateTimeTZRange(NOW.astimezone(UTC), None),
            )  # fmt: skip
