"""Faults that weighed on other systems of this kind, told from the reader's side: what is guessed, and what is kept."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN
from jishi.cases import triage
from jishi.cases.actions import intake, learning, retention
from jishi.cases.models import Addendum, Case, Report, Suggestion
from jishi.cases.refusals import UnknownMatter
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.taught import TODAY, edition, keeper, shadowed
from jishi.cases.triage import classifying, duplicates, looking
from jishi.duties import queries as duties
from jishi.duties.actions import codebook
from jishi.duties.models import Matter
from jishi.foundation import scope
from jishi.foundation.actor import Actor, clock, system
from jishi.kernels.text.classify import Blended, Learned
from jishi.portal.demo import past_cases

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]
LIGHT, DARK = "01.02.02", "01.02.09"


def taught(town: int) -> Any:
    """The desk's past of 210 closed cases, learned and in use."""
    made = edition(town)
    shadowed(town, made.number)
    f.do(keeper(town), learning.adopt, made.number, now=MONDAY_TEN)
    return made


def classified(town: int, *texts: str, now: Any = MONDAY_TEN) -> list[triage.Suggested]:
    with scope.work(f.operator(town)):
        seen = triage.run([triage.Words(t, now) for t in texts], now=now, compare=False)
        return [s.stage("classify") for s in seen]


@pytest.mark.xdist_group("learning")
def test_a_new_code_book_never_breaks_the_model(town: int) -> None:
    """G01 · sig 1332: the model knew labels that were gone, and answered with an error."""
    taught(town)
    by = system(town)
    with scope.work(by):
        old = duties.book_edition(day=TODAY)
        rows = [
            codebook.NewMatter(
                r.code, r.name, r.name_en, tuple(r.aliases), r.public, r.default_visibility, r.at_home, r.spot,
                r.life_days, tuple(r.questions), dict(r.becomes),
            )
            for r in Matter.objects.filter(book__number=old).order_by("code")
        ]  # fmt: skip
        (first,) = classified(town, "翠竹苑3号楼前的路灯坏了三天")
        gone = str(first.candidates[0]["value"])
        assert "learned" in first.edition
        new = [replace(r, becomes={"codes": [DARK], "rule": "all"}) if r.code == gone else r for r in rows]
        new += [codebook.NewMatter(DARK, "夜间照明", aliases=("路灯不亮", "灯坏了"))]
    with scope.work(by):
        codebook.adopt_book(new, number=old + 1, effective_from=date(2026, 5, 1), source="x", by=by, now=MONDAY_TEN)

    later = MONDAY_TEN + timedelta(days=60)
    (said,) = classified(town, "翠竹苑3号楼前的路灯坏了三天", now=later)

    assert said.abstained != "skipped"
    assert gone not in {c["value"] for c in said.candidates}, "what is retired is suggested to nobody"
    with pytest.raises(UnknownMatter) as no:
        f.receive(town, text="翠竹苑3号楼前的路灯坏了三天", matter=gone, now=later)
    assert DARK in str(no.value.facts), "and nobody may enter it, but is told what it has become"
    done = f.receive(town, text="翠竹苑3号楼前的路灯坏了三天", matter="", now=later)
    assert done.promise_due_at is not None
    assert next(s for s in done.suggestions if s.stage == "route").candidates


def test_the_classifier_may_say_i_do_not_know(town: int) -> None:
    """G02 · sig code: it always answered, and was believed."""
    silent = classified(town, "灯", "12345678", "Please could somebody come and have a look at this thing for me?")

    assert [s.abstained for s in silent] == ["too_short", "too_short", "language"]
    assert [s.candidates for s in silent[:2]] == [(), ()]
    (vague,) = classified(town, "这件事说来话长，你们到底管不管，请给个说法。")
    assert vague.abstained in ("unsure", "equally_likely", "cannot_tell")
    done = f.receive(town, text="这件事说来话长，你们到底管不管，请给个说法。", matter="")
    assert f.again(town, done.case_id).matter == "", "nothing is filled in that is not known"


def test_a_class_with_few_examples_is_still_possible(town: int) -> None:
    """G03 · sig code: classes under fifty were dropped, and could never be said again."""
    with scope.work(system(town)):
        zero = classifying.zero_shot(duties.law(TODAY))
        rare = duties.matters()["02.02.04"]
    plenty = [c for c in past_cases(300, seed=4, today=TODAY) if c.matter != rare.code]

    model = Learned.fit(zero, [c.text for c in plenty], [c.matter for c in plenty], seed=1)
    asked = f"{rare.name}，{'，'.join(rare.aliases[:2])}，请来看看。"
    scores = Blended.of(zero, model).score([asked])[0]

    assert rare.code not in {c.matter for c in plenty}
    best = [zero.labels[i] for i in scores.argsort()[::-1][:3]]
    assert rare.code in best


def test_a_slow_or_missing_model_does_not_delay_intake(town: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """G04 · sig code: ten seconds of waiting, then 504."""
    monkeypatch.setattr(looking.classifying, "classify", _no_model)
    monkeypatch.setattr(duplicates, "find", _no_model)

    done = f.receive(town)

    said = {s.stage: s.abstained for s in done.suggestions}
    assert (said["classify"], said["duplicates"]) == ("skipped", "skipped")
    case = f.again(town, done.case_id)
    assert (case.status, done.promise_due_at is not None) == (Status.RECEIVED, True)
    assert next(s for s in done.suggestions if s.stage == "route").candidates, "the list routes without any model"


def _no_model(*asked: Any, **more: Any) -> Any:
    raise TimeoutError("the model answers nobody")


@pytest.mark.xdist_group("learning")
def test_training_data_and_quality_of_a_model_are_published(town: int) -> None:
    """G05 · sig: standard review. Whoever is judged by a guess may read how good it is."""
    from django.test import Client

    from jishi.cases.tests.desk_steps import HOST

    made = taught(town)
    anybody = Client(headers=HOST)

    told = anybody.get("/api/v1/quality").json()["models"]
    page = anybody.get("/quality").content.decode()

    (shown,) = told
    assert (shown["number"], shown["cases"], shown["in_use"]) == (made.number, made.card["cases"], True)
    assert shown["counts"] == made.card["counts"]
    assert shown["quality"] == made.card["quality"]
    assert shown["sha256"] == made.sha256
    for words in (str(made.card["cases"]), made.sha256[:12]):
        assert words in page
    assert "没有量过" in page, "what was not measured is said, not left out"


PHONE, NAME = "13800138007", "王秀兰"


def test_a_name_or_phone_in_the_text_is_gone_when_the_person_is(town: int, settings: Any, tmp_path: Any) -> None:
    """G06 · sig code: the contact fields were emptied, the text went on naming the caller."""
    settings.FILES_DIR = tmp_path
    text = f"翠竹苑3号楼前的路灯不亮。联系人{NAME}，电话{PHONE}，下午在家。"
    case = f.a_case_at(town, Status.CLOSED, text=text, caller_name=NAME, caller_contact=PHONE)
    report = _report_of(case)
    caller = Actor(tenant_id=town, kind="reporter", report_id=report)
    f.do(caller, intake.add_addendum, report, text=f"我是{NAME}，换号了：{PHONE}", now=MONDAY_TEN + timedelta(hours=9))
    by = clock(town, "retention:test")

    with scope.work(by):
        retention.run(by=by, now=MONDAY_TEN + timedelta(days=4 * 366))

    with scope.work(system(town)):
        kept = [
            *Report.objects.values_list("title", "text_shown", "address_text"),
            *Addendum.objects.values_list("text_shown", flat=True),
            *Case.objects.values_list("title", "search"), *Suggestion.objects.values_list("candidates", flat=True),
        ]  # fmt: skip
    assert PHONE not in str(kept) and NAME not in str(kept)
    page = colleague(town, "dispatcher").get(f"/cases/{case.number}?tab=facts").content.decode()
    assert PHONE not in page and NAME not in page
    assert "路灯不亮" in page, "what happened stays"


def _report_of(case: Case) -> int:
    with scope.work(system(case.tenant_id)):
        return case.memberships.get().report_id
