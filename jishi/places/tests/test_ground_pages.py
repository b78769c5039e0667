"""The desk that keeps the ground: a file is checked, looked at, applied or dropped; names are reviewed."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.timezone import localdate

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.kernels.geo import tiles as kernel
from jishi.places import formats
from jishi.places.actions import gazetteer
from jishi.places.models import AliasProposal, Barrier, Compound, GridEdition, GroundImport
from jishi.places.queries import tiles
from jishi.places.tests.factories import A, a_town, degrees, grids_of

pytestmark = pytest.mark.django_db
AT = "/desk/ground/imports"


@pytest.fixture
def desk(client, other_tenant):
    return _signed(client, other_tenant, "office")


def _signed(client, tenant: int, role: str):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(tenant)):
        a_town(tenant)
    account = an_account(tenant)
    a_grant(account, role, post_id=31)
    return signed_in(client, account, post=31, at=datetime.now(UTC))


def sent(desk, content: bytes, name: str = "grids.zip", **said):
    return desk.post(AT, {"file": SimpleUploadedFile(name, content), "division": A, "crs": "", **said})


def test_a_file_is_checked_looked_at_and_adopted(desk, other_tenant):
    answer = sent(desk, formats.shapefile_zip(grids_of(), ["code", "name"]))
    page = desk.get(answer.url)
    told = page.content.decode()
    drawn = desk.get(f"{answer.url}/map").json()
    saved = json.loads(desk.get(f"{answer.url}/file").content)

    assert "作为下一版启用" in told and "cgcs2000" in told
    assert {f["properties"].get("name") for f in drawn["features"]} >= {"第001网格", "第004网格"}
    assert saved["blockers"] == 0 and saved["features"] == 4
    day = localdate() + timedelta(days=365)
    said = {"day": day.isoformat(), "document_no": "街办〔2026〕9号", "replaces": "1"}
    assert desk.post(f"{answer.url}/do/apply", said).status_code == 302
    with scope.work(system(other_tenant)):
        assert GroundImport.objects.get().state == "applied"
        assert GridEdition.objects.get(division_code=A, number=2).effective.lower == day


def test_a_fault_is_said_with_its_cure_and_cannot_be_adopted(desk, other_tenant):
    rows = grids_of()
    rows[0]["geometry"]["coordinates"] = [
        [degrees(*p) for p in ((0, 0), (1.1, 0), (1.1, 1), (0, 1), (0, 0))]
    ]
    answer = sent(desk, formats.workbook(rows, ["code", "name"]), "格.xlsx", crs="cgcs2000")

    told = desk.get(answer.url).content.decode()

    assert "两个网格重叠" in told and "划给其中一个" in told and "作为下一版启用" not in told
    assert desk.post(f"{answer.url}/do/apply", {"day": "2030-01-01", "document_no": "x"}).status_code == 409
    assert desk.post(f"{answer.url}/do/drop").status_code == 302
    assert "已放弃" in desk.get(answer.url).content.decode()


def test_without_a_system_three_are_shown(desk):
    answer = sent(desk, json.dumps({"type": "FeatureCollection", "features": grids_of()}).encode(), "g.geojson")

    assert "三种坐标系" in desk.get(answer.url).content.decode()


@pytest.mark.parametrize(
    ("content", "said"), [(b"not a file", {}), (b"", {}), (b"{}", {"division": "1"}), (b"{}", {"crs": "xian80"})]
)
def test_what_is_no_file_of_grids_is_refused_on_the_page(desk, content, said):
    answer = sent(desk, content, "g.geojson", **said)

    assert answer.status_code in (422, 413) and "sum-err" in answer.content.decode()


class TestALargeTown:
    """Grids that are too many to be drawn whole come to the map in tiles; the list beside has each one's box."""

    @pytest.fixture(autouse=True)
    def large(self, monkeypatch):
        monkeypatch.setattr(tiles, "PLAIN_BELOW", 8)

    def test_has_its_grids_in_tiles_that_can_be_fetched_and_the_rest_as_it_was(self, desk):
        data = desk.get("/desk/ground/map").json()
        tiled = data["tiled"]
        x, y = kernel.place(*degrees(0.5, 0.5), 14)
        address = tiled["tiles"].format(z=14, x=x, y=y)

        assert data["features"] == [] and tiled["layer"] == "grids"
        assert tiled["bounds"] == [*degrees(0, 0), *degrees(4, 2)]
        assert desk.get(address).status_code == 200 and desk.get(address)["Cache-Control"].endswith("immutable")

    def test_says_the_box_of_each_grid_in_the_list(self, desk, monkeypatch):
        box = ",".join(f"{v:.5f}" for v in (*degrees(0, 0), *degrees(1, 1)))

        assert f'data-code="{A}001" data-box="{box}"' in desk.get("/desk/ground").content.decode()
        assert "data-box" in desk.get("/desk/ground/years").content.decode()
        monkeypatch.setattr(tiles, "PLAIN_BELOW", 9)
        assert "data-box" not in desk.get("/desk/ground").content.decode()
        assert desk.get("/desk/ground/map").json()["tiled"] is None

    def test_has_what_a_day_changed_drawn_over_the_tiles_of_that_day(self, desk):
        data = desk.get("/desk/ground/years/map").json()

        assert data["tiled"]["tiles"].startswith("/api/v1/tiles/grids/")
        assert all(f["properties"]["changed"] for f in data["features"])


def test_others_do_not_get_in(client, other_tenant):
    handler = _signed(client, other_tenant, "handler")

    for address in ("/desk/ground", "/desk/ground/map", AT, "/desk/ground/names", f"{AT}/1"):
        assert handler.get(address).status_code in (403, 404), address


def test_barriers_come_in_by_a_file_and_stand_beside_the_grids(desk, other_tenant):
    line = {"type": "LineString", "coordinates": [degrees(1, -1), degrees(1, 3)]}
    rows = [{"type": "Feature", "properties": {"ref": "b1", "name": "云溪铁路", "kind": "railway"}, "geometry": line}]
    content = json.dumps({"type": "FeatureCollection", "features": rows}).encode()

    answer = desk.post(
        "/desk/ground/barriers", {"file": SimpleUploadedFile("b.geojson", content), "crs": "cgcs2000"}, follow=True
    )

    assert "云溪铁路" in answer.content.decode() and "过不去" in answer.content.decode()
    with scope.work(system(other_tenant)):
        assert Barrier.objects.get().hard
    names = {f["properties"].get("name") for f in desk.get("/desk/ground/map").json()["features"]}
    assert {"云溪铁路", "第001网格"} <= names


def test_names_are_reviewed_in_one_go(desk, other_tenant):
    by = system(other_tenant)
    with scope.work(by):
        place = Compound.objects.get(ref="c1").id
        for name in ("老棉纺厂", "棉纺厂宿舍"):
            gazetteer.propose(name, kind="compound", place_id=place, by=by, now=datetime.now(UTC))
        ids = list(AliasProposal.objects.order_by("id").values_list("id", flat=True))

    assert "老棉纺厂" in desk.get("/desk/ground/names").content.decode()
    assert desk.post("/desk/ground/names/settle", {"do": "accept"}).status_code == 422
    desk.post("/desk/ground/names/settle", {"do": "accept", "id": ids[0]})
    desk.post("/desk/ground/names/settle", {"do": "decline", "id": ids[1]})

    with scope.work(by):
        states = dict(AliasProposal.objects.values_list("name", "state"))
    assert states == {"老棉纺厂": "accepted", "棉纺厂宿舍": "declined"}
    assert "翠竹苑" in desk.get("/desk/ground/names?q=老棉纺厂").content.decode()


def test_a_resident_says_what_a_place_is_called_and_chooses_between_two(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    assert client.get("/place-names").status_code == 302
    signed_in(client, an_account(other_tenant, staff=False), at=datetime.now(UTC))

    unknown = client.post("/place-names", {"where": "没有的地方", "name": "老院子"})
    one = client.post("/place-names", {"where": "翠竹苑", "name": "老棉纺厂"})
    known = client.post("/place-names", {"where": "翠竹苑", "name": "老棉纺厂"})
    several = client.post("/place-names", {"where": "云溪", "name": "老街"})

    assert [r.status_code for r in (unknown, one, known, several)] == [422, 302, 409, 422]
    assert "云溪大道" in several.content.decode() and "云溪市图书馆" in several.content.decode()
    key = re.search(r'value="(gazetteer_name-\d+)"', several.content.decode())
    assert key and client.post("/place-names", {"where": "云溪", "name": "老街", "place": key[1]}).status_code == 302
    with scope.work(system(other_tenant)):
        assert sorted(AliasProposal.objects.values_list("name", flat=True)) == ["老棉纺厂", "老街"]
