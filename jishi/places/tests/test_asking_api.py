"""The API of further questions: micro-grids, the past of a point and a grid, codes of divisions, addresses, names."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places import lineage
from jishi.places.models import Building
from jishi.places.tests.factories import STREET, A, a_town, adopt, degrees
from jishi.places.tests.test_plan_api import Caller
from jishi.places.tests.test_plan_pages import _signed

pytestmark = pytest.mark.django_db
GRID = f"{A}001"
TODAY = localdate(MONDAY_TEN)


@pytest.fixture
def town(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    return other_tenant


@pytest.fixture
def anybody(client, town):
    return Caller(client, town)


class TestMicroGrids:
    def test_are_drawn_once_read_by_everybody_and_ended_on_the_version_seen(self, town, anybody):
        office = Caller(_signed(Client(HTTP_HOST="other.example"), town, "office"), town)
        with scope.work(system(town)):
            houses = [Building.objects.get(ref=ref).id for ref in ("c1-2", "c1-3")]
        said = {"grid": GRID, "name": "东片", "houses": houses}

        made = office.post("/micro-grids", said, 201, key="micro-000001")
        again = office.post("/micro-grids", said, 201, key="micro-000001")
        listed = anybody.get(f"/micro-grids?grid={GRID}")["items"]
        office.post(f"/micro-grids/{made['id']}/end", {"on": str(localdate()), "why": "重划"}, 428)
        office.post(f"/micro-grids/{made['id']}/end", {"on": str(localdate()), "why": "重划"}, 412, version=9)
        office.post(f"/micro-grids/{made['id']}/end", {"on": str(localdate()), "why": "重划"}, version=1)

        assert made == again and made["code"] == f"{GRID}01"
        assert [(m["code"], m["places"]) for m in listed] == [(f"{GRID}01", ["翠竹苑2号楼", "翠竹苑3号楼"])]
        assert not anybody.get(f"/micro-grids?grid={GRID}")["items"]

    def test_are_drawn_by_who_keeps_houses_alone(self, town, anybody):
        auditor = Caller(_signed(Client(HTTP_HOST="other.example"), town, "auditor"), town)

        anybody.post("/micro-grids", {"grid": GRID, "name": "东片", "houses": [1]}, 401)
        auditor.post("/micro-grids", {"grid": GRID, "name": "东片", "houses": [1]}, 403)


class TestThePast:
    def test_of_a_point_and_of_a_grid_is_every_edition_with_its_days(self, town, anybody):
        later = TODAY + timedelta(days=40)
        with scope.work(system(town)):
            adopt(A, system(town), since=later, replaces=1)
        lng, lat = degrees(0.5, 0.5)

        point = anybody.get(f"/locate/history?lng={lng}&lat={lat}&crs=cgcs2000")["items"]
        grid = anybody.get(f"/grids/{GRID}/history")["items"]

        assert point == grid
        assert [(s["grid"], s["until"], s["edition"]) for s in point] == [(GRID, str(later), 1), (GRID, None, 2)]
        assert not anybody.get("/locate/history?lng=100&lat=30&crs=cgcs2000")["items"]
        assert anybody.get("/locate/history?lng=100&lat=30", 422)["code"] == "unknown_datum"
        anybody.get("/locate/history?lng=nan&lat=30&crs=wgs84", 422)
        anybody.get(f"/grids/{A}099/history", 404)

    def test_days_of_no_edition_stand_between(self):
        from jishi.places.queries.past import Stretch, _with_gaps

        first, second = (Stretch(TODAY + timedelta(days=a), TODAY + timedelta(days=b), GRID, "一", n, "")
                         for n, (a, b) in enumerate(((0, 5), (9, 12)), 1))  # fmt: skip

        assert [(s.grid, s.since - TODAY) for s in _with_gaps([second, first])] == [
            (GRID, timedelta(0)), ("", timedelta(5)), (GRID, timedelta(9)),
        ]  # fmt: skip


class TestDivisions:
    def test_a_shorter_code_is_padded_and_one_that_names_no_level_is_refused(self, anybody):
        assert anybody.get(f"/divisions/{STREET[:9]}") == anybody.get(f"/divisions/{STREET}")
        assert anybody.get(f"/divisions/{STREET}")["level"] == 4
        for wrong in (STREET[:8], "12345678901a", f"{STREET}0"):
            assert "街道" in json.dumps(anybody.get(f"/divisions/{wrong}", 422), ensure_ascii=False)
        anybody.get("/divisions/123456789012", 404)

    def test_a_retired_one_names_what_became_of_it(self, anybody):
        row = lineage.DivisionVersion.objects.select_related("division").get(code=A)
        gone = localdate() - timedelta(days=3)
        lineage.DivisionVersion.objects.filter(id=row.id).update(valid_to=gone)
        heir = lineage.DivisionVersion.objects.get(code=f"{A[:-1]}2")
        lineage.Succession.objects.create(predecessor_id=row.division_id, successor_id=heir.division_id, kind="merged",
                                          on_date=gone, share_households=1.0)  # fmt: skip

        told = anybody.get(f"/divisions/{A}")

        assert (told["retired_on"], told["series"]) == (str(gone), row.division_id)
        assert told["successors"] == anybody.get(f"/divisions/{A}/successors")["items"]
        assert [(s["code"], s["share"]) for s in told["successors"]] == [(heir.code, 1.0)]


class TestWords:
    def test_an_address_is_read_without_what_is_behind_its_door(self, anybody):
        told = anybody.post("/addresses/normalise", {"texts": ["翠竹苑2号楼1单元302室", "翠竹苑2栋"], "within": A})

        first, second = told["items"]
        assert first["precision"] == "room" and "302" not in json.dumps(first, ensure_ascii=False)
        assert first["division"] == second["division"] == A
        assert anybody.post("/addresses/normalise", {"texts": ["x"] * 201}, 413)["code"] == "too_many_rows"

    def test_places_are_found_by_a_name_they_bear(self, anybody):
        assert [r["name"] for r in anybody.get("/gazetteer?q=翠竹苑")["items"]][:1] == ["翠竹苑"]
        assert anybody.get("/gazetteer?q=x")["items"] == []
