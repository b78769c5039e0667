"""Barriers and crossings: on their day, on their line; routes that keep to them."""

import json
from datetime import date

import pytest
import shapely
from shapely.geometry import mapping

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.kernels.geo import datum
from jishi.places import queries
from jishi.places.actions import barriers
from jishi.places.actions.barriers import NewBarrier, NewCrossing
from jishi.places.models import Barrier, Crossing
from jishi.places.refusals import CrossingOffBarrier, SwappedAxes, UnknownDatum
from jishi.places.tests.factories import DAY, SINCE, at, degrees, office

pytestmark = pytest.mark.django_db
RAIL = shapely.LineString([degrees(1, -1), degrees(1, 3)])


@pytest.fixture
def by(other_tenant: int):
    actor = office(other_tenant)
    with scope.work(actor):
        yield actor


def laid(by: Actor, **said) -> dict[str, int]:
    row = NewBarrier(**{"ref": "b1", "name": "云溪铁路", "kind": "railway", "geometry": RAIL, **said})
    return barriers.add([row], crs="cgcs2000", active_from=SINCE, by=by, now=MONDAY_TEN)


def opened(by: Actor, x: float = 1.0, y: float = 1.5, **said) -> dict[str, int]:
    lng, lat = degrees(x, y)
    row = NewCrossing(**{"ref": f"x{y}", "barrier": "b1", "kind": "underpass", "lng": lng, "lat": lat, **said})
    return barriers.add_crossings([row], crs="cgcs2000", active_from=SINCE, by=by, now=MONDAY_TEN)


def test_a_repeat_adds_nothing_and_each_leaves_one_entry(by):
    first = laid(by)

    assert laid(by) == first
    assert [e.verb for e in trail.of("barrier", first["b1"])] == ["barrier.added"]
    assert Barrier.objects.get().hard  # a railway is, where nobody says otherwise


def test_a_barrier_that_is_ended_is_still_there_yesterday(by):
    laid(by)
    opened(by)

    barriers.end("b1", on=date(2026, 5, 1), by=by, now=MONDAY_TEN)

    assert [b.ref for b in queries.barriers(DAY)] == ["b1"] and len(queries.crossings(DAY)) == 1
    assert queries.barriers(date(2026, 5, 1)) == [] == queries.crossings(date(2026, 5, 1))
    with pytest.raises(NotFound):
        barriers.end("b1", on=date(2026, 6, 1), by=by, now=MONDAY_TEN)


def test_what_is_refused_changes_nothing(by):
    laid(by)
    stranger = Actor(tenant_id=by.tenant_id, kind="staff", account_id=2, roles=frozenset({"handler"}))
    flipped = shapely.LineString([degrees(1, -1)[::-1], degrees(1, 3)[::-1]])
    refusals = [
        (CrossingOffBarrier, lambda: opened(by, x=1.05)),  # 24 m
        (Invalid, lambda: opened(by, barrier="b9")),
        (Invalid, lambda: opened(by, kind="ladder")),
        (Invalid, lambda: laid(by, ref="b2", kind="dragon")),
        (Invalid, lambda: laid(by, ref="b2", geometry=shapely.Point(degrees(1, 1)))),
        (SwappedAxes, lambda: laid(by, ref="b2", geometry=flipped)),
        (NotAllowed, lambda: laid(stranger, ref="b2")),
        (UnknownDatum, lambda: barriers.add([], crs="", active_from=SINCE, by=by, now=MONDAY_TEN)),
    ]

    for refusal, verb in refusals:
        with pytest.raises(refusal):
            verb()
    assert (Barrier.objects.count(), Crossing.objects.count()) == (1, 0)


def test_a_file_in_a_shifted_system_lands_where_it_is(by):
    x, y = datum.from_cgcs2000(*RAIL.xy, "gcj02")
    px, py = datum.from_cgcs2000(*degrees(1, 1.5), "gcj02")
    rows = [
        ({"ref": "b1", "name": "铁路", "kind": "railway"}, mapping(shapely.LineString(zip(x, y, strict=True)))),
        ({"ref": "x1", "barrier": "b1", "kind": "bridge", "step_free": "否"},
         {"type": "Point", "coordinates": [float(px[0]), float(py[0])]}),
    ]  # fmt: skip
    features = [{"type": "Feature", "properties": p, "geometry": g} for p, g in rows]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()

    barriers.add_file(content, "b.geojson", crs="gcj02", active_from=SINCE, by=by, now=MONDAY_TEN)

    kept = Crossing.objects.get()
    assert (abs(kept.lng_e7 - at(1, 1.5)[0]), abs(kept.lat_e7 - at(1, 1.5)[1]), kept.step_free) <= (2, 2, False)
    with pytest.raises(UnknownDatum):
        barriers.add_file(content, "b.geojson", crs="", active_from=SINCE, by=by, now=MONDAY_TEN)


class TestRoute:
    STOPS = (at(1.5, 0.5), at(0.5, 0.6), at(1.5, 1.4), at(0.5, 1.4))

    def test_goes_through_the_crossing_and_is_not_longer_than_given(self, by):
        laid(by)
        opened(by)

        route = queries.route_for(self.STOPS, at(0.5, 0.5), day=DAY)

        assert route.length_m < route.given_m and route.net == "estimated" and not route.left_out
        gate = shapely.Point(degrees(1, 1.5)).buffer(0.00015)
        for leg in route.legs:
            assert shapely.LineString(leg).intersection(RAIL).difference(gate).is_empty

    def test_without_steps_only_where_that_is_known(self, by):
        laid(by)
        opened(by)
        opened(by, y=-0.5, step_free=True)

        free = queries.route_for(self.STOPS, at(0.5, 0.5), day=DAY, step_free=True)

        assert free.length_m > queries.route_for(self.STOPS, at(0.5, 0.5), day=DAY).length_m
        with pytest.raises(Invalid):
            queries.route_for([], at(0, 0), day=DAY)
