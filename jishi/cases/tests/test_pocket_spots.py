"""Where one stands, picked in a stairwell and not typed: houses and entrances of the own area (spec 10 §§3, 12)."""

import re
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import localdate

from jishi.cases.tests.desk_steps import colleague, statements
from jishi.cases.tests.test_sync import AREA, GRID, NOW, device, reports, said, send, states
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places import queries as places
from jishi.places.actions import ground
from jishi.places.queries import houses, stands

pytestmark = pytest.mark.django_db
__all__ = ["device"]  # a fixture


@pytest.fixture
def door(town: int) -> Any:
    """A door of the third house of 翠竹苑, a few metres beside the middle of the house."""
    by = system(town)
    with scope.work(by):
        _, stood, _ = houses.compound_kept(of_compound("翠竹苑"), by=by)
        house = next(b for b in stood if b.name.endswith("3号楼"))
        new = ground.NewEntrance("unit_door", house.lng_e7 + 300, house.lat_e7, building=house.ref, name="2单元门")
        ground.add_entrances([new], crs="cgcs2000", active_from=localdate(NOW), by=by, now=NOW)
        return houses.building_kept(house.id, after=(0, 0), limit=1, by=by)[1][0]


def of_compound(name: str) -> int:
    stands, _ = places.stands_in(AREA, day=localdate(NOW))
    return next(int(s.ref[1:]) for s in stands if s.ref[0] == "c" and s.compound == name)


def listed(device: Client) -> dict[str, Any]:
    return device.get("/pocket/spots").json()


def of_another_area(town: int) -> str:
    with scope.work(system(town)):
        stands, _ = places.stands_in("990181002001", day=localdate(NOW))
    return next(s.ref for s in stands if s.ref[0] == "b")


def at_the_door(report: Any, door: Any) -> bool:
    """Not in the middle of its house: some 3 m beside it."""
    return abs(report.lng_e7 - door.lng_e7) <= 2 and abs(report.lat_e7 - door.lat_e7) <= 2


def near_the_door(report: Any, door: Any) -> bool:
    """Of a door that is gone, the house stands for it."""
    return abs(report.lng_e7 - door.lng_e7) <= 300 and abs(report.lat_e7 - door.lat_e7) <= 300


class TestTheList:
    def test_names_places_of_the_own_area_alone_and_no_person_or_coordinate(self, town: int, device: Client, door: Any):
        told = listed(device)

        spots = {s["ref"]: s for s in told["spots"]}
        assert spots[f"e{door.id}"]["of"] == f"b{door.building_id}"
        assert spots[f"e{door.id}"]["name"].endswith("3号楼 2单元门") and spots[f"e{door.id}"]["grid"].startswith(AREA)
        assert of_another_area(town) not in spots and len(spots) > 10 and told["more"] is False
        assert {k for s in told["spots"] for k in s} == {"ref", "of", "compound", "name", "grid"}

    def test_costs_no_more_with_more_houses(self, device: Client, door: Any):
        listed(device)

        with statements() as made:
            told = listed(device)

        assert len(made) <= 10, "\n".join(made)
        assert told["left_out"] == {}

    def test_that_is_too_long_leaves_each_grid_its_share_and_says_how_many_are_missing(self, town: int, door: Any):
        with scope.work(system(town)):
            whole, _ = places.stands_in(AREA, day=localdate(NOW))
            of_grid = Counter(s.grid for s in whole)
            least = min(of_grid.values())
            some, missing = places.stands_in(AREA, day=localdate(NOW), most=3 * len(of_grid))

        left = Counter(s.grid for s in some)
        assert len(of_grid) > 1 and 3 * len(of_grid) < len(whole) and len(some) == min(len(whole), 3 * len(of_grid))
        assert all(left[grid] >= min(3, least) for grid in of_grid)
        assert missing == {g: n - left[g] for g, n in of_grid.items() if n > left[g]} and missing
        assert all(s.of in {one.ref for one in some} for s in some if s.of)
        assert [s for s in whole if s in some] == some

    def test_of_a_volunteer_is_empty_and_other_posts_have_none(self, town: int):
        assert colleague(town, "volunteer").get("/pocket/spots").json()["spots"] == []
        assert colleague(town, "dispatcher").get("/pocket/spots").status_code == 403


    def test_has_a_house_that_stands_in_no_compound_in_its_own_area_alone(self, town: int, device: Client, door: Any):
        alone = a_lone_house(town, door)

        (spot,) = [s for s in listed(device)["spots"] if s["ref"] == f"b{alone}"]

        assert spot == {"ref": f"b{alone}", "of": "", "compound": "", "name": "泵房值班楼", "grid": spot["grid"]}
        assert spot["grid"].startswith(AREA)
        with scope.work(system(town)):
            elsewhere, _ = places.stands_in("990181002001", day=localdate(NOW))
            assert f"b{alone}" not in {s.ref for s in elsewhere}
            assert list(places.stands_named([f"b{alone}"], AREA)) == [f"b{alone}"]
            assert not places.stands_named([f"b{alone}"], "990181002001")

    def test_takes_houses_in_turn_and_counts_what_it_did_not_look_at(self, town: int, door: Any, monkeypatch: Any):
        with scope.work(system(town)):
            rows = stands.Building.objects.filter(compound__community=AREA)
            compounds = set(rows.values_list("compound", flat=True))
            some, missing = stands._in_turn(rows, "compound", len(compounds))
            assert {b.compound_id for b in some} == compounds and len(some) + missing == rows.count() > len(some)
            monkeypatch.setattr(stands, "LOOKED_AT", 1)
            shown, left = places.stands_in(AREA, day=localdate(NOW), most=len(compounds))
        assert len(shown) == len(compounds) and left[""] >= missing


def a_lone_house(town: int, door: Any) -> int:
    by = system(town)
    new = ground.NewBuilding("lone-1", "泵房值班楼", door.lng_e7 + 2500, door.lat_e7 + 2500)
    with scope.work(by):
        return ground.add_buildings([new], crs="cgcs2000", active_from=localdate(NOW), by=by, now=NOW)["lone-1"]


class TestWords:
    def test_that_name_the_door_of_a_house_mean_that_door(self, town: int, device: Client, door: Any):
        send(device, [said(1, text="翠竹苑3号楼二单元的灯不亮"), said(2, text="翠竹苑3号楼的灯不亮"),
                      said(3, text="翠竹苑3号楼9单元的灯不亮")])  # fmt: skip

        named, house, unknown = reports(town)
        assert at_the_door(named, door)
        assert not at_the_door(house, door) and (house.lng_e7, house.lat_e7) == (unknown.lng_e7, unknown.lat_e7)

    @pytest.mark.parametrize("text", ["3号楼1、2单元没水", "3号楼1至2单元没水", "3号楼门口的垃圾是隔壁2单元的人扔的"])
    def test_that_name_several_doors_or_whose_it_is_mean_no_door(
        self, town: int, device: Client, door: Any, text: str
    ):
        send(device, [said(1, text=f"翠竹苑{text}")])

        assert not at_the_door(reports(town)[0], door)

    def test_are_offered_the_doors_of_a_house_until_one_is_named(self, town: int, door: Any):
        by = system(town)
        with scope.work(by):
            ref = houses.building_kept(door.building_id, after=(0, 0), limit=1, by=by)[0].ref
            more = ground.NewEntrance("unit_door", door.lng_e7 + 600, door.lat_e7, building=ref, name="3单元门")
            ground.add_entrances([more], crs="cgcs2000", active_from=localdate(NOW), by=by, now=NOW)
        own = Client(SERVER_NAME="town.example")

        asked = own.post("/speak/look", {"text": "翠竹苑3号楼的灯不亮"}).content.decode()
        known = own.post("/speak/look", {"text": "翠竹苑3号楼的灯不亮", "where": "翠竹苑3号楼2单元"}).content.decode()

        assert re.findall('data-door="([^"]*)"', asked) == ["翠竹苑3号楼2单元", "翠竹苑3号楼3单元"]
        assert "data-door" not in known and "翠竹苑3号楼" in known


class TestAReport:
    def test_has_the_point_of_the_entrance_that_was_picked_and_says_it(self, town: int, device: Client, door: Any):
        answers = send(device, [said(1, text="三楼的灯不亮", spot=f"e{door.id}", where="三楼")])

        (report,) = reports(town)
        assert states(answers) == ["done"]
        assert at_the_door(report, door) and report.place_name.endswith("3号楼")
        assert "翠竹苑" in report.address_text and report.address_text.endswith("3号楼 2单元门 三楼")
        with scope.work(system(town)):
            grids = {g.id: g.code for g in places.grids_in(AREA, localdate(NOW))}
        assert grids[report.grid_id].startswith(AREA)

    def test_at_a_gate_stands_at_the_gate_and_not_in_the_middle_of_the_compound(self, town: int, device: Client):
        by = system(town)
        with scope.work(by):
            around, _, _ = houses.compound_kept(of_compound("翠竹苑"), by=by)
            new = ground.NewEntrance("main_gate", around.lng_e7 + 6000, around.lat_e7, compound=around.ref, name="东门")
            (gate,) = ground.add_entrances([new], crs="cgcs2000", active_from=localdate(NOW), by=by, now=NOW)

        send(device, [said(1, text="大门关不上", spot=f"e{gate}")])

        (report,) = reports(town)
        assert report.address_text == "翠竹苑 东门" and abs(report.lng_e7 - around.lng_e7 - 6000) < 10

    def test_keeps_the_point_that_was_pressed_and_takes_the_words_of_the_house(
        self, town: int, device: Client, door: Any
    ):
        here = {"lng": door.lng_e7 / 1e7 + 0.0002, "lat": door.lat_e7 / 1e7, "crs": "wgs84", "accuracy_m": 8}

        send(device, [said(1, text="灯不亮", spot=f"b{door.building_id}", here=here)])

        (report,) = reports(town)
        assert abs(report.lng_e7 - door.lng_e7) > 1000 and report.address_text.endswith("3号楼")

    def test_at_a_house_that_is_gone_stands_there_and_at_one_of_another_area_is_placed_by_its_grid(
        self, town: int, device: Client, door: Any
    ):
        with scope.work(system(town)):
            door.change(active_to=localdate(NOW))
        elsewhere = of_another_area(town)

        answers = send(device, [
            said(1, text="门坏了", spot=f"e{door.id}"), said(2, text="灯坏了", spot=elsewhere, grid=GRID),
            said(3, text="墙裂了", spot="e0 OR 1=1", grid=GRID),
        ])  # fmt: skip

        gone, other, none = reports(town)
        assert states(answers) == ["done"] * 3 and near_the_door(gone, door)
        assert [r.attributes.get("device_spot") for r in (gone, other, none)] == [None, elsewhere, "e0 OR 1=1"]
        assert not other.address_text and other.lng_e7 == none.lng_e7

    def test_of_five_hundred_spots_costs_as_much_as_of_five(self, town: int, device: Client, door: Any):
        def cost(first: int, n: int) -> int:
            rows = [said(first + i, text=f"第{first + i}处", spot=f"e{door.id}") for i in range(n)]
            with statements() as made:
                send(device, rows)
            return len(made)

        cost(1, 1)
        assert cost(10, 3) == cost(20, 30)
