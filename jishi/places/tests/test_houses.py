"""Houses at the desk: a community keeps its own, what is wrong is put right, what is gone is gone from a day on."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, Stale
from jishi.places.actions import ground, keeping
from jishi.places.models import Building, Compound, DivisionVersion, Dwelling, Entrance, Household
from jishi.places.queries import houses as looking
from jishi.places.queries import plans
from jishi.places.refusals import DoorsAreThere, FieldDoesNotFit, GoneAlready, OutsideItsArea, OutsideItsCompound
from jishi.places.tests.factories import STREET, A, B, a_town, at, office

pytestmark = pytest.mark.django_db
TODAY = localdate(MONDAY_TEN)


@pytest.fixture
def town(other_tenant):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        yield other_tenant


def of_community(tenant: int, community: str = A) -> Actor:
    return Actor(tenant_id=tenant, kind="staff", account_id=2, roles=frozenset({"handler"}), area=community)


def walker(tenant: int, community: str = A) -> Actor:
    return replace(of_community(tenant, community), roles=frozenset({"grid_worker"}))


def known(by: Actor, **more):
    return {"crs": "cgcs2000", "active_from": TODAY, "by": by, "now": MONDAY_TEN, **more}


def house(ref: str = "c1-1") -> Building:
    return Building.objects.get(ref=ref)


def press(row, **more):
    return {"version": row.version, "now": MONDAY_TEN, **more}


def registered(by: Actor, ref: str = "c1-1", **more) -> list[int]:
    said = {"units": 2, "floors": (1, 3), "doors": 2, "lived_in": True, "active_from": TODAY - timedelta(days=9)} | more
    return keeping.register_doors(house(ref).id, **said, **press(house(ref), by=by))


class TestACommunity:
    def test_adds_a_compound_a_house_and_a_gate_of_its_own_and_leaves_a_record(self, town):
        by = of_community(town)

        made = ground.add_compounds([ground.NewCompound("new", "桂花苑", A, *at(0.2, 1.5))], **known(by))
        house_id = ground.add_buildings(
            [ground.NewBuilding("new-1", "1号楼", *at(0.2, 1.5), compound="new")], **known(by)
        )["new-1"]
        [gate] = ground.add_entrances(
            [ground.NewEntrance("main_gate", *at(0.2, 1.5), compound="new", step_free=True)], **known(by)
        )

        assert [trail.of(kind, row)[0].verb for kind, row in (("compound", made["new"]), ("building", house_id),
                ("entrance", gate))] == ["compound.added", "building.added", "entrance.added"]  # fmt: skip

    @pytest.mark.parametrize("by", ["its neighbour", "a street beside", "a resident", "a company there"])
    def test_is_asked_about_its_own_houses_and_nobody_elses(self, town, by):
        who = {
            "its neighbour": of_community(town, B), "a street beside": replace(office(town), area="990882009000"),
            "a company there": replace(of_community(town), body_ids=frozenset({999})),
            "a resident": Actor(tenant_id=town, kind="resident", account_id=5, roles=frozenset({"resident"})),
        }[by]  # fmt: skip
        row = Compound.objects.get(ref="c1")

        for verb in (
            lambda: ground.add_compounds([ground.NewCompound("new", "桂花苑", A, *at(0.2, 1.5))], **known(who)),
            lambda: ground.add_buildings([ground.NewBuilding("x", "9号", *at(0.5, 0.5), compound="c1")], **known(who)),
            lambda: ground.add_entrances([ground.NewEntrance("garage", *at(0.5, 0.5), compound="c1")], **known(who)),
            lambda: ground.demolish(["c1"], on=TODAY, by=who, now=MONDAY_TEN),
            lambda: keeping.correct("compound", row.id, {"name": "别的"}, **press(row, by=who)),
            lambda: keeping.end("building", house().id, on=TODAY, why="拆", **press(house(), by=who)),
            lambda: registered(who),
        ):
            with pytest.raises(NotAllowed):
                verb()

        assert not Compound.objects.filter(ref="new")
        assert not Dwelling.objects.exists() and not Entrance.objects.exists()
        assert (Compound.objects.get(ref="c1").active_to, Compound.objects.get(ref="c1").name) == (None, "翠竹苑")

    def test_a_grid_worker_puts_an_entrance_right_on_the_spot_and_no_house(self, town):
        [gate] = ground.add_entrances(
            [ground.NewEntrance("side_gate", *at(0.5, 0.5), compound="c1")], **known(walker(town))
        )
        row = Entrance.objects.get(id=gate)

        keeping.correct("entrance", gate, {"hours": "6:00–22:00"}, **press(row, by=walker(town)))

        assert Entrance.objects.get().hours == "6:00–22:00"
        with pytest.raises(NotAllowed):
            keeping.correct("building", house().id, {"name": "甲"}, **press(house(), by=walker(town)))
        with pytest.raises(NotAllowed):
            ground.add_entrances([ground.NewEntrance("garage", *at(0.5, 0.5), compound="c1")], **known(walker(town, B)))


class TestAHouseOutsideItsCompound:
    def test_needs_a_word_why(self, town):
        far = ground.NewBuilding("far", "8号楼", *at(1.9, 1.9), compound="c1")

        with pytest.raises(OutsideItsCompound):
            ground.add_buildings([far], **known(of_community(town)))
        with pytest.raises(OutsideItsCompound):
            keeping.correct("building", house().id, {}, point=at(1.9, 1.9), **press(house(), by=of_community(town)))
        ground.add_buildings([replace(far, why="隔着一条路，同一家物业")], **known(of_community(town)))

        assert house("far").compound.ref == "c1"

    def test_may_stand_twenty_metres_beside_it(self, town):
        near = at(0.7, 0.5)  # its eastern border; one step is some 480 m

        ground.add_buildings(
            [ground.NewBuilding("n", "7号楼", near[0] + 1500, near[1], compound="c1")], **known(of_community(town))
        )

        assert house("n").name == "7号楼"


class TestGroundOfAnArea:
    """Nobody moves ground out of the area that answers for it, whatever sentence is written beside."""

    far = at(0.5, 0.5)[0] + 50_000_000, at(0.5, 0.5)[1]  # five degrees

    @pytest.mark.parametrize("border", [True, False])
    def test_a_community_moves_its_compound_no_further_than_its_border(self, town, border):
        if not border:
            DivisionVersion.objects.update(boundary=None)
        row = Compound.objects.get(ref="c1")

        for point in (self.far, at(2.5, 0.5)) if border else (self.far,):
            with pytest.raises(OutsideItsArea):
                keeping.correct("compound", row.id, {}, point=point, **press(row, by=of_community(town)))
        keeping.correct("compound", row.id, {}, point=at(1.5, 0.5), **press(row, by=of_community(town)))

    def test_nothing_is_added_outside_it(self, town):
        by = of_community(town)

        with pytest.raises(OutsideItsArea):
            ground.add_compounds([ground.NewCompound("new", "桂花苑", A, *self.far)], **known(by))
        with pytest.raises(OutsideItsArea):
            ground.add_buildings([ground.NewBuilding("x", "9号", *self.far, compound="c1", why="远")], **known(by))

        assert not Compound.objects.filter(ref="new") and not Building.objects.filter(ref="x")

    def test_a_house_of_a_compound_that_nobody_drew_stands_around_its_point(self, town):
        Compound.objects.filter(ref="c1").update(polygon=None)
        by = of_community(town)

        with pytest.raises(OutsideItsCompound):
            ground.add_buildings([ground.NewBuilding("x", "9号", *at(1.9, 0.5), compound="c1")], **known(by))
        with pytest.raises(OutsideItsCompound):
            ground.add_entrances([ground.NewEntrance("garage", *self.far, building="c1-1")], **known(by))
        ground.add_buildings([ground.NewBuilding("x", "9号", *at(1.0, 0.5), compound="c1")], **known(by))

    def test_a_street_keeps_a_house_that_stands_alone_within_the_street(self, town):
        ground.add_buildings([ground.NewBuilding("lone", "守桥屋", *at(0.5, 1.5))], **known(office(town)))
        street = replace(office(town), area=STREET)

        with pytest.raises(OutsideItsArea):
            keeping.correct("building", house("lone").id, {}, point=self.far, **press(house("lone"), by=street))
        keeping.correct("building", house("lone").id, {}, point=at(2.5, 1.5), **press(house("lone"), by=street))


class TestACorrection:
    def test_keeps_both_values_on_the_trail(self, town):
        row, by = Compound.objects.get(ref="c1"), of_community(town)

        keeping.correct("compound", row.id, {"households_planned": 320, "name": row.name}, **press(row, by=by))

        entry = trail.of("compound", row.id)[-1]
        assert (entry.verb, entry.codes) == (
            "compound.corrected", {"was": {"households_planned": None}, "is": {"households_planned": 320}}
        )  # fmt: skip

    @pytest.mark.parametrize(
        "changes",
        [{"community": B}, {"kind": "palace"}, {"households_planned": -1}, {"households_planned": True}, {"name": " "},
         {"name": "长" * 81}, {"aliases": "翠竹"}, {"built_year": "2000"}],
    )  # fmt: skip
    def test_of_what_is_not_corrected_is_refused_and_changes_nothing(self, town, changes):
        row = Compound.objects.get(ref="c1")

        with pytest.raises(Invalid):
            keeping.correct("compound", row.id, changes, **press(row, by=of_community(town)))

        assert Compound.objects.get(ref="c1").version == row.version

    def test_of_what_somebody_changed_meanwhile_is_refused(self, town):
        row, by = Compound.objects.get(ref="c1"), of_community(town)
        keeping.correct("compound", row.id, {"name": "翠竹新苑"}, **press(row, by=by))

        with pytest.raises(Stale):
            keeping.correct("compound", row.id, {"name": "翠竹老苑"}, **press(row, by=by))


class TestDoors:
    def test_are_registered_floor_by_floor_with_sealed_numbers_and_one_household_each(self, town):
        made = registered(of_community(town))

        assert len(made) == 12 and Household.objects.filter(active_to=None).count() == 12
        assert {(d.unit, d.floor) for d in Dwelling.objects.all()} == {(u, f) for u in (1, 2) for f in (1, 2, 3)}
        _row, _gates, doors = looking.building_kept(house().id, after=(-1, 0), limit=50, by=of_community(town))
        assert [(d.place, d.households) for d in doors[:3]] == [(1, 1), (2, 1), (1, 1)]

    def test_of_a_floor_are_registered_once_and_floor_zero_never(self, town):
        registered(of_community(town), floors=(-1, 1))

        with pytest.raises(DoorsAreThere):
            registered(of_community(town))

        assert {d.floor for d in Dwelling.objects.all()} == {-1, 1}

    @pytest.mark.parametrize("more", [{"units": 0}, {"doors": 100}, {"floors": (3, 1)}, {"floors": (1, 1000)}])
    def test_of_no_house_are_refused(self, town, more):
        with pytest.raises(Invalid):
            registered(of_community(town), **more)

        assert not Dwelling.objects.exists()


class TestAHousehold:
    def test_holds_a_door_and_two_days_and_nobody(self):
        names = {f.name for f in Household._meta.concrete_fields}

        assert names == {"id", "tenant", "version", "dwelling", "active_from", "active_to"}

    def test_too_many_end_that_day_and_more_begin(self, town):
        [door, *_], by = registered(of_community(town), units=1, floors=(1, 1)), of_community(town)
        count = {"use": "home", "on": TODAY, "by": by, "now": MONDAY_TEN}

        keeping.count_households(door, 3, version=1, **count)

        assert Household.objects.filter(dwelling=door, active_to=None).count() == 3
        keeping.count_households(door, 1, version=2, **count)

        assert Household.objects.filter(dwelling=door).count() == 1  # two began today by mistake: they never were
        assert trail.of("dwelling", door)[-1].codes["never_were"] == 2

    def test_written_down_by_mistake_is_put_right_the_same_day(self, town):
        [door, *_], by = registered(of_community(town), active_from=TODAY), of_community(town)

        keeping.count_households(door, 0, use="empty", on=TODAY, version=1, by=by, now=MONDAY_TEN)
        keeping.end("building", house().id, on=TODAY, why="不是这栋", **press(house(), by=by))

        assert not Household.objects.exists() and set(Dwelling.objects.values_list("active_to", flat=True)) == {TODAY}

    @pytest.mark.parametrize(("count", "on"), [(0, TODAY - timedelta(days=5)), (10, TODAY), (1, date(2027, 1, 1))])
    def test_count_that_does_not_fit_is_refused_in_a_sentence(self, town, count, on):
        [door, *_], by = registered(of_community(town), active_from=TODAY), of_community(town)

        with pytest.raises(Invalid) as no:
            keeping.count_households(door, count, use="home", on=on, version=1, by=by, now=MONDAY_TEN)

        assert no.value.sentence("zh-hans").endswith("。") and len(no.value.sentence("zh-hans")) > 15

    def test_that_ended_stays_for_its_days_and_is_removed_by_night_when_its_time_is_over(self, town):
        [door, *_], by = registered(of_community(town), units=1, floors=(1, 1)), of_community(town)
        keeping.count_households(door, 0, use="empty", on=TODAY, version=1, by=by, now=MONDAY_TEN)

        assert [h.active_to for h in Household.objects.filter(dwelling=door)] == [TODAY]
        assert keeping.remove_ended_households(by=system(town), now=MONDAY_TEN) == 0
        assert keeping.remove_ended_households(by=system(town), now=MONDAY_TEN + timedelta(days=5000)) == 1
        with pytest.raises(NotAllowed):
            keeping.remove_ended_households(by=by, now=MONDAY_TEN)

    def test_is_what_a_plan_counts_where_all_doors_are_registered(self, town):
        row, by = Compound.objects.get(ref="c1"), of_community(town)
        keeping.correct("compound", row.id, {"households_planned": 90}, **press(row, by=by))
        for ref in ("c1-1", "c1-2"):
            registered(by, ref)

        def planned():
            found = plans.units_for_planning(A, by=office(town))
            return [n for ref, n in zip(found.refs, found.households, strict=True) if ref[0] == "b"]

        assert sum(planned()) == 90  # one house is not registered yet
        registered(by, "c1-3", lived_in=False)
        assert sum(planned()) == 90  # nobody knows yet who lives behind its doors: that is not nobody
        for door in Dwelling.objects.filter(building=house("c1-3")):
            keeping.count_households(door.id, 0, use="shop", on=TODAY, **press(door, by=by))
        assert planned() == [12, 12, 0]


class TestDemolished:
    def test_a_compound_takes_gates_doors_and_households_along_and_yesterday_keeps_them(self, town):
        by, row = of_community(town), Compound.objects.get(ref="c1")
        registered(by)
        ground.add_entrances([ground.NewEntrance("main_gate", *at(0.5, 0.5), compound="c1")], **known(by))

        keeping.end("compound", row.id, on=TODAY, why="棚户区改造", **press(Compound.objects.get(ref="c1"), by=by))

        for model in (Building.objects.filter(compound=row), Entrance.objects, Dwelling.objects, Household.objects):
            assert {one.active_to for one in model.all()} == {TODAY}
        assert trail.of("compound", row.id)[-1].codes == {"on": TODAY.isoformat(), "why": "棚户区改造"}
        assert [c.ref for c in looking.compounds_of(A, TODAY, after=0, limit=9)] == ["c3"]
        assert [c.ref for c in looking.compounds_of(A, TODAY - timedelta(days=1), after=0, limit=9)] == ["c1", "c3"]

    def test_what_is_gone_is_not_corrected_nor_ended_again(self, town):
        by = of_community(town)
        keeping.end("building", house().id, on=TODAY, why="塌了", **press(house(), by=by))

        for verb in (
            lambda: keeping.end("building", house().id, on=TODAY, why="塌了", **press(house(), by=by)),
            lambda: keeping.correct("building", house().id, {"name": "2"}, **press(house(), by=by)),
            lambda: registered(by),
        ):
            with pytest.raises(GoneAlready):
                verb()

    def test_added_today_by_mistake_is_taken_off_the_list_the_same_day(self, town):
        by, row = of_community(town), Compound.objects.get(ref="c1")
        ground.add_buildings([ground.NewBuilding("x", "9号", *at(0.5, 0.5), compound="c1")], **known(by))

        keeping.end("building", house("x").id, on=TODAY, why="写错了小区", **press(house("x"), by=by))

        assert "9号" not in [b.name for b in looking.compound_kept(row.id, by=by)[1]]
        assert trail.of("building", house("x").id)[-1].codes["why"] == "写错了小区"

    @pytest.mark.parametrize(("on", "why"), [(TODAY + timedelta(days=1), "拆"), (date(2025, 1, 1), "拆"), (TODAY, " ")])
    def test_needs_a_day_that_was_and_a_reason(self, town, on, why):
        with pytest.raises(Invalid) as no:
            keeping.end("building", house().id, on=on, why=why, **press(house(), by=of_community(town)))
        assert no.value.sentence("zh-hans").endswith("。")

        assert house().active_to is None


def test_the_database_refuses_an_entrance_of_two_places_and_a_household_that_ends_before_it_began(town):
    gate = {"tenant_id": town, "kind": "garage", "lng_e7": 1, "lat_e7": 1, "active_from": TODAY}
    door = Dwelling.objects.create(tenant_id=town, building=house(), active_from=TODAY)
    for make in (
        lambda: Entrance.objects.create(**gate),
        lambda: Entrance.objects.create(**gate, building=house(), compound=Compound.objects.get(ref="c1")),
        lambda: Household.objects.create(tenant_id=town, dwelling=door, active_from=TODAY, active_to=TODAY),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()


# --- the pages -----------------------------------------------------------------------------------------------


@pytest.fixture
def desk(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    account = an_account(other_tenant)
    a_grant(account, "office", post_id=31)
    return signed_in(client, account, post=31, at=datetime.now(UTC))


AT = "/desk/ground/compounds"


def test_a_compound_is_added_and_its_house_gate_and_doors_with_it(desk, other_tenant):
    lng, lat = (n / 1e7 for n in at(0.2, 1.5))
    point = {"lng": lng, "lat": lat, "crs": "cgcs2000"}

    page = desk.post(AT, {"name": "桂花苑", "community": A, "kind": "unit", "households_planned": "90", **point}).url
    number = page.rsplit("/", 1)[1]
    keep = lambda verb, **said: desk.post(f"/desk/ground/keep/{verb}", said)  # noqa: E731
    assert keep("building", of_compound=number, name="1号楼", floors_up="3", units="1", **point).status_code == 302
    assert keep("gate", of_compound=number, kind="main_gate", foot="1", step_free="1", **point).status_code == 302
    with scope.work(system(other_tenant)):
        one = Building.objects.get(compound=number)
    said = {"of_building": one.id, "row": one.id, "version": one.version}
    keep("doors", units="1", floor_from="1", floor_to="3", doors="2", lived_in="1", **said)

    told = desk.get(page).content.decode()
    assert "桂花苑" in told and "登记 6 个户室、6 户" in told and "没有台阶" in told and "单位房" in told
    inside = desk.get(f"/desk/ground/houses/{one.id}").content.decode()
    assert "1 单元 3 楼第 2 户" in inside and "0302" not in inside and "302<" not in inside


def test_a_second_press_of_one_form_adds_nothing(desk, other_tenant):
    lng, lat = (n / 1e7 for n in at(0.2, 1.5))
    point = {"lng": lng, "lat": lat, "crs": "cgcs2000"}
    key = re.findall(r'name="idempotency_key" value="(\w+)"', desk.get(AT).content.decode())[0]
    new = {"name": "桂花苑", "community": A, "kind": "unit", "idempotency_key": key, **point}

    first, second = (desk.post(AT, new) for _ in range(2))
    number = first.url.rsplit("/", 1)[1]
    keys = re.findall(r'name="idempotency_key" value="(\w+)"', desk.get(first.url).content.decode())
    said = {"of_compound": number, "name": "1号楼", "idempotency_key": keys[0], **point}
    gate = {"of_compound": number, "kind": "main_gate", "idempotency_key": keys[1], **point}
    for verb, form in (("building", said), ("gate", gate)):
        assert [desk.post(f"/desk/ground/keep/{verb}", form).status_code for _ in range(2)] == [302, 302]

    assert second.url == first.url
    with scope.work(system(other_tenant)):
        assert Compound.objects.filter(name="桂花苑").count() == 1
        assert Building.objects.filter(compound=number).count() == Entrance.objects.filter(compound=number).count() == 1


def test_a_refusal_is_said_on_the_page_it_was_pressed_on(desk, other_tenant):
    with scope.work(system(other_tenant)):
        row = Compound.objects.get(ref="c1")
    lng, lat = (n / 1e7 for n in at(1.9, 1.9))
    far = {"of_compound": row.id, "name": "8号楼", "lng": lng, "lat": lat}

    outside = desk.post("/desk/ground/keep/building", far | {"crs": "cgcs2000"})
    unnamed = desk.post("/desk/ground/keep/building", far)
    stale = desk.post("/desk/ground/keep/correct", {
        "of_compound": row.id, "what": "compound", "row": row.id, "version": 9, "name": "x"})  # fmt: skip
    swapped = desk.post("/desk/ground/keep/building", far | {"lng": lat, "lat": lng, "crs": "wgs84"})

    assert [r.status_code for r in (outside, unnamed, stale, swapped)] == [422, 422, 412, 422]
    assert "外面" in outside.content.decode() and "坐标系" in unnamed.content.decode()


def test_a_list_costs_the_same_statements_whatever_its_length(desk, other_tenant):
    def counted() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(AT).status_code == 200
        return len(asked)

    counted()  # the ground of the day is read once
    few = counted()
    with scope.work(system(other_tenant)):
        Compound.objects.bulk_create(
            Compound(tenant_id=other_tenant, ref=f"m{n}", name=f"小区{n}", community=A, lng_e7=1, lat_e7=1,
                     active_from=TODAY) for n in range(40)
        )  # fmt: skip
    assert counted() == few <= 12
    assert desk.get(f"{AT}?q=翠竹苑").content.decode().count("翠竹苑") >= 1


def test_an_end_that_is_refused_keeps_the_day_and_the_reason_that_were_typed(desk, other_tenant):
    with scope.work(system(other_tenant)):
        row = Compound.objects.first()
    said = {"of_compound": row.id, "what": "compound", "row": row.id, "version": row.version, "on": "2999-01-01",
            "why": "整体拆除"}  # fmt: skip

    answer = desk.post("/desk/ground/keep/end", said)

    page = answer.content.decode()
    assert answer.status_code in (409, 422) and 'value="2999-01-01"' in page and 'value="整体拆除"' in page


def test_a_field_is_refused_by_the_name_that_the_form_gives_it():
    no = FieldDoesNotFit(field="floors_up", value="-3")

    assert "地上几层" in no.sentence("zh") and "floors above ground" in no.sentence("en")
    assert no.facts["field"] == "floors_up"


def test_others_do_not_get_in(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    account = an_account(other_tenant)
    a_grant(account, "dispatcher", post_id=31)
    signed_in(client, account, post=31, at=datetime.now(UTC))

    for address in (AT, f"{AT}/1", "/desk/ground/houses/1"):
        assert client.get(address).status_code == 403, address
    assert client.post("/desk/ground/keep/end", {"of_compound": 1}).status_code == 403


def test_street_names_are_of_the_street(town):
    assert looking.compounds_kept("", after=0, limit=9, by=replace(office(town), area=STREET))
    assert not looking.compounds_kept("", after=0, limit=9, by=replace(office(town), area="990882009000"))


def test_the_api_lists_houses_of_a_day_page_by_page_and_nobody_in_them(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        first = Compound.objects.get(ref="c1").id

    page = client.get(f"/api/v1/compounds?community={A}&day=2026-03-09&limit=1").json()
    rest = client.get(f"/api/v1/compounds?community={A}&day=2026-03-09&after={page['next']}").json()
    inside = client.get(f"/api/v1/buildings?compound={first}&day=2026-03-09").json()["items"]

    assert [[c["name"] for c in p["items"]] for p in (page, rest)] == [["翠竹苑"], ["幸福"]] and rest["next"] is None
    assert [b["name"] for b in inside] == ["1号楼", "2号楼", "3号楼"]
    assert set(inside[0]) == {"id", "name", "aliases", "floors_up", "lng", "lat", "since"}
    assert client.get(f"/api/v1/buildings?compound={first}&day=2025-01-01").json()["items"] == []
    assert client.get("/api/v1/compounds?limit=0").status_code == 422
