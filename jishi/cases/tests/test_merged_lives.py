"""What a merge does to those who spoke, and that undoing it gives back the same (spec 10 §4, §19.4)."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import Count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import MONDAY_TEN
from jishi.cases import policies
from jishi.cases.actions import feedback, handling, intake, merging
from jishi.cases.models import Case, Clock, Feedback, Membership, Report
from jishi.cases.queries import belonging, listing, resident
from jishi.cases.refusals import LivesOn
from jishi.cases.states import CASE, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.merge_steps import (
    LATER,
    NEXT_DAY,
    absorb,
    entries,
    leave,
    members,
    report_of,
    restore,
    the_caller,
)  # fmt: skip
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused


@pytest.fixture
def two(town: int) -> tuple[Case, Case]:
    """One that has just come in, and an older one that somebody handles."""
    home = f.a_case_at(town, Status.HANDLING, now=MONDAY_TEN)
    return f.a_case(town, now=MONDAY_TEN + timedelta(hours=5)), home


class TestAfterAMerge:
    def test_an_addendum_reaches_the_living_case_and_who_holds_it(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)
        absorb(case, home)

        f.do(the_caller(said), intake.add_addendum, said.id, text="今天更深了", now=NEXT_DAY)

        assert (entries(home)[-1], entries(case)[-1]) == ("report.added_to", "case.absorbed")

    def test_what_is_done_to_the_absorbed_one_is_refused_by_the_number_of_the_living(
        self, two: tuple[Case, Case]
    ) -> None:
        case, home = two
        case = absorb(case, home)

        with pytest.raises(LivesOn) as no:
            f.do(f.dispatcher(case.tenant_id), handling.reply, case.id, answer=f.answer_of(NEXT_DAY), now=NEXT_DAY)

        assert no.value.facts["number"] == home.number

    def test_every_caller_is_asked_and_each_answers_for_himself(self, town: int) -> None:
        home = f.a_case_at(town, Status.OFFERED)
        absorb(f.a_case(town), home)
        for live in (f._sign, f._reply, f._approve):
            live(f.again(town, home.id), NEXT_DAY)

        with scope.work(system(town)):
            asked = list(Feedback.objects.filter(case=home).select_related("membership__report"))
        assert {row.membership.report_id for row in asked} == members(home)
        answers = feedback.Answers("yes", "yes", "satisfied")
        f.do(the_caller(asked[0].membership.report), feedback.answer, asked[0].id, answers=answers, now=NEXT_DAY)
        assert f.again(town, home.id).status == Status.FEEDBACK
        with pytest.raises((NotAllowed, NotFound)):
            f.do(the_caller(asked[0].membership.report), feedback.answer, asked[1].id, answers=answers, now=NEXT_DAY)

    def test_who_comes_while_answers_are_awaited_is_asked_too(self, town: int) -> None:
        home = f.a_case_at(town, Status.FEEDBACK)
        case = f.a_case(town, now=NEXT_DAY)
        said = report_of(case)

        absorb(case, home, now=NEXT_DAY)

        with scope.work(system(town)):
            assert Feedback.objects.filter(case=home, membership__report=said, round=1).exists()

    def test_each_caller_sees_the_case_he_belongs_to_and_no_other(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)
        me = the_caller(said)
        absorb(case, home)

        with scope.work(me):
            seen = set(policies.visible_to(me, Case.objects.all()).values_list("id", flat=True))
            assert resident.follow(said, now=NEXT_DAY, lang="zh").case.id == home.id
            assert listing.one(home.number, by=me)["reports"] == [said.number]
        assert seen == {home.id}


# --- acceptance line 4 -------------------------------------------------------------------------------------

STEPS = st.lists(st.tuples(st.sampled_from(["join", "leave", "merge", "undo"]), st.integers(0, 5)), max_size=5)


class Stage:
    """x and y, the others, and what has been done among them."""

    def __init__(self, street: list[Case]) -> None:
        self.town = street[0].tenant_id
        self.x, self.y, *self.others = street
        self.mine = members(self.x)
        self.now = LATER

    def tick(self) -> datetime:
        self.now += timedelta(minutes=7)
        return self.now

    def step(self, what: str, n: int) -> None:
        """Something happens to the reports of others; a refusal is as good."""
        desk, case = f.dispatcher(self.town), self.others[n % len(self.others)]
        try:
            if what == "join":
                f.do(desk, merging.join, self.y.id, report_id=report_of(case).id, now=self.tick())
            elif what == "leave":
                others = sorted(members(self.y) - self.mine)
                leave(self.y, others[n % len(others)], now=self.tick())
            elif what == "merge":
                absorb(f.again(self.town, case.id), self.y, now=self.tick())
            else:
                restore(case, now=self.tick())
        except (Refused, IndexError, ZeroDivisionError):
            return

    def undo(self) -> None:
        """Undo the merge; where all others have gone, the other case is kept as everybody's first."""
        if members(self.y) <= self.mine:
            keep = merging.keep_as_community
            f.do(f.dispatcher(self.town), keep, self.y.id, why="别人都走了，事情还在", now=self.tick())
        restore(self.x, now=self.tick())

    def faults(self) -> list[str]:
        with scope.work(system(self.town)):
            belongs = Membership.objects.filter(to_at=None).values("report")
            double = Membership.objects.filter(to_at=None).values("report", "case").annotate(n=Count("id"))
            ended = Clock.objects.filter(stopped_at=None, case__status__in=CASE.ends)
            counted = Case.objects.values_list("id", "reports_count")
            return [
                *(f"report {r.id} has no case" for r in Report.objects.exclude(id__in=belongs)),
                *(f"twice {d}" for d in double.filter(n__gt=1)),
                *(f"{c.kind} runs on ended case {c.case_id}" for c in ended),
                *(f"case {i} counts {n}" for i, n in counted if n != len(belonging.members_at(i, self.now))
                  and Case.objects.get(id=i).status != Status.WITHDRAWN),
            ]  # fmt: skip


@settings(max_examples=max(1, settings().max_examples // 5), suppress_health_check=list(HealthCheck))
@given(before=STEPS, between=STEPS)
def test_undoing_a_merge_gives_back_the_same_whatever_others_do_meanwhile(
    town: int, before: list[tuple[str, int]], between: list[tuple[str, int]]
) -> None:
    with transaction.atomic():
        stage = Stage([f.a_case(town, now=MONDAY_TEN + timedelta(minutes=i)) for i in range(5)])
        for step in before:
            stage.step(*step)
        absorb(stage.x, stage.y, now=stage.tick())
        for step in between:
            stage.step(*step)

        stage.undo()

        assert members(stage.x) == stage.mine
        assert not stage.mine & members(stage.y)
        assert stage.faults() == []
        transaction.set_rollback(True)
