"""The plan desk and the notice: who comes in, what is shown first, what a press does."""

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places.actions import gridplan, ground, plans, residence
from jishi.places.actions.residence import Whereabouts
from jishi.places.models import Building, Compound, GridPlan, Objection, PlanGrid, PlanMove, PlanRun
from jishi.places.queries import addresses as houses
from jishi.places.queries import coming
from jishi.places.queries import plans as looking
from jishi.places.tests.factories import CRS, SINCE, A, B, a_town, at, office
from jishi.places.web import plan_sheets

pytestmark = pytest.mark.django_db
HOMES = (200, 180, 260, 150, 210, 190, 240, 170, 320)
NOW = datetime.now(UTC)


@pytest.fixture
def desk(client, other_tenant):
    client.defaults["HTTP_HOST"] = "other.example"
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        rows = [
            ground.NewCompound(f"p{n}", f"=新村{n + 1}区", A, *at(0.34 + 0.66 * (n % 3), 0.34 + 0.66 * (n // 3)),
                               households_planned=h)
            for n, h in enumerate(HOMES)
        ]  # fmt: skip
        ground.add_compounds(rows, crs=CRS, active_from=SINCE, by=system(other_tenant), now=NOW)
    return _signed(client, other_tenant, "office")


def _signed(client, tenant: int, role: str, at: datetime = NOW):
    account = an_account(tenant)
    a_grant(account, role, post_id=31)
    return signed_in(client, account, post=31, at=at)


def asked(desk, tenant: int, **said) -> str:
    """Ask at the desk and let the worker do it; gives the page's address."""
    answer = desk.post("/desk/plans", {"community": "青溪社区", **said})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    plans.work_off(tenant, clock=lambda: NOW)
    return answer["Location"]


def version_on(page: str) -> str:
    return re.search(r'name="version" value="(\d+)"', page)[1]


def test_a_name_is_enough_and_the_plan_is_exported(desk, other_tenant):
    at_ = asked(desk, other_tenant)

    page = desk.get(at_).content.decode()
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"{at_}/export.xlsx").content))
    drawn = desk.get(f"{at_}/export.geojson").json()["features"]

    rows = list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
    assert "独立核查没有毛病" in page and len(book.worksheets) == 4
    assert {r[0]: r[2] for r in rows} == {f["properties"]["code"]: f["properties"]["households"] for f in drawn}
    assert all(c.data_type != "f" for sheet in book.worksheets for row in sheet for c in row)


def test_while_it_is_calculated_there_is_a_bar_and_a_way_to_stop(desk, other_tenant):
    at_ = desk.post("/desk/plans", {"community": A})["Location"]

    waiting = desk.get(at_).content.decode()
    desk.post(f"{at_}/cancel")

    assert "<progress" in waiting and 'hx-trigger="every 1s"' in waiting
    assert "停下了" in desk.get(at_).content.decode()


def test_with_no_legal_plan_the_certificate_comes_first_and_the_cheapest_way_out_is_the_first_button(
    desk, other_tenant
):
    at_ = asked(desk, other_tenant, lo="600", hi="620")

    page = desk.get(at_).content.decode()
    main = page[page.index('id="run"') :]
    why, button = main.index('id="why"'), main.index("<button")
    form = main[main.rindex("<form", 0, button) : button]
    fields = dict(re.findall(r'name="(lo|hi|price|compounds|community)" value="([^"]*)"', form))
    again = asked(desk, other_tenant, **fields)

    assert why < button and "代价" in main[button : button + 300]
    assert "独立核查没有毛病" in desk.get(again).content.decode()


def test_to_calculate_again_keeps_every_rule_that_was_asked_for(desk, other_tenant):
    with scope.work(system(other_tenant)):
        torn = Compound.objects.order_by("id").first()
    rules = {"lo": "240", "hi": "410", "price": "7", "compounds": "own_grid", "cap": "450", "islands": "1",
             "split": str(torn.id), "max_walk_m": "900"}  # fmt: skip
    page = desk.get(asked(desk, other_tenant, **rules)).content.decode()

    form = page[page.index("换个规则再算") :]
    form = form[: form.index("</form>")]
    typed = re.sub(r"<input[^>]*radio[^>]*>", "", form)
    sent = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', typed))
    boxes = re.findall(r'<input type="checkbox"[^>]*>', form)
    chosen = re.search(r'name="compounds" value="(\w+)" checked', form)[1]
    again = asked(desk, other_tenant, **{**sent, "compounds": chosen})

    assert {k: sent[k] for k in rules if k != "compounds"} | {"compounds": chosen} == rules
    assert len(boxes) == 2 and all("checked" in box for box in boxes)
    with scope.work(system(other_tenant)):
        first, second = PlanRun.objects.order_by("id")
        kept = ("lo", "hi", "price", "compounds", "cap", "allow_islands", "split_compound_id", "max_walk_m")
        assert again and [getattr(first, k) for k in kept] == [getattr(second, k) for k in kept]


def test_a_move_is_tried_without_a_trace_and_kept_as_another_plan(desk, other_tenant):
    at_ = asked(desk, other_tenant)
    with scope.work(system(other_tenant)):
        run = PlanRun.objects.get()
        unit, _, here = looking.units_of(run)[0]
        there = next(g.code for g in PlanGrid.objects.filter(run=run) if g.code != here)

    tried = desk.post(f"{at_}/try", {"unit": unit, "grid": there})
    wrong = desk.post(f"{at_}/try", {"unit": "b0", "grid": there})
    kept = desk.post(f"{at_}/change", {"unit": unit, "grid": there})

    assert tried.status_code == 200 and "平均步行" in tried.content.decode()
    assert wrong.status_code == 422 and kept["Location"] != at_
    with scope.work(system(other_tenant)):
        assert PlanRun.objects.count() == 2


def test_a_plan_is_published_objected_to_answered_and_everybody_reads_it(desk, other_tenant, monkeypatch):
    at_ = asked(desk, other_tenant)
    plan = desk.post(f"{at_}/draft")["Location"]
    public = plan.replace("/desk", "")
    anybody = Client(HTTP_HOST="other.example")
    assert anybody.get(public).status_code == 404
    for verb in ("check", "publish"):
        done = desk.post(f"{plan}/{verb}", {"version": version_on(desk.get(plan).content.decode()), "days": "7"})
        assert done.status_code == 302, done.content.decode()[:2000]

    listed = anybody.get("/gridplans").content.decode()
    said = anybody.post(public, {"text": "我们想和三区在一起", "unit": "", "grid": ""})
    empty = anybody.post(public, {"text": ""})
    shown = desk.get(plan).content.decode()
    number = re.search(r'name="objection" value="(\d+)"', shown)[1]
    early = desk.post(f"{plan}/conclude", {"version": version_on(shown)})
    answered = {"version": version_on(shown), "objection": number, "words": "太远，走不到。", "right": "0"}
    desk.post(f"{plan}/answer", answered)
    stale = desk.post(f"{plan}/withdraw", {"version": "999", "why": "重新商量"})
    desk.post(f"{plan}/withdraw", {"version": version_on(desk.get(plan).content.decode()), "why": "重新商量"})

    assert "青溪社区" in listed and said.status_code == 200 and "收到了" in said.content.decode()
    assert (empty.status_code, early.status_code, stale.status_code) == (422, 409, 412)
    assert anybody.get(f"{public}/map").status_code == 404
    with scope.work(system(other_tenant)):
        assert GridPlan.objects.get().status == "WITHDRAWN" and Objection.objects.get().is_right is False
    night = datetime.combine(NOW.date(), time(17), UTC)  # 01:00 of the next day here
    monkeypatch.setattr(timezone, "now", lambda: night)
    late = _signed(Client(HTTP_HOST="other.example"), other_tenant, "office", night).get(plan)
    assert late.context["today"] == (NOW.date() + timedelta(days=1)).isoformat()


def adopted(desk, tenant: int) -> tuple[str, date]:
    """A plan of the community with three towers, adopted by another person than its drafter; its page and day."""
    with scope.work(system(tenant)):
        towers = [ground.NewBuilding(f"t{n}", f"{n + 1}号楼", *at(0.34 + 0.66 * n, 0.34), compound=f"p{n}", units=n + 1)
                  for n in range(3)]  # fmt: skip
        ground.add_buildings(towers, crs=CRS, active_from=SINCE, by=system(tenant), now=NOW)
    plan = desk.post(f"{asked(desk, tenant)}/draft")["Location"]
    for verb in ("check", "publish"):
        desk.post(f"{plan}/{verb}", {"version": version_on(desk.get(plan).content.decode()), "days": "7"})
    assert desk.get(f"{plan}/slips").status_code == 404, "what is not adopted is hung at no door"
    number, later = int(plan.rsplit("/", 1)[1]), datetime.now(UTC) + timedelta(days=8)  # the notice began now
    one, two = (replace(office(tenant), account_id=n) for n in (71, 72))
    with scope.work(one):
        gridplan.conclude(number, version=version_of(number), by=one, now=later)
    day = (later + timedelta(days=20)).date()
    with scope.work(two):
        gridplan.adopt(number, document_no="河办〔2026〕3号", effective_from=day, version=version_of(number), by=two,
                       now=later)  # fmt: skip
    return plan, day


def test_every_moved_door_has_a_slip_in_both_languages_and_no_other_has_one(desk, other_tenant):
    plan, day = adopted(desk, other_tenant)

    pages, batch = [], desk.get(f"{plan}/slips")
    while batch is not None:
        pages.append(batch)
        batch = desk.get(f"{plan}/slips?after={batch.context['more']}") if batch.context["more"] else None

    with scope.work(system(other_tenant)):
        moves = list(PlanMove.objects.filter(run=GridPlan.objects.get().run).exclude(before_code=""))
        moved = [m.unit[1:] for m in moves if m.unit[0] == "b"]
        doors = sum((n.units or 1) for n in Building.objects.filter(id__in=moved))
    told = "".join(page.content.decode() for page in pages)
    shown = re.findall(r'class="slip"><h2><span[^>]*>(.*?)</span>|class="slip"><h2>(.*?)</h2>', told)
    assert moves and len(shown) == doors + sum(m.unit[0] == "c" for m in moves)
    for m in moves:
        assert m.label in told and f"归 {m.after_code[12:]} 网格，原来是 {m.before_code[12:]} 网格" in told
        assert f"belongs to grid {m.after_code[12:]}, until then to grid {m.before_code[12:]}" in told
    assert day.isoformat() in told and "单元" in told
    assert Client(HTTP_HOST="other.example").get(f"{plan}/slips").status_code == 302


def test_a_resident_hears_of_her_own_house_and_without_one_of_the_public_list_alone(desk, other_tenant):
    plan, day = adopted(desk, other_tenant)
    number, later = int(plan.rsplit("/", 1)[1]), NOW + timedelta(days=9)
    with scope.work(system(other_tenant)):
        moves = {m.unit: m for m in PlanMove.objects.filter(run=GridPlan.objects.get().run).exclude(before_code="")}
        towers = list(Building.objects.filter(ref__startswith="t").select_related("compound").order_by("ref"))
    told = {}
    said = [(A, f"{t.compound.name}{t.name}302") for t in towers] + [(A, ""), (A, "不知道哪栋"), (B, "")]
    for community, words in said:
        me = Actor(tenant_id=other_tenant, kind="resident", roles=frozenset({"resident"}),
                   account_id=an_account(other_tenant, staff=False).id)  # fmt: skip
        with scope.work(me):
            house = houses.house_named(words, within=community, day=NOW.date())
            where = Whereabouts(community, words, building_id=house)
            residence.declare(me.account_id, "living", where, purpose="service", from_day=NOW.date(), by=me, now=NOW,
                              ends_on=NOW.date() + timedelta(days=300))  # fmt: skip
            told[community, words] = (house, *coming.own_news(me, now=later))

    for tower in towers:
        house, mine, unsaid = told[A, f"{tower.compound.name}{tower.name}302"]
        move = moves.get(f"b{tower.id}")
        assert house == tower.id and unsaid == []
        assert [(m.before, m.after) for m in mine] == ([(move.before_code, move.after_code)] if move else [])
    for words in ("", "不知道哪栋"):
        assert told[A, words] == (None, [], [coming.Undecided(number, A, day)])
    assert told[B, ""] == (None, [], [])


def version_of(plan: int) -> int:
    return GridPlan.objects.get(id=plan).version


def test_only_offices_come_in(desk, other_tenant):
    at_ = asked(desk, other_tenant)
    handler = _signed(Client(HTTP_HOST="other.example"), other_tenant, "handler")
    nobody = Client(HTTP_HOST="other.example")

    for path in ("/desk/plans", at_, f"{at_}/map", f"{at_}/export.xlsx", "/desk/gridplans/1"):
        assert handler.get(path).status_code == 403, path
        assert nobody.get(path).status_code in (302, 401), path
    assert handler.post("/desk/plans", {"community": A}).status_code == 403
    assert handler.post(f"{at_}/draft").status_code == 403
    assert desk.get("/desk/plans/999999").status_code == 404


@pytest.mark.parametrize("said", [
    {"community": "没有这个"}, {"community": ""}, {"community": "青溪社区", "lo": "500", "hi": "300"},
    {"community": "青溪社区", "lo": "x"}, {"community": "翠竹社区"}, {"community": "青溪社区", "split": "1"},
])  # fmt: skip
def test_what_makes_no_sense_is_said_on_the_desk_and_nothing_is_asked(said, desk, other_tenant):
    answer = desk.post("/desk/plans", said)

    assert answer.status_code in (409, 422) and 'role="alert"' in answer.content.decode()
    with scope.work(system(other_tenant)):
        assert not PlanRun.objects.exists()


def test_a_workbook_counts_no_few_homes_out():
    run = PlanRun(community=A, lo=300, hi=500, asked_at=NOW)
    moves = [PlanMove(unit=f"b{n}", label="一号楼", households=n, after_code=f"{A}001") for n in (0, 4, 5)]

    page = looking.RunPage(run, "", [], moves, *[()] * 4)
    book = openpyxl.load_workbook(io.BytesIO(plan_sheets.workbook(page, [], "zh")))

    assert [row[2] for row in book["变动"].iter_rows(min_row=2, values_only=True)] == ["< 5", "< 5", 5]
