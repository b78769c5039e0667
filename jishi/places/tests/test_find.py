import pytest
from django.db import transaction

from conftest import MONDAY_TEN
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.kernels.geo import datum
from jishi.places import memory, queries
from jishi.places.actions import ground
from jishi.places.queries import Asked, Spot, finding
from jishi.places.refusals import SwappedAxes, UnknownDatum
from jishi.places.tests.factories import DAY, A, B, a_town, at, degrees

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn_town(other_tenant: int):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        yield other_tenant


def find(text: str = "", **pin) -> Spot:
    return queries.find([Asked(text, day=DAY, **pin)])[0]


def a_pin(x: float, y: float, accuracy: float = 20.0) -> dict:
    lng, lat = degrees(x, y)
    return {"lng": lng, "lat": lat, "crs": "cgcs2000", "accuracy_m": accuracy}


class TestOnce:
    """A place that words mean is looked at once in the life of the ground; what is pinned is kept nowhere."""

    def test_the_second_answer_is_the_first(self, drawn_town, monkeypatch):
        first = find("翠竹苑3号楼电梯坏了")
        monkeypatch.setattr(finding, "_look", lambda points, ground: [] if not points else pytest.fail("asked again"))

        assert find("翠竹苑3号楼电梯坏了") == first

    def test_a_pin_is_asked_each_time_and_not_kept(self, drawn_town):
        before = dict(memory.ground(DAY).looked)
        assert find(**a_pin(100.0, 100.0)) == find(**a_pin(100.0, 100.0))
        assert find("翠竹苑3号楼电梯坏了", **a_pin(100.0, 100.0))

        assert memory.ground(DAY).looked == before

    def test_no_more_are_kept_than_a_town_has_places(self, drawn_town, monkeypatch):
        monkeypatch.setattr(finding, "MOST_LOOKED", 2)
        told = [find(text) for text in ("翠竹苑3号楼电梯坏了", "和平里小区停水了", "翠竹苑停水了")]

        assert len(memory.ground(DAY).looked) <= 2
        assert [find(text) for text in ("翠竹苑3号楼电梯坏了", "和平里小区停水了", "翠竹苑停水了")] == told


class TestWords:
    @pytest.mark.parametrize(
        "text",
        ["翠竹苑3号楼电梯坏了", "翠竹苑小区3栋电梯坏了", "翠竹苑三号楼漏水", "住翠竹苑 3# 楼道灯不亮",
         "翠竹苑〔住址·3号楼〕没水"],
    )  # fmt: skip
    def test_a_building_is_found_by_any_of_its_spellings(self, drawn_town, text):
        found = find(text)

        assert (found.name, found.division_code, found.abstained) == ("翠竹苑3号楼", A, "")
        assert queries.grid(found.grid_id, day=DAY).code == f"{A}001"
        assert {"building", "compound", "old_estate"} <= found.place.kinds

    def test_a_compound_is_found_with_the_chain_of_its_divisions(self, drawn_town):
        found = find("昨天下大雨，翠竹苑东门那个下水口一直往外冒水")

        assert found.place.divisions == ("990000000000", "990800000000", "990882000000", "990882001000", A)
        assert found.place.exact
        assert found.candidates[0]["reason"] == "文中有“翠竹苑”"

    def test_two_far_places_are_two_candidates_and_nothing_is_filled_in(self, drawn_town):
        found = find("翠竹苑和和平里小区都停水了")

        assert {c["label"] for c in found.candidates} == {"翠竹苑", "和平里"}
        assert (found.abstained, found.lng_e7, found.grid_id) == ("two_places", None, None)
        assert found.division_code == "990882001000"  # what both have in common

    def test_a_community_said_with_a_compound_only_confirms_it(self, drawn_town):
        found = find("青溪社区翠竹苑垃圾没人收")

        assert (found.name, [c["label"] for c in found.candidates]) == ("翠竹苑", ["翠竹苑"])

    def test_a_community_alone_is_known_as_far_as_its_division_goes(self, drawn_town):
        found = find("翠竹社区办事要跑三趟")

        assert (found.division_code, found.grid_id, found.place.exact) == (B, None, False)

    def test_two_roads_are_their_crossing(self, drawn_town):
        found = find("云溪大道与柳岸路路口红绿灯不亮")

        lng, lat = degrees(1.2, 1.02)
        assert (found.lng_e7 / 1e7, found.lat_e7 / 1e7) == pytest.approx((lng, lat), abs=1e-4)
        assert "road" in found.place.kinds

    def test_a_long_road_is_not_a_point_in_a_grid(self, drawn_town):
        found = find("云溪大道路面塌了")

        assert (found.grid_id, found.division_code) == (None, "990882001000")
        assert found.place.kinds >= {"road"}
        assert not found.place.exact

    def test_metres_and_a_direction_move_the_place(self, drawn_town):
        plain, moved = find("河西小学门口积水"), find("河西小学往东100米路灯不亮")

        assert moved.lng_e7 - plain.lng_e7 == pytest.approx(10_380, rel=0.02)  # 100 m at this latitude

    @pytest.mark.parametrize(
        ("text", "east", "north", "least", "most", "reason"),
        [  # metres from where the plain name lies; radius at least and at most
            ("河西小学往东100米路灯不亮", 100, 0, 30, 120, "往东100米"),
            ("河西小学往西再走五十米有个坑", None, None, 0, 200, ""),
            ("河西小学向北约一百五十米路灯不亮", 0, 150, 45, 150, "往北150米"),
            ("河西小学以东路面坏了", 60, 0, 40, 130, "在它东边"),
            ("河西小学北侧的围墙歪了", 0, 60, 40, 130, "在它北边"),
            ("河西小学西北边有人倒垃圾", -42, 42, 40, 130, "在它西北边"),
            ("河西小学门口200米处井盖没了", 0, 0, 200, 330, "离它200米"),
            ("河西小学对面的路灯不亮", 0, 0, 70, 200, ""),
            ("河西小学隔壁工地太吵", 0, 0, 70, 200, ""),
            ("河西小学旁有人摆摊", 0, 0, 70, 200, ""),
            ("河西小学门口积水", 0, 0, 20, 130, ""),
            ("河西小学东门口积水", 0, 0, 20, 130, ""),
        ],
    )
    def test_relative_forms_move_the_place_or_widen_it_and_say_so(
        self, drawn_town, text, east, north, least, most, reason
    ):
        plain, found = find("河西小学积水"), find(text)

        first = found.candidates[0]
        if east is not None:
            moved = ((found.lng_e7 - plain.lng_e7) / 103.8, (found.lat_e7 - plain.lat_e7) / 90.0)
            assert moved == pytest.approx((east, north), abs=62 if "在它" in reason else 5)
            if "在它" in reason:
                assert (moved[0] * east, moved[1] * north) >= (0, 0) and max(map(abs, moved)) >= 25
        assert least <= first["radius_m"] <= most
        assert reason in first["reason"]

    def test_between_two_names_is_the_middle_as_uncertain_as_they_are_far_apart(self, drawn_town):
        school, library = find("河西小学积水"), find("云溪市图书馆积水")
        found = find("河西小学和云溪市图书馆之间路灯不亮")

        assert found.lng_e7 == pytest.approx((school.lng_e7 + library.lng_e7) / 2, abs=200)
        assert [c["label"] for c in found.candidates] == ["河西小学和云溪市图书馆之间"]
        assert 200 <= found.candidates[0]["radius_m"] <= 300
        assert found.candidates[0]["reason"].startswith("文中有“河西小学”和“云溪市图书馆”之间")

    def test_a_longer_road_name_does_not_name_the_compound_in_it(self, drawn_town):
        assert find("翠竹苑南路有个大坑").abstained == "no_place_named"

    @pytest.mark.parametrize("text", ["祝大家幸福安康", "孩子上学校迟到怎么办", "建议多买图书馆藏书"])
    def test_a_plain_word_is_no_place_without_second_evidence(self, drawn_town, text):
        found = find(text)

        assert found.lng_e7 is None
        assert found.abstained in ("no_place_named", "name_is_a_plain_word")

    def test_a_plain_word_with_a_word_of_place_is_one(self, drawn_town):
        assert find("图书馆门口的井盖没了").name == "云溪市图书馆"

    def test_a_house_number_without_a_compound_asks_which(self, drawn_town):
        assert find("3号楼电梯坏了").abstained == "which_compound"

    def test_nothing_named_is_said_so(self, drawn_town):
        assert find("我要投诉物业收费").abstained == "no_place_named"


class TestPin:
    def test_a_pin_lies_in_its_grid(self, drawn_town):
        found = find("路灯不亮", **a_pin(1.5, 0.5))

        assert queries.grid(found.grid_id, day=DAY).code == f"{A}002"
        assert found.radius_m == 20

    def test_a_pin_without_a_known_system_is_refused(self, drawn_town):
        with pytest.raises(UnknownDatum):
            find("路灯不亮", lng=115.2, lat=30.1)

    def test_a_swapped_pin_is_refused_with_the_corrected_pair(self, drawn_town):
        with pytest.raises(SwappedAxes) as no:
            find("路灯不亮", lng=30.1, lat=115.2, crs="wgs84")

        assert no.value.facts == {"lng": 115.2, "lat": 30.1}

    def test_a_pin_and_a_name_that_agree_are_one_place(self, drawn_town):
        found = find("翠竹苑里面路灯不亮", **a_pin(0.6, 0.6))

        assert (found.name, len(found.candidates)) == ("翠竹苑", 1)
        assert (found.lng_e7 / 1e7, found.lat_e7 / 1e7) == pytest.approx(degrees(0.6, 0.6), abs=1e-6)

    def test_a_pin_far_from_the_name_is_a_second_candidate(self, drawn_town):
        found = find("翠竹苑路灯不亮", **a_pin(3.5, 0.2))

        assert {c["level"] for c in found.candidates} == {"compound", "point"}

    def test_a_house_number_beside_a_pin_is_that_house(self, drawn_town):
        assert find("3号楼电梯坏了", **a_pin(0.5, 0.42, 50)).name == "翠竹苑3号楼"

    def test_a_pin_at_a_border_names_both_grids(self, drawn_town):
        found = find("", **a_pin(1.01, 0.5))

        assert queries.grid(found.grid_id, day=DAY).code == f"{A}002"
        assert queries.grid(found.other_grid_id, day=DAY).code == f"{A}001"
        assert "边界不到10米" in found.candidates[0]["reason"]

    def test_a_pin_outside_the_town_is_located_all_the_same(self, drawn_town):
        found = find("", **a_pin(9, 9))

        assert (found.grid_id, found.division_code) == (None, "")
        assert found.lng_e7 is not None

    def test_gcj02_is_converted_once(self, drawn_town):
        lng, lat = degrees(1.5, 0.5)
        shifted = datum.from_cgcs2000([lng], [lat], "gcj02")

        found = find("", lng=float(shifted[0][0]), lat=float(shifted[1][0]), crs="gcj02")

        assert (found.lng_e7 / 1e7, found.lat_e7 / 1e7) == pytest.approx((lng, lat), abs=2e-7)


class TestPlaceOf:
    def test_a_stored_place_answers_what_the_lists_may_ask(self, drawn_town):
        found = find("翠竹苑3号楼电梯坏了")

        place = queries.place_of(found.lng_e7, found.lat_e7, found.division_code, found.grid_id, day=DAY)

        assert place == found.place

    def test_a_zone_is_known_where_the_point_lies_in_it(self, drawn_town):
        found = find("", **a_pin(0.95, 0.6))

        assert found.place.zones == {"levee"}

    def test_a_road_keeps_its_kind_without_a_grid(self, drawn_town):
        found = find("云溪大道路面塌了")

        place = queries.place_of(found.lng_e7, found.lat_e7, found.division_code, None, day=DAY)

        assert (place.kinds, place.exact) == (found.place.kinds, False)

    def test_nothing_known_is_none(self, drawn_town):
        assert queries.place_of(None, None, "", None) is None


def test_the_answer_does_not_depend_on_the_batch(drawn_town):
    texts = ["翠竹苑3号楼漏水", "云溪大道与柳岸路路口", "", "和平里停电", "祝大家幸福安康"]

    together = queries.find([Asked(t, day=DAY) for t in texts])

    assert together == [find(t) for t in texts]


def test_another_tenant_sees_none_of_it(drawn_town, tenant):
    with scope.within(system(tenant)):
        assert find("和平里1号楼漏水").lng_e7 is None
        assert queries.grids_in("990882000000", DAY) == []


def test_a_ground_that_was_rolled_back_is_not_remembered(drawn_town):
    by = system(drawn_town)
    with pytest.raises(RuntimeError), transaction.atomic():
        name_a_pavilion("听雨亭", by)
        assert find("听雨亭塌了").name == "听雨亭"
        raise RuntimeError

    name_a_pavilion("观澜亭", by)

    assert (find("听雨亭塌了").abstained, find("观澜亭塌了").name) == ("no_place_named", "观澜亭")


def name_a_pavilion(name: str, by) -> None:
    row = ground.NewFacility(name, name, "pavilion", *at(1.5, 0.5))
    ground.add_facilities([row], crs="cgcs2000", active_from=DAY, by=by, now=MONDAY_TEN)
