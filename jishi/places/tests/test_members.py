"""A tower with a mall below and homes above: one polygon, two grids."""

from datetime import date

import pytest

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.places import queries
from jishi.places.actions import members, residence
from jishi.places.actions.members import NewMember
from jishi.places.actions.residence import Whereabouts
from jishi.places.models import Building, GridEdition, GridMember
from jishi.places.queries.members import grids_of_floors
from jishi.places.refusals import EffectiveInThePast, FloorsTaken
from jishi.places.tests.factories import DAY, A, a_town, adopt, degrees, office

pytestmark = pytest.mark.django_db
LATER = date(2026, 6, 1)
GROUND, MALL = f"{A}001", f"{A}002"


@pytest.fixture
def edition(other_tenant: int):
    by = system(other_tenant)
    with scope.work(by):
        a_town(other_tenant)
        edition = adopt(A, by, since=LATER, replaces=1)
    with scope.work(office(other_tenant)):
        yield edition


def add(edition: GridEdition, *rows: NewMember, by: Actor | None = None) -> int:
    return members.add(edition.id, rows, by=by or office(edition.tenant_id), now=MONDAY_TEN)


def locate(points, floors):
    lngs, lats = [p[0] for p in points], [p[1] for p in points]
    return queries.locate(lngs, lats, crs="cgcs2000", day=LATER, floors=floors[: len(points)])


def test_the_mall_and_the_homes_are_found_by_floor(edition):
    add(edition, NewMember("c1-1", MALL, -1, 3))

    asked = [("c1-1", 2), ("c1-1", -1), ("c1-1", 12), ("c1-1", None), ("c1-2", 2), ("c9", 1)]
    found = grids_of_floors(asked, day=LATER)

    assert [(h.grid, h.by, h.reason) for h in found] == [
        (MALL, "member", ""), (MALL, "member", ""), (GROUND, "polygon", ""), ("", "", "needs_floor"),
        (GROUND, "polygon", ""), ("", "", "unknown_building"),
    ]  # fmt: skip
    assert grids_of_floors([("c1-1", 2)], day=DAY)[0].grid == GROUND  # the edition before knows no mall
    assert trail.of("grid_edition", edition.id)[-1].verb == "grids.members_added"


def test_points_of_a_tower_are_asked_by_floor_and_any_number_costs_the_same(edition, django_assert_num_queries):
    add(edition, NewMember("c1-1", MALL, -1, 3), NewMember("c1-2", MALL))
    tower, whole, street = degrees(0.35, 0.4), degrees(0.45, 0.4), degrees(0.9, 0.9)
    points = [tower, tower, tower, whole, street, (float("nan"), 30.1)]
    locate(points, [2] * 6)  # the ground of the day is in memory now

    with django_assert_num_queries(0):
        found = locate(points * 50, [2, 12, None, None, 2, 2] * 50)

    assert [(r.grid, r.by, r.reason) for r in found[:6]] == [
        (MALL, "member", ""), (GROUND, "polygon", ""), (GROUND, "polygon", "needs_floor"), (MALL, "member", ""),
        (GROUND, "polygon", ""), ("", "", "bad_input"),
    ]  # fmt: skip
    assert str(found) == str(found[:6] * 50)
    assert [r.grid for r in locate([tower], [])] == [GROUND]


def test_who_lives_on_a_floor_of_the_mall_is_served_by_its_grid(edition, other_tenant):
    add(edition, NewMember("c1-1", MALL, 1, 3))
    by = system(other_tenant)
    with scope.within(by):
        house = Building.objects.get(tenant_id=other_tenant, ref="c1-1")
        rooms = [(house.id, "201", 1, 2, "home"), (house.id, "1201", 1, 12, "home")]
        opened = accounts.open_account("loushang", "白露", "long enough 123", staff=False, by=by, now=MONDAY_TEN)
        low, high = residence.add_dwellings(rooms, active_from=DAY, by=by, now=MONDAY_TEN)
    person = Actor(tenant_id=other_tenant, kind="resident", account_id=opened.id, roles=frozenset({"resident"}))
    given = {"purpose": "service", "ends_on": date(2027, 6, 30), "by": person, "now": MONDAY_TEN}
    with scope.within(person):
        row = residence.declare(person.account_id, "living", Whereabouts(A, dwelling_id=low), from_day=LATER, **given)
        assert queries.serving(person.account_id, "service", LATER).grid == MALL
        residence.correct(row, Whereabouts(A, dwelling_id=high), by=person, now=MONDAY_TEN)
        assert queries.serving(person.account_id, "service", LATER).grid == GROUND
        residence.correct(row, Whereabouts(A, building_id=house.id), by=person, now=MONDAY_TEN)
        told = queries.serving(person.account_id, "service", LATER)
    assert (told.division, told.grid) == (A, None), "which floor is not known, and none is guessed"


def test_members_stay_with_a_grid_that_goes_on_in_the_next_edition(edition, other_tenant):
    add(edition, NewMember("c1-1", MALL, -1, 3))

    third = adopt(A, office(other_tenant), since=date(2026, 9, 1), replaces=2)

    found = grids_of_floors([("c1-1", 2), ("c1-1", 12)], day=date(2026, 9, 1))
    assert [(h.grid, h.by) for h in found] == [(MALL, "member"), (GROUND, "polygon")]
    codes = trail.of("grid_edition", third.id)[-1].codes
    assert (codes["members"], codes["members_gone"]) == (1, 0)


def test_a_whole_building_lies_under_its_floors(edition):
    add(edition, NewMember("c1-1", MALL), NewMember("c1-1", GROUND, 5, 9))

    found = grids_of_floors([("c1-1", 2), ("c1-1", 7)], day=LATER)

    assert [h.grid for h in found] == [MALL, GROUND]


def test_what_is_refused_changes_nothing(edition, other_tenant):
    add(edition, NewMember("c1-1", MALL, 1, 3))
    stranger = Actor(tenant_id=other_tenant, kind="staff", account_id=2, roles=frozenset({"handler"}))
    first = GridEdition.objects.get(division_code=A, number=1)
    refusals = [
        (FloorsTaken, lambda: add(edition, NewMember("c1-1", GROUND, 3, 6))),
        (Invalid, lambda: add(edition, NewMember("c1-1", GROUND, 6, 5))),
        (Invalid, lambda: add(edition, NewMember("c1-1", GROUND, 0, 5))),
        (Invalid, lambda: add(edition, NewMember("c9", GROUND))),
        (Invalid, lambda: add(edition, NewMember("c1-2", "990882001002001"))),
        (NotAllowed, lambda: add(edition, NewMember("c1-2", MALL), by=stranger)),
        (EffectiveInThePast, lambda: add(first, NewMember("c1-2", MALL))),
        (NotFound, lambda: members.add(0, [], by=office(other_tenant), now=MONDAY_TEN)),
    ]

    for refusal, verb in refusals:
        with pytest.raises(refusal):
            verb()
    assert GridMember.objects.count() == 1
