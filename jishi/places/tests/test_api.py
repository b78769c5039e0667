import json

import pytest

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
