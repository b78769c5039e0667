"""Plans of grids through the API and beside each other: asked once, read by offices, moved on the version seen."""

import json
import re

import pytest
from django.test import Client

from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places.actions import grids, plans
from jishi.places.models import GridPlan, PlanRun, PlanSweep
from jishi.places.tests.factories import CRS, A, at, collection, feature, grids_of
from jishi.places.tests.test_plan_pages import NOW, _signed, desk  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
API = "/api/v1"


class Caller:
    """An office that asks as a program does: JSON in, JSON out, a key for a create, a version for a step."""

    def __init__(self, client: Client, tenant: int) -> None:
        self.client, self.tenant, self.keys = client, tenant, 0

    def get(self, path: str, status: int = 200):
        answer = self.client.get(API + path)
        assert answer.status_code == status, answer.content.decode()[:2000]
        return answer.json() if "json" in answer["Content-Type"] else answer.content.decode()

    def post(self, path: str, said: object = None, status: int = 200, version: int | None = None, key: str = ""):
        self.keys += 1
        headers = {"Idempotency-Key": key or f"plans-{self.keys:08d}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = self.client.post(API + path, json.dumps(said or {}), content_type="application/json", headers=headers)
        assert answer.status_code == status, answer.content.decode()[:2000]
        return answer.json()

    def worked_off(self) -> None:
        plans.work_off(self.tenant, clock=lambda: NOW)


@pytest.fixture
def api(desk, other_tenant):  # noqa: F811
    return Caller(desk, other_tenant)


def test_a_plan_goes_from_a_name_to_a_proposal_by_one_office_and_on_by_another(api, other_tenant):
    asked = api.post("/gridplans", {"community": "青溪社区"}, 202, key="once-000001")
    again = api.post("/gridplans", {"community": "青溪社区"}, 202, key="once-000001")
    assert again["id"] == asked["id"] and "event: progress" in api.get(f"/gridplans/{asked['id']}/progress")
    api.worked_off()

    at = f"/gridplans/{asked['id']}"
    one, audit = api.get(at), api.get(f"{at}/audit")
    first = api.get(f"{at}/assignment?limit=5")
    rest = api.get(f"{at}/assignment?after={first['next']}&limit=200")
    assert (one["verdict"], audit["faults"]) == ("legal", []) and "event: ended" in api.get(f"{at}/progress")
    assert len(first["items"]) == 5 and {i["grid"] for i in first["items"] + rest["items"]} == {
        g["code"] for g in one["grids"]
    }
    sheet = api.get(f"{at}/grids/{one['grids'][0]['code']}")
    assert sheet["households"] == one["grids"][0]["households"] == sheet["slack_lo"] + one["band"][0]

    unit, here = first["items"][0]["unit"], first["items"][0]["grid"]
    for other in api.get(f"{at}/explain?ref={unit}")["others"]:
        tried = api.post(f"{at}/what-if", {"moves": {unit: other["grid"]}})
        assert tried["legal"] == (not other["breaks"]), "what it says would break is what breaks"
    there = next(g["code"] for g in one["grids"] if g["code"] != here)
    assert api.post(f"{at}/change", {"moves": {unit: there}}, 201)["parent"] == asked["id"]

    api.post(f"{at}/proposal", {}, 412, version=999)
    plan = api.post(f"{at}/proposal", {}, 201, version=one["version"])
    mine = f"/proposals/{plan['id']}"
    api.post(f"{mine}/check", {}, 428)
    plan = api.post(f"{mine}/check", {}, version=plan["version"])
    plan = api.post(f"{mine}/publish", {"days": 7}, version=plan["version"])
    nobody = Caller(Client(HTTP_HOST="other.example"), other_tenant)
    assert [p["id"] for p in nobody.get("/proposals")["items"]] == [plan["id"]]
    said = nobody.post(f"{mine}/objections", {"text": "我们想和三区在一起", "unit": unit, "grid": there}, 201)
    answered = {"objection": said["id"], "words": "太远，走不到。", "is_right": False}
    done = api.post(f"{mine}/answer", answered, version=api.get(mine)["version"])
    api.post(f"{mine}/conclude", {}, 409, version=done["version"])
    back = api.post(f"{mine}/withdraw", {"why": "重新商量"}, version=done["version"])
    assert said["tried"] and back["status"] == "WITHDRAWN"
    assert nobody.get(mine, 404)["code"] == "not_found"


def test_a_sweep_is_a_table_to_choose_from_and_two_of_it_are_compared(api, other_tenant, desk):  # noqa: F811
    asked = desk.post("/desk/plans/sweeps", {"community": "青溪社区", "over": "bands"})
    waiting = desk.get(asked["Location"]).content.decode()
    api.worked_off()
    page = desk.get(asked["Location"]).content.decode()
    with scope.work(system(other_tenant)):
        sweep = PlanSweep.objects.get()
        runs = list(PlanRun.objects.filter(sweep=sweep).order_by("id"))

    lines = api.get(f"/gridplans/sweeps/{sweep.id}")["runs"]
    done = [one for one in lines if one["status"] == "DONE"]
    assert 'aria-busy="true"' in waiting and 'aria-busy="true"' not in page
    assert [(r.lo, r.hi) for r in runs] == [(250, 450), (300, 500), (350, 550)] and len(done) == 3
    for one in done:
        grids = api.get(f"/gridplans/{one['id']}")["grids"]
        assert (one["grids"], one["least"], one["most"]) == (
            len(grids), min(g["households"] for g in grids), max(g["households"] for g in grids)
        )  # fmt: skip
    found = api.get(f"/gridplans/compare?a={done[0]['id']}&b={done[1]['id']}")
    shown = desk.get("/desk/plans/compare", {"a": done[0]["id"], "b": done[1]["id"]}).content.decode()
    assert all(u["a"] != u["b"] for u in found["units"]) and f"{found['households']:,}".split(",")[0] in shown
    assert api.get(f"/gridplans/compare?a={done[0]['id']}&b={done[0]['id']}")["households"] == 0
    prices = api.post("/gridplans/sweeps", {"community": A, "over": "prices"}, 202)
    assert [r["price"] for r in prices["runs"]] == [0, 5, 10, 20, 50]
    api.post("/gridplans/sweeps", {"community": A, "over": "moons"}, 422)


def test_the_map_on_paper_has_every_grid_with_its_number_and_asks_no_other_host(api, desk):  # noqa: F811
    asked = api.post("/gridplans", {"community": A}, 202)
    assert desk.get(f"/desk/plans/{asked['id']}/print").status_code == 404
    api.worked_off()

    page = desk.get(f"/desk/plans/{asked['id']}/print").content.decode()
    grids = api.get(f"/gridplans/{asked['id']}")["grids"]
    drawing = page[page.index("<svg class=\"a3-map\"") : page.index("</svg>", page.index("a3-map"))]

    assert re.findall(r"<text[^>]*>(\d+)</text>", drawing) == [g["code"][12:] for g in grids]
    assert drawing.count("<path") == len(grids) + 1 and "1 : " in page and "http" not in drawing
    table = page[page.index('<table id="grids"') : page.index("</table>")]
    assert re.findall(r'<th scope="row">(\d+) ', table) == [g["code"][12:] for g in grids]  # paper hides buttons


def test_special_grids_stand_on_the_paper_map_with_their_numbers_beside_the_plans_own(api, desk, other_tenant):  # noqa: F811
    with scope.work(system(other_tenant)):
        rows = grids_of()
        school = [(0, 0), (0.2, 0), (0.2, 0.2), (0, 0.2), (0, 0)]
        around = [(0.2, 0), (1, 0), (1, 1), (0, 1), (0, 0.2), (0.2, 0.2), (0.2, 0)]
        rows[0] = feature(f"{A}001", [at(*c) for c in around])
        rows.append(feature(f"{A}901", [at(*c) for c in school], kind="special", special_of="school", owner_ref="jyj"))
        report = grids.check(collection(rows), division=A, crs=CRS, by=system(other_tenant))
        known = {"document_no": "试9号", "by": system(other_tenant), "now": NOW}
        grids.adopt(report, effective_from=NOW.date(), replaces=1, **known)
    asked = api.post("/gridplans", {"community": A}, 202)
    api.worked_off()

    page = desk.get(f"/desk/plans/{asked['id']}/print").content.decode()
    ours = [g["code"][12:] for g in api.get(f"/gridplans/{asked['id']}")["grids"]]
    drawing = page[page.index("<svg class=\"a3-map\"") : page.index("</svg>", page.index("a3-map"))]

    assert re.findall(r"<text[^>]*>(\d+)</text>", drawing) == [*ours, "901"]
    assert drawing.count('class="special"') == 2 and "901" not in ours
    assert "<li>901 " in page[page.index("</svg>") :]


@pytest.mark.parametrize("role", ["handler", "auditor"])
def test_only_offices_plan(role, api, other_tenant):
    asked = api.post("/gridplans", {"community": A}, 202)
    other = Caller(_signed(Client(HTTP_HOST="other.example"), other_tenant, role), other_tenant)
    nobody = Caller(Client(HTTP_HOST="other.example"), other_tenant)

    for who, status in ((other, 403), (nobody, 401)):
        for path in ("", f"/{asked['id']}", f"/{asked['id']}/audit", f"/{asked['id']}/assignment"):
            who.get(f"/gridplans{path}", status)
        who.post("/gridplans", {"community": A}, status)
    with scope.work(system(other_tenant)):
        assert PlanRun.objects.count() == 1 and not GridPlan.objects.exists()
    api.get("/gridplans/999999", 404)
    api.post("/gridplans", {"community": "没有这里"}, 404)
    api.post("/gridplans", {"community": A, "lo": 500, "hi": 300}, 422)
