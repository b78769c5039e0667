"""What a copy of the tables tells of who lives where and belongs elsewhere: nothing (spec 20 §3.4; 21 §12)."""

import json
from datetime import date, timedelta
from itertools import count

import pytest
from django.db import connection

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts
from jishi.foundation import scope
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotAllowed
from jishi.places import pairs, serving_rules
from jishi.places.actions import divisions, residence
from jishi.places.actions.residence import Whereabouts
from jishi.places.models import SETTLED, ResidencePair
from jishi.places.tests.factories import STREET, A, B, ring

pytestmark = pytest.mark.django_db
TODAY, NEXT_YEAR = date(2026, 3, 9), date(2027, 3, 20)
LAST = serving_rules.month_end(NEXT_YEAR)
_names = count(1)


@pytest.fixture
def house(other_tenant):
    """Two communities without drawn ground."""
    by = system(other_tenant)
    new = divisions.NewDivision
    with scope.work(by):
        rows = [
            new("990000000000", "云江省", "云江省", 1, ""), new("990800000000", "云州市", "云州市", 2, "990000000000"),
            new("990882000000", "云溪市", "云溪市", 3, "990800000000"),
            new(STREET, "河西街道", "河西街道", 4, "990882000000"),
            new(A, "青溪社区居民委员会", "青溪社区", 5, STREET, boundary=ring(0, 0, 2, 2)),
            new(B, "翠竹村民委员会", "翠竹村", 5, STREET, boundary=ring(2, 0, 4, 2)),
        ]  # fmt: skip
        divisions.found_divisions(rows, source="试验", valid_from=date(2020, 1, 1), by=by, now=MONDAY_TEN)
        yield by


def a_resident(by: Actor) -> Actor:
    opened = accounts.open_account(
        f"pairs-{next(_names)}", "白露", "long enough 123", staff=False, by=by, now=MONDAY_TEN
    )
    return Actor(tenant_id=by.tenant_id, kind="resident", account_id=opened.id, roles=frozenset({"resident"}))


def lives_and_belongs(me: Actor) -> None:
    with scope.within(me):
        for kind, where in (("living", A), ("registered", B)):
            residence.declare(
                me.account_id or 0, kind, Whereabouts(where), purpose="service", from_day=TODAY, ends_on=NEXT_YEAR,
                by=me, now=MONDAY_TEN,
            )  # fmt: skip


def dump(tenant: int) -> dict[str, list[tuple]]:
    """What a copy of the database holds beside the sealed rows of persons, every column as text."""
    asked = {
        "places_residencepair": "SELECT p::text FROM places_residencepair p WHERE tenant_id = %s ORDER BY id",
        "sealed": "SELECT owner_row, field, length(data) FROM foundation_sealedvalue WHERE tenant_id = %s"
                  " AND owner_table = 'places_residencepair' ORDER BY owner_row",
        "hashes": "SELECT * FROM foundation_searchhash WHERE tenant_id = %s AND owner_table = 'places_residencepair'",
        "bytes": "SELECT encode(data, 'escape') FROM foundation_sealedvalue WHERE tenant_id = %s"
                 " AND owner_table = 'places_residencepair'",
    }  # fmt: skip
    found = {}
    with connection.cursor() as cursor:
        for name, sql in asked.items():
            cursor.execute(sql, [tenant])
            found[name] = cursor.fetchall()
    return found


def test_a_dump_with_one_person_of_a_pair_tells_neither_place_nor_number(house):
    me = a_resident(house)

    lives_and_belongs(me)

    seen = dump(house.tenant_id)
    text = json.dumps(seen, default=str)
    assert A not in text and B not in text and "registered" not in text and not seen["hashes"]
    assert {f.name for f in ResidencePair._meta.fields} == {"id", "tenant", "version"}
    assert len({size for _, _, size in seen["sealed"]}) == 1, "a page of one person is as long as an empty one"
    assert len(seen["sealed"]) >= pairs.PAGES and {row[0].count(",") for row in seen["places_residencepair"]} == {2}
    with scope.within(me):
        assert pairs.counted(by=me, now=MONDAY_TEN, day=TODAY) == {(A, B, "registered"): 1}


def test_the_sum_over_pages_is_the_count_whoever_wrote_where(house):
    people = [a_resident(house) for _ in range(6)]

    for me in people:
        lives_and_belongs(me)

    with scope.within(people[0]):
        assert pairs.counted(by=people[0], now=MONDAY_TEN, day=TODAY) == {(A, B, "registered"): 6}
        assert pairs.counted(by=people[0], now=MONDAY_TEN, day=LAST + timedelta(days=1)) == {}


def test_a_full_page_goes_on_with_another_and_what_has_ended_goes(house, monkeypatch):
    me = a_resident(house)
    monkeypatch.setattr(pairs, "MOST", 150)
    with scope.within(me):
        for n in range(40):
            step = (A, f"{n:012d}", "registered", LAST if n else TODAY - timedelta(days=1), SETTLED)
            pairs.book({step: 1}, by=me, now=MONDAY_TEN, today=TODAY)

        assert sum(pairs.counted(by=me, now=MONDAY_TEN, day=TODAY).values()) == 39
    assert ResidencePair.objects.count() > pairs.PAGES


@pytest.mark.parametrize("role", ["operator", "grid_worker", ""])
def test_whoever_settles_nothing_between_two_communities_opens_no_page(role, house):
    lives_and_belongs(a_resident(house))
    other = Actor(tenant_id=house.tenant_id, kind="staff", account_id=1, roles=frozenset({role} - {""}))

    for by in (other, clock(house.tenant_id, "nightly")):
        with scope.within(by), pytest.raises(NotAllowed):
            pairs.counted(by=by, now=MONDAY_TEN, day=TODAY)
