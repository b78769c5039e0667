"""One report, one case, many reports: merged, and undone (spec 10 §4, §19.4; rows 26–27)."""

from datetime import timedelta

import pytest

from conftest import MONDAY_TEN
from jishi.cases.actions import merging, reopening
from jishi.cases.models import Case, Clock, Consultation, Feedback, Membership
from jishi.cases.queries import belonging
from jishi.cases.refusals import (
    AccusedDiffer,
    ConfidentialStandsAlone,
    IntoHasEnded,
    LastReport,
    LessUrgent,
    NothingAbsorbed,
    OneAndTheSame,
    StillRunning,
)  # fmt: skip
from jishi.cases.states import CASE, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps
from jishi.cases.tests.merge_steps import (
    LATER,
    NEXT_DAY,
    absorb,
    entries,
    leave,
    members,
    picture,
    promise_of,
    report_of,
    restore,
)  # fmt: skip
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused, Stale, WrongMoment

OPEN_HOME = [s for s in f._ROAD if s not in CASE.ends]
ABSORBED_FROM = {s for m in CASE.moves if m.verb == "merging.absorb" for s in m.sources}


@pytest.fixture
def two(town: int) -> tuple[Case, Case]:
    """One that has just come in, and an older one that somebody handles."""
    home = f.a_case_at(town, Status.HANDLING, now=MONDAY_TEN)
    return f.a_case(town, now=MONDAY_TEN + timedelta(hours=5)), home


class TestAbsorb:
    def test_ends_the_memberships_here_and_opens_the_same_ones_there(self, two: tuple[Case, Case]) -> None:
        case, home = two
        both = members(case) | members(home)

        case = absorb(case, home)

        assert (case.status, case.absorbed_into_id, case.reports_count) == (Status.ABSORBED, home.id, 0)
        assert members(case) == set()
        assert members(home) == both
        assert f.again(home.tenant_id, home.id).reports_count == 2

    def test_leaves_one_entry_on_each(self, two: tuple[Case, Case]) -> None:
        case, home = two
        before = len(entries(case)), len(entries(home))

        absorb(case, home)

        assert entries(case)[before[0] :] == ["case.absorbed"]
        assert entries(home)[before[1] :] == ["case.took_in"]

    def test_looks_again_at_when_the_binding_promise_is_reminded(self, two: tuple[Case, Case]) -> None:
        case, home = two
        with scope.work(system(case.tenant_id)):
            Clock.objects.filter(case=home, kind="promise").update(tell_at=MONDAY_TEN + timedelta(days=90))

        absorb(case, home)

        assert promise_of(home).tell_at is None

    def test_stops_every_clock_here_and_ends_the_handover(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        home = f.a_case_at(town, Status.OFFERED)

        absorb(case, home)

        with scope.work(system(town)):
            assert not Clock.objects.filter(case=case, stopped_at=None).exists()
        lead = f.lead_of(case)
        assert (lead.status, lead.end, lead.ended_at) == ("ENDED", "absorbed", LATER)

    def test_of_a_case_in_consultation_ends_the_consultation(self, town: int) -> None:
        case, home = f.a_case_at(town, Status.CONSULTING), f.a_case(town)

        absorb(case, home)

        with scope.work(system(town)):
            assert not Consultation.objects.filter(case=case, concluded_at=None).exists()

    def test_keeps_what_spoke_for_it(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)

        absorb(case, home, why="同一口井")

        with scope.work(system(case.tenant_id)):
            row = Membership.objects.get(report=said, case=home)
        assert row.why == "absorbed"
        assert row.evidence["facts"] == ["words", "rare_words", "same_building"]
        assert 0.5 < row.evidence["p"] <= 1

    @pytest.mark.parametrize("start", [s for s in OPEN_HOME if s in ABSORBED_FROM])
    def test_is_possible_from_every_state_in_which_nobody_has_answered(self, start: Status, town: int) -> None:
        case, home = f.a_case_at(town, start), f.a_case(town)

        assert absorb(case, home).status == Status.ABSORBED

    @pytest.mark.parametrize("into", OPEN_HOME)
    def test_is_possible_into_every_open_state(self, into: Status, town: int) -> None:
        case, home = f.a_case(town), f.a_case_at(town, into)

        absorb(case, home)

        assert f.again(town, home.id).status == into
        assert len(members(home)) == 2

    def test_a_report_that_belongs_to_both_stays_where_it_is(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)
        f.do(f.dispatcher(case.tenant_id), merging.join, home.id, report_id=said.id, now=LATER)

        absorb(case, home, now=NEXT_DAY)

        assert len(members(home)) == 2
        restored = restore(case, now=NEXT_DAY + timedelta(hours=1))
        assert members(restored) == {said.id}
        assert said.id in members(home)


class TestAbsorbRefuses:
    def refused(self, no: type[Refused], case: Case, into: Case, by: Actor | None = None) -> None:
        before = picture(case.tenant_id, case.id, into.id)

        with pytest.raises(no):
            absorb(case, into, by=by)

        assert picture(case.tenant_id, case.id, into.id) == before

    def test_whoever_is_not_the_dispatcher(self, two: tuple[Case, Case]) -> None:
        town = two[0].tenant_id
        for who in (f.stranger(town), f.handler_of(two[1]), f.reviewer(town), f.operator(town)):
            self.refused((NotAllowed, NotFound), *two, by=who)  # type: ignore[arg-type]

    def test_a_dispatcher_of_another_place(self, two: tuple[Case, Case]) -> None:
        elsewhere = f.staff(two[0].tenant_id, "dispatcher", account=77, body="sqzx", area="990181999")

        self.refused(NotFound, *two, by=elsewhere)

    @pytest.mark.parametrize("moment", [Status.REPLIED, Status.FEEDBACK, Status.CLOSED, Status.DECLINED])
    def test_what_has_been_answered_or_ended(self, moment: Status, town: int) -> None:
        self.refused(WrongMoment, f.a_case_at(town, moment), f.a_case(town))

    @pytest.mark.parametrize("ended", [Status.CLOSED, Status.DECLINED])
    def test_into_an_ended_case(self, ended: Status, town: int) -> None:
        self.refused(IntoHasEnded, f.a_case(town), f.a_case_at(town, ended))

    def test_into_itself(self, two: tuple[Case, Case]) -> None:
        self.refused(OneAndTheSame, two[0], two[0])

    def test_into_an_absorbed_case(self, two: tuple[Case, Case]) -> None:
        absorb(*two)

        self.refused(IntoHasEnded, f.a_case(two[0].tenant_id), two[0])

    def test_when_only_one_of_them_holds_a_confidential_report(self, town: int) -> None:
        sealed, plain = f.a_case(town, voice="confidential"), f.a_case(town)

        self.refused(ConfidentialStandsAlone, sealed, plain)
        self.refused(ConfidentialStandsAlone, plain, sealed)

    def test_not_when_both_do(self, town: int) -> None:
        one, other = f.a_case(town, voice="confidential"), f.a_case(town, voice="confidential")

        assert absorb(one, other).status == Status.ABSORBED

    def test_when_they_complain_about_different_bodies(self, town: int) -> None:
        accused = (f.body_id(town, "swj"),)
        complaint, plain = f.a_case(town, accused_body_ids=accused), f.a_case(town)

        self.refused(AccusedDiffer, complaint, plain)
        self.refused(AccusedDiffer, plain, complaint)

    @pytest.mark.parametrize("which", [0, 1])
    def test_when_another_line_stands_aside(self, which: int, town: int) -> None:
        accused = (f.body_id(town, "swj"),)
        pair = [f.a_case(town, accused_body_ids=accused) for _ in range(2)]
        with scope.work(system(town)):
            Case.objects.filter(id=pair[which].id).update(line_body_ids=[f.body_id(town, "cgj")])

        self.refused(AccusedDiffer, *(f.again(town, one.id) for one in pair))

    @pytest.mark.parametrize("which", [0, 1])
    def test_while_another_body_works_on_either(self, which: int, town: int) -> None:
        pair = [f.a_case_at(town, Status.HANDLING) for _ in range(2)]
        together_steps.ask(pair[which])

        self.refused(StillRunning, *(f.again(town, one.id) for one in pair))

    def test_not_when_it_is_as_urgent(self, town: int) -> None:
        one, other = f.a_case(town, urgency="emergency"), f.a_case(town, urgency="emergency")

        assert absorb(one, other).status == Status.ABSORBED

    def test_not_when_they_complain_about_the_same(self, town: int) -> None:
        accused = (f.body_id(town, "swj"),)
        one, other = (f.a_case(town, accused_body_ids=accused) for _ in range(2))

        assert absorb(one, other).status == Status.ABSORBED

    def test_an_emergency_into_what_waits_longer(self, town: int) -> None:
        self.refused(LessUrgent, f.a_case(town, urgency="emergency"), f.a_case(town))

    def test_across_tenants(self, two: tuple[Case, Case], other_tenant: int) -> None:
        before = picture(two[0].tenant_id, two[0].id, two[1].id)
        there = f.dispatcher(two[0].tenant_id)
        stranger = Actor(tenant_id=other_tenant, kind="staff", account_id=1, roles=frozenset({"dispatcher"}))

        with pytest.raises(NotFound):
            f.do(stranger, merging.absorb, two[0].id, into=two[1].id, now=LATER)
        with pytest.raises(NotFound):
            f.do(there, merging.absorb, two[0].id, into=10**9, now=LATER)

        assert picture(two[0].tenant_id, two[0].id, two[1].id) == before

    def test_what_somebody_saved_meanwhile(self, two: tuple[Case, Case]) -> None:
        with pytest.raises(Stale):
            absorb(*two, version=two[0].version + 1)


class TestRestore:
    def test_gives_back_exactly_what_was_taken(self, two: tuple[Case, Case]) -> None:
        case, home = two
        before = members(case), members(home)

        restored = restore(absorb(case, home))

        assert (members(case), members(home)) == before
        assert (restored.status, restored.absorbed_into_id, restored.lead_id) == (Status.RECEIVED, None, None)
        assert (restored.reports_count, f.again(home.tenant_id, home.id).reports_count) == (1, 1)

    def test_leaves_one_entry_on_each(self, two: tuple[Case, Case]) -> None:
        case, home = two
        absorb(case, home)

        restore(case)

        assert entries(case)[-2:] == ["case.absorbed", "case.restored"]
        assert entries(home)[-2:] == ["case.took_in", "case.gave_back"]

    def test_lets_dispatch_run_and_the_promise_from_its_own_start(self, two: tuple[Case, Case]) -> None:
        case, home = two
        before = promise_of(case)

        restored = restore(absorb(case, home), now=NEXT_DAY)

        after = promise_of(restored)
        assert (after.started_at, after.due_at) == (before.started_at, before.due_at)
        assert restored.promise_due_at == case.promise_due_at
        with scope.work(system(case.tenant_id)):
            running = Clock.objects.filter(case=case, stopped_at=None).values_list("kind", "started_at")
        assert dict(running) == {"promise": before.started_at, "dispatch": NEXT_DAY}

    def test_may_be_done_again_and_again(self, two: tuple[Case, Case]) -> None:
        case, home = two
        before = members(case), members(home)

        for day in range(1, 4):
            absorb(f.again(case.tenant_id, case.id), home, now=MONDAY_TEN + timedelta(days=day))
            restore(case, now=MONDAY_TEN + timedelta(days=day, hours=1))

        assert (members(case), members(home)) == before

    def test_of_a_chain_gives_back_each_to_where_it_was(self, town: int) -> None:
        a, b, c = (f.a_case(town, now=MONDAY_TEN + timedelta(minutes=i)) for i in range(3))
        before = [members(x) for x in (a, b, c)]
        absorb(a, b)
        absorb(f.again(town, b.id), c, now=LATER + timedelta(hours=1))

        restore(b, now=NEXT_DAY)
        assert members(b) == before[0] | before[1]
        restore(a, now=NEXT_DAY + timedelta(hours=1))

        assert [members(x) for x in (a, b, c)] == before

    def test_of_the_first_of_a_chain_takes_it_from_where_it_lives_now(self, town: int) -> None:
        a, b, c = (f.a_case(town, now=MONDAY_TEN + timedelta(minutes=i)) for i in range(3))
        before = [members(x) for x in (a, b, c)]
        absorb(a, b)
        absorb(f.again(town, b.id), c, now=LATER + timedelta(hours=1))

        restore(a, now=NEXT_DAY)
        restore(b, now=NEXT_DAY + timedelta(hours=1))

        assert [members(x) for x in (a, b, c)] == before

    def test_tells_the_reporters_when_a_reply_did_not_settle_theirs(self, town: int) -> None:
        home = f.a_case_at(town, Status.OFFERED)
        case = absorb(f.a_case(town), home)
        for live in (f._sign, f._reply, f._approve):
            live(f.again(town, home.id), NEXT_DAY)

        restore(case, now=NEXT_DAY + timedelta(hours=1))

        with scope.work(system(town)):
            last = trail.of("case", case.id)[-1]
            open_ = Feedback.objects.filter(case=home, membership__to_at=None)
            assert {row.membership.report_id for row in open_} == members(home)
        assert last.codes["replied"] is True

    def test_is_refused_when_nothing_was_absorbed(self, two: tuple[Case, Case]) -> None:
        before = picture(two[0].tenant_id, two[0].id)

        with pytest.raises(WrongMoment):
            restore(two[0])

        assert picture(two[0].tenant_id, two[0].id) == before

    def test_is_refused_when_all_of_it_has_gone_elsewhere(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)
        absorb(case, home)
        leave(home, said.id)

        with pytest.raises(NothingAbsorbed):
            restore(case)

    def test_is_refused_when_it_would_leave_nobody_there(self, two: tuple[Case, Case]) -> None:
        case, home = two
        own = report_of(home)
        absorb(case, home)
        leave(home, own.id)
        before = picture(home.tenant_id, case.id, home.id)

        with pytest.raises(LastReport):
            restore(case)

        assert picture(home.tenant_id, case.id, home.id) == before

    def test_is_for_the_dispatcher(self, two: tuple[Case, Case]) -> None:
        case = absorb(*two)

        for who in (f.stranger(case.tenant_id), f.reviewer(case.tenant_id)):
            with pytest.raises((NotAllowed, NotFound)):
                restore(case, by=who)


class TestThePromise:
    def test_the_earliest_one_binds_the_case_and_the_other_is_kept(self, town: int) -> None:
        home = f.a_case(town, now=NEXT_DAY)
        case = f.a_case(town, now=MONDAY_TEN)
        assert case.promise_due_at and home.promise_due_at and case.promise_due_at < home.promise_due_at

        absorb(case, home, now=NEXT_DAY + timedelta(hours=1))

        bound = f.again(town, home.id)
        clock = promise_of(home)
        assert (bound.promise_due_at, clock.due_at, clock.started_at) == (case.promise_due_at,) * 2 + (MONDAY_TEN,)
        with scope.work(system(town)):
            kept = dict(Membership.objects.filter(case=home, to_at=None).values_list("report_id", "promise_due_at"))
        assert sorted(kept.values()) == [case.promise_due_at, home.promise_due_at]

    def test_of_a_later_caller_does_not_move_the_day(self, town: int) -> None:
        home, case = f.a_case(town, now=MONDAY_TEN), f.a_case(town, now=NEXT_DAY)

        absorb(case, home, now=NEXT_DAY + timedelta(hours=1))

        assert f.again(town, home.id).promise_due_at == home.promise_due_at

    def test_goes_back_with_whom_it_belongs_to(self, town: int) -> None:
        home, case = f.a_case(town, now=NEXT_DAY), f.a_case(town, now=MONDAY_TEN)
        absorb(case, home, now=NEXT_DAY + timedelta(hours=1))

        restored = restore(case, now=NEXT_DAY + timedelta(hours=2))

        again = f.again(town, home.id)
        assert (restored.promise_due_at, again.promise_due_at) == (case.promise_due_at, home.promise_due_at)
        assert promise_of(home).started_at == NEXT_DAY

    def test_of_a_report_that_leaves_counts_from_its_own_day(self, town: int) -> None:
        home, case = f.a_case(town, now=MONDAY_TEN), f.a_case(town, now=NEXT_DAY)
        said = report_of(case)
        absorb(case, home, now=NEXT_DAY + timedelta(hours=1))

        fresh = leave(home, said.id, now=NEXT_DAY + timedelta(days=1))

        assert fresh.promise_due_at == case.promise_due_at
        assert promise_of(fresh).started_at == NEXT_DAY

    def test_of_a_newcomer_runs_on_a_reopened_case_whose_own_was_kept(self, town: int) -> None:
        home = f.a_case_at(town, Status.CLOSED)
        f.do(f.reviewer(town), reopening.reopen, home.id, why="又堵了", now=NEXT_DAY)
        case = f.a_case(town, now=NEXT_DAY)

        absorb(case, home, now=NEXT_DAY + timedelta(hours=1))

        assert promise_of(home).due_at == case.promise_due_at
        restore(case, now=NEXT_DAY + timedelta(hours=2))
        with scope.work(system(town)):
            assert not Clock.objects.filter(case=home, kind="promise", stopped_at=None).exists()


class TestWhoBelongedToWhat:
    def test_at_a_moment_is_the_same_before_and_after_later_merges(self, town: int) -> None:
        a, b, c = (f.a_case(town, now=MONDAY_TEN + timedelta(minutes=i)) for i in range(3))
        said = report_of(a)
        absorb(a, b, now=LATER)
        moments = [MONDAY_TEN - timedelta(1), MONDAY_TEN + timedelta(hours=1), LATER, LATER + timedelta(minutes=1)]
        ids = (a.id, b.id, c.id)
        with scope.work(system(town)):
            before = [[belonging.members_at(i, at) for i in ids] for at in moments]

        absorb(f.again(town, b.id), c, now=NEXT_DAY)
        restore(a, now=NEXT_DAY + timedelta(hours=1))
        leave(c, report_of(b).id if members(b) else sorted(members(c))[0], now=NEXT_DAY + timedelta(hours=2))

        with scope.work(system(town)):
            assert [[belonging.members_at(i, at) for i in ids] for at in moments] == before
        assert [{i for i, there in zip(ids, at, strict=True) if said.id in there} for at in before] == [
            set(), {a.id}, {b.id}, {b.id}
        ]  # fmt: skip
