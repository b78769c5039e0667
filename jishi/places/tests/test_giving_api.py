"""The ground given out: files of a layer that come back as the same ground, tiles that may be kept for ever, and files
of grids that come in by the API."""

import gzip
import io
import json
import zipfile
from datetime import timedelta

import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.timezone import localdate
from openpyxl import load_workbook

from conftest import MONDAY_TEN
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.kernels.geo import tiles as kernel
from jishi.kernels.geo.tests.test_tiles import read
from jishi.places import formats
from jishi.places.actions import barriers, ground
from jishi.places.models import Building, GridEdition
from jishi.places.queries import layers, tiles
from jishi.places.tests.factories import A, B, a_town, at, collection, degrees, grids_of
from jishi.places.tests.test_plan_api import Caller
from jishi.places.tests.test_plan_pages import _signed

pytestmark = pytest.mark.django_db
API = "/api/v1"
LAYERS = ["divisions", "grids", "compounds", "buildings", "entrances", "facilities", "barriers", "crossings"]


@pytest.fixture
def town(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        by = system(other_tenant)
        line = shapely.LineString([degrees(2, 0.1), degrees(2, 1.9)])
        barriers.add(
            [barriers.NewBarrier("w1", "云溪河", "river", line, True)], crs="cgcs2000",
            active_from=localdate(MONDAY_TEN), by=by, now=MONDAY_TEN,
        )  # fmt: skip
    return other_tenant


class TestAShelf:
    def test_gives_up_what_it_kept_first_when_all_is_heavier_than_it_carries(self):
        shelf = tiles.Shelf(10)
        for key in range(4):
            shelf.keep((key,), f"{key}", 4)

        assert [shelf.get((key,)) for key in range(4)] == [None, None, "2", "3"]
        assert (len(shelf), shelf.weight) == (2, 8)

    def test_does_not_take_what_is_too_heavy_alone_nor_anything_twice(self):
        shelf = tiles.Shelf(10)
        for key, weight in ((1, 11), (2, 6), (2, 6)):
            shelf.keep((key,), "", weight)

        assert (len(shelf), shelf.weight) == (1, 6)


def given(client, file: str, **asked) -> bytes:
    answer = client.get(f"{API}/export/{file}", asked)
    assert answer.status_code == 200, answer.content[:300]
    assert file.partition(".")[0] in answer["Content-Disposition"]
    return answer.content


class TestFiles:
    def test_every_layer_is_given_in_every_form_by_whoever_asks(self, client, town):
        for layer in LAYERS:
            page = json.loads(given(client, f"{layer}.geojson"))
            assert page["crs_name"] == "cgcs2000" and page["type"] == "FeatureCollection"
            assert load_workbook(io.BytesIO(given(client, f"{layer}.xlsx"))).sheetnames == [layer]
            assert given(client, f"{layer}.shp.zip")[:2] == b"PK"
            assert bool(page["features"]) == (layer not in ("entrances", "crossings"))

    @pytest.mark.parametrize("ending", ["geojson", "shp.zip", "xlsx"])
    def test_the_grids_come_back_through_the_check_as_the_same_ground(self, client, town, ending):
        content = given(client, f"grids.{ending}", division=A)

        source = formats.read(content, f"grids.{ending.replace('shp.zip', 'zip')}")
        drawn = {str(f["properties"]["code"]): shapely.geometry.shape(f["geometry"]) for f in source.features}
        first = {f["properties"]["code"]: shapely.geometry.shape(f["geometry"]) for f in grids_of(A)}
        assert {code: shape.equals(first[code]) for code, shape in drawn.items()} == dict.fromkeys(first, True)

    def test_a_day_before_a_house_stood_has_no_house(self, client, town):
        assert len(json.loads(given(client, "buildings.geojson", day="2026-03-09"))["features"]) == 7
        assert not json.loads(given(client, "buildings.geojson", day="2025-12-31"))["features"]

    def test_a_division_gives_its_own_alone(self, client, town):
        page = json.loads(given(client, "compounds.geojson", day="2026-03-09", division=B))

        assert [f["properties"]["name"] for f in page["features"]] == ["和平里"]

    def test_points_and_polygons_of_one_layer_are_two_files_of_a_zip(self, client, town):
        with scope.work(system(town)):
            ground.add_compounds(
                [ground.NewCompound("c9", "=cmd", A, *at(1.2, 0.2))], crs="cgcs2000",
                active_from=localdate(MONDAY_TEN), by=system(town), now=MONDAY_TEN,
            )  # fmt: skip

        names = io.BytesIO(given(client, "compounds.shp.zip"))
        cells = load_workbook(io.BytesIO(given(client, "compounds.xlsx"))).active

        assert {"compounds-points.shp", "compounds-areas.shp"} <= set(zipfile.ZipFile(names).namelist())
        assert "'=cmd" in [row[1] for row in cells.values]  # a text, never a formula

    def test_what_no_layer_is_called_is_not_found_and_a_town_is_given_in_parts(self, client, town, monkeypatch):
        from jishi.places.rest import giving

        for wrong in ("residents.geojson", "grids.kml", "grids", "people.xlsx"):
            assert client.get(f"{API}/export/{wrong}").status_code == 404, wrong
        monkeypatch.setattr(giving, "MOST_ROWS", 3)
        assert client.get(f"{API}/export/buildings.geojson").json()["code"] == "too_many_to_give"


class TestTiles:
    def address(self, client, layer: str, z: int = 15, x: float = 0.5, y: float = 0.45) -> str:
        told = {i["layer"]: i["tiles"] for i in client.get(f"{API}/tiles").json()["items"]}
        east, south = kernel.place(*degrees(x, y), z)
        return told[layer].format(z=z, x=east, y=south)

    def test_hold_what_lies_there_packed_and_to_be_kept_for_ever(self, client, town):
        answer = client.get(self.address(client, "buildings"), headers={"Accept-Encoding": "gzip"})
        plain = client.get(self.address(client, "buildings"))

        found = read(gzip.decompress(answer.content))
        assert plain.content == gzip.decompress(answer.content) and answer["Content-Encoding"] == "gzip"
        assert "immutable" in answer["Cache-Control"] and answer["X-Left-Out"] == "0"
        assert {said["name"][1].decode() for _, _, said in found.values()} == {"1号楼", "2号楼", "3号楼"}

    def test_every_layer_has_its_address(self, client, town):
        assert [i["layer"] for i in client.get(f"{API}/tiles").json()["items"]] == LAYERS
        for layer in LAYERS:
            assert client.get(self.address(client, layer, 12)).status_code == 200

    def test_a_changed_ground_has_another_address_and_the_old_one_answers_no_more(self, client, town):
        before = self.address(client, "buildings")
        with scope.work(system(town)):
            ground.demolish(["c1"], on=localdate(MONDAY_TEN), why="拆除", by=system(town), now=MONDAY_TEN)

        gone, after = client.get(before), self.address(client, "buildings")

        assert (gone.status_code, gone.json()["code"]) == (404, "another_edition")
        assert gone.json()["facts"]["edition"] in after and after != before
        assert client.get(after).content == b""

    def test_of_a_day_are_of_that_day(self, client, town):
        now, then = (client.get(f"{API}/tiles", {"day": day}).json()["edition"] for day in ("2026-03-09", "2025-12-31"))
        east, south = kernel.place(*degrees(0.5, 0.45), 15)

        assert now != then and client.get(f"{API}/tiles/buildings/{then}/15/{east}/{south}").content == b""

    def test_what_is_no_tile_is_refused(self, client, town):
        good = self.address(client, "grids")
        edition = good.split("/")[5]

        for wrong, status in (
            (f"{API}/tiles/residents/{edition}/12/1/1", 404), (f"{API}/tiles/grids/{edition}/7/1/1", 422),
            (f"{API}/tiles/grids/{edition}/19/1/1", 422), (f"{API}/tiles/grids/{edition}/8/256/1", 422),
            (f"{API}/tiles/grids/nonsense/8/1/1", 404), (f"{API}/tiles/grids/20260101-000000000000/8/1/1", 404),
        ):  # fmt: skip
            assert client.get(wrong).status_code == status, wrong

    def test_are_kept_where_something_lies_in_them_and_empty_ones_nowhere(self, client, town, monkeypatch):
        monkeypatch.setattr(tiles, "_kept", kept := tiles.Shelf(10**6))
        client.get(self.address(client, "buildings"))
        client.get(self.address(client, "buildings", x=40, y=40))

        assert len(kept) == 1
        assert kept.weight > tiles.KEEPING

    def test_of_a_ground_that_changes_between_its_name_and_its_rows_are_not_kept_under_that_name(
        self, client, town, monkeypatch
    ):
        at_ = self.address(client, "buildings", z=16)
        monkeypatch.setattr(tiles, "_laid", laid := tiles.Shelf(10**6))
        real = layers.rows

        def rows(*asked):
            with connection.cursor() as cursor:  # somebody else's transaction, stored at this moment
                cursor.execute("UPDATE places_groundmark SET number = number + 1 WHERE tenant_id = %s", [town])
            return real(*asked)

        monkeypatch.setattr(layers, "rows", rows)
        answer = client.get(at_)

        assert (answer.status_code, answer.json()["code"], len(laid)) == (404, "another_edition", 0)

    def test_a_second_asking_costs_no_look_at_the_ground(self, client, town, django_assert_max_num_queries):
        at_ = self.address(client, "buildings")
        client.get(at_)

        with django_assert_max_num_queries(4):  # a transaction around the scope and the mark of the ground
            client.get(at_)

    def test_say_of_nobody_who_lives_there(self, town):
        """Each layer says what is listed here and nothing else; whoever adds a word thinks of people first."""
        listed = {
            "divisions": "code name short_name level kind",
            "grids": "code name kind special_of owner_ref community edition since",
            "compounds": "name kind community built_year households_planned",
            "buildings": "name compound compound_id floors_up",
            "facilities": "name kind community owner_ref",
            "barriers": "name kind hard",
        }
        with scope.work(system(town)):
            said = {
                name: {key for _, _, told in layers.rows(name, localdate(MONDAY_TEN)) for key in told}
                for name in layers.LAYERS
            }
        assert {name: words for name, words in said.items() if words} == {n: set(w.split()) for n, w in listed.items()}


class TestFilesThatComeIn:
    @pytest.fixture
    def office(self, town):
        return Caller(_signed(Client(HTTP_HOST="other.example"), town, "office", timezone.now()), town)

    def send(self, caller, content: bytes, status: int = 201, key: str = "file-000001", **more):
        said = {"division": A, "crs": "cgcs2000", "file": SimpleUploadedFile("a.geojson", content), **more}
        answer = caller.client.post(f"{API}/imports/places", said, headers={"Idempotency-Key": key} if key else {})
        assert answer.status_code == status, answer.content.decode()[:500]
        return answer.json()

    def test_a_file_is_looked_at_first_and_applied_on_the_version_that_was_seen(self, town, office):
        content = collection(grids_of(A)).encode()
        made = self.send(office, content)
        at_ = f"/imports/places/{made['id']}"
        day = (localdate() + timedelta(days=30)).isoformat()
        said = {"effective_from": day, "document_no": "街办〔2026〕9号", "replaces": 1}

        assert made == self.send(office, content) == office.get(at_) and made["grids"] == 4
        office.post(f"{at_}/apply", said, 428)
        office.post(f"{at_}/apply", said, 412, version=made["version"] + 1)
        done = office.post(f"{at_}/apply", said, version=made["version"])

        assert (done["state"], done["edition"]) == ("applied", 2)
        with scope.work(system(town)):
            assert GridEdition.objects.filter(division_code=A).count() == 2

    def test_what_is_wrong_is_told_with_its_place_and_nothing_is_changed(self, town, office):
        told = self.send(office, collection(grids_of(A)[:3]).encode(), key="file-000002")

        assert told["blockers"] and "gap" in {f["code"] for f in told["findings"]}
        office.post(f"/imports/places/{told['id']}/apply", {"effective_from": localdate().isoformat()}, 409, version=1)
        assert office.post(f"/imports/places/{told['id']}/drop", None, version=1)["state"] == "dropped"
        with scope.work(system(town)):
            assert GridEdition.objects.filter(division_code=A).count() == 1

    def test_comes_from_who_keeps_the_ground_with_a_key_and_a_system(self, client, town, office):
        content = collection(grids_of(A)).encode()
        auditor = Caller(_signed(Client(HTTP_HOST="other.example"), town, "auditor"), town)

        self.send(Caller(client, town), content, 401)
        self.send(auditor, content, 403)
        assert self.send(office, content, 400, key="")["code"] == "key_missing"
        told = self.send(office, content, key="file-000003", crs="")
        assert [f["code"] for f in told["findings"] if f["level"] == "blocker"] == ["no_crs"]


def test_the_largest_tile_of_a_crowded_layer_is_below_half_a_megabyte(town, monkeypatch):
    monkeypatch.setattr(tiles, "MOST_BYTES", 200)
    with scope.work(system(town)):
        assert Building.objects.count() == 7
        made = tiles.tile("buildings", tiles.edition(localdate(MONDAY_TEN)), 10, *kernel.place(*degrees(2, 1), 10))

    assert len(made.content) <= 200 and made.left_out
