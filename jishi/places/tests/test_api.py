import csv
import io
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places.tests.factories import A, a_town, degrees

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client, other_tenant: int):
    """The API of the drawn town, as anybody on its host calls it."""
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    client.defaults["HTTP_HOST"] = "other.example"
    return client


def post(api, **page):
    return api.post("/api/v1/locate", json.dumps(page), content_type="application/json")


class TestLocate:
    def test_answers_in_the_order_asked_and_names_its_system(self, api):
        page = post(api, crs="wgs84", points=[degrees(1.5, 0.5), degrees(9, 9), (None, 3)], day="2026-03-09").json()

        assert page["crs"] == "cgcs2000"
        assert [(r["grid"], r["status"], r["by"], r["reason"]) for r in page["rows"]] == [
            (f"{A}002", "inside", "polygon", ""), ("", "outside", "", "outside"), ("", "bad_input", "", "bad_input"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("page", "code"),
        [
            ({"points": [(115.2, 30.1)]}, "unknown_datum"),
            ({"points": [(30.1, 115.2)], "crs": "wgs84"}, "swapped_axes"),
            ({"points": [(115.2, 30.1)] * 10_001, "crs": "wgs84"}, "too_many_rows"),
            ({"points": [(115.2, 30.1)], "crs": "wgs84", "day": "2001-01-01"}, "no_edition_yet"),
            ({"points": "x", "crs": "wgs84"}, "invalid"),
            ({"points": [(115.2, 30.1)], "crs": "wgs84", "floors": [1, 2]}, "invalid"),
        ],
    )
    def test_refuses_by_name(self, api, page, code):
        answer = post(api, **page)

        assert (answer.json()["code"], answer["Content-Type"]) == (code, "application/problem+json")


class TestATable:
    """`POST /locate` with CSV: the same answers as JSON, row by row."""

    def csv(self, api, content, asked="crs=wgs84&day=2026-03-09", kind="text/csv"):
        return api.post(f"/api/v1/locate?{asked}", content, content_type=kind)

    def test_is_answered_as_json_is_with_each_row_numbered_and_its_system_named(self, api):
        (x, y), (far, away) = degrees(1.5, 0.5), degrees(9, 9)
        content = f"name,lng,lat,floor\r\n一,{x},{y},2\r\n二,{far},{away},\r\n三,here,{y},\r\n四,nan,inf,\r\n"

        answer = self.csv(api, "\ufeff" + content)

        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        same = post(api, crs="wgs84", day="2026-03-09", points=[(x, y), (far, away), ("here", y), (None, None)]).json()
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert [r["row"] for r in rows] == ["1", "2", "3", "4"] and {r["crs"] for r in rows} == {"cgcs2000"}
        assert [r["status"] for r in rows] == ["inside", "outside", "bad_input", "bad_input"]
        for row, other in zip(rows, same["rows"], strict=True):
            assert {k: row[k] for k in other} == {k: "" if v is None else str(v) for k, v in other.items()}

    @pytest.mark.parametrize(
        ("content", "asked", "code"),
        [
            ("lng,lat\n115.2,30.1\n", "", "unknown_datum"),
            ("lng,lat\n30.1,115.2\n", "crs=wgs84", "swapped_axes"),
            ("lng,lat\n" + "115,30\n" * 10_001, "crs=wgs84", "too_many_rows"),
            ("x,y\n115.2,30.1\n", "crs=wgs84", "invalid"),
            ('lng,lat\n"115.2,30.1\n', "crs=wgs84", "invalid"),
            (b"lng,lat\n\xff,\xfe\n", "crs=wgs84", "invalid"),
            ("lng,lat\n115.2,30.1\n", "crs=wgs84&day=soon", "invalid"),
            ("lng,lat\n115.2,30.1\n", "crs=wgs84&near=5", "invalid"),
        ],
        ids=["no system", "swapped", "too many", "no columns", "open quote", "no text", "no day", "unknown name"],
    )
    def test_refuses_by_name(self, api, content, asked, code):
        answer = self.csv(api, content, asked)

        assert (answer.json()["code"], answer["Content-Type"]) == (code, "application/problem+json")

    def test_is_asked_beside_it_and_json_in_itself(self, api):
        answer = api.post("/api/v1/locate?crs=wgs84", json.dumps({"points": [degrees(1, 1)]}), "application/json")

        assert answer.json()["code"] == "invalid"

    def test_of_no_row_is_a_table_of_none(self, api):
        assert self.csv(api, "lng,lat\n").content.decode().split("\r\n")[1:] == [""]

    def test_is_read_at_this_door_alone(self, api):
        assert api.post("/api/v1/addresses/normalise", "lng,lat\n1,2\n", content_type="text/csv").status_code == 422

    def test_of_any_length_asks_the_same_statements(self, api, django_assert_num_queries):
        x, y = degrees(1.5, 0.5)
        self.csv(api, f"lng,lat\n{x},{y}\n")
        with CaptureQueriesContext(connection) as one:
            self.csv(api, f"lng,lat\n{x},{y}\n")

        with django_assert_num_queries(len(one)):
            assert self.csv(api, "lng,lat\n" + f"{x},{y}\n" * 5000).content.count(b"inside") == 5000


def test_grids_of_a_box_are_those_that_reach_into_it(api):
    (west, south), (east, north) = degrees(0.2, 0.2), degrees(1.4, 0.8)

    page = api.get(f"/api/v1/grids?day=2026-03-09&bbox={west},{south},{east},{north}").json()

    assert [g["code"] for g in page["items"]] == [f"{A}001", f"{A}002"]
    for wrong in ("1,2,3", "1,2,x,4", f"{east},{south},{west},{north}", "nan,1,2,3"):
        assert api.get(f"/api/v1/grids?day=2026-03-09&bbox={wrong}").json()["code"] == "invalid"


def test_divisions_of_a_level_are_listed_however_deep(api):
    page = api.get("/api/v1/divisions?parent=990882000000&level=5&day=2026-03-09").json()

    assert [d["short_name"] for d in page["items"]] == ["青溪社区", "翠竹社区"]
    assert api.get("/api/v1/divisions?parent=990882000000&level=6").json()["code"] == "invalid"


def test_grids_are_paged_by_code(api):
    first = api.get(f"/api/v1/grids?community={A}&day=2026-03-09&limit=3").json()
    rest = api.get(f"/api/v1/grids?community={A}&day=2026-03-09&after={first['next']}").json()

    assert [g["code"][12:] for g in first["items"] + rest["items"]] == ["001", "002", "003", "004"]
    assert rest["next"] is None


def test_divisions_below_one_are_listed(api):
    page = api.get("/api/v1/divisions?parent=990882001000&day=2026-03-09").json()

    assert [d["short_name"] for d in page["items"]] == ["青溪社区", "翠竹社区"]


def test_an_unknown_division_is_said_so(api):
    assert api.get("/api/v1/divisions?parent=110000000000").json()["code"] == "unknown_division"
