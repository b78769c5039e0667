"""A case left out of a rate: asked by the body, decided outside its line, told to the caller, on a public ledger."""

from datetime import date, timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN
from jishi.bodies.actions import bodies as founding
from jishi.cases.actions import exclusion, handover, merging
from jishi.cases.models import Case
from jishi.cases.queries import exclusions
from jishi.cases.refusals import GroundNeeded
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment

LATER = MONDAY_TEN + timedelta(days=9)


def entries(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


def decide(case: Case, by: Any, verdict: str = "approved", why: str = f.PROVED) -> None:
    f.do(by, exclusion.decide, f.exclusion_of(case).id, verdict=verdict, why=why, now=LATER)


class TestAsk:
    def test_leaves_the_case_counted_until_somebody_has_decided(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        had = entries(case)

        f.ask_exclusion(case, LATER)

        with scope.work(system(town)):
            assert exclusions.in_force(now=LATER) == {}
        assert entries(case) == [*had, "exclusion.asked"]

    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            ({"ground": "complained_often"}, exclusion.NotAnExclusionGround),
            ({"rates": []}, GroundNeeded), ({"rates": ["speed"]}, GroundNeeded),
            ({"from_period": "2026-13"}, exclusion.NotAPeriod), ({"evidence": " "}, GroundNeeded),
            ({"told_caller": "不算"}, GroundNeeded),
        ],
    )  # fmt: skip
    def test_needs_ground_proof_and_what_the_caller_reads(
        self, given: dict[str, Any], refusal: type[Exception], town: int
    ) -> None:
        case = f.a_case_at(town, Status.CLOSED)

        with pytest.raises(refusal):
            f.ask_exclusion(case, LATER, **given)

        assert f.again(town, case.id).version == case.version

    def test_is_the_answering_bodys_once_and_in_its_time(self, town: int) -> None:
        case, fresh = f.a_case_at(town, Status.CLOSED), f.a_case_at(town, Status.OFFERED)

        with pytest.raises((NotAllowed, NotFound)):
            f.do(f.stranger(town), exclusion.ask, case.id, what=f.exclusion(), now=LATER)
        with pytest.raises(WrongMoment):
            f.ask_exclusion(fresh, LATER)
        f.ask_exclusion(case, LATER)
        with pytest.raises(exclusion.ExcludedAlready):
            f.ask_exclusion(case, LATER)


class TestDecide:
    def test_takes_effect_leaves_one_entry_and_says_to_the_caller_why(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        f.ask_exclusion(case, LATER)
        had = entries(case)

        decide(case, f.supervisor(town))

        row = f.exclusion_of(case)
        with scope.work(system(town)):
            assert exclusions.in_force(now=LATER) == {row.membership_id: ("solved",)}
            words = trail.words_of("case", case.id)
            told = [words[e.seq] for e in trail.of("case", case.id) if e.verb == "exclusion.decided"]
        assert entries(case) == [*had, "exclusion.decided"]
        assert told[0]["told"] == row.told_caller

    def test_is_refused_to_the_asking_body_and_its_whole_superior_line(self, town: int) -> None:
        """A squad below the bureau below the city: neither squad, nor bureau, nor city decides."""
        line = [("top", "市执法总队", ""), ("mid", "执法支队", "top"), ("low", "执法中队", "mid")]
        with scope.work(system(town)):
            founding.found_many(
                [founding.Founding(c, n, n, "city_dept", "990181000000", parent=p) for c, n, p in line],
                active_from=date(2025, 1, 1), by=system(town), now=MONDAY_TEN,
            )  # fmt: skip
        case = f.a_case(town)
        f.offer_to(case, "low", MONDAY_TEN)
        case = f.again(town, case.id)
        f.do(f.handler_of(case), handover.sign, case.id, now=MONDAY_TEN)
        f.ask_exclusion(f.again(town, case.id), LATER)

        for above in ("mid", "top"):
            with pytest.raises(exclusion.OfTheAskingLine):
                decide(case, f.staff(town, "supervisor", account=61, body=above))
        with pytest.raises((NotAllowed, NotFound)):
            decide(case, f.staff(town, "supervisor", account=62, body="low"))
        assert f.exclusion_of(case).verdict == ""

    def test_needs_reasons_and_happens_once(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        f.ask_exclusion(case, LATER)

        with pytest.raises(GroundNeeded):
            decide(case, f.supervisor(town), why="同意")
        with pytest.raises((NotAllowed, NotFound)):
            decide(case, f.dispatcher(town))
        decide(case, f.supervisor(town), verdict="denied")
        with pytest.raises(exclusion.NothingExcluded):
            decide(case, f.supervisor(town))

    def test_that_was_denied_may_be_asked_again(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        f.ask_exclusion(case, LATER)
        decide(case, f.supervisor(town), verdict="denied")

        f.ask_exclusion(case, LATER, evidence="另有台账")

        assert f.exclusion_of(case).verdict == ""


class TestRevoke:
    def test_counts_the_case_again_and_keeps_the_ledger(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        f.exclude(case, LATER)
        had = entries(case)

        f.do(f.supervisor(town), exclusion.revoke, f.exclusion_of(case).id, why="照片不是这个地方的", now=LATER)

        with scope.work(system(town)):
            assert exclusions.in_force(now=LATER) == {}
            assert exclusions.in_force(now=LATER - timedelta(seconds=1)) == {}
            rows = exclusions.counts(by=f.office(town))
        assert entries(case) == [*had, "exclusion.revoked"]
        assert [(r.ground, r.asked, r.granted, r.revoked) for r in rows] == [("not_true", 1, 1, 1)]

    def test_needs_something_granted(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        f.ask_exclusion(case, LATER)

        with pytest.raises(exclusion.NothingExcluded):
            f.do(f.supervisor(town), exclusion.revoke, f.exclusion_of(case).id, why="错了", now=LATER)


def test_the_desk_is_not_asked_to_decide_for_a_case_that_lives_on_in_another(town: int) -> None:
    case, home = f.a_case_at(town, Status.HANDLING), f.a_case_at(town, Status.HANDLING)
    f.ask_exclusion(case, MONDAY_TEN + timedelta(hours=4))
    by = f.supervisor(town)
    with scope.work(by):
        before = len(exclusions.waiting(by=by))

    f.do(f.dispatcher(town), merging.absorb, case.id, into=home.id, now=MONDAY_TEN + timedelta(hours=5))

    with scope.work(by):
        assert (before, len(exclusions.waiting(by=by))) == (1, 0)
