"""紧急险情: words of danger bring a report to the top of the desk until it has acted (spec 12 §7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from conftest import MONDAY_TEN, TOWN
from jishi.cases.actions import (
    arrival,
    attending,
    clusters,
    dangers,
    dispatch,
    feedback,
    history,
    intake,
    measured_signals,
    merging,
    syncing,
    withdrawing,
)  # fmt: skip
from jishi.cases.models import Case, RiskLook, RiskMark
from jishi.cases.queries import risks
from jishi.cases.refusals import NoDangerWaits
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements, version_on
from jishi.cases.triage import danger
from jishi.foundation import protect, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale

pytestmark = pytest.mark.django_db
GAS = "翠竹苑3号楼楼道里有很浓的煤气味"
NO_GAS = "翠竹苑3号楼楼道里没有煤气味，就是灯不亮"
DESPAIR = "我没有活路了，想从翠竹苑3号楼跳楼"
LATER = MONDAY_TEN + timedelta(minutes=4)


def marks(town: int) -> list[RiskMark]:
    with scope.work(system(town)):
        return list(RiskMark.objects.order_by("id"))


def a_danger(town: int, text: str = GAS, **facts: Any) -> Case:
    return f.a_case(town, text=text, **facts)


def act(case: Case, *, by: Actor | None = None, **given: Any) -> Case:
    return f.do(by or f.dispatcher(case.tenant_id), attending.attend, case.id, now=LATER, **given)


def waits(town: int, by: Actor | None = None) -> list[str]:
    actor = by or f.dispatcher(town)
    with scope.work(actor):
        return [one.number for one in risks.waiting(by=actor)]


def rows_with(word: str) -> list[str]:
    """The tables of the whole town in which a word stands anywhere, read past every policy."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for model in protect.protected_models():
            table = model._meta.db_table
            cursor.execute(f'SELECT count(*) FROM "{table}" x WHERE x::text LIKE %s', [f"%{word}%"])
            if cursor.fetchone()[0]:
                found.append(table)
        cursor.execute("SET LOCAL ROLE jishi_web")
    return found


class TestRules:
    def test_name_a_number_a_source_and_whether_it_was_checked_for_each_danger(self) -> None:
        known = danger.carried().dangers

        assert len(known) == 12
        assert all(one.call.isdigit() and one.source and not one.verified for one in known.values())
        assert {c for c, one in known.items() if one.desk_only} == {"violence", "self_harm"}

    def test_read_the_words_as_they_were_said(self, town: int) -> None:
        with scope.work(f.operator(town)):
            ((one,), ()) = danger.look(["母亲吞了安眠药一瓶", NO_GAS])

        assert one.code == "self_harm"


class TestAMark:
    def test_brings_a_residents_words_to_the_top_of_the_desk_and_its_denial_does_not(self, town: int) -> None:
        speaks = Actor(tenant_id=town, kind="resident", account_id=501)
        said = f.receive(town, by=speaks, channel="web", text=GAS, matter="", now=timezone.now())
        f.receive(town, by=speaks, channel="web", text=NO_GAS, matter="", now=timezone.now())
        for _ in range(3):
            f.a_case(town, now=timezone.now() - timedelta(hours=5))

        page = colleague(town, "dispatcher").get("/desk/dispatch").content.decode()

        assert waits(town) == [said.case_number]
        top = page.index(f"?case={said.case_number}#case")
        assert top < page.index('id="desk"')
        assert "煤气" in page[:top + 1500] and 'href="tel:119"' in page and "号码未经本地核对" in page

    def test_is_made_wherever_a_report_comes_in_and_stands_on_no_suggestion(self, town: int) -> None:
        done = f.receive(town, text=GAS)
        desk = f.operator(town)
        with scope.work(desk):
            batch = [arrival.Incoming(text=t, channel="import") for t in (GAS, NO_GAS, "电梯困人了")]
            intake.receive_many(batch, by=system(town), now=MONDAY_TEN, tenant_code=TOWN)

        assert [m.code for m in marks(town)] == ["gas", "gas", "lift"]
        assert all(s.stage != "risk" for s in done.suggestions)

    def test_of_a_device_is_made_too(self, town: int) -> None:
        worker = f.staff(town, "grid_worker", account=61, body="sqzx", area="990181")
        with scope.work(worker):
            syncing.sync(
                [syncing.Row("k-1", "report", text="路边电线断了，掉在地上冒火花")], by=worker, now=MONDAY_TEN,
                tenant_code=TOWN,
            )  # fmt: skip

        assert [m.code for m in marks(town)] == ["wire"]

    def test_is_not_made_of_what_was_said_last_month(self, town: int) -> None:
        f.receive(town, text=GAS, channel="import", by=system(town), said_at=MONDAY_TEN - timedelta(days=30))

        assert marks(town) == []

    def test_of_a_report_that_joins_a_case_at_work_is_on_top_again(self, town: int) -> None:
        case = f.a_case_at(town, "HANDLING")

        f.receive(town, text=GAS, join_case_id=case.id, now=LATER)

        assert waits(town) == [case.number]

    def test_closes_declines_and_hurries_nothing(self, town: int) -> None:
        case = a_danger(town, DESPAIR)

        assert (case.status, case.urgency, case.lead_id) == ("RECEIVED", "normal", None)

    def test_that_cannot_be_made_loses_no_report(self, town: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(danger, "look", lambda texts: 1 / 0)

        assert a_danger(town).status == "RECEIVED"
        assert marks(town) == []


class TestWhoReadsIt:
    def test_is_the_receiving_desk_alone(self, town: int) -> None:
        case = a_danger(town)
        for by in (f.operator(town), f.dispatcher(town)):
            assert waits(town, by) == [case.number]
        for role in ("handler", "reviewer", "feedback", "office", "ruler", "supervisor", "auditor", "grid_worker"):
            assert waits(town, f.staff(town, role, account=77, body="sqzx", area="99")) == []

    def test_is_not_who_is_accused(self, town: int) -> None:
        a_danger(town, accused_body_ids=(f.body_id(town, "cgj"),))

        assert waits(town, replace(f.dispatcher(town), body_ids=frozenset({f.body_id(town, "cgj")}))) == []

    def test_is_no_dispatcher_of_another_place(self, town: int) -> None:
        a_danger(town)

        assert waits(town, replace(f.dispatcher(town), area="110101")) == []

    def test_leads_to_no_public_page_and_no_page_of_a_body(self, town: int) -> None:
        case = a_danger(town, now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cases_case SET visibility = 'public', opened_at = now() WHERE id = %s", [case.id])
        public = Client(headers={"host": "town.example", "accept-language": "zh"})
        body = colleague(town, "office", body="ldxz")

        pages = [public.get(p).content.decode() for p in (f"/public/{case.number}", "/api/v1/open/cases", "/map")]
        pages += [body.get(f"/cases/{case.number}").content.decode(), body.get("/cases").content.decode()]

        assert not [p[:200] for p in pages if "险情提示" in p or "tel:119" in p]

    def test_at_the_console_sees_it_while_typing(self, town: int) -> None:
        page = colleague(town, "operator").post("/desk/operator/look", {"text": GAS}).content.decode()
        calm = colleague(town, "operator").post("/desk/operator/look", {"text": NO_GAS}).content.decode()

        assert 'href="tel:119"' in page and "听起来是险情" in page
        assert "听起来是险情" not in calm


class TestActing:
    @pytest.mark.parametrize("who", ["operator", "dispatcher"])
    def test_ends_the_mark_leaves_one_entry_and_counts_the_minutes(self, town: int, who: str) -> None:
        case = a_danger(town)
        with scope.work(system(town)):
            before = len(trail.of("case", case.id))

        after = act(case, by=getattr(f, who)(town), version=case.version)

        with scope.work(system(town)):
            entries = trail.of("case", case.id)[before:]
            (look,) = RiskLook.objects.all()
        assert [(e.verb, dict(e.codes)) for e in entries] == [("case.attended", {"version": after.version})]
        assert (look.week.weekday(), look.minutes, look.is_danger) == (0, 5.0, True)
        assert marks(town) == [] and waits(town) == []
        assert after.status == case.status

    @pytest.mark.parametrize("who", ["handler", "reviewer", "office", "auditor", "supervisor"])
    def test_is_not_for_others_and_then_changes_nothing(self, town: int, who: str) -> None:
        case = a_danger(town)

        with pytest.raises((NotAllowed, NotFound)):
            act(case, by=f.staff(town, who, account=78, body="sqzx"))

        assert len(marks(town)) == 1 and f.again(town, case.id).version == case.version

    def test_twice_or_on_what_was_never_marked_or_on_an_older_version_is_refused(self, town: int) -> None:
        case, calm = a_danger(town), f.a_case(town)

        with pytest.raises(Stale):
            act(case, version=case.version + 1)
        act(case)
        for one in (case, calm):
            version = f.again(town, one.id).version
            with pytest.raises(NoDangerWaits):
                act(one)
            assert f.again(town, one.id).version == version

    def test_by_placing_the_case_ends_it_too(self, town: int) -> None:
        case = a_danger(town)
        body, item = f.routed_body(case)

        f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(body, item), now=LATER)

        with scope.work(system(town)):
            assert [r.is_danger for r in RiskLook.objects.all()] == [None]
        assert marks(town) == []

    def test_is_not_done_by_the_list_itself_nor_by_a_caller_who_takes_it_back(self, town: int) -> None:
        placed, taken = a_danger(town), f.receive(town, text=DESPAIR)
        body, item = f.routed_body(placed)

        f.do(system(town), dispatch.offer, placed.id, to=dispatch.Offer(body, item), now=LATER)
        caller = Actor(tenant_id=town, kind="reporter", report_id=taken.report_id)
        f.do(caller, withdrawing.withdraw, taken.report_id, tenant_code=TOWN, now=LATER)

        assert sorted(waits(town)) == sorted([placed.number, taken.case_number])

    def test_is_over_when_the_matter_ends_whoever_ended_it(self, town: int) -> None:
        case = f.a_case_at(town, "FEEDBACK")
        with scope.work(system(town)):
            report = case.memberships.get().report_id
            RiskMark.objects.create(
                tenant_id=town, report_id=report, case=case, code="self_harm", edition="", marked_at=LATER
            )
        assert waits(town) == [case.number]

        f.do(f.the_clock(town), feedback.conclude, case.id, now=LATER + timedelta(days=9))

        assert (marks(town), waits(town)) == ([], [])

    def test_by_a_press_at_the_desk_shows_it_no_more(self, town: int) -> None:
        case = a_danger(town, now=timezone.now())
        desk = colleague(town, "dispatcher")

        page = desk.get("/desk/dispatch").content.decode()
        said = {"version": version_on(page), "back": "dispatch", "queue": "waiting", "next": case.number}
        answer = desk.post(f"/cases/{case.number}/do/attended", said, follow=True)

        assert answer.status_code == 200
        assert "险情提示" not in answer.content.decode()

    def test_says_no_danger_and_counts_as_a_false_alarm(self, town: int) -> None:
        act(a_danger(town), is_danger=False)

        with scope.work(system(town)):
            assert [r.is_danger for r in RiskLook.objects.all()] == [False]


class TestSelfHarm:
    def test_is_nowhere_after_the_desk_has_acted(self, town: int) -> None:
        """Every table, read past every policy: no row names the kind, and no row that stays leads to the case."""
        case = a_danger(town, DESPAIR)
        assert rows_with("self_harm") == ["cases_riskmark"]

        act(case)

        assert rows_with("self_harm") == []
        with scope.work(system(town)):
            (look,) = RiskLook.objects.values()
        assert set(look) == {"id", "tenant_id", "week", "minutes", "is_danger", "edition"}
        assert look["minutes"] in dangers.WAITED, "a step: the moments of the trail do not lead here"

    def test_is_nowhere_after_it_was_placed(self, town: int) -> None:
        case = a_danger(town, "他拿刀砍人，就在翠竹苑3号楼", matter="01.02.01")
        assert [m.code for m in marks(town)] == ["violence"]
        body, item = f.routed_body(case)

        f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(body, item), now=LATER)

        assert rows_with("violence") == []


class TestPrograms:
    def test_of_the_desk_read_and_press_and_others_do_not(self, town: int) -> None:
        case = a_danger(town, now=timezone.now())
        desk, other = colleague(town, "dispatcher"), colleague(town, "handler")

        told = desk.get("/api/v1/risks").json()["risks"]
        address = f"/api/v1/cases/{case.number}/attended"
        sent = {"data": "{}", "content_type": "application/json"}

        assert [(t["case"], t["call"], t["dangers"][0]["code"]) for t in told] == [(case.number, ["119"], "gas")]
        assert other.get("/api/v1/risks").status_code == 403
        assert desk.post(address, **sent).status_code == 428
        assert desk.post(address, **sent, headers={"If-Match": f'"{told[0]["version"] + 7}"'}).status_code == 412
        assert desk.post(address, **sent, headers={"If-Match": f'"{told[0]["version"]}"'}).status_code == 200
        assert desk.get("/api/v1/risks").json()["risks"] == []


class TestItsPrice:
    def test_is_no_statement_of_its_own_at_intake_and_one_on_the_desk(self, town: int) -> None:
        def cost(text: str) -> int:
            with statements() as made:
                f.receive(town, text=text)
            return len(made)

        cost(NO_GAS)

        assert cost(GAS) == cost(NO_GAS)
        by = f.dispatcher(town)
        with scope.work(by), statements() as made:
            assert len(risks.waiting(by=by)) == 1
        assert len(made) == 1


def test_what_was_lived_elsewhere_marks_nothing(town: int) -> None:
    life = history.PastLife(arrival.Incoming(text=GAS, channel="import", said_at=MONDAY_TEN), MONDAY_TEN, ())
    with scope.work(system(town)):
        history.take_in([life], by=system(town), now=LATER, tenant_code=TOWN)

    assert marks(town) == []


def test_what_nobody_acted_upon_is_forgotten_after_a_month(town: int) -> None:
    a_danger(town, DESPAIR)

    with scope.work(system(town)):
        early = dangers.forget_old(tenant_id=town, now=MONDAY_TEN + timedelta(days=29))
        late = dangers.forget_old(tenant_id=town, now=MONDAY_TEN + timedelta(days=31))

    assert (early, late, marks(town)) == (0, 1, [])


def test_a_new_danger_stands_above_a_list_that_somebody_filled(town: int) -> None:
    for n in range(3):
        a_danger(town, now=MONDAY_TEN + timedelta(minutes=n))
    last = a_danger(town, now=LATER)

    assert waits(town)[0] == last.number


def test_acting_on_nothing_costs_one_statement(town: int) -> None:
    by = f.dispatcher(town)
    with scope.work(by), statements() as made:
        dangers.acted([1], by=by, now=LATER)
    assert len(made) == 1


def test_minutes_to_a_person_and_false_alarms_are_figures(town: int) -> None:
    act(a_danger(town))
    act(a_danger(town), is_danger=False)

    with scope.work(system(town)):
        found = measured_signals.risk(since=MONDAY_TEN, until=LATER, tenant_id=town)

    at = {(r["figure"], r["by"]): r for r in found}
    assert (at["minutes_to_a_person", ""]["value"], at["within_10_minutes", ""]["hits"]) == (5.0, 2)
    assert (at["precision", "desk"]["hits"], at["precision", "desk"]["of"]) == (1, 2)
    assert (at["recall", "golden"]["value"], at["recall", "golden"]["of"]) == (1.0, 272)


def test_topics_that_people_put_together_judge_the_found_ones(town: int) -> None:
    case = f.a_case(town)
    for n in range(3):
        f.receive(town, text=f.DRAIN, caller_contact=f"1390000042{n}", join_case_id=case.id, now=LATER)
    with scope.work(system(town)):
        clusters.recompute(by=system(town), now=LATER)
        found = measured_signals.hot_topics(since=MONDAY_TEN, until=LATER, tenant_id=town)

    at = {(r["figure"], r["by"]): r for r in found}
    assert at["fragments", "town"]["value"] == 1.0 and at["b_cubed", "town"]["value"] == 1.0


class TestAMerge:
    def test_carries_the_mark_to_the_other_case_and_back_and_counts_no_look(self, town: int) -> None:
        warned, home = a_danger(town), f.a_case(town, text=NO_GAS)

        f.do(f.dispatcher(town), merging.absorb, warned.id, into=home.id, now=LATER)
        there = [m.case_id for m in marks(town)]
        f.do(f.dispatcher(town), merging.restore, warned.id, now=LATER)

        assert there == [home.id] and [m.case_id for m in marks(town)] == [warned.id]
        with scope.work(system(town)):
            assert not RiskLook.objects.exists(), "nobody has acted on the danger"
        assert waits(town) == [warned.number]

    def test_undone_by_a_report_that_leaves_takes_the_mark_along(self, town: int) -> None:
        home = f.a_case(town, text=NO_GAS)
        said = f.receive(town, text=GAS, join_case_id=home.id)

        own = f.do(
            f.dispatcher(town), merging.leave, home.id, report_id=said.report_id, tenant_code=TOWN, now=LATER
        )

        assert [m.case_id for m in marks(town)] == [own.id]


class TestAStageThatFails:
    def test_is_shown_as_skipped_on_the_console_and_on_the_case_and_intake_works(
        self, town: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(texts: Any) -> Any:
            raise RuntimeError("no rules")

        monkeypatch.setattr(danger, "look", broken)
        said = f.receive(town, text=GAS)
        desk = colleague(town, "operator", "dispatcher")

        page = desk.get(f"/cases/{said.case_number}?tab=facts").content.decode()
        heard = desk.post("/desk/operator/look", {"text": GAS, "kind": "report", "voice": "open"}).content.decode()

        assert [(s.stage, s.abstained, s.candidates) for s in said.suggestions if s.stage == "risk"] == [
            ("risk", "skipped", ())
        ]
        row = page.split("险情</th>")[1][:400]
        assert "没有算出来" in row
        assert "有没有危险，请自己听、自己问" in heard
