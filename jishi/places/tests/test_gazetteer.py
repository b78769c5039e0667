"""Names of places: proposed, reviewed, renamed; addresses are read with them, and triage finds by them."""

from datetime import date

import pytest

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused
from jishi.places import queries
from jishi.places.actions import gazetteer
from jishi.places.models import AliasProposal, Compound, GazetteerName, NameAlias
from jishi.places.refusals import NameIsKnown, ProposalIsSettled
from jishi.places.tests.factories import DAY, STREET, A, a_town, office

pytestmark = pytest.mark.django_db
TOWN = "990882000000"
ROAD_DAY = date(2026, 6, 1)


@pytest.fixture
def by(other_tenant: int):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    actor = office(other_tenant)
    with scope.work(actor):
        yield actor


def worker(tenant: int) -> Actor:
    return Actor(tenant_id=tenant, kind="staff", account_id=7, roles=frozenset({"grid_worker"}))


def proposed(by: Actor, name: str = "老棉纺厂宿舍") -> AliasProposal:
    place = Compound.objects.get(ref="c1")
    return gazetteer.propose(name, kind="compound", place_id=place.id, by=by, now=MONDAY_TEN)


def read(text: str, within: str = TOWN, day: date = DAY):
    return queries.normalise([text], within=within, day=day)[0]


class TestProposals:
    def test_an_accepted_name_finds_its_place_from_that_day_on(self, by):
        row = proposed(worker(by.tenant_id))
        assert read("老棉纺厂宿舍1号楼").parts["compound"] != "翠竹苑"

        gazetteer.accept([row.id], by=by, now=MONDAY_TEN, today=DAY)

        assert read("老棉纺厂宿舍1号楼").key == read("翠竹苑1号楼").key
        spot = queries.find([queries.Asked(text="老棉纺厂宿舍门口路灯不亮", day=DAY)])[0]
        assert spot.name == "翠竹苑"
        assert [e.verb for e in trail.of("alias_proposal", row.id)] == ["alias.proposed", "alias.accepted"]
        assert read("老棉纺厂宿舍1号楼", day=date(2026, 2, 1)).names == ()

    def test_a_declined_name_finds_nothing_and_is_over(self, by):
        row = proposed(by)
        assert [p.id for p in queries.alias_proposals()] == [row.id]

        gazetteer.decline([row.id], by=by, now=MONDAY_TEN)

        assert queries.alias_proposals() == [] and not NameAlias.objects.exists()
        with pytest.raises(ProposalIsSettled):
            gazetteer.accept([row.id], by=by, now=MONDAY_TEN, today=DAY)

    def test_the_wrong_person_the_known_name_and_the_unknown_place_are_refused(self, by):
        row = proposed(by)
        place = Compound.objects.get(ref="c1").id
        nobody = Actor(tenant_id=by.tenant_id, kind="anonymous")
        refusals = [
            (NotAllowed, lambda: gazetteer.propose("甲", kind="compound", place_id=place, by=nobody, now=MONDAY_TEN)),
            (NotAllowed, lambda: gazetteer.accept([row.id], by=worker(by.tenant_id), now=MONDAY_TEN, today=DAY)),
            (NameIsKnown, lambda: proposed(by)),
            (NameIsKnown, lambda: proposed(by, "翠竹苑小区")),
            (Invalid, lambda: proposed(by, "甲")),
            (NotFound, lambda: gazetteer.propose("甲乙", kind="person", place_id=1, by=by, now=MONDAY_TEN)),
            (NotFound, lambda: gazetteer.accept([row.id + 1], by=by, now=MONDAY_TEN, today=DAY)),
        ]
        for refusal, verb in refusals:
            with pytest.raises(refusal):
                verb()
        assert AliasProposal.objects.count() == 1


    def test_a_resident_proposes_in_one_step_and_five_wait_at_most(self, by):
        me = Actor(tenant_id=by.tenant_id, kind="resident", account_id=9)
        place = Compound.objects.get(ref="c1").id
        rows = []
        with scope.within(me):
            for name in "甲乙丙丁戊":
                rows.append(gazetteer.propose(f"{name}大院", kind="compound", place_id=place, by=me, now=MONDAY_TEN))
            with pytest.raises(Invalid):
                gazetteer.propose("己大院", kind="compound", place_id=place, by=me, now=MONDAY_TEN)

        assert {AliasProposal.objects.get(id=r.id).proposed_by for r in rows} == {trail.named(me, ("alias", 0))}
        assert trail.named(me, ("alias", 0)) != me.label, "no account stands beside a place"

        gazetteer.accept([rows[0].id], by=by, now=MONDAY_TEN, today=DAY)
        gazetteer.decline([rows[1].id], by=by, now=MONDAY_TEN)

        settled = AliasProposal.objects.exclude(state="open").values_list("proposed_by", flat=True)
        assert list(settled) == ["resident", "resident"]
        with scope.within(me):
            gazetteer.propose("己大院", kind="compound", place_id=place, by=me, now=MONDAY_TEN)
        assert NameAlias.objects.get().source == "resident", "no account stands beside a name in force"


class TestRename:
    def test_a_renamed_road_keeps_its_old_name_with_its_last_day(self, by):
        road = GazetteerName.objects.get(ref="r2")

        new = gazetteer.rename(road.id, name="新柳路", on=ROAD_DAY, document_no="〔2026〕1号", by=by, now=MONDAY_TEN)

        today = read("柳岸路3号", day=ROAD_DAY)
        assert today.parts["road"] == "新柳路"
        assert today.key == read("新柳路3号", day=ROAD_DAY).key
        assert ("renamed", "柳岸路", "新柳路") in today.steps
        assert read("柳岸路3号", day=DAY).parts["road"] == "柳岸路"
        assert queries.gazetteer("柳岸路", day=ROAD_DAY)[0]["former"] == [{"name": "柳岸路", "until": "2026-06-01"}]
        assert trail.of("gazetteer_name", new.id)[-1].verb == "gazetteer.renamed"

    def test_a_road_of_no_more_cannot_be_renamed(self, by):
        road = GazetteerName.objects.get(ref="r2")
        gazetteer.rename(road.id, name="新柳路", on=ROAD_DAY, document_no="", by=by, now=MONDAY_TEN)

        with pytest.raises(Refused):
            gazetteer.rename(road.id, name="又一条路", on=ROAD_DAY, document_no="", by=by, now=MONDAY_TEN)


class TestAddresses:
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("翠竹苑３號樓", "云溪市河西街道青溪社区翠竹苑小区三幢", True),
            ("翠竹苑3#2-301", "翠竹苑3栋2单元301室", True),
            ("云溪大道3号", "云溪大道3号楼", False), ("柳岸路与云溪大道交叉口", "云溪大道柳岸路路口", True),
            ("翠竹苑3号楼", "翠竹苑3号", False), ("柳岸路3号", "柳岸南路3号", False),
        ],
    )  # fmt: skip
    def test_planted_pairs_have_one_key_and_near_misses_two(self, by, one, other, same):
        assert (read(one).key == read(other).key) is same

    def test_all_addresses_of_the_town_read_as_themselves(self, by):
        lines = [f"{c}{n}号楼{u}单元{r}" for c in ("翠竹苑", "和平里", "幸福") for n in (1, 12) for u in (1, 3)
                 for r in ("", "501室", "0302")]  # fmt: skip
        lines += [f"{r}{n}" for r in ("云溪大道", "柳岸路", "河西小学") for n in ("", "8号", "8号附2号", "甲8号")]
        for within in (TOWN, STREET, A):
            first = queries.normalise(lines, within=within, day=DAY)
            again = queries.normalise([a.normal for a in first], within=within, day=DAY)
            assert [(a.normal, a.key) for a in again] == [(a.normal, a.key) for a in first]

    def test_the_community_of_a_known_compound_is_known(self, by):
        assert (read("和平里2号楼").area, read("和平里2号楼").precision) == ("990882001002", "building")
