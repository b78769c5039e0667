"""微网格: houses and doors of one grid, in the care of a neighbour; a subset of exactly one grid on every day."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils.timezone import localdate
from shapely.geometry import shape

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Stale
from jishi.places import queries
from jishi.places.actions import grids, ground, keeping, members, microgrids
from jishi.places.models import Building, Compound, Entrance, MicroGrid
from jishi.places.queries import micro
from jishi.places.refusals import (
    DayDoesNotFit,
    GoneAlready,
    InMicroGrid,
    MicroGridNotDrawn,
    MicroNumbersSpent,
    NotOfThisGrid,
    ReasonMissing,
    UnknownDatum,
)
from jishi.places.tests.factories import CRS, SINCE, A, B, a_town, at, collection, feature, grids_of, office, ring

pytestmark = pytest.mark.django_db
TODAY = MONDAY_TEN.date()
GRID = f"{A}001"


@pytest.fixture
def by(other_tenant):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        door = ground.NewEntrance(kind="unit_door", lng_e7=at(0.35, 0.4)[0], lat_e7=at(0.35, 0.4)[1], name="2单元",
                                  building="c1-1")  # fmt: skip
        gate = ground.NewEntrance(kind="main_gate", lng_e7=at(0.5, 0.4)[0], lat_e7=at(0.5, 0.4)[1], compound="c1")
        ground.add_entrances([door, gate], crs=CRS, active_from=SINCE, by=system(other_tenant), now=MONDAY_TEN)
        actor = Actor(tenant_id=other_tenant, kind="staff", account_id=2, roles=frozenset({"office"}), area=A)
        with scope.within(actor):
            yield actor


def house(ref: str) -> int:
    return Building.objects.get(ref=ref).id


def door(kind: str = "unit_door") -> int:
    return Entrance.objects.get(kind=kind).id


def drawn(by: Actor, *refs: str, doors: tuple[int, ...] = (), grid: str = GRID, name: str = "东片") -> MicroGrid:
    return microgrids.draw(grid, name=name, buildings=[house(r) for r in refs], doors=doors, by=by, now=MONDAY_TEN)


def ended(row: MicroGrid, by: Actor, **more) -> None:
    said = {"on": TODAY, "why": "重新划", "version": 1, "now": MONDAY_TEN} | more
    microgrids.end(row.id, by=by, **said)


def cut(by: Actor, x: float, *, since: date) -> None:
    """Adopt an edition in which the first grid ends at `x` and the second begins there."""
    rows = grids_of()
    rows[0], rows[1] = feature(GRID, ring(0, 0, x, 1)), feature(f"{A}002", ring(x, 0, 2, 1))
    report = grids.check(collection(rows), division=A, crs=CRS, by=by)
    grids.adopt(report, effective_from=since, document_no="试9号", by=system(by.tenant_id), now=MONDAY_TEN, replaces=1)


def test_houses_and_doors_of_a_grid_are_drawn_together_numbered_and_on_the_record(by):
    first, second = drawn(by, "c1-2"), drawn(by, "c1-3", doors=(door(),), name=" 西片 ")

    found = queries.micro_grids([GRID], day=TODAY)

    assert [(m.code, m.name, m.places) for m in found] == [
        (f"{GRID}01", "东片", ("翠竹苑2号楼",)), (f"{GRID}02", "西片", ("翠竹苑1号楼2单元", "翠竹苑3号楼")),
    ]  # fmt: skip
    assert not queries.micro_grids([GRID], day=TODAY - timedelta(days=1))
    assert [e.verb for e in trail.of("micro_grid", second.id)] == ["micro_grid.drawn"] and first.version == 1


def test_what_is_ended_answers_for_its_days_and_its_number_is_not_given_again(by):
    row = drawn(by, "c1-2")
    ended(row, by)

    again = drawn(by, "c1-2")

    assert again.code == f"{GRID}02" and [m.code for m in queries.micro_grids([GRID], day=TODAY)] == [again.code]
    with pytest.raises(GoneAlready):
        ended(row, by, version=2)


def test_a_house_that_a_later_edition_puts_into_another_grid_is_in_no_micro_grid_of_that_day(by):
    drawn(by, "c1-2", "c1-3")
    later = TODAY + timedelta(days=9)
    cut(by, 0.5, since=later)  # the third house stands east of it

    (now,), (then,) = (queries.micro_grids([GRID], day=day) for day in (TODAY, later))

    assert (now.places, now.astray) == (("翠竹苑2号楼", "翠竹苑3号楼"), 0)
    assert (then.places, then.astray) == (("翠竹苑2号楼",), 1)
    assert then.buildings == now.buildings == (house("c1-2"), house("c1-3"))  # it holds both until it ends


@pytest.mark.parametrize("moved", ["by an edition", "by a corrected point"])
def test_a_house_that_has_left_its_grid_leads_to_the_micro_grid_that_still_holds_it(moved, by):
    row = drawn(by, "c1-3")
    if moved == "by an edition":
        cut(by, 0.5, since=TODAY)
    else:
        there = at(1.4, 0.4)
        keeping.correct("building", house("c1-3"), {}, point=there, why="隔路", version=1, by=by, now=MONDAY_TEN)

    (found,) = micro.micro_grids_of([house("c1-3")], day=TODAY)

    assert (found.id, found.places, found.astray, found.buildings) == (row.id, (), 1, (house("c1-3"),))
    assert not micro.micro_grids_of([house("c1-2")], day=TODAY)
    with pytest.raises(InMicroGrid):
        drawn(by, "c1-3", grid=f"{A}002")
    ended(row, by)
    assert drawn(by, "c1-3", grid=f"{A}002").code == f"{A}00201" and not queries.micro_grids([GRID], day=TODAY)


def test_a_door_that_is_no_more_is_not_shown_and_its_house_is_free_once_the_micro_grid_ends(by):
    row = drawn(by, "c1-2", doors=(door(),))
    keeping.end("entrance", door(), on=TODAY, why="封了", version=1, by=by, now=MONDAY_TEN)

    (found,) = queries.micro_grids([GRID], day=TODAY)

    assert (found.places, found.astray) == (("翠竹苑2号楼",), 0) and house("c1-1") in found.buildings
    with pytest.raises(InMicroGrid):
        drawn(by, "c1-1")
    ended(row, by)
    assert drawn(by, "c1-1").code == f"{GRID}02"


def test_a_number_is_never_given_twice_and_after_ninety_nine_the_refusal_says_what_to_do(by):
    ended(drawn(by, "c1-2"), by)
    MicroGrid.objects.update(code=f"{GRID}99")

    with pytest.raises(MicroNumbersSpent) as no:
        drawn(by, "c1-2")

    assert "001" in no.value.sentence("zh") and "99" in no.value.sentence("en")
    assert MicroGrid.objects.count() == 1


def test_a_house_of_other_ground_or_whose_floors_are_of_several_grids_is_refused(by):
    edition = members.GridEdition.objects.get(division_code=A)
    with scope.within(system(by.tenant_id)):
        mall = members.NewMember("c1-1", f"{A}002", -1, 3)
        members.add(edition.id, [mall], by=system(by.tenant_id), now=MONDAY_TEN)

    for ref, grid in (("c2-1", GRID), ("c1-2", f"{A}002"), ("c1-1", GRID)):
        with pytest.raises(NotOfThisGrid):
            drawn(by, ref, grid=grid)
    assert not MicroGrid.objects.exists()


def test_a_house_or_door_is_in_one_micro_grid_at_a_time(by):
    drawn(by, doors=(door(),))
    drawn(by, "c1-2")

    for refs, doors in ((("c1-2",), ()), (("c1-1",), ()), ((), (door(),))):
        with pytest.raises(InMicroGrid):
            drawn(by, *refs, doors=doors)
    with pytest.raises(InMicroGrid):
        drawn(by, "c1-3", "c1-1", doors=(door(),))


@pytest.mark.parametrize(("what", "refusal"), [
    ({"name": "  "}, Invalid), ({"buildings": []}, Invalid), ({"buildings": [10**9]}, NotFound),
    ({"doors": [10**9]}, NotFound), ({"grid": f"{A}099"}, NotFound),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(what, refusal, by):
    said = {"grid": GRID, "name": "东片", "buildings": [house("c1-2")], "doors": []} | what

    with pytest.raises(refusal):
        microgrids.draw(said.pop("grid"), **said, by=by, now=MONDAY_TEN)
    assert not MicroGrid.objects.exists()


def test_a_gate_is_no_unit_door(by):
    with pytest.raises(NotFound):
        drawn(by, doors=(door("main_gate"),))


@pytest.mark.parametrize(("said", "refusal"), [
    ({"why": " "}, ReasonMissing), ({"version": 7}, Stale), ({"on": TODAY + timedelta(days=1)}, DayDoesNotFit),
    ({"on": date(2020, 1, 1)}, DayDoesNotFit),
])  # fmt: skip
def test_to_end_one_needs_a_reason_the_version_that_was_seen_and_a_day(said, refusal, by):
    row = drawn(by, "c1-2")

    with pytest.raises(refusal):
        ended(row, by, **said)
    assert [m.id for m in queries.micro_grids([GRID], day=TODAY)] == [row.id]


def test_another_communitys_post_draws_and_ends_none(by):
    row = drawn(by, "c1-2")
    other = Actor(tenant_id=by.tenant_id, kind="staff", account_id=3, roles=frozenset({"office"}), area=B)

    with scope.within(other):
        with pytest.raises(NotAllowed):
            drawn(other, "c1-3")
        with pytest.raises(NotAllowed):
            ended(row, other)
    assert office(by.tenant_id).area == "" and [m.id for m in queries.micro_grids([GRID], day=TODAY)] == [row.id]


@pytest.fixture
def desk(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    account = an_account(other_tenant)
    a_grant(account, "office", post_id=31)
    return signed_in(client, account, post=31, at=datetime.now(UTC))


def test_a_community_draws_a_micro_grid_of_its_houses_on_the_compounds_page_and_ends_it(desk, other_tenant):
    with scope.work(system(other_tenant)):
        row, two, three = Compound.objects.get(ref="c1").id, house("c1-2"), house("c1-3")
    page_of = f"/desk/ground/compounds/{row}"
    said = {"of_compound": row, "name": "东片", "house": [two, three], "idempotency_key": "micro-1"}

    none = desk.post("/desk/ground/keep/micro", {**said, "house": []}).content.decode()
    drawn = desk.post("/desk/ground/keep/micro", said)
    again = desk.post("/desk/ground/keep/micro", said)
    page = desk.get(page_of).content.decode()
    section = page[page.index('id="h-micro"') :]
    sheet = desk.get(f"/grids/{A}001").content.decode()
    micro = re.search(r'name="row" value="(\d+)"><input type="hidden" name="version" value="1"', section)[1]
    desk.post("/desk/ground/keep/micro-end", {"of_compound": row, "row": micro, "version": "1", "why": "重划"})

    assert "选至少一栋楼" in none and drawn["Location"] == again["Location"] == page_of
    assert "东片" in section and "翠竹苑2号楼" in section and "翠竹苑3号楼" in section
    assert f'name="house" value="{two}"' not in section and 'name="house"' in section  # the first house is free
    assert "东片" in sheet and "翠竹苑3号楼" in sheet
    assert f'name="house" value="{two}"' in desk.get(page_of).content.decode()


def test_a_micro_grid_that_an_edition_has_emptied_is_ended_on_the_compounds_page_and_drawn_anew(desk, other_tenant):
    with scope.work(system(other_tenant)):
        row, three = Compound.objects.get(ref="c1").id, house("c1-3")

    def press(verb: str, **said):
        return desk.post(f"/desk/ground/keep/{verb}", {"of_compound": row, **said})

    def section() -> str:
        page = desk.get(f"/desk/ground/compounds/{row}").content.decode()
        return page[page.index('id="h-micro"') :]

    free = f'name="house" value="{three}"'
    press("micro", name="东片", house=[three], idempotency_key="first")
    with scope.work(system(other_tenant)):
        cut(system(other_tenant), 0.3, since=localdate())  # all houses of the compound are in the second now

    emptied, refused = section(), press("micro", name="新片", house=[three], idempotency_key="second")
    number = re.search(r'name="row" value="(\d+)"><input type="hidden" name="version" value="1"', emptied)[1]
    unended = press("micro-end", row=number, version="1", why=" ")
    done = press("micro-end", row=number, version="1", why="改版了")
    after = section()
    again = press("micro", name="新片", house=[three], idempotency_key="third")

    assert "东片" in emptied and "要重划" in emptied and "1 处已经归了别的网格" in emptied and free not in emptied
    assert (refused.status_code, unended.status_code, done.status_code, again.status_code) == (409, 422, 302, 302)
    assert "东片" not in after and free in after
    assert "新片" in section() and "要重划" not in section() and free not in section()
    with scope.work(system(other_tenant)):
        assert [m.code for m in queries.micro_grids([GRID, f"{A}002"], day=localdate())] == [f"{A}00201"]


class TestGround:
    """A micro-grid drawn as a piece of ground of one grid."""

    def piece(self, *edges: float) -> dict:
        return feature(GRID, ring(*edges))["geometry"]

    def draw(self, by: Actor, *edges: float, crs: str = CRS, grid: str = GRID) -> MicroGrid:
        return microgrids.draw_ground(grid, name="北片", polygon=self.piece(*edges), crs=crs, by=by, now=MONDAY_TEN)

    def test_holds_the_houses_that_stand_on_it_and_is_on_the_record(self, by):
        row = self.draw(by, 0.3, 0.3, 0.5, 0.5)

        found = queries.micro_grids([GRID], day=TODAY)

        assert [(m.code, m.places, m.astray) for m in found] == [(f"{GRID}01", ("翠竹苑1号楼", "翠竹苑2号楼"), 0)]
        assert found[0].ground.equals(shape(self.piece(0.3, 0.3, 0.5, 0.5)))
        assert [m.id for m in micro.micro_grids_of([house("c1-1")], day=TODAY)] == [row.id]
        assert [e.verb for e in trail.of("micro_grid", row.id)] == ["micro_grid.drawn"]

    @pytest.mark.parametrize(
        ("edges", "crs", "why"),
        [
            ((0.5, 0.5, 1.5, 0.9), CRS, MicroGridNotDrawn),  # half of it is the next grid's
            ((0.1, 0.1, 0.1, 0.1), CRS, MicroGridNotDrawn),
            ((0.4, 0.4, 0.9, 0.9), CRS, MicroGridNotDrawn),  # another piece lies there
            ((0.6, 0.6, 0.9, 0.9), "", UnknownDatum),
        ],
    )
    def test_that_is_not_of_one_grid_or_anothers_is_refused_and_nothing_is_drawn(self, by, edges, crs, why):
        self.draw(by, 0.3, 0.3, 0.5, 0.5)

        with pytest.raises(why):
            self.draw(by, *edges, crs=crs)

        assert MicroGrid.objects.count() == 1

    def test_and_houses_are_in_one_micro_grid_whichever_was_first(self, by):
        drawn(by, "c1-3")
        with pytest.raises(InMicroGrid):
            self.draw(by, 0, 0, 1, 1)

        self.draw(by, 0.3, 0.3, 0.5, 0.5)
        with pytest.raises(InMicroGrid):
            drawn(by, "c1-1")

    def test_whose_house_an_edition_puts_elsewhere_is_counted_astray(self, by):
        self.draw(by, 0.3, 0.3, 0.5, 0.5)
        cut(by, 0.4, since=TODAY + timedelta(days=1))

        found = queries.micro_grids([GRID], day=TODAY + timedelta(days=1))

        assert [(m.places, m.astray) for m in found] == [(("翠竹苑1号楼",), 1)]

    def test_nobody_draws_on_the_ground_of_others(self, by):
        with pytest.raises(NotAllowed):
            self.draw(by, 2.1, 0.1, 2.9, 0.9, grid=f"{B}001")
        with pytest.raises(NotFound):
            self.draw(by, 0.1, 0.1, 0.2, 0.2, grid=f"{A}009")


class TestLocate:
    def micros(self, *points: tuple[float, float], day: date = TODAY) -> list[str]:
        places = [(x / 1e7, y / 1e7) for x, y in (at(*p) for p in points)]
        found = queries.locate([p[0] for p in places], [p[1] for p in places], crs=CRS, day=day)
        return [r.micro.removeprefix(GRID) for r in found]

    def test_names_the_micro_grid_of_the_house_the_door_or_the_ground(self, by):
        drawn(by, "c1-2")
        drawn(by, doors=(door(),))
        microgrids.draw_ground(GRID, name="南片", polygon=feature(GRID, ring(0, 0, 1, 0.2))["geometry"], crs=CRS, by=by,
                               now=MONDAY_TEN)  # fmt: skip

        assert self.micros((0.45, 0.4), (0.35, 0.4), (0.5, 0.1), (0.9, 0.9), (1.5, 0.1)) == ["01", "02", "03", "", ""]

    def test_a_house_whose_only_door_is_no_more_names_none_and_spoils_no_other_point(self, by):
        drawn(by, doors=(door(),))
        keeping.end("entrance", door(), on=TODAY, why="封了", version=1, by=by, now=MONDAY_TEN)
        drawn(by, "c1-2")

        assert self.micros((0.35, 0.4), (0.45, 0.4)) == ["", "02"]

    def test_asks_as_of_the_day_and_of_its_own_grid_alone(self, by):
        row = drawn(by, "c1-2")
        cut(by, 0.4, since=TODAY + timedelta(days=2))  # the house is the next grid's then

        assert self.micros((0.45, 0.4), day=TODAY - timedelta(days=1)) == [""]
        assert self.micros((0.45, 0.4), day=TODAY + timedelta(days=2)) == [""]
        assert self.micros((0.45, 0.4)) == ["01"]
        ended(row, by)
        assert self.micros((0.45, 0.4)) == [""]

    def test_asks_nothing_more_once_the_ground_is_in_memory(self, by, django_assert_num_queries):
        drawn(by, "c1-2")
        self.micros((0.45, 0.4))

        with django_assert_num_queries(0):
            assert self.micros(*[(0.45, 0.4), (0.9, 0.9)] * 500) == ["01", ""] * 500
