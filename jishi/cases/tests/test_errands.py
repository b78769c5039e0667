"""跑腿单: every row of the table; the guard; what a volunteer reads; rounds that come when they are due."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils.timezone import localdate

from conftest import MONDAY_TEN, TOWN
from jishi.accounts.tests.factories import an_account
from jishi.cases import walkers
from jishi.cases.actions import errands, patrols
from jishi.cases.actions.errands import Press, Setting
from jishi.cases.legwork import ERRAND, ErrandStatus
from jishi.cases.models import Case, Errand, Report
from jishi.cases.queries import ontheway
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements
from jishi.duties import queries as duties
from jishi.duties.actions.deciding import PushDownRefused
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused, Stale, WrongMoment
from jishi.places import queries as places

pytestmark = pytest.mark.django_db
AREA, AWAY = "990181001002", "990181002002"
SEEN = "三号楼配电间门没关严，里面有积水。"


def worker(town: int, account: int = 0, area: str = AREA) -> Actor:
    return f.staff(town, "grid_worker", account=account or an_account(town).id, body="sqcz", area=area)


def volunteer(town: int) -> Actor:
    return f.staff(town, walkers.VOLUNTEER, account=an_account(town).id)


def an_errand(town: int, *, by: Actor | None = None, now: datetime = MONDAY_TEN, **said: Any) -> Errand:
    """A notice to put up at the notice board of 翠竹, unless something else is said."""
    given = {"kind": "deliver", "what": "停水通知贴到公告栏", "division_code": AREA, "place_text": "翠竹苑南门公告栏"}
    actor = by or f.dispatcher(town)
    with scope.work(actor):
        return errands.set_(Setting(**{**given, **said}), by=actor, now=now, tenant_code=TOWN)


def again(errand: Errand) -> Errand:
    with scope.work(system(errand.tenant_id)):
        return Errand.objects.get(id=errand.id)


def entries(errand: Errand) -> list[str]:
    with scope.work(system(errand.tenant_id)):
        return [e.verb for e in trail.of("errand", errand.id)]


def taken(town: int, by: Actor, **said: Any) -> Errand:
    errand = an_errand(town, **said)
    f.do(by, errands.take, errand.number, now=MONDAY_TEN)
    return again(errand)


def grid_of(town: int) -> Any:
    with scope.work(system(town)):
        return places.grids_in(AREA)[0]


@dataclass(frozen=True)
class Way:
    """How a move is made: from where, by whom it is refused, where it leads."""

    verb: str
    start: str
    perform: Callable[[Errand, Actor], Any]
    end: str
    entry: str
    by_setter: bool = False


def _press(verb: str, **given: Any) -> Callable[[Errand, Actor], Any]:
    def perform(errand: Errand, by: Actor) -> Any:
        if verb == "find":
            press = Press(errand.number, "find", words=SEEN)
            return f.do(by, errands.find, press, now=MONDAY_TEN + timedelta(hours=1), tenant_code=TOWN)
        return f.do(by, getattr(errands, verb), errand.number, now=MONDAY_TEN + timedelta(hours=1), **given)

    return perform


WAYS = [
    Way("take", "DUE", _press("take"), "TAKEN", "errand.taken"),
    Way("put_back", "TAKEN", _press("put_back"), "DUE", "errand.put_back"),
    Way("finish", "TAKEN", _press("finish", finding="done"), "DONE", "errand.done"),
    Way("find", "TAKEN", _press("find"), "FOUND", "errand.found"),
    Way("cannot", "TAKEN", _press("cannot", words="门锁着，没人应"), "NOT_POSSIBLE", "errand.not_possible"),
    Way("drop", "DUE", _press("drop", words="已经有人贴了"), "DROPPED", "errand.dropped", by_setter=True),
]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda w: w.verb)


def start(town: int, way: Way, by: Actor) -> Errand:
    return taken(town, by) if way.start == "TAKEN" else an_errand(town)


class TestAWalk:
    """Spec 20 §9: a suggestion by the ways there are; nothing of it is stored."""

    def spots(self, town: int) -> list[Errand]:
        east = [(1_152_000_000, 0), (1_152_080_000, 2), (1_152_040_000, 1)]  # the last set lies on the way
        return [
            an_errand(town, place_text=f"{n}号公告栏", lng_e7=lng, lat_e7=301_000_000,
                      due_at=MONDAY_TEN + timedelta(hours=1 + i))
            for i, (lng, n) in enumerate(east)
        ]  # fmt: skip

    def test_begins_where_it_is_due_first_and_goes_on_to_what_lies_next(self, town):
        first, far, between = self.spots(town)

        way = f.do(worker(town), ontheway.way, now=MONDAY_TEN)

        assert [s.errand["number"] for s in way.stops] == [first.number, between.number, far.number]
        assert way.stops[0].metres is None and way.metres < way.given and way.net == "estimated"
        assert sum(s.metres for s in way.stops[1:]) == pytest.approx(way.metres, abs=0.1)

    def test_leaves_no_trace_and_needs_two_places(self, town):
        first, *_ = self.spots(town)
        before = entries(first)
        asked = f.do(worker(town), ontheway.way, now=MONDAY_TEN)

        assert asked is not None and entries(first) == before
        assert f.do(worker(town, area=AWAY), ontheway.way, now=MONDAY_TEN) is None

    def test_leaves_out_a_round_of_which_nobody_said_where_it_is(self, town):
        gates = (patrols.Point("一号门"), patrols.Point("二号门"))
        laid = patrols.NewRoute("夜里看门", grid_of(town).id, gates, "锁没锁", 7, localdate(MONDAY_TEN))
        f.do(f.dispatcher(town), patrols.lay, laid, now=MONDAY_TEN)
        f.do(system(town), patrols.set_due, now=MONDAY_TEN, tenant_code=TOWN)

        assert f.do(worker(town), ontheway.mine, now=MONDAY_TEN).errands
        assert f.do(worker(town), ontheway.way, now=MONDAY_TEN) is None

    def test_is_not_for_who_goes_nowhere(self, town):
        with pytest.raises(NotAllowed):
            f.do(f.dispatcher(town), ontheway.way, now=MONDAY_TEN)


class TestEveryMove:
    def test_of_the_table_is_tried_here(self):
        assert {f"errands.{w.verb}" for w in WAYS} | {"errands.set"} == {m.verb for m in ERRAND.moves}

    @every_way
    def test_goes_where_the_table_says_and_leaves_one_entry(self, town, way):
        by = worker(town)
        errand = start(town, way, by)
        before = entries(errand)

        way.perform(errand, f.dispatcher(town) if way.by_setter else by)

        assert again(errand).status == way.end
        assert entries(errand) == [*before, way.entry]

    @every_way
    def test_refuses_the_wrong_person_and_changes_nothing(self, town, way):
        by = worker(town)
        errand = start(town, way, by)
        wrong = [(f.dispatcher(town), NotAllowed)] if not way.by_setter else [(by, NotAllowed)]
        wrong += [(worker(town, area=AWAY), NotFound), (f.stranger(town), NotFound), (volunteer(town), NotFound)]

        for actor, refusal in wrong:
            with pytest.raises(refusal):
                way.perform(errand, actor)

        assert (again(errand).version, entries(errand)) == (errand.version, entries(errand))
        assert again(errand).status == way.start

    @every_way
    def test_refuses_the_wrong_moment_and_changes_nothing(self, town, way):
        by = worker(town)
        ended = taken(town, by)
        f.do(by, errands.finish, ended.number, finding="done", now=MONDAY_TEN)
        before = (again(ended).version, entries(ended))

        with pytest.raises(WrongMoment):
            way.perform(ended, f.dispatcher(town) if way.by_setter else by)

        assert (again(ended).version, entries(ended)) == before


class TestSetting:
    def test_leaves_one_entry_and_a_due_day_of_its_own(self, town):
        errand = an_errand(town)

        assert entries(errand) == ["errand.set"]
        assert errand.number.startswith("E") and errand.due_at > MONDAY_TEN

    def test_of_a_case_takes_its_place_and_is_the_leads_or_the_desks(self, town):
        case = f.a_case_at(town, Status.HANDLING)
        said = {"kind": "verify_after", "case_id": case.id, "what": "清了没有", "division_code": "", "place_text": ""}

        for by in (f.handler_of(case), f.dispatcher(town)):
            errand = an_errand(town, by=by, **said)
            assert (errand.division_code, errand.grid_id) == (case.division_code, case.grid_id)
            assert errand.place_text == (case.place_name or case.address_text)
        with pytest.raises(NotFound):
            an_errand(town, by=f.stranger(town), **said)

    def test_is_refused_to_whoever_sees_but_may_not(self, town):
        case = f.a_case_at(town, Status.HANDLING)

        with pytest.raises(NotAllowed):
            an_errand(town, by=f.reviewer(town), kind="verify_after", case_id=case.id)

    def test_of_an_ended_case_is_refused(self, town):
        case = f.a_case_at(town, Status.CLOSED)

        with pytest.raises(WrongMoment):
            an_errand(town, kind="verify_after", case_id=case.id)

    @pytest.mark.parametrize(
        "said",
        [{"what": ""}, {"place_text": ""}, {"kind": "patrol"}, {"kind": "watch"}, {"what": "字" * 201},
         {"due_at": MONDAY_TEN - timedelta(hours=1)}, {"kind": "verify_before", "free": True}],
    )  # fmt: skip
    def test_that_says_too_little_or_too_much_is_refused(self, town, said):
        with pytest.raises(Refused):
            an_errand(town, **said)

        with scope.work(system(town)):
            assert not Errand.objects.exists()

    def test_takes_out_what_names_a_person(self, town):
        assert "13912345678" not in an_errand(town, what="到门口打13912345678取材料").what


class TestTheGuard:
    def test_lets_a_worker_look_at_any_matter_but_not_do_a_departments_work(self, town):
        case = f.a_case_at(town, Status.RECEIVED)  # a drain: not on a community's own list
        an_errand(town, kind="verify_before", case_id=case.id, what="是不是堵了")

        with pytest.raises(PushDownRefused) as no:
            an_errand(town, kind="help", case_id=case.id, what="把雨水井清了")

        assert no.value.facts["guard"] == "not_on_communitys_list"
        assert no.value.afterwards is not None, "the attempt is counted"

    def test_refuses_a_matter_that_was_taken_back(self, town):
        with scope.work(system(town)):
            law = duties.law(localdate(MONDAY_TEN))
            back = next(row for row in law.items.values() if row.number.startswith("收回"))

        with pytest.raises(PushDownRefused):
            an_errand(town, item_id=back.id)

    def test_refuses_even_to_look_where_the_line_takes_a_lawful_power(self, town):
        with scope.work(system(town)):
            lines = duties.law(localdate(MONDAY_TEN)).items.values()
            relief = next(row for row in lines if row.number == "基本-051")

        with pytest.raises(PushDownRefused) as no:
            an_errand(town, kind="verify_before", item_id=relief.id)

        assert no.value.facts["guard"] == "lawful_power_needed" and "行政给付" in no.value.sentence("zh")
        assert no.value.afterwards is not None, "the attempt is counted"


class TestTaking:
    def test_a_second_worker_hears_that_somebody_was_quicker(self, town):
        first, second = worker(town), worker(town)
        errand = taken(town, first)

        for verb in ("take", "put_back", "cannot"):
            with pytest.raises(errands.SomebodyHasIt):
                f.do(second, getattr(errands, verb), errand.number, now=MONDAY_TEN,
                     **({"words": "不行"} if verb == "cannot" else {}))  # fmt: skip

    def test_who_had_it_stands_nowhere_in_the_row_when_it_is_over(self, town):
        by = worker(town)
        errand = taken(town, by)
        f.do(by, errands.finish, errand.number, finding="done", now=MONDAY_TEN)

        assert (again(errand).taken_by_id, again(errand).status) == (None, "DONE")

    def test_a_version_that_is_no_more_is_stale(self, town):
        by = worker(town)
        errand = taken(town, by)

        with pytest.raises(Stale):
            f.do(by, errands.put_back, errand.number, now=MONDAY_TEN, version=1)


class TestEnding:
    def test_takes_one_press_that_fits_its_kind(self, town):
        by = worker(town)
        errand = taken(town, by)

        with pytest.raises(errands.FindingNeeded):
            f.do(by, errands.finish, errand.number, finding="mended", now=MONDAY_TEN)
        f.do(by, errands.finish, errand.number, finding="done", words="贴了，门口那张旧的揭了", now=MONDAY_TEN)

        assert (again(errand).finding, again(errand).words) == ("done", "贴了，门口那张旧的揭了")

    def test_a_finding_opens_a_report_by_patrol_at_the_place_of_the_errand(self, town):
        by = worker(town)
        grid = grid_of(town)
        with scope.work(system(town)):
            middle = places.centres({grid.id})[grid.id]
        errand = taken(town, by, lng_e7=middle[0], lat_e7=middle[1], grid_id=grid.id, place_text="配电间")

        done = f.do(by, errands.find, Press(errand.number, "find", words=SEEN), now=MONDAY_TEN, tenant_code=TOWN)

        with scope.work(system(town)):
            report = Report.objects.get(number=done.report.number)
            assert Case.objects.filter(number=done.report.case_number, status=Status.RECEIVED).exists()
        assert (report.channel, report.grid_id) == ("patrol", grid.id)
        assert again(errand).report_id == report.id

    def test_a_finding_without_words_is_refused_and_the_errand_stays(self, town):
        by = worker(town)
        errand = taken(town, by)

        with pytest.raises(Refused) as no:
            f.do(by, errands.find, Press(errand.number, "find", words=" "), now=MONDAY_TEN, tenant_code=TOWN)

        assert no.value.code == "nothing_said" and again(errand).status == "TAKEN"


class TestWhatIsSeen:
    def test_the_list_and_the_question_agree_for_everybody(self, town):
        case = f.a_case_at(town, Status.HANDLING)
        one = worker(town)
        made = [
            an_errand(town), an_errand(town, free=True), an_errand(town, division_code=AWAY, free=True),
            an_errand(town, by=f.handler_of(case), kind="verify_after", case_id=case.id), taken(town, one, free=True),
        ]  # fmt: skip
        actors = [
            one, worker(town, area=AWAY), worker(town, area=""), volunteer(town), f.dispatcher(town),
            f.handler_of(case), f.stranger(town), f.operator(town), f.the_clock(town),
            Actor(tenant_id=town, kind="resident", account_id=5),
            replace(f.dispatcher(town), area=AWAY),
        ]  # fmt: skip

        for actor in actors:
            with scope.work(actor):
                rows = list(Errand.objects.select_related("case").order_by("id"))
                listed = set(walkers.visible_to(actor, Errand.objects.all()).values_list("id", flat=True))
                assert listed == {e.id for e in rows if walkers.sees(actor, e)}, actor
        assert len(made) == 5

    def test_a_volunteer_reads_the_place_of_a_free_one_and_never_a_name_or_a_case(self, town):
        case = f.a_case_at(town, Status.HANDLING)
        free = an_errand(town, free=True, what="替王奶奶换老年卡")
        an_errand(town)
        an_errand(town, by=f.handler_of(case), kind="verify_after", case_id=case.id)
        by = volunteer(town)

        with scope.work(by):
            found = ontheway.mine(by=by, now=MONDAY_TEN)
            told = str(found)

        assert [e["number"] for e in found.errands] == [free.number]
        assert found.errands[0]["place"] == "翠竹苑南门公告栏" and "what" not in found.errands[0]
        assert "王奶奶" not in told and case.number not in told and found.routes == ()
        f.do(by, errands.take, free.number, now=MONDAY_TEN)
        f.do(by, errands.finish, free.number, finding="done", now=MONDAY_TEN)

    def test_a_worker_gets_what_waits_what_he_has_and_what_is_over_in_as_many_statements_for_many(self, town):
        by, colleague = worker(town), worker(town)
        waiting, had, his = an_errand(town), taken(town, by), taken(town, colleague)
        over = taken(town, by)
        f.do(by, errands.finish, over.number, finding="done", now=MONDAY_TEN + timedelta(hours=1))
        with scope.work(by), statements() as few:
            found = ontheway.mine(by=by, now=MONDAY_TEN, since=MONDAY_TEN)
        for _ in range(5):
            an_errand(town)
        with scope.work(by), statements() as many:
            ontheway.mine(by=by, now=MONDAY_TEN, since=MONDAY_TEN)

        assert {e["number"] for e in found.errands} == {waiting.number, had.number}
        assert his.number not in str(found.errands)
        assert [g["number"] for g in found.gone] == [over.number]
        assert len(few) == len(many) <= 8

    def test_is_for_those_who_go(self, town):
        with scope.work(f.dispatcher(town)), pytest.raises(NotAllowed):
            ontheway.mine(by=f.dispatcher(town), now=MONDAY_TEN)


class TestTheDatabase:
    @pytest.mark.parametrize(
        "values",
        [{"status": "GONE"}, {"kind": "watch"}, {"status": "DONE"}, {"status": "TAKEN"}, {"finding": "fine"},
         {"status": "NOT_POSSIBLE", "ended_at": MONDAY_TEN}, {"status": "FOUND", "ended_at": MONDAY_TEN}],
    )  # fmt: skip
    def test_refuses_what_the_life_does_not_know(self, town, values):
        errand = an_errand(town)

        with scope.work(system(town)), pytest.raises(DatabaseError), transaction.atomic():
            Errand.objects.filter(id=errand.id).update(**values)

    def test_hides_an_errand_of_a_confidential_case_from_the_accused_body(self, town):
        case = f.a_case(
            town, voice="confidential", kind="tip_off", text="举报城管局收礼金，在翠竹苑南门菜市场。",
            accused_body_ids=(f.body_id(town, "cgj"),),
        )  # fmt: skip
        errand = an_errand(town, kind="verify_before", case_id=case.id, what="市场几点收摊")
        accused = f.staff(town, "dispatcher", "grid_worker", account=77, body="cgj")

        with scope.work(accused):
            assert not Errand.objects.filter(id=errand.id).exists() and not trail.of("errand", errand.id)
        with pytest.raises(NotFound):
            f.do(accused, errands.take, errand.number, now=MONDAY_TEN)


def test_every_state_of_an_errand_is_known_to_the_life():
    assert {s.code for s in ERRAND.states} == set(ErrandStatus.values)


def test_an_unknown_kind_is_invalid(town):
    with pytest.raises(Invalid):
        an_errand(town, kind="watch")


class TestTheDesk:
    def test_sets_one_of_a_case_reads_its_result_and_drops_what_nobody_took(self, town):
        case = f.a_case_at(town, Status.HANDLING)
        desk = colleague(town, "dispatcher")
        said = {"case": case.number, "kind": "verify_after", "what": "雨水井清了没有"}

        for _ in range(2):
            assert desk.post("/desk/errands", said)["Location"] == "/desk/errands"
        with scope.work(system(town)):
            first, second = Errand.objects.order_by("id")
        by = worker(town)
        f.do(by, errands.take, first.number, now=MONDAY_TEN)
        f.do(by, errands.finish, first.number, finding="not_mended", words="还堵着", now=MONDAY_TEN)
        page = desk.get("/desk/errands").content.decode()
        assert "还堵着" in page and "还没好" in page and page.count("不用办了</button>") == 1
        press = {"version": again(second).version, "words": "不用去了"}
        assert desk.post(f"/desk/errands/{second.number}/drop", press).status_code == 302
        assert again(second).status == "DROPPED"

    def test_says_what_the_lists_do_not_let_go_there_and_counts_the_attempt(self, town):
        case = f.a_case_at(town, Status.RECEIVED)
        said = {"case": case.number, "kind": "help", "what": "把雨水井清了"}

        answer = colleague(town, "dispatcher").post("/desk/errands", said)

        assert answer.status_code == 409 and "自己的清单" in answer.content.decode()
        with scope.work(system(town)):
            assert not Errand.objects.exists()
            assert trail.Entry.objects.filter(tenant_id=town, verb="duty.push_down_refused").exists()

    def test_is_for_whoever_may_set(self, town):
        assert colleague(town, "reviewer").get("/desk/errands").status_code == 403
        unknown = {"case": "C0", "kind": "help", "what": "看看"}
        assert colleague(town, "dispatcher").post("/desk/errands", unknown).status_code == 422
