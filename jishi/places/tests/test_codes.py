"""A code of another scheme is answered by our grid and names its scheme; groups have numbers that are not given again;
of two that adopt at the same moment one succeeds."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Stale
from jishi.places import queries
from jishi.places.actions import codes, imports
from jishi.places.models import AliasProposal, CodeMap, Compound, GridEdition, Group
from jishi.places.queries import codes as looking
from jishi.places.refusals import CodeIsTaken, DayDoesNotFit, GoneAlready, WhichScheme
from jishi.places.tests.factories import CRS, SINCE, STREET, A, B, a_town, collection, grids_of, office
from jishi.places.tests.test_plan_api import Caller
from jishi.places.tests.test_plan_pages import _signed

pytestmark = pytest.mark.django_db
TODAY = MONDAY_TEN.date()
GRID = f"{A}001"
UNIT, POLICE = "城市管理单元网格", "公安网格"


@pytest.fixture
def by(other_tenant):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        with scope.within(office(other_tenant)) as _:
            yield office(other_tenant)


def called(by: Actor, code: str = "330302-0417", grid: str = GRID, scheme: str = UNIT, since: date = SINCE) -> CodeMap:
    return codes.call(grid, scheme=scheme, code=code, since=since, by=by, now=MONDAY_TEN)


class TestACodeOfAnotherScheme:
    def test_is_answered_by_our_grid_and_the_answer_names_the_scheme(self, by):
        row = called(by)

        found, own = (queries.grid_called(code, day=TODAY) for code in ("330302-0417", GRID))

        assert (found.grid.code, found.scheme, found.code) == (GRID, UNIT, "330302-0417")
        assert (own.grid.code, own.scheme) == (GRID, "")
        assert [e.verb for e in trail.of("code_map", row.id)] == ["grid_code.called"]
        assert queries.grid_called("330302-0418", day=TODAY) is None

    def test_is_known_on_its_days_alone(self, by):
        row = called(by, since=date(2026, 2, 1))
        codes.call_no_more(row.id, on=TODAY, version=1, by=by, now=MONDAY_TEN)

        days = (date(2026, 1, 31), date(2026, 2, 1), TODAY - timedelta(days=1), TODAY)
        assert [bool(queries.grid_called("330302-0417", day=d)) for d in days] == [False, True, True, False]
        assert called(by, grid=f"{A}002", since=TODAY).grid.code == f"{A}002"

    def test_names_one_grid_on_a_day_and_a_grid_may_have_several(self, by):
        called(by)

        with pytest.raises(CodeIsTaken):
            called(by, grid=f"{A}002")
        called(by, code="330302-0418")
        called(by, scheme=POLICE, code="330302-0417")
        assert len(looking.codes(day=TODAY, grid=GRID)) == 3
        assert queries.grid_called("330302-0417", day=TODAY).grid.code == GRID  # both schemes mean the same grid

    def test_that_two_schemes_use_for_different_grids_asks_which(self, by):
        called(by)
        called(by, scheme=POLICE, grid=f"{A}002")

        with pytest.raises(WhichScheme, match="."):
            queries.grid_called("330302-0417", day=TODAY)
        assert queries.grid_called("330302-0417", day=TODAY, scheme=POLICE).grid.code == f"{A}002"

    def test_is_written_down_by_who_keeps_the_ground_of_a_grid_that_is_there(self, by):
        stranger = Actor(tenant_id=by.tenant_id, kind="staff", account_id=3, roles=frozenset({"handler"}), area=A)
        elsewhere = Actor(tenant_id=by.tenant_id, kind="staff", account_id=4, roles=frozenset({"office"}), area=B)

        for who in (stranger, elsewhere):
            with pytest.raises(NotAllowed):
                called(who)
        with pytest.raises(NotFound):
            called(by, grid=f"{A}099")
        ahead = {"since": date(2030, 1, 1)}
        for wrong, refusal in (({"code": " "}, Invalid), ({"scheme": ""}, Invalid), (ahead, DayDoesNotFit)):
            with pytest.raises(refusal):
                called(by, **wrong)
        assert not CodeMap.objects.exists()

    def test_ends_once_on_the_version_that_was_seen(self, by):
        row = called(by)

        with pytest.raises(Stale):
            codes.call_no_more(row.id, on=TODAY, version=3, by=by, now=MONDAY_TEN)
        codes.call_no_more(row.id, on=TODAY, version=1, by=by, now=MONDAY_TEN)
        with pytest.raises(GoneAlready):
            codes.call_no_more(row.id, on=TODAY, version=2, by=by, now=MONDAY_TEN)


class TestAGroup:
    def test_has_the_next_number_of_its_community_and_it_is_not_given_again(self, by):
        made = [codes.found_group(A, name=n, since=SINCE, by=by, now=MONDAY_TEN) for n in ("第一组", "第二组")]
        codes.end_group(made[1].id, on=TODAY, version=1, by=by, now=MONDAY_TEN)
        again = codes.found_group(A, name="第二组", since=TODAY, by=by, now=MONDAY_TEN)

        assert [g.code for g in (*made, again)] == [f"{A}G001", f"{A}G002", f"{A}G003"]
        assert [g.code for g in looking.groups(A, day=TODAY)] == [f"{A}G001", f"{A}G003"]
        assert [g.code for g in looking.groups(A, day=SINCE)] == [f"{A}G001", f"{A}G002"]
        assert not looking.groups(B, day=TODAY) and [e.verb for e in trail.of("group", again.id)] == ["group.founded"]

    def test_is_of_a_community_and_written_down_by_who_keeps_its_houses(self, by):
        own = Actor(tenant_id=by.tenant_id, kind="staff", account_id=3, roles=frozenset({"handler"}), area=A)

        codes.found_group(A, name="第一组", since=SINCE, by=own, now=MONDAY_TEN)
        for community, name, refusal in (
            (B, "第一组", NotAllowed), (STREET, "第一组", NotFound), (A, " ", Invalid), (A, "第一组", Invalid),
        ):  # fmt: skip
            with pytest.raises(refusal):
                codes.found_group(community, name=name, since=SINCE, by=own, now=MONDAY_TEN)
        assert Group.objects.count() == 1


class TestTwoAdoptions:
    """Spec 20 §11: one succeeds, the other is told that somebody was faster, 412."""

    def checked(self, by: Actor):
        return imports.check_file(collection(grids_of()).encode(), "a.geojson", division=A, crs=CRS, by=by,
                                  now=timezone.now())  # fmt: skip

    def apply(self, row, by: Actor, **more):
        day = localdate() + timedelta(days=7)
        return imports.apply(row.id, effective_from=day, document_no="", by=by, now=timezone.now(), **more)

    def test_that_would_replace_the_same_edition(self, other_tenant):
        with scope.work(system(other_tenant)):
            a_town(other_tenant)
            by = system(other_tenant)
            first, second = self.checked(by), self.checked(by)
            assert self.apply(first, by, replaces=1).number == 2

            with pytest.raises(Stale) as no:
                self.apply(second, by, replaces=1)

            assert (no.value.status, no.value.facts["version"]) == (412, 2)
            assert GridEdition.objects.filter(division_code=A).count() == 2

    def test_whoever_has_seen_the_new_one_is_told_of_the_days_and_not_that_somebody_was_faster(self, other_tenant):
        from jishi.places.refusals import EditionsOverlap

        with scope.work(system(other_tenant)):
            a_town(other_tenant)
            by = system(other_tenant)
            self.apply(self.checked(by), by, replaces=1)

            with pytest.raises(EditionsOverlap):
                self.apply(self.checked(by), by)


class TestTheApi:
    @pytest.fixture
    def town(self, client, other_tenant):
        client.defaults["HTTP_HOST"] = "other.example"
        with scope.work(system(other_tenant)):
            a_town(other_tenant)
        return other_tenant

    def test_gives_a_grid_by_its_own_and_by_another_code(self, client, town):
        desk = Caller(_signed(Client(HTTP_HOST="other.example"), town, "office"), town)
        anybody = Caller(client, town)
        said = {"grid": GRID, "scheme": UNIT, "code": "0417"}

        anybody.post("/grid-codes", said, 401)
        made = desk.post("/grid-codes", said, 201, key="code-000001")
        assert made == desk.post("/grid-codes", said, 201, key="code-000001")

        assert anybody.get(f"/grids/{GRID}")["asked"] is None
        told = anybody.get("/grids/0417")
        assert (told["code"], told["asked"]) == (GRID, {"scheme": UNIT, "code": "0417"})
        assert [c["code"] for c in anybody.get(f"/grid-codes?grid={GRID}")["items"]] == ["0417"]
        anybody.get("/grids/0418", 404)
        desk.post(f"/grid-codes/{made['id']}/end", {"on": str(localdate())}, 428)
        desk.post(f"/grid-codes/{made['id']}/end", {"on": str(localdate())}, 412, version=4)
        desk.post(f"/grid-codes/{made['id']}/end", {"on": str(localdate())}, version=1)
        anybody.get("/grids/0417", 404)

    def test_writes_down_groups_and_other_names(self, client, town):
        desk = Caller(_signed(Client(HTTP_HOST="other.example"), town, "office"), town)
        anybody = Caller(client, town)
        with scope.work(system(town)):
            place = Compound.objects.get(ref="c1").id

        made = desk.post("/groups", {"community": A, "name": "第三村民小组"}, 201)
        named = desk.post("/gazetteer/aliases", {"name": "老翠竹", "kind": "compound", "place": place}, 201)
        anybody.post("/gazetteer/aliases", {"name": "老翠竹", "kind": "compound", "place": place}, 401)
        desk.post("/gazetteer/aliases", {"name": "老翠竹", "kind": "person", "place": place}, 422)

        assert [g["code"] for g in anybody.get(f"/groups?community={A}")["items"]] == [f"{A}G001"] == [made["code"]]
        desk.post(f"/groups/{made['id']}/end", {"on": str(localdate())}, version=1)
        with scope.work(system(town)):
            assert AliasProposal.objects.get(id=named["id"]).name == "老翠竹"


def test_the_page_writes_down_and_ends_codes_and_groups_in_both_languages(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
    account = an_account(other_tenant)
    a_grant(account, "office", post_id=31)
    desk, day = signed_in(client, account, post=31, at=datetime.now(UTC)), localdate().isoformat()
    at = "/desk/ground/codes"

    desk.post(f"{at}/call", {"grid": GRID, "scheme": UNIT, "code": "0417", "day": day})
    desk.post(f"{at}/group", {"community": A, "name": "第三村民小组", "day": day})
    page = desk.get(at).content.decode()
    english = desk.get(at, headers={"Accept-Language": "en"}).content.decode()
    for verb in ("call", "group"):
        with scope.work(system(other_tenant)):
            row = (CodeMap if verb == "call" else Group).objects.get()
        desk.post(f"{at}/{verb}-end", {"row": row.id, "version": row.version, "day": day})

    assert "0417" in page and f"{A}G001" in page and "编码对照和小组" in page
    assert "Other codes and groups" in english and "Write it down" in english
    assert "0417" not in desk.get(at).content.decode() and f"{A}G001" not in desk.get(at).content.decode()
    assert desk.post(f"{at}/nothing", {"day": day}).status_code == 404
