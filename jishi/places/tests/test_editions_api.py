"""Editions through the API: drafted once, adopted on the version seen, and never around the check."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.timezone import localdate

from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places.models import GridEdition, GroundImport
from jishi.places.refusals import FileOfFaultyPlan
from jishi.places.tests.factories import A, degrees, grids_of
from jishi.places.tests.test_plan_api import Caller
from jishi.places.tests.test_plan_pages import NOW, _signed, desk  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
DAY = (localdate(NOW) + timedelta(days=300)).isoformat()


@pytest.fixture
def api(desk, other_tenant):  # noqa: F811
    client = Client(HTTP_HOST="other.example")  # adopting asks for a sign-in of just now
    return Caller(_signed(client, other_tenant, "office", timezone.now()), other_tenant)


def drawn(*, crs: str = "cgcs2000", **more) -> dict:
    page = {"type": "FeatureCollection", "features": grids_of(), **more}
    return {"division": A, "crs": crs, "geojson": json.loads(json.dumps(page))}


def overlapping() -> dict:
    page = drawn()
    corners = ((0, 0), (1.1, 0), (1.1, 1), (0, 1), (0, 0))
    page["geojson"]["features"][0]["geometry"]["coordinates"] = [[degrees(*p) for p in corners]]
    return page


def editions(tenant: int) -> int:
    with scope.work(system(tenant)):
        return GridEdition.objects.filter(division_code=A).count()


def test_a_drawing_is_drafted_once_and_adopted_on_the_version_that_was_seen(api, other_tenant):
    made = api.post("/grids", drawn(), 201, key="edition-001")
    again = api.post("/grids", drawn(), 201, key="edition-001")
    at = f"/grids/drafts/{made['id']}"

    assert again == made == api.get(at) and (made["state"], made["blockers"], made["grids"]) == ("checked", 0, 4)
    said = {"effective_from": DAY, "document_no": "街办〔2026〕9号", "replaces": 1}
    api.post(f"{at}/adopt", said, 428)
    api.post(f"{at}/adopt", said, 412, version=made["version"] + 5)
    assert editions(other_tenant) == 1
    done = api.post(f"{at}/adopt", said, version=made["version"])

    assert (done["state"], done["edition"]) == ("applied", 2) and editions(other_tenant) == 2
    api.post(f"{at}/adopt", said, 409, version=done["version"])
    api.post(f"{at}/drop", None, 409, version=done["version"])


def test_a_fault_is_told_with_its_place_and_never_becomes_an_edition(api, other_tenant):
    made = api.post("/grids", overlapping(), 201)
    at = f"/grids/drafts/{made['id']}"

    assert made["blockers"] == 1 and made["findings"][0]["code"] == "overlap"
    assert made["findings"][0]["size_m2"] > 1 and made["findings"][0]["zh"] != made["findings"][0]["en"]
    api.post(f"{at}/adopt", {"effective_from": DAY, "replaces": 1}, 409, version=made["version"])

    assert editions(other_tenant) == 1
    assert api.post(f"{at}/drop", None, version=made["version"])["state"] == "dropped"


@pytest.mark.parametrize(
    ("page", "status"),
    [
        (drawn(**{FileOfFaultyPlan.mark: 3}), 409), (drawn(crs="xian80"), 422),
        ({"division": A, "crs": "cgcs2000"}, 422),
        ({**drawn(), "division": "12"}, 422), ({**drawn(), "geojson": {"type": "nothing"}}, 422),
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused_and_nothing_is_kept(api, other_tenant, page, status):
    api.post("/grids", page, status)

    with scope.work(system(other_tenant)):
        assert not GroundImport.objects.exists()


def test_without_a_system_it_is_a_draft_that_cannot_be_adopted(api):
    made = api.post("/grids", drawn(crs=""), 201)

    assert [f["code"] for f in made["findings"]] == ["no_crs"]
    api.post(f"/grids/drafts/{made['id']}/adopt", {"effective_from": DAY, "replaces": 1}, 409, version=made["version"])


def test_nobody_but_the_office_of_the_ground_drafts_or_sees_a_draft(api, other_tenant):
    made = api.post("/grids", drawn(), 201)
    handler = Caller(_signed(Client(HTTP_HOST="other.example"), other_tenant, "handler"), other_tenant)
    nobody = Caller(Client(HTTP_HOST="other.example"), other_tenant)

    for who, status in ((handler, 403), (nobody, 401)):
        who.post("/grids", drawn(), status)
        who.get(f"/grids/drafts/{made['id']}", status)
        who.post(f"/grids/drafts/{made['id']}/drop", None, status, version=made["version"])
    api.get("/grids/drafts/999999", 404)
    assert api.client.post(
        "/api/v1/grids", json.dumps(drawn()), content_type="application/json"
    ).json()["code"] == "key_missing"  # fmt: skip


def test_a_border_is_moved_by_a_draft_that_names_what_changes(api, other_tenant):
    strip = [degrees(*p) for p in ((0.8, 0), (1, 0), (1, 1), (0.8, 1), (0.8, 0))]
    said = {"giving": f"{A}001", "taking": f"{A}002", "crs": "cgcs2000",
            "piece": {"type": "Polygon", "coordinates": [strip]}}  # fmt: skip
    api.post("/grids/borders", {**said, "crs": ""}, 422)
    api.post("/grids/borders", {**said, "taking": f"{A}009"}, 404)
    made = api.post("/grids/borders", said, 201, key="border-001")

    assert api.post("/grids/borders", said, 201, key="border-001") == made
    assert (made["border"]["from"], made["border"]["base"], made["blockers"]) == (f"{A}001", 1, 0)
    assert editions(other_tenant) == 1
    day = {"effective_from": DAY, "document_no": "街办〔2026〕11号", "replaces": 1}
    api.post(f"/grids/drafts/{made['id']}/adopt", day, version=made["version"])
    assert editions(other_tenant) == 2
