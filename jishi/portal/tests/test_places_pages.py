"""My grid, where I live, the board of transitions: what each shows, to whom, and that nobody is listed by place."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import tenants
from jishi.bodies import queries as bodies
from jishi.bodies.actions import bodies as founding
from jishi.bodies.actions import posts
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places import queries as places
from jishi.places.actions import divisions
from jishi.portal.web import transitions
from tests.probing.addresses import pages

pytestmark = pytest.mark.django_db

HOST, LONG_AGO = "town.example", datetime(2026, 1, 6, tzinfo=UTC)
WORKED, VACANT = "990181001002003", "990181001001001"
NORTH, SOUTH, NEW = "990181001002", "990181001003", "990181001098"


@pytest.fixture(autouse=True)
def _towns_read_again(town):
    tenants.forget()
    yield
    tenants.forget()


@pytest.fixture
def nobody() -> Client:
    return Client(headers={"accept-language": "zh", "host": HOST})


@pytest.fixture
def come(town: int):
    """Sign somebody in with a role, or as a resident."""

    def _come(role: str = "", body: str = "") -> Client:
        client = Client(headers={"accept-language": "zh", "host": HOST})
        account = an_account(town, staff=bool(role), now=LONG_AGO)
        if not role:
            return signed_in(client, account)
        number = 9000 + account.id
        with scope.work(system(town)):
            found = bodies.by_code([body], on=date(2026, 3, 9)).get(body)
        a_grant(account, role, body_id=found.id if found else None, post_id=number, post_title=role, now=LONG_AGO)
        return signed_in(client, account, post=number)

    return _come


def text(response):
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


class TestMyGrid:
    def test_lists_every_community_with_its_grids(self, nobody):
        shown = text(nobody.get("/my-grid"))

        assert "翠竹社区" in shown and f"/grids/{WORKED}" in shown

    def test_finds_a_place_in_words_and_keeps_them_out_of_the_address(self, nobody):
        said = nobody.post("/my-grid", {"where": "翠竹苑二期3号楼2单元302室"})

        assert said.status_code == 302
        assert re.fullmatch(r"/grids/\d{15}", said["location"])

    def test_finds_a_pin(self, nobody, town):
        with scope.work(system(town)):
            row = next(g for g in places.grids_in(NORTH) if g.code == WORKED)
            lng, lat = places.centres([row.id])[row.id]
        said = nobody.post("/my-grid", {"lng": str(lng / 1e7), "lat": str(lat / 1e7)})

        assert said["location"] == f"/grids/{WORKED}"

    @pytest.mark.parametrize("given", [{"where": "没有这个地方啊啊"}, {"where": ""}, {"lng": "nan", "lat": "x"}])
    def test_says_when_it_finds_nothing(self, nobody, given):
        assert "在名单里选" in text(nobody.post("/my-grid", given))


class TestTheSheet:
    def test_shows_who_serves_their_work_phones_and_who_watches(self, nobody):
        shown = text(nobody.get(f"/grids/{WORKED}"))

        for said in ("孙小满", "竺青", "网格长", "专职网格员", "监督电话", 'href="/duties"', "<svg", "qrline"):
            assert said in shown
        assert "wangge1" not in shown and "cuizhu1" not in shown

    def test_shows_a_vacancy_with_the_phone_of_the_community(self, nobody):
        shown = text(nobody.get(f"/grids/{VACANT}"))

        assert shown.count("空缺") == 2
        assert "青溪社区居委会" in shown

    def test_an_ended_term_is_gone_from_page_and_api_at_once(self, nobody, town):
        now = timezone.now()
        by = system(town)
        with scope.work(by):
            body = bodies.by_code(["sqcz"], on=now.date())["sqcz"]
            held = [h for p in bodies.posts_of(body.id, now=now) if "grid_worker" in p.roles for h in p.holders]
            posts.end_term(held[0].term_id, by=by, now=now - timedelta(seconds=1))

        shown = text(nobody.get(f"/grids/{WORKED}"))
        told = nobody.get(f"/api/v1/grids/{WORKED}/register").json()

        assert "孙小满" not in shown and "空缺" in shown
        assert [v["role"] for v in told["vacant"]] == ["full_time"] and told["vacant"][0]["since"]
        assert [p["role"] for p in told["people"]] == ["leader"]

    def test_what_is_wrong_becomes_a_report_with_a_number(self, nobody):
        shown = text(nobody.get(f"/grids/{WORKED}"))
        key = re.search(r'name="idempotency_key" value="([^"]+)"', shown)[1]

        said = nobody.post(
            "/speak", {"text": f"{WORKED}的公开名册不对：电话打不通。", "voice": "anonymous", "idempotency_key": key}
        )

        assert said.status_code == 302 and said["location"].startswith("/receipt")

    def test_of_no_grid_is_not_found(self, nobody):
        assert nobody.get("/grids/990181001002999").status_code == 404
        assert nobody.get("/api/v1/grids/nothing/register").status_code == 404


class TestWhereILive:
    SAID = {"kind": "living", "division": NORTH, "address": "翠竹苑1号楼302", "from_day": "2026-01-01"}

    def said(self, **more):
        ends = (timezone.now() + timedelta(days=400)).date().isoformat()
        return {**self.SAID, "ends_on": ends, **more}

    def test_is_a_residents_own_page(self, nobody, come):
        assert nobody.get("/me/residence").status_code == 302
        assert come("handler", "sqcz").get("/me/residence").status_code == 403

    def test_says_corrects_moves_and_removes(self, come):
        me = come()
        assert me.post("/me/residence/declare", self.said()).status_code == 302
        shown = text(me.get("/me/residence"))
        assert "翠竹苑1号楼302" in shown and "还不知道户籍在哪里" in shown
        row = re.search(r'name="row" value="(\d+)"', shown)[1]

        me.post("/me/residence/correct", {"row": row, "division": SOUTH, "address": ""})
        assert "翠竹苑1号楼302" not in text(me.get("/me/residence"))
        moved = (timezone.now() - timedelta(days=1)).date().isoformat()
        me.post("/me/residence/move", self.said(row=row, from_day=moved))
        assert "过去的" in text(me.get("/me/residence"))
        for number in set(re.findall(r'name="row" value="(\d+)"', text(me.get("/me/residence")))):
            me.post("/me/residence/remove", {"row": number})
        assert "还没有说过" in text(me.get("/me/residence"))

    def test_each_opening_of_the_rows_is_on_the_persons_list(self, come):
        me = come()
        me.post("/me/residence/declare", self.said())
        me.get("/me/residence")

        assert "本人打开" in text(me.get("/me/readings"))

    def test_one_person_cannot_touch_anothers_row(self, come):
        me, other = come(), come()
        me.post("/me/residence/declare", self.said())
        row = re.search(r'name="row" value="(\d+)"', text(me.get("/me/residence")))[1]

        for verb in ("correct", "move", "remove", "roll"):
            assert other.post(f"/me/residence/{verb}", self.said(row=row)).status_code == 404
        assert "翠竹苑1号楼302" in text(me.get("/me/residence"))

    @pytest.mark.parametrize(
        "wrong", [{"from_day": "soon"}, {"division": ""}, {"kind": "faith"}, {"ends_on": "1999-01-01"}]
    )
    def test_refuses_by_name(self, come, wrong):
        assert come().post("/me/residence/declare", self.said(**wrong)).status_code == 422


@pytest.mark.parametrize("said", ["9" * 5000, "９", "-1", ""])
def test_a_number_of_any_length_is_answered_by_a_refusal(come, said):
    me, street = come(), come("handler", "hxjd")

    assert me.post("/me/residence/end", {"row": said, "on": "2026-05-01"}).status_code == 404
    assert street.post("/desk/transitions/1/households", {"count": said}).status_code in (404, 422)


def test_a_body_sees_the_counts_of_its_own_division_cut_by_level(town):
    by = system(town)
    with scope.work(by):
        found = [
            founding.Founding(code, code, code, "street", division)
            for code, division in (("t-100", "990180000000"), ("t-own", "990181001000"))
        ]
        made = founding.found_many(found, active_from=date(2026, 1, 1), by=by, now=LONG_AGO)
        own = {
            code: transitions._own(Actor(tenant_id=town, kind="staff", account_id=1, body_ids=frozenset({pk})))
            for code, pk in made.items()
        }

    assert own["t-100"] == set(), "990180 is not the start of 990181"
    assert own["t-own"] and all(code.startswith("990181001") for code in own["t-own"])


class TestTheBoard:
    def test_an_office_announces_streets_sign_and_households_speak(self, come):
        office, street, me = come("office", "ldxz"), come("handler", "hxjd"), come()
        review = (timezone.now() + timedelta(days=200)).date().isoformat()
        opened = office.post("/desk/transitions/0/open", {
            "community": NORTH, "origin": "hxjd", "receiving": "qdjd", "cause": "demolition", "review_on": review,
            "ends_when": "房子都交了，份额都定了。",
        })  # fmt: skip
        page = opened["location"]
        assert re.fullmatch(r"/desk/transitions/\d+", page)

        slips = re.findall(r"<code>([^<]+)</code>", text(street.post(f"{page}/households", {"count": "1"})))
        assert len(slips) == 1 and slips[0] not in text(street.get(page)), "shown once"
        ends = (timezone.now() + timedelta(days=400)).date().isoformat()
        me.post("/me/residence/answer", {
            "word": slips[0], "division": SOUTH, "from_day": "2026-01-01", "ends_on": ends,
        })  # fmt: skip
        assert street.post(f"{page}/survey", {}).status_code == 302
        assert re.search(r'class="chip run">(?:<svg.*?</svg>)?问过了<', text(street.get(page)))
        assert come("handler", "swj").get(page).status_code == 404
        assert "翠竹" in text(office.get("/desk/transitions"))

    def test_a_missed_review_stands_on_the_stuck_list(self, come, town):
        from jishi.places.actions import transitions as verbs

        office = come("office", "ldxz")
        by = Actor(tenant_id=town, kind="staff", account_id=1, roles=frozenset({"office"}))
        long_ago = timezone.now() - timedelta(days=300)
        with scope.work(by):
            verbs.open_(
                NORTH, receiving="990181002000", origin_body=1, receiving_body=2, cause="merged",
                began_on=long_ago.date(), review_on=(long_ago + timedelta(days=90)).date(), ends_when="都定了。",
                by=by, now=long_ago,
            )  # fmt: skip

        assert "1 个过渡过了复核的日子" in text(office.get("/desk/stuck"))

    def test_is_for_the_streets_and_the_office(self, nobody, come):
        assert nobody.get("/desk/transitions").status_code == 302
        assert come("operator").get("/desk/transitions").status_code == 403


def test_a_community_without_ground_passes_every_page_and_every_query(town, nobody, come):
    """Spec 20 §13, line 14: no border, no grid, no house; it is still a community."""
    by, day = system(town), timezone.localdate()
    with scope.work(by):
        new = divisions.NewDivision(NEW, "北山村民委员会", "北山村", 5, "990181001000")
        divisions.found_divisions([new], source="试验", valid_from=date(2025, 1, 1), by=by, now=LONG_AGO)
    with scope.work(by):
        assert NEW in {c.code for c in places.communities()}
        assert [d.short_name for d in places.division_path(NEW)][-1] == "北山村"
        assert places.grids_in(NEW) == [] and places.divisions_below(NEW) == []
        assert [b.code for b in places.successors(NEW, day)] == [NEW]
        assert places.resolve(NEW, day).name == "北山村民委员会"
        assert NEW not in str(places.as_geojson("communities"))
        spot = places.find([places.Asked("北山村的路坏了")])[0]
        assert spot.grid_id is None
        assert bodies.grid_registers([], timezone.now()) == {}

    me, office = come(), come("office", "ldxz")
    me.post("/me/residence/declare", {
        "kind": "collective", "division": NEW, "from_day": "2026-01-01",
        "ends_on": (timezone.now() + timedelta(days=400)).date().isoformat(),
    })  # fmt: skip
    assert "北山村" in text(me.get("/me/residence"))
    assert "北山村" in text(nobody.get("/my-grid"))
    assert nobody.post("/my-grid", {"where": "北山村"}).status_code == 200
    for path in ("/api/v1/divisions?parent=990181001000", f"/api/v1/grids?community={NEW}"):
        assert nobody.get(path).status_code == 200
    broken = [
        p.path for p in pages()
        if p.method == "GET" and "<" not in p.path and office.get(p.path).status_code >= 500
    ]  # fmt: skip
    assert broken == []


class TestNobodyByPlace:
    """Spec 20 §13, line 16."""

    @pytest.mark.parametrize("asked", ["building=1", "compound=1", f"grid={WORKED}", f"community={NORTH}", ""])
    def test_the_door_refuses_everybody_by_name(self, nobody, come, asked):
        for who in (nobody, come("handler", "sqcz"), come("office", "ldxz")):
            said = who.get(f"/api/v1/residents?{asked}")
            assert (said.status_code, said.json()["code"]) == (403, "not_by_place")

    def test_the_counts_of_a_board_are_covered_below_five(self, come):
        me = come()
        for kind, code in (("living", SOUTH), ("registered", NORTH)):
            me.post("/me/residence/declare", {
                "kind": kind, "division": code, "from_day": "2026-01-01",
                "ends_on": (timezone.now() + timedelta(days=400)).date().isoformat(),
            })  # fmt: skip

        assert "&lt; 5" in text(come("office", "ldxz").get("/desk/transitions"))
