"""Houses through the API: the desk's verbs for the desk's posts, on the version seen, and a refusal leaves nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils.timezone import localdate

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import Entry
from jishi.places.models import Building, Compound, Dwelling, Entrance, Household
from jishi.places.shapes import E7
from jishi.places.tests.factories import A, B, a_town, at
from jishi.places.tests.test_plan_api import Caller

pytestmark = pytest.mark.django_db


def place(x: float = 0.5, y: float = 0.5) -> dict:
    lng, lat = at(x, y)
    return {"lng": lng / E7, "lat": lat / E7, "crs": "cgcs2000"}


def caller(tenant: int, role: str = "handler", host: str = "other.example", **grant) -> Caller:
    client, account = Client(HTTP_HOST=host), an_account(tenant)
    a_grant(account, role, post_id=31, **grant)
    return Caller(signed_in(client, account, post=31, at=datetime.now(UTC)), tenant)


@pytest.fixture
def town(other_tenant):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    return other_tenant


@pytest.fixture
def own(town):
    return caller(town, area=A)


def row(tenant: int, model=Compound, **at_):
    with scope.work(system(tenant)):
        return model.objects.get(**(at_ or {"ref": "c1" if model is Compound else "c1-1"}))


def everything(tenant: int) -> list:
    with scope.work(system(tenant)):
        kept = [list(m.objects.order_by("id").values()) for m in (Compound, Building, Entrance, Dwelling, Household)]
        return [*kept, Entry.objects.exclude(verb__startswith="account").count()]


def test_a_community_registers_what_stands_there_once_however_often_it_is_sent(own, town):
    said = {**place(0.2, 1.5), "name": "桂花苑", "community": A, "built_year": 2012}
    made = own.post("/compounds", said, 201, key="houses-0001")
    assert own.post("/compounds", said, 201, key="houses-0001") == made
    own.post("/compounds", {**said, "name": "另一个"}, 409, key="houses-0001")

    at_ = f"/compounds/{made['id']}"
    house = own.post(f"{at_}/buildings", {**place(0.2, 1.5), "name": "1号楼", "units": 2}, 201)
    gate = own.post(f"{at_}/entrances", {**place(0.2, 1.5), "kind": "main_gate", "step_free": True}, 201)
    door = own.post(f"/buildings/{house['id']}/entrances", {**place(0.2, 1.5), "kind": "unit_door"}, 201)

    seen = own.get(at_)
    assert (seen["name"], [b["id"] for b in seen["buildings"]]) == ("桂花苑", [house["id"]])
    assert [(g["id"], g["step_free"]) for g in seen["entrances"]] == [(gate["id"], True)]
    assert [e["id"] for e in own.get(f"/buildings/{house['id']}")["entrances"]] == [door["id"]]
    with scope.work(system(town)):
        assert Compound.objects.filter(name="桂花苑").count() == 1
        assert [e.verb for e in trail.of("compound", made["id"])] == ["compound.added"]


def test_what_is_wrong_is_put_right_and_what_is_gone_is_ended_on_the_version_that_was_seen(own, town):
    house = row(town, Building)
    at_, seen = f"/houses/building/{house.id}", own.get(f"/buildings/{house.id}")["version"]

    own.post(f"{at_}/correct", {"changes": {"floors_up": 7}}, 428)
    done = own.post(f"{at_}/correct", {"changes": {"floors_up": 7}, "point": place(0.45)}, version=seen)
    assert (done["floors_up"], done["version"], round(done["lng"], 6)) == (7, seen + 1, round(place(0.45)["lng"], 6))

    today = localdate().isoformat()
    own.post(f"{at_}/end", {"on": today, "why": "拆了"}, 412, version=seen)
    own.post(f"{at_}/end", {"on": today, "why": " "}, 422, version=seen + 1)
    assert row(town, Building).active_to is None
    assert own.post(f"{at_}/end", {"on": today, "why": "拆了"}, version=seen + 1)["until"] == today
    own.post(f"{at_}/correct", {"changes": {"floors_up": 8}}, 409, version=seen + 2)


def test_doors_are_registered_once_and_a_household_is_a_number(own, town):
    house = row(town, Building)
    said = {"units": 1, "floor_from": -1, "floor_to": 2, "doors": 2, "lived_in": True}

    own.post(f"/buildings/{house.id}/doors", said, 412, version=house.version + 1)
    done = own.post(f"/buildings/{house.id}/doors", said, version=house.version)
    assert done["registered"] == 6
    own.post(f"/buildings/{house.id}/doors", said, 412, version=house.version)
    own.post(f"/buildings/{house.id}/doors", said, 409, version=done["version"])

    page = own.get(f"/buildings/{house.id}")
    door = page["dwellings"][0]
    assert page["next"] is None
    assert [(d["floor"], d["place"]) for d in page["dwellings"]][:3] == [(-1, 1), (-1, 2), (1, 1)]
    assert not {"number", "number_sealed", "ref"} & set(door)
    told = own.post(f"/dwellings/{door['id']}/households", {"count": 3, "use": "home"}, version=door["version"])
    assert told["households"] == own.get(f"/buildings/{house.id}")["dwellings"][0]["households"] == 3
    own.post(f"/dwellings/{door['id']}/households", {"count": 10, "use": "home"}, 422, version=told["version"])
    own.post(f"/dwellings/{door['id']}/households", {"count": 1, "use": "home"}, 412, version=door["version"])


@pytest.mark.parametrize("who", ["its neighbour", "a company there", "a grid worker", "a resident", "nobody"])
def test_nobody_but_the_community_itself_and_the_office_and_nothing_is_left(town, who):
    by = {
        "its neighbour": lambda: caller(town, area=B), "a company there": lambda: caller(town, area=A, body_id=999),
        "a grid worker": lambda: caller(town, "grid_worker", area=A),
        "a resident": lambda: caller(town, "resident"),
        "nobody": lambda: Caller(Client(HTTP_HOST="other.example"), town),
    }[who]()  # fmt: skip
    home, house, was = row(town), row(town, Building), everything(town)
    for path, said in sendings(home, house):
        answer = by.client.post(
            f"/api/v1{path}", json.dumps(said), content_type="application/json",
            headers={"Idempotency-Key": f"x-{path}", "If-Match": "1"},
        )  # fmt: skip
        hidden = who == "its neighbour" and path.startswith(f"/compounds/{home.id}")
        hidden |= who == "its neighbour" and path.endswith("/entrances")
        assert answer.status_code == (404 if hidden else 401 if who == "nobody" else 403), (path, answer.content)
        assert answer["Content-Type"].startswith("application/problem+json")

    assert everything(town) == was


def sendings(home: Compound, house: Building) -> list[tuple[str, dict]]:
    today = (localdate() - timedelta(days=1)).isoformat()
    return [
        ("/compounds", {**place(0.2, 1.5), "name": "桂花苑", "community": A}),
        (f"/compounds/{home.id}/buildings", {**place(), "name": "9号楼"}),
        (f"/compounds/{home.id}/entrances", {**place(), "kind": "garage"}),
        (f"/buildings/{house.id}/entrances", {**place(), "kind": "unit_door"}),
        (f"/houses/compound/{home.id}/correct", {"changes": {"name": "别的"}}),
        (f"/houses/building/{house.id}/end", {"on": today, "why": "拆了"}),
        (f"/buildings/{house.id}/doors", {"units": 1, "floor_from": 1, "floor_to": 2, "doors": 2}),
    ]


def test_another_town_finds_no_house_of_this_one(town, tenant):
    by = caller(tenant, "office", host="testserver")
    home, house, was = row(town), row(town, Building), everything(town)

    for path, said in sendings(home, house)[1:]:
        by.post(path, said, 404, version=1)
    by.get(f"/compounds/{home.id}", 404)
    by.get(f"/buildings/{house.id}", 404)

    assert everything(town) == was


@pytest.mark.parametrize(
    "said",
    [
        {"crs": ""}, {"crs": "xian80"}, {"lng": 400}, {"lat": None}, {"lng": 31.0, "lat": 119.0}, {"name": ""},
        {"name": " "}, {"community": "12"}, {"kind": "castle"}, {"built_year": -1}, {"lng": 10.0},
    ],
)  # fmt: skip
def test_what_is_no_compound_is_refused_and_the_key_is_given_back(own, town, said):
    good, was = {**place(0.2, 1.5), "name": "桂花苑", "community": A}, everything(town)

    own.post("/compounds", good | said, 422, key="bad-000001")
    assert everything(town) == was
    own.post("/compounds", good, 201, key="bad-000001")


def test_a_field_that_is_not_corrected_and_a_house_outside_its_compound_are_refused(own, town):
    home, house, was = row(town), row(town, Building), everything(town)

    for changes in ({"ref": "x"}, {"name": ""}, {"aliases": "x"}, {"active_to": "2026-01-01"}, {"kind": ["x"]}):
        own.post(f"/houses/compound/{home.id}/correct", {"changes": changes}, 422, version=home.version)
    own.post(f"/houses/building/{house.id}/correct", {"point": place(1.9, 1.9)}, 422, version=house.version)
    own.post(f"/compounds/{home.id}/buildings", {**place(1.9, 1.9), "name": "8号楼"}, 422)
    own.post(f"/houses/castle/{home.id}/correct", {"changes": {}}, 404, version=1)
    own.post(f"/houses/building/{2**63}/correct", {"changes": {}}, 404, version=1)
    own.get(f"/compounds/{2**63}", 404)

    assert everything(town) == was
