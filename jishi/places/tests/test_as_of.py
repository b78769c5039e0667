"""The ground as of a day: three editions and a merge over ten years, asked each day; nothing is rewritten."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import shapely

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.places import queries
from jishi.places.actions import grids
from jishi.places.models import Grid, GridEdition, GridVersion
from jishi.places.refusals import EditionsOverlap, NotAPartition
from jishi.places.tests.factories import CRS, A, a_town, collection, degrees, feature, grids_of, ring
from jishi.places.tests.test_divisions import COMMUNITIES, a_table, load
from jishi.places.tests.test_lineage import HEIR, MERGED, OLD, settle

pytestmark = pytest.mark.django_db
FIRST, SECOND, LAST = date(2023, 1, 1), date(2024, 2, 29), date(2032, 12, 31)
DAYS = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
WHERE = {"west": degrees(0.5, 0.5), "middle": degrees(1.5, 0.5), "east": degrees(3.5, 1.5)}
# from day → the grid of each place
ANSWERS = [
    (FIRST, {"west": f"{OLD}001", "middle": f"{OLD}002", "east": f"{HEIR}004"}),
    (SECOND, {"west": f"{OLD}001", "middle": f"{OLD}009", "east": f"{HEIR}004"}),
    (MERGED, {"west": f"{HEIR}011", "middle": f"{HEIR}011", "east": f"{HEIR}012"}),
]


def adopted(community: str, features: list[dict], day: date, by: Actor, replaces: int | None = None) -> GridEdition:
    report = grids.check(collection(features), division=community, crs=CRS, by=by)
    return grids.adopt(report, effective_from=day, document_no="试", by=by, now=MONDAY_TEN, replaces=replaces)


def squares(community: str, x: int) -> list[dict]:
    corners = ((0, 0), (1, 0), (0, 1), (1, 1))
    return [feature(f"{community}{n:03d}", ring(x + i, j, x + i + 1, j + 1)) for n, (i, j) in enumerate(corners, 1)]


def told(days: list[date]) -> list[dict[str, str]]:
    """The grid of each place on each day."""
    lngs, lats = [p[0] for p in WHERE.values()], [p[1] for p in WHERE.values()]
    rows = ([r.grid for r in queries.locate(lngs, lats, crs=CRS, day=day)] for day in days)
    return [dict(zip(WHERE, row, strict=True)) for row in rows]


def expected(days: list[date]) -> list[dict[str, str]]:
    return [next(answer for since, answer in reversed(ANSWERS) if since <= day) for day in days]


@pytest.fixture
def by(tenant: int):
    actor = system(tenant)
    with scope.work(actor):
        yield actor


def test_a_point_asked_on_each_day_of_ten_years_has_the_grid_of_the_edition_of_that_day(by, tmp_path):
    load(a_table(tmp_path / "23"), by)
    adopted(OLD, squares(OLD, 0), FIRST, by)
    adopted(HEIR, squares(HEIR, 2), FIRST, by)
    once = told(DAYS[: (SECOND - FIRST).days])
    halves = [feature(f"{OLD}001", ring(0, 0, 1, 2)), feature(f"{OLD}009", ring(1, 0, 2, 2))]
    adopted(OLD, halves, SECOND, by, replaces=1)
    twice = told(DAYS[: (MERGED - FIRST).days])
    load(a_table(tmp_path / "25", communities=[c for c in COMMUNITIES if c[0] != OLD]), by, 2025)
    settle(OLD, {HEIR: 1.0}, MERGED, by)
    both = [feature(f"{HEIR}011", ring(0, 0, 2, 2)), feature(f"{HEIR}012", ring(2, 0, 4, 2))]
    adopted(HEIR, both, MERGED, by, replaces=1)

    answers = told(DAYS)

    assert answers == expected(DAYS)
    assert answers[: len(twice)] == twice and answers[: len(once)] == once
    assert [b.code for b in queries.successors(OLD, MERGED - timedelta(days=1))] == [OLD]
    assert [b.code for b in queries.successors(OLD, LAST)] == [HEIR]


def test_an_edition_of_a_community_that_was_not_merged_does_not_end_for_a_neighbour(by, tmp_path):
    load(a_table(tmp_path / "23"), by)
    adopted(OLD, squares(OLD, 0), FIRST, by)
    adopted(HEIR, squares(HEIR, 2), FIRST, by)

    adopted(HEIR, squares(HEIR, 2), MERGED, by, replaces=1)

    assert GridEdition.objects.get(division_code=OLD).effective.upper is None
    with pytest.raises(EditionsOverlap):
        adopted(HEIR, squares(HEIR, 2), LAST, by)


class TestTheStoredEdition:
    """`adopt` proves the partition on what was stored: a report that was clean when it was made is not enough."""

    @pytest.fixture
    def office(self, other_tenant: int):
        actor = system(other_tenant)
        with scope.work(actor):
            a_town(other_tenant)
            yield actor

    @pytest.mark.parametrize(
        ("fault", "coords", "said"),
        [
            ("it lies over its neighbour", (0, 0, 1.2, 1), "重叠"),
            ("it leaves ground without a grid", (0, 0, 0.5, 1), "空白"),
            ("its inside is another's", (1, 0, 2, 1), f"{A}00"),
        ],
    )
    def test_that_is_no_partition_is_refused_and_nothing_is_stored(self, office, fault, coords, said):
        report = grids.check(collection(grids_of(A)), division=A, crs=CRS, by=office)
        polygon = shapely.Polygon([(x / 1e7, y / 1e7) for x, y in ring(*coords)])
        torn = replace(report, grids=(replace(report.grids[0], wkb=shapely.to_wkb(polygon)), *report.grids[1:]))
        before = (GridEdition.objects.count(), Grid.objects.count(), GridVersion.objects.count())
        first = GridEdition.objects.get(division_code=A)
        assert not torn.blockers

        with pytest.raises(NotAPartition) as no:
            grids.adopt(
                torn, effective_from=date(2026, 6, 1), document_no="", by=office, now=MONDAY_TEN, replaces=1
            )  # fmt: skip

        assert said in no.value.facts["where"]
        assert (GridEdition.objects.count(), Grid.objects.count(), GridVersion.objects.count()) == before
        first.refresh_from_db()
        assert first.effective.upper is None and len(trail.of("grid_edition", first.id)) == 1
