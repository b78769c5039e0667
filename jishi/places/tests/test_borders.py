"""A border that moves: drafted from the edition in force, looked at, adopted as the next one; never at once."""

from dataclasses import replace
from datetime import timedelta

import pytest
import shapely
from django.utils.timezone import localdate
from shapely.geometry import mapping

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.places import shapes
from jishi.places.actions import borders, imports
from jishi.places.models import GridEdition, GridVersion, GroundImport
from jishi.places.refusals import BorderNotMoved, ReportHasChanged, UnknownDatum
from jishi.places.tests.factories import CRS, A, B, a_town, degrees
from jishi.places.tests.factories import office as an_office

pytestmark = pytest.mark.django_db
TODAY = localdate(MONDAY_TEN)
WEST, EAST, NORTH = f"{A}001", f"{A}002", f"{A}003"


@pytest.fixture
def by(other_tenant: int):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        actor = an_office(other_tenant)
        with scope.within(actor):
            yield actor


def box(x0: float, y0: float, x1: float, y1: float) -> dict:
    return mapping(shapely.box(*degrees(x0, y0), *degrees(x1, y1)))


STRIP = box(0.8, -0.1, 1.0, 1.0)  # the east of grid 001, and something beyond the border of the community


def drafted(by: Actor, giving: str = WEST, taking: str = EAST, piece=None, crs: str = CRS) -> GroundImport:
    return borders.move_border(giving, taking, piece=STRIP if piece is None else piece, crs=crs, by=by, now=MONDAY_TEN)


def adopted(row: GroundImport, by: Actor, days: int = 10) -> GridEdition:
    return imports.apply(row.id, effective_from=TODAY + timedelta(days=days), document_no="试〔2026〕12号", by=by,
                         now=MONDAY_TEN, replaces=1)  # fmt: skip


def ground_of(edition: GridEdition) -> dict:
    rows = GridVersion.objects.filter(edition=edition).values_list("grid__code", "polygon")
    return {code: shapes.read(wkb) for code, wkb in rows}


def test_is_a_draft_that_says_what_moves_and_changes_nothing(by):
    row = drafted(by)

    said = row.report["border"]
    assert (row.state, row.report["blockers"]) == ("checked", 0)
    assert "ring_order" not in {f["code"] for f in row.report["findings"]}
    assert (said["from"], said["to"], said["base"]) == (WEST, EAST, 1)
    assert said["m2"] == pytest.approx(0.2 * 500 * 550, rel=0.1)
    assert GridEdition.objects.filter(division_code=A).count() == 1
    assert [e.verb for e in trail.of("ground_import", row.id)] == ["ground_file.checked", "ground.border_drafted"]


def test_is_adopted_as_the_next_edition_and_yesterday_keeps_its_answer(by):
    before = ground_of(GridEdition.objects.get(division_code=A))

    edition = adopted(drafted(by), by)

    now = ground_of(edition)
    strip = shapely.Point(*degrees(0.9, 0.5))
    assert edition.number == 2 and before[WEST].contains(strip)
    assert now[EAST].contains(strip) and not now[WEST].contains(strip)
    assert set(now) == set(before) and now[f"{A}004"].equals(before[f"{A}004"])
    whole = [shapely.union_all(list(shapes_.values())) for shapes_ in (before, now)]
    assert whole[0].symmetric_difference(whole[1]).area < 1e-12


def test_names_the_houses_that_change(by):
    row = drafted(by, piece=box(0.3, 0.3, 1.0, 0.5))

    assert {"翠竹苑1号楼", "翠竹苑3号楼"} <= set(row.report["border"]["houses"])


def test_drawn_on_an_edition_that_is_no_more_is_not_adopted(by):
    first, second = drafted(by), drafted(by, piece=box(0.9, 0, 1, 1))
    adopted(first, by, days=0)

    with pytest.raises(ReportHasChanged):
        adopted(second, by)


@pytest.mark.parametrize(
    ("said", "no"),
    [
        ({"piece": box(1.2, 0.1, 1.4, 0.4)}, BorderNotMoved),  # nothing of the giving grid
        ({"piece": box(-1, -1, 3, 3)}, BorderNotMoved),  # all of it
        ({"piece": box(0.1, 0.1, 0.3, 0.3)}, BorderNotMoved),  # an island in it
        ({"piece": box(0.4, -1, 0.6, 3)}, BorderNotMoved),  # cuts it in two
        ({"piece": {"type": "Point", "coordinates": [1, 2]}}, BorderNotMoved),
        ({"piece": {}}, BorderNotMoved),
        ({"crs": ""}, UnknownDatum),
        ({"taking": f"{A}009"}, NotFound),
        ({"taking": f"{B}001"}, NotFound),  # another community's edition
    ],
)  # fmt: skip
def test_what_would_be_no_border_is_refused_and_nothing_is_kept(said, no, by):
    with pytest.raises(no):
        drafted(by, **said)

    assert not GroundImport.objects.exists()


def test_of_another_office_is_refused(by):
    with pytest.raises(NotAllowed):
        drafted(replace(by, roles=frozenset({"handler"})))
