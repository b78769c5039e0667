"""Nobody walks farther than the town says (spec 21 H7): asked at the desk, kept by the run, told where it cannot be."""

import io

import openpyxl
import pytest
from django.db import transaction

from conftest import MONDAY_TEN
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.places import plan_files
from jishi.places.actions import gridplan, plans
from jishi.places.models import PlanFinding, PlanGrid, PlanRun
from jishi.places.queries import plans as looking
from jishi.places.refusals import PlanHasFaults, PlanRulesMakeNoSense
from jishi.places.tests.factories import A
from jishi.places.tests.plan_steps import a_run, by
from jishi.places.tests.test_plan_api import Caller
from jishi.places.tests.test_plan_pages import asked, desk
from jishi.places.tests.test_plan_runs import adopt_ways

pytestmark = pytest.mark.django_db
__all__ = ["by", "desk"]  # fixtures


def walks(run: PlanRun) -> float:
    return max(g.max_walk_m for g in PlanGrid.objects.filter(run=run))


def way_out(run: PlanRun) -> PlanFinding:
    return PlanFinding.objects.get(run=run, kind="relaxation", code="walk")


@pytest.mark.parametrize("by_ways", [True, False])
def test_a_limit_that_no_plan_keeps_is_proved_and_the_least_that_would_do_is_a_legal_plan(by_ways, by):
    if by_ways:
        adopt_ways(by)
    free = a_run(by)

    tight = a_run(by, max_walk_m=50)
    least = way_out(tight)
    again, below = (a_run(by, max_walk_m=m) for m in (least.ask_walk_m, least.ask_walk_m - 1))

    assert (tight.verdict, below.verdict, again.verdict) == ("infeasible", "infeasible", "legal")
    why = PlanFinding.objects.filter(run=tight, kind="certificate").first()
    assert "没有人走超过 50 米" in why.zh and "nobody walks more than 50 m" in why.en
    assert f"放宽到 {least.ask_walk_m} 米" in least.zh and least.price == 2 * (least.ask_walk_m - 50)
    assert walks(again) <= least.ask_walk_m < walks(free) + 1 and again.ways == free.ways
    assert plan_files.audited(again) == () and again.input_hash != free.input_hash
    fault = PlanFinding.objects.filter(run=tight, kind="fault", code="H7:walk_too_far").first()
    assert "有人要走" in fault.zh and "somebody would walk" in fault.en


def test_a_move_that_makes_somebody_walk_too_far_breaks_the_rule_wherever_it_is_asked(by):
    adopt_ways(by)
    run = a_run(by, max_walk_m=int(walks(a_run(by))) + 1)
    breaking = [
        ({unit: grid.code}, broken)
        for unit, _, here in looking.units_of(run)
        for grid in PlanGrid.objects.filter(run=run).exclude(code=here)
        if (broken := [zh for zh, _ in looking.tried(run, {unit: grid.code}).breaks if "有人要走" in zh])
    ]

    moves, broken = breaking[0]
    (unit,) = moves
    kept = plans.change(run.id, moves=moves, by=by, now=MONDAY_TEN)

    assert kept.max_walk_m == run.max_walk_m and kept.verdict == "unknown"
    assert broken[0] in PlanFinding.objects.filter(run=kept, kind="fault").values_list("zh", flat=True)
    told = {o.grid: [zh for zh, _ in o.breaks] for o in looking.explained(run, unit)[1]}
    assert all(broken[0] in told[code] for code in moves.values() if code in told)
    assert looking.sheet_of(run, next(iter(moves.values())))["limit_walk_m"] == run.max_walk_m


def test_a_plan_in_which_somebody_walks_too_far_becomes_no_proposal_whatever_was_written_over_it(by):
    run = a_run(by)
    PlanRun.objects.filter(id=run.id).update(max_walk_m=50)  # as if somebody had taken the limit out for the run alone

    with pytest.raises(PlanHasFaults), transaction.atomic():
        gridplan.check(gridplan.draft(run.id, by=by, now=MONDAY_TEN).id, by=by, now=MONDAY_TEN)


def test_a_band_and_a_limit_that_no_plan_keeps_give_way_together_and_a_press_asks_for_both(desk, other_tenant):
    at_ = asked(desk, other_tenant, lo="380", hi="420", max_walk_m="350")
    page = desk.get(at_).content.decode()
    english = desk.get(at_, headers={"Accept-Language": "en"}).content.decode()
    with scope.work(system(other_tenant)):
        least = PlanFinding.objects.get(kind="relaxation", code="both")
    rules = {"lo": str(least.ask_lo), "hi": str(least.ask_hi), "max_walk_m": str(least.ask_walk_m)}
    with scope.work(system(other_tenant)):
        cheapest = min(PlanFinding.objects.filter(kind="relaxation").values_list("price", flat=True))

    asked(desk, other_tenant, **rules)

    main = page[page.index('id="run"') :]
    button = main[: main.index("</form>")]
    assert all(f'name="{name}" value="{value}"' in button for name, value in rules.items())
    assert least.price == cheapest and "已证明只动这两条上限没有更省的办法" in button
    assert f"and let the longest walk be {least.ask_walk_m} m" in english
    assert "nothing less of these two limits would do" in english
    with scope.work(system(other_tenant)):
        assert PlanRun.objects.order_by("-id")[0].verdict == "legal"


@pytest.mark.parametrize("metres", [0, 49, 5001])
def test_a_limit_that_makes_no_sense_is_refused_and_nothing_is_asked(metres, by):
    with pytest.raises(PlanRulesMakeNoSense) as no, transaction.atomic():
        plans.ask(A, rules=plans.Rules(max_walk_m=metres), by=by, now=MONDAY_TEN)

    assert "50" in no.value.sentence("zh") and "5000" in no.value.sentence("en") and not PlanRun.objects.exists()


def test_several_plans_beside_each_other_keep_to_it_all(by):
    row = plans.sweep(A, over="bands", rules=plans.Rules(max_walk_m=900), by=by, now=MONDAY_TEN)

    assert set(PlanRun.objects.filter(sweep=row).values_list("max_walk_m", flat=True)) == {900}


def test_the_form_asks_the_page_says_it_and_the_first_button_asks_for_the_least_that_would_do(desk, other_tenant):
    form = desk.get("/desk/plans").content.decode()
    at_ = asked(desk, other_tenant, max_walk_m="400")
    page = desk.get(at_).content.decode()
    english = desk.get(at_, headers={"Accept-Language": "en"}).content.decode()
    with scope.work(system(other_tenant)):
        least = way_out(PlanRun.objects.get())

    main = page[page.index('id="run"') :]
    button = main[: main.index("</form>")]
    assert 'name="max_walk_m"' in form and "不填就不限" in form
    assert "最远走 400 米" in page and "没有人走超过 400 米" in main[: main.index("<button")]
    assert f'name="max_walk_m" value="{least.ask_walk_m}"' in button and "放宽到" in button
    assert "nobody walks more than 400 m" in english and f"Let the longest walk be {least.ask_walk_m} m" in english
    again = asked(desk, other_tenant, max_walk_m=str(least.ask_walk_m))
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"{again}/export.xlsx").content))
    assert ("max_walk_m", least.ask_walk_m) in list(book["参数"].iter_rows(values_only=True))
    shown = desk.get(again).content.decode()
    assert "独立核查没有毛病" in shown and f'value="{least.ask_walk_m}"' in shown
    wrong = desk.post("/desk/plans", {"community": "青溪社区", "max_walk_m": "10", "lo": "280"})
    kept = wrong.content.decode()
    assert wrong.status_code == 422 and "50 到 5000 米" in kept and 'value="10"' in kept and 'value="280"' in kept


def test_a_program_asks_for_it_and_reads_it_back(desk, other_tenant):
    api = Caller(desk, other_tenant)
    row = api.post("/gridplans", {"community": "青溪社区", "max_walk_m": 60}, 202)["id"]
    api.worked_off()

    one = api.get(f"/gridplans/{row}")

    assert one["max_walk_m"] == 60 and one["verdict"] == "infeasible"
    assert {r["code"] for r in one["relaxations"]} >= {"walk"}
    assert {f["rule"] for f in api.get(f"/gridplans/{row}/audit")["faults"]} >= {"H7"}
    assert api.post("/gridplans", {"community": "青溪社区", "max_walk_m": 3}, 422)["code"] == "plan_rules_make_no_sense"
