"""A tower with a mall below and homes above: one polygon, two grids."""

from datetime import date

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.places.actions import members
from jishi.places.actions.members import NewMember
from jishi.places.models import GridEdition, GridMember
from jishi.places.queries.members import grids_of_floors
from jishi.places.refusals import EffectiveInThePast, FloorsTaken
from jishi.places.tests.factories import DAY, A, a_town, adopt, office

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
