"""Is it the same matter as a case that stands? Proposed with reasons, never the caller, never what one may not see."""

import os
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN, TOWN
from jishi.cases import triage
from jishi.cases.actions import arrival, choosing, history, intake
from jishi.cases.models import Case, Membership, Suggestion
from jishi.cases.tests import exhaustive
from jishi.cases.tests import factories as f
from jishi.cases.triage import duplicates
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.kernels.text import alike
from jishi.kernels.text.alike import Prepared
from jishi.portal import founding
from jishi.portal.demo import past_cases
from jishi.portal.demo import town as drawn

LATER = MONDAY_TEN + timedelta(hours=5)
LEAK = "青溪里3号楼楼顶渗水，厨房天花板在滴水"
ROOF = "02.01.01"
YEAR = 10_000 if os.environ.get("JISHI_PROFILE") == "nightly" else 2_000  # reports of a generated year


def alike_to(town, text, *, by=None, now=LATER, **facts):
    """What is proposed for a text, said at the operator's desk."""
    with scope.work(by or f.operator(town)):
        seen = triage.run([triage.Words(text, now, **facts)], now=now)[0]
        return seen.stage("duplicates")


class TestWhichAreProposed:
    def test_the_same_thing_in_other_words_and_other_numerals_is_and_says_why(self, town):
        case = f.a_case(town, text=LEAK, matter=ROOF)

        (found,) = alike_to(town, "青溪里三栋顶楼漏", matter=ROOF).candidates

        assert (found["value"], found["case_id"], found["number"]) == (case.id, case.id, case.number)
        assert found["label"] == case.title and found["status"] == "RECEIVED"
        assert found["p"] >= 0.5 and 1 <= len(found["facts"]) <= 3
        assert found["reason"].count("；") == len(found["facts"]) - 1

    def test_another_building_of_the_compound_is_not(self, town):
        f.a_case(town, text="青溪里3号楼漏水", matter=ROOF)

        assert alike_to(town, "青溪里5号楼漏水", matter=ROOF).candidates == ()

    def test_other_things_said_of_the_same_house_are_not(self, town):
        f.a_case(town, text="青溪里3号楼楼上半夜搬东西，吵得睡不着", matter="")

        assert alike_to(town, "青溪里3号楼楼下的井盖碎了，老人差点掉下去").candidates == ()

    def test_the_same_words_far_away_are_not(self, town):
        f.a_case(town, text="翠竹苑门口路灯不亮", matter="")

        assert alike_to(town, "东园一区门口路灯不亮").candidates == ()

    def test_who_has_it_is_named(self, town):
        case = f.a_case_at(town, f.Status.OFFERED)

        (found,) = alike_to(town, f.DRAIN, matter=case.matter, now=LATER).candidates

        with scope.work(system(town)):
            assert found["body"] == Case.objects.select_related("lead").get(id=case.id).lead.name

    def test_a_case_past_the_life_of_its_matter_or_long_closed_is_not(self, town):
        case = f.a_case_at(town, f.Status.CLOSED)

        assert alike_to(town, f.DRAIN, matter=case.matter, now=LATER).candidates
        assert alike_to(town, f.DRAIN, matter=case.matter, now=LATER + timedelta(days=400)).candidates == ()

    def test_the_caller_is_no_fact(self, town):
        names = {"caller_name": "王秀兰", "caller_contact": "13900000417"}
        f.a_case(town, text="翠竹苑路灯不亮", matter="", **names)
        done = f.receive(town, text="云溪大道路面塌了一块", matter="", now=LATER, **names)
        same = f.receive(town, text="翠竹苑路灯坏了不亮", matter="", now=LATER, **names)
        other = f.receive(town, text="翠竹苑路灯坏了不亮", matter="", now=LATER, caller_contact="13911112222")

        with scope.work(system(town)):
            rows = Suggestion.objects.filter(stage="duplicates")
            said = {r: rows.get(report=r).candidates for r in (done.report_id, same.report_id, other.report_id)}
        assert said[done.report_id] == []
        assert [c for c in said[other.report_id] if c["case_id"] != same.case_id] == said[same.report_id]

    def test_at_most_three(self, town):
        for _ in range(5):
            f.a_case(town)

        assert len(alike_to(town, f.DRAIN, matter="01.02.01").candidates) == 3


class TestBatch:
    def test_an_import_is_told_of_its_own_duplicates_by_their_cases(self, town):
        by = f.operator(town)
        texts = ("翠竹苑路灯不亮三天了", "云溪大道积水", "翠竹苑路灯坏了三天不亮")
        rows = [arrival.Incoming(text=t, channel="import") for t in texts]
        with scope.work(by):
            taken, _ = intake.receive_many(rows, by=by, now=MONDAY_TEN, tenant_code=TOWN)
            said = [Suggestion.objects.get(report=r.report_id, stage="duplicates").candidates for r in taken]

        assert [[c["number"] for c in s] for s in said] == [[taken[2].case_number], [], [taken[0].case_number]]

    def test_a_refused_row_leaves_no_reference_to_itself(self, town):
        by = f.operator(town)
        rows = [arrival.Incoming(text=t, channel="import") for t in ("翠竹苑路灯不亮三天了", "翠竹苑路灯坏了三天不亮")]
        with scope.work(by):
            looked = arrival.look(rows, now=MONDAY_TEN)
            bad = [replace(rows[0], matter="99.99"), rows[1]]
            taken, refused = intake.receive_many(bad, by=by, now=MONDAY_TEN, tenant_code=TOWN, suggested=looked)
            said = Suggestion.objects.get(report=taken[0].report_id, stage="duplicates").candidates

        assert (len(refused), said) == (1, [])

    @pytest.mark.parametrize("size", [1, 60])
    def test_two_statements_whatever_the_size(self, town, size):
        f.a_case(town)
        batch = [triage.Words(f.DRAIN, LATER, matter="01.02.01")] * size
        with scope.work(f.operator(town)):
            triage.run(batch[:1], now=LATER, compare=False)
            with CaptureQueriesContext(connection) as seen:
                triage.run(batch, now=LATER)

        of_cases = [q for q in seen.captured_queries if "cases_case" in q["sql"] or "cases_membership" in q["sql"]]
        assert len(of_cases) == 2
        assert len(seen) <= 4, [q["sql"][:90] for q in seen.captured_queries]


class TestRefusedPairs:
    def test_what_a_person_called_another_matter_is_not_proposed_again_from_either_side(self, town):
        case, other = f.a_case(town), f.receive(town, now=LATER)
        with scope.work(system(town)):
            first = Membership.objects.get(case=case).report_id
        assert case.id in _cases(alike_to(town, f.DRAIN, matter="01.02.01", report_id=other.report_id))

        f.do(f.operator(town), choosing.refuse_pairs, other.report_id, case_ids=[case.id], now=LATER)

        assert _cases(alike_to(town, f.DRAIN, matter="01.02.01", report_id=other.report_id)) == []
        assert _cases(alike_to(town, f.DRAIN, matter="01.02.01", report_id=first)) == []
        assert sorted(_cases(alike_to(town, f.DRAIN, matter="01.02.01"))) == sorted([case.id, other.case_id])


def _cases(stage):
    return [c["case_id"] for c in stage.candidates]


class TestWhoIsTold:
    STRANGER = "anonymous"

    def told(self, town, actor, **facts):
        f.a_case(town, **facts)
        return alike_to(town, f.DRAIN, matter="01.02.01", by=actor).candidates

    def stranger(self, town):
        return Actor(tenant_id=town, kind="anonymous")

    def test_a_stranger_is_told_of_an_open_matter_without_its_words_or_number(self, town):
        (found,) = self.told(town, self.stranger(town))

        assert (found["label"], found["number"]) == (found["matter"], "")

    @pytest.mark.parametrize(
        "facts",
        [{"voice": "confidential"}, {"kind": "tip_off"}, {"accused": True}],
        ids=["confidential", "tip-off", "accused body"],
    )
    def test_a_stranger_is_not_told_of_a_hidden_matter_and_the_desk_is(self, town, facts):
        if facts.pop("accused", False):
            facts["accused_body_ids"] = (f.body_id(town, "cgj"),)

        assert self.told(town, self.stranger(town), **facts) == ()
        assert alike_to(town, f.DRAIN, matter="01.02.01").candidates

    def test_an_accused_body_and_a_handler_of_another_body_are_not_told(self, town):
        accused = f.staff(town, "operator", account=51, body="cgj")

        assert self.told(town, accused, accused_body_ids=(f.body_id(town, "cgj"),)) == ()
        assert alike_to(town, f.DRAIN, matter="01.02.01", by=f.stranger(town)).candidates == ()


@pytest.fixture
def lived(town):
    """Past lives of the last weeks, and what is asked of them."""
    year = past_cases(YEAR, seed=33, today=date(2026, 3, 9))
    recent = [c for c in year if c.said_at > MONDAY_TEN - timedelta(days=45)]
    by = system(town)
    with scope.work(by):
        known = founding.Known(drawn(), day=date(2026, 3, 9))
        history.take_in([known.life(c, prefix="D") for c in recent], by=by, now=MONDAY_TEN, tenant_code=TOWN)
    return recent


class TestHowGood:
    def test_blocking_keeps_98_of_100_of_what_comparing_all_would_propose(self, town, lived):
        with scope.work(system(town)):
            worth, whole = exhaustive.compared([triage.Words(c.text, MONDAY_TEN) for c in lived], now=MONDAY_TEN)

        every = sum(len(proposed) for proposed in whole)
        found = sum(len(proposed & near) for proposed, near in zip(whole, worth, strict=True))
        assert every and found / every >= 0.98, f"{found} of {every} pairs"
        assert max(map(len, worth)) <= alike.MAX_CANDIDATES

    def test_a_text_of_a_batch_is_compared_with_what_it_would_be_alone_where_more_stands_than_is_read(
        self, town, lived, monkeypatch
    ):
        for name, few in (("NEWEST", 4), ("ALIKE", 2), ("AROUND", 2), ("LONE", 3), ("NOWHERE", 2), ("ANYWHERE", 3)):
            monkeypatch.setattr(duplicates, name, few)
        texts = [c.text for c in lived][::3] + ["路灯不亮，没人管", "没有水了，已经两天"]
        words = [triage.Words(text, MONDAY_TEN) for text in texts]
        with scope.work(system(town)):
            alone, _ = exhaustive.compared(words, now=MONDAY_TEN, whole=False)
            together = exhaustive.compared_together(words, now=MONDAY_TEN)

        assert together == alone
        assert sum(map(len, alone)) > 3 * len(alone), "there is something to compare with"

    def test_repeated_reports_are_found_and_what_is_proposed_is_right(self, town):
        year = past_cases(2000, seed=33, today=date(2026, 3, 9))
        by_id = {c.external_id: c for c in year}
        again = [c for c in year if c.near_duplicate_of and c.near_duplicate_of in by_id]
        pairs = [(c, by_id[c.near_duplicate_of]) for c in again]
        others = [(c, o) for c in again for o in year if abs(o.said_at - c.said_at) < timedelta(days=14)
                  and o.external_id not in (c.external_id, c.near_duplicate_of)]  # fmt: skip
        candidates = {}
        for c in year:
            lng, lat = c.place.lng / 1e7, c.place.lat / 1e7
            compound = alike.without_building(c.place.name)
            candidates[c.external_id] = alike.Candidate(
                c.text, lng, lat, float(c.place.radius_m), c.said_at.timestamp() / 3600, c.matter,
                compounds=frozenset({compound}), buildings=frozenset({c.place.name}),
            )  # fmt: skip
        prepared, at = Prepared.of(list(candidates.values())), {k: i for i, k in enumerate(candidates)}
        reach = alike.Reach.of(alike.PairModel(), 0.5)

        def chance(rows):
            first, second = (np.array([at[pair[s].external_id] for pair in rows]) for s in (0, 1))
            told = alike.probabilities(prepared.facts(first, second))
            quick = alike.probabilities(prepared.facts(first, second, reach=reach))
            assert (np.where(quick >= 0.5, quick, 0) == np.where(told >= 0.5, told, 0)).all(), "the same is proposed"
            return told

        right, wrong = chance(pairs) >= 0.5, chance(others) >= 0.5
        # Another report of the same matter at the same place within its days is the same matter, repeated or not.
        true = sum(_is_same(c, o) for (c, o), said in zip(others, wrong, strict=True) if said)
        precision = (right.sum() + true) / (right.sum() + wrong.sum())
        assert right.mean() >= 0.8 and precision >= 0.9, f"recall {right.mean():.3f}, precision {precision:.3f}"


def _is_same(one, other):
    return one.matter == other.matter and one.place.name == other.place.name
