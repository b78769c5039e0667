"""Editions of the model: thresholds, the shadow, a new code book, drift, what counts as confirmed (spec 12 §3)."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from conftest import MONDAY_TEN
from jishi.cases.actions import choosing, correcting, drifting, learning, shadowing
from jishi.cases.actions.drifting import Said
from jishi.cases.models import Choice, DriftWeek, ModelEdition, ShadowAnswer, Suggestion
from jishi.cases.queries import models_compared
from jishi.cases.refusals import NotShadowedEnough
from jishi.cases.tests import factories as f
from jishi.cases.tests.test_learning import TEXTS, keeper, shadowed, suggested
from jishi.cases.triage import classifying, learned, renamed, thresholds
from jishi.duties import queries as duties
from jishi.duties.actions import codebook
from jishi.foundation import scope, trail
from jishi.foundation.actor import clock, system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment
from jishi.kernels.text.classify import Learned

TODAY = date(2026, 3, 9)
LIGHT, DARK = "01.02.02", "01.02.09"
LATER = MONDAY_TEN + timedelta(days=1)


class TestThresholds:
    def test_what_is_filled_in_is_as_often_right_as_was_stated(self):
        rng = np.random.default_rng(7)
        sure = rng.uniform(0.2, 1.0, 40_000)
        right = rng.uniform(size=40_000) < sure**2

        least = thresholds.chosen(sure[:20_000], right[:20_000], level=0)
        later = right[20_000:][sure[20_000:] >= least["least"]]

        assert least["how"] == "measured" and least["least"] > 0.8
        assert abs(later.mean() - thresholds.STATED) <= 0.03

    @pytest.mark.parametrize(
        ("sure", "right", "how", "least"),
        [
            ([0.99] * 10, [True] * 10, "at_its_word", 0.99),  # too few were judged: what it says is believed
            ([0.6] * 10, [True] * 10, "never", thresholds.NEVER),
            ([0.9] * 100, [False] * 100, "never", thresholds.NEVER),  # sure and wrong fills in nothing
            ([0.4] * 100, [True] * 100, "measured", thresholds.PREFILL),  # never less sure than a half
            ([], [], "never", thresholds.NEVER),
        ],
    )
    def test_few_or_wrong_answers_fill_in_nothing_unearned(self, sure, right, how, least):
        found = thresholds.chosen(np.array(sure, float), np.array(right, bool), level=0)

        assert (found["how"], found["least"]) == (how, least)

    def test_below_the_threshold_three_and_below_a_half_together_cannot_tell(self):
        flat, three, two = np.full((1, 10), 0.1), np.array([[0.45, 0.2, 0.05, 0.3]]), np.array([[0.8, 0.1, 0.1, 0.0]])
        text = ["翠竹苑路灯三天不亮"]

        assert thresholds.silences(text, flat, least=0.5) == ["cannot_tell"]
        assert thresholds.silences(text, three, least=0.5) == ["unsure"]
        assert thresholds.silences(text, two, least=0.9) == ["unsure"]
        assert thresholds.silences(text, two, least=0.7) == [""]


def an_edition(town, number=1, **values):
    """A small model, stored as an edition without the long way of learning."""
    with scope.work(system(town)):
        zero = classifying.zero_shot(duties.law(TODAY))
        texts = [TEXTS[0], TEXTS[2]] * 6
        model = Learned.fit(zero, texts, [LIGHT, "02.01.01"] * 6, seed=number, epochs=2)
        content = learned.packed(*model.to_arrays())
        card = {"thresholds": [], "period": ["2025-03-01", "2026-03-01"], "cases": 12, "counts": {}, "left_out": 0,
                "reading": learned.reading_of(model)}  # fmt: skip
        return ModelEdition.objects.create(
            tenant_id=town, kind=learned.KIND, number=number, made_at=MONDAY_TEN, made_from="", arrays=content,
            sha256=learned.hashlib.sha256(content).hexdigest(), card=card, **values,
        )  # fmt: skip


def state_of(town):
    with scope.work(system(town)):
        rows = list(ModelEdition.objects.order_by("number").values("shadow_from", "shadow_to", "adopted_at",
                                                                   "retired_at", "version"))  # fmt: skip
        return rows, len(trail.of("model_edition", ModelEdition.objects.order_by("number").first().id))


class TestShadow:
    def test_an_edition_answers_unseen_is_compared_adopted_and_given_back(self, town):
        made = an_edition(town)
        office = keeper(town)
        f.do(office, learning.shadow, 1, now=MONDAY_TEN)
        told = [f.receive(town, matter="", text=t, now=LATER) for t in TEXTS]
        f.receive(town, matter=LIGHT, now=LATER)  # nothing was guessed: nothing to compare

        assert shadowing.answer_beside(by=system(town), now=LATER) == len(TEXTS)
        assert shadowing.answer_beside(by=system(town), now=LATER) == 0

        with scope.work(system(town)):
            assert ShadowAnswer.objects.filter(model=made.id).count() == len(TEXTS)
            assert ModelEdition.objects.get(number=1).shadowed == len(TEXTS)
            said = Suggestion.objects.filter(report__in=[t.report_id for t in told], stage="classify")
            assert not [s for s in said if "learned" in s.edition], "who works on the case sees nothing of it"
        f.do(f.operator(town), choosing.choose, told[0].report_id, chosen={"classify": LIGHT}, now=LATER)
        with scope.work(office):
            (one,) = models_compared.editions(by=office, now=LATER + timedelta(hours=1), lang="zh")
        assert (one.state, one.compared.cases, one.compared.new.of) == ("shadow", len(TEXTS), 1)
        assert one.compared.changed.of == len(TEXTS) and not one.enough
        with scope.work(f.staff(town, "system_admin", account=44)) as at_work:
            (seen,) = models_compared.editions(by=at_work.actor, now=LATER, lang="zh")
        assert seen.compared.examples == (), "an administrator of the system reads no report"

        with pytest.raises(NotShadowedEnough):
            f.do(office, learning.adopt, 1, now=LATER)
        shadowed(town, 1)
        before = suggested(town)
        f.do(office, learning.adopt, 1, now=LATER)
        assert "learned@1" in suggested(town)[0][1]
        f.do(office, learning.give_back, 1, now=LATER)
        assert suggested(town) == before
        f.do(office, learning.adopt, 1, now=LATER + timedelta(hours=2))  # it was in force: no second shadow
        with scope.work(system(town)):
            verbs = [e.verb for e in trail.of("model_edition", made.id)]
        assert verbs == ["model.shadowed", "model.adopted", "model.returned", "model.adopted"]

    @pytest.mark.parametrize(
        ("verb", "given", "by", "refused"),
        [
            (learning.shadow, {}, "dispatcher", NotAllowed),
            (learning.adopt, {"shadowed": 500}, "system_admin", NotAllowed),
            (learning.give_back, {"adopted_at": MONDAY_TEN}, "system_admin", NotAllowed),
            (learning.adopt, {"shadowed": 499}, "office", NotShadowedEnough),
            (learning.shadow, {"shadow_from": MONDAY_TEN}, "office", WrongMoment),
            (learning.shadow, {"adopted_at": MONDAY_TEN}, "office", WrongMoment),
            (learning.adopt, {"adopted_at": MONDAY_TEN}, "office", WrongMoment),
            (learning.give_back, {}, "office", WrongMoment),
        ],
    )
    def test_the_wrong_person_or_moment_is_refused_and_changes_nothing(self, town, verb, given, by, refused):
        an_edition(town, **given)
        before = state_of(town)

        with pytest.raises(refused):
            f.do(f.staff(town, by, account=43, body="ldxz"), verb, 1, now=LATER)
        with pytest.raises(NotFound):
            f.do(keeper(town), verb, 9, now=LATER)

        assert state_of(town) == before

    def test_nobody_but_a_person_adopts(self, town):
        an_edition(town, shadowed=500)

        for by in (system(town), clock(town, "weekly:test")):
            with pytest.raises(NotAllowed):
                f.do(by, learning.adopt, 1, now=LATER)

    def test_a_second_edition_in_the_shadow_ends_the_first(self, town):
        an_edition(town, 1, shadow_from=MONDAY_TEN)
        an_edition(town, 2)

        f.do(keeper(town), learning.shadow, 2, now=LATER)

        with scope.work(system(town)):
            assert list(ModelEdition.objects.order_by("number").values_list("shadow_to", flat=True)) == [LATER, None]

    def test_a_broken_edition_in_the_shadow_says_nothing_and_intake_works(self, town):
        made = an_edition(town, shadow_from=MONDAY_TEN)
        with scope.work(system(town)):
            ModelEdition.objects.filter(id=made.id).update(sha256="0" * 64)

        done = f.receive(town, matter="", text=TEXTS[0], now=LATER)

        assert shadowing.answer_beside(by=system(town), now=LATER) == 0
        assert done.promise_due_at is not None


class TestCodeBook:
    def test_one_successor_moves_examples_and_model_a_split_sets_aside(self, town):
        made = an_edition(town, adopted_at=MONDAY_TEN)
        by = system(town)
        with scope.work(by):
            old = duties.book_edition(day=TODAY)
            names = list(codebook.NewMatter.__dataclass_fields__)
            rows = [
                codebook.NewMatter(**{n: getattr(r, n) for n in names if hasattr(r, n)})
                for _, r in sorted(duties.matters(day=TODAY).items())
            ]
            (before,) = classifying.answers(law := duties.law(TODAY), classifying.in_force(law), [TEXTS[0]])
            become = {LIGHT: {"codes": [DARK], "rule": "all"}, "02.01.01": {"codes": ["02.01.08", "02.01.09"],
                                                                              "rule": "ask"}}  # fmt: skip
            new = [replace(r, becomes=become.get(r.code, dict(r.becomes))) for r in rows]
            new += [codebook.NewMatter(c, n) for c, n in ((DARK, "夜间"), ("02.01.08", "甲类"), ("02.01.09", "乙类"))]
        with scope.work(by):
            codebook.adopt_book(new, number=old + 1, effective_from=date(2026, 5, 1), source="x", by=by, now=MONDAY_TEN)

        with scope.work(by):
            law = duties.law(date(2026, 5, 2))
            cases = [learning.Confirmed(MONDAY_TEN, "灯", code) for code in (LIGHT, "02.01.01", "99.99")]
            moved = learning.in_todays_words(cases, law)
            (after,) = classifying.answers(law, classifying.in_force(law), [TEXTS[0]])
            model = renamed.in_todays_codes(learned.read(bytes(made.arrays), made.sha256), made.sha256, law)

        assert [c.matter for c in moved] == [DARK], "one successor moves; a split and an unknown code are set aside"
        assert before.candidates[0]["value"] == LIGHT and after.candidates[0]["value"] == DARK
        support = dict(zip(model.zero.labels, model.support.tolist(), strict=True))
        assert support[DARK] == 6 and "02.01.08" not in support, "the children of a split are zero-shot's"
        known = {m.code for m in law.leaves}
        assert all(c["value"] in known for c in after.candidates), "never an unknown label"


def said(n, *, sure=0.9, length=40, right=0.9, abstained=0.2, channel="phone", matter=LIGHT):
    """A stream of first guesses, spread evenly."""
    def part(k, share):
        return (k * 37 % 100) < 100 * share

    return [
        Said(MONDAY_TEN, channel, matter, length + k % 20, min(0.99, sure + (k % 10 - 5) / 100), part(k, abstained),
             not part(k + 50, right), matter)
        for k in range(n)
    ]  # fmt: skip


class TestDrift:
    def test_a_steady_stream_passes_no_limit_and_a_drifted_one_passes_those_that_moved(self):
        usual = said(400)

        assert drifting.compared(said(200), usual)[1] == []
        assert "stability" in drifting.compared(said(200, length=160), usual)[1]
        assert drifting.compared(said(200, right=0.5), usual)[1] == ["calibration", "changed"]
        assert drifting.compared(said(200, abstained=0.6), usual)[1] == ["abstained"]
        assert drifting.compared(said(30), said(35))[1] == [], "few of them, and chance, make no notice"

    def test_a_drifted_week_is_told_to_the_desk_once_and_nothing_learns(self, town):
        monday = date(2026, 3, 2)
        texts = ["翠竹苑路灯三天不亮，请来修", "翠竹苑3号楼前的路灯坏了"]
        with scope.work(system(town)):
            law = duties.law(TODAY)
            seen = dict(zip(texts, classifying.answers(law, classifying.in_force(law), texts), strict=True))
        done = [f.receive(town, matter="", text=t, now=MONDAY_TEN - timedelta(days=40)) for t in texts]
        with scope.work(system(town)):
            rows = []
            for k in range(80):  # forty before, forty in the week, all changed by people in the week
                days = 40 if k < 40 else 5
                rows.append(
                    Suggestion(tenant_id=town, report_id=done[k % 2].report_id, stage="classify", abstained="",
                               candidates=list(seen[texts[k % 2]].candidates), edition="", ms=1.0,
                               made_at=MONDAY_TEN - timedelta(days=days))
                )  # fmt: skip
            kept = Suggestion.objects.bulk_create(rows)
            Choice.objects.bulk_create(
                Choice(tenant_id=town, suggestion=s, taken=k < 40, changed_to="" if k < 40 else "01.02.05", by="x",
                       at=s.made_at)
                for k, s in enumerate(kept)
            )  # fmt: skip

        by = clock(town, "weekly:test")
        beyond = f.do(by, drifting.weekly, now=MONDAY_TEN)
        again = f.do(by, drifting.weekly, now=MONDAY_TEN + timedelta(hours=1))

        assert beyond and again == [] and all(r.week == monday for r in beyond)
        assert all("calibration" in r.beyond for r in beyond)
        desk = f.dispatcher(town)
        with scope.work(desk):
            assert models_compared.drifted(desk) == len(beyond)
            assert models_compared.drifted(f.handler(town, "sqzx")) == 0
        with scope.work(system(town)):
            assert not ModelEdition.objects.exists() and DriftWeek.objects.count() >= len(beyond)
            assert [e.verb for e in trail.of("tenant", town) if e.verb == "model.drifted"] == ["model.drifted"]


def test_what_the_lead_body_made_of_it_counts_above_the_first_click(town):
    case = f.a_case(town, matter="", text=TEXTS[0])
    with scope.work(system(town)):
        report = case.memberships.get().report_id
    f.do(f.operator(town), choosing.choose, report, chosen={"classify": "01.02.05"}, now=MONDAY_TEN)
    f.do(f.dispatcher(town), correcting.correct_matter, case.id, matter=LIGHT, now=LATER)

    with scope.work(system(town)):
        (one,) = learning.confirmed(now=LATER, tenant_id=town)

    assert (one.matter, one.corrected) == (LIGHT, True)
    old, new = (replace(one, at=LATER - timedelta(days=d)) for d in (360, 0))
    assert learning.weights_of([old, new], LATER) == [0.25, 1.0], "the newest weighs most"
