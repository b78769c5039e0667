"""知识库: kept by the body that answers for it, offered while it holds, used to answer at once (spec 10 §2, 12 §3)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN
from jishi.cases.actions import intake, knowing
from jishi.cases.actions.knowing import Said
from jishi.cases.models import KnowledgeItem
from jishi.cases.refusals import (
    GroundNeeded,
    KnowledgeNamesAPerson,
    KnowledgeStale,
    KnowledgeThere,
    TooShortOrLong,
    UnknownMatter,
    ValidNoDay,
)
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.triage import classifying, knowledge
from jishi.duties import queries as duties
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment

pytestmark = pytest.mark.django_db
LATER = MONDAY_TEN + timedelta(days=1)
TODAY = date(2026, 3, 9)
PERMIT = Said("居住证在哪里办？", "在居住地的派出所户籍窗口办，周一到周五九点到五点。", "居住证暂行条例 10",
              "15.01.02", ("居住证到哪个窗口申领",))  # fmt: skip
MOVED = replace(PERMIT, answer="换了地方，到街道便民服务中心办。")
ASKED = "我是外地的，请问居住证去哪里办"


def police(town: int, account: int = 41) -> Actor:
    return f.staff(town, "handler", account=account, body="gaj")


def kept(town: int, said: Said = PERMIT, by: Actor | None = None) -> KnowledgeItem:
    actor = by or police(town)
    return f.do(actor, knowing.write, said, owner_body_id=min(actor.body_ids), now=MONDAY_TEN)


def stored(town: int) -> list[tuple[Any, ...]]:
    with scope.work(system(town)):
        rows = KnowledgeItem.objects.order_by("number")
        return [(r.number, r.version, r.question, r.answer, r.valid_to, r.ended_at) for r in rows]


def entries(town: int, item: KnowledgeItem) -> list[str]:
    with scope.work(system(town)):
        return [e.verb for e in trail.of("knowledge", item.id)]


def offered(town: int, *texts: str, day: date = TODAY) -> list[int | None]:
    with scope.work(f.operator(town)):
        return [o.number if o else None for o in knowledge.propose(texts, day=day)]


VERBS: dict[str, Callable[..., Any]] = {
    "change": lambda by, item, **more: f.do(by, knowing.change, item.number, MOVED, now=LATER, **more),
    "end": lambda by, item, **more: f.do(by, knowing.end, item.number, why="改由别的单位办", now=LATER, **more),
}  # fmt: skip


class TestKeeping:
    def test_a_body_writes_changes_and_ends_an_item_with_one_entry_each(self, town: int) -> None:
        item = kept(town)
        changed = VERBS["change"](police(town), item, version=1)
        ended = VERBS["end"](police(town), changed, version=2)

        assert (item.number, item.owner_body_id) == (1, f.body_id(town, "gaj"))
        assert (ended.version, ended.ended_at, ended.answer) == (3, LATER, "换了地方，到街道便民服务中心办。")
        assert entries(town, item) == ["knowledge.written", "knowledge.changed", "knowledge.ended"]

    def test_is_refused_to_everybody_else_and_changes_nothing(self, town: int) -> None:
        item = kept(town)
        before = stored(town)
        others = (
            f.staff(town, "handler", account=42, body="mzj"), f.staff(town, "auditor", account=43, body="gaj"),
            Actor(tenant_id=town, kind="resident", account_id=44), f.stranger(town),
        )  # fmt: skip

        for other in others:
            for verb in VERBS.values():
                with pytest.raises((NotAllowed, NotFound)):
                    verb(other, item)
            with pytest.raises(NotAllowed):
                f.do(other, knowing.write, replace(PERMIT, question="护照在哪里办？"),
                     owner_body_id=f.body_id(town, "gaj"), now=LATER)  # fmt: skip

        assert stored(town) == before and entries(town, item) == ["knowledge.written"]

    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            (replace(PERMIT, question="  "), GroundNeeded),
            (replace(PERMIT, answer="去办"), TooShortOrLong),
            (replace(PERMIT, source=""), GroundNeeded),
            (replace(PERMIT, question="护照在哪里办？", matter="15"), UnknownMatter),
            (replace(PERMIT, question="护照在哪里办？", matter="99.99"), UnknownMatter),
            (replace(PERMIT, question="护照在哪里办？", valid_to=TODAY), ValidNoDay),
            (replace(PERMIT, question="护照在哪里办？", asked=[str(n) * 5 for n in range(9)]), TooShortOrLong),
            (replace(PERMIT, question="护照在哪里办？", answer="打老李手机 13900000417 就行"), KnowledgeNamesAPerson),
            (PERMIT, KnowledgeThere),
        ],
    )
    def test_refuses_what_would_mislead_or_name_a_person(self, town: int, said: Said, refusal: type) -> None:
        kept(town)
        before = stored(town)

        with pytest.raises(refusal):
            kept(town, said)

        assert stored(town) == before

    def test_takes_the_landline_of_a_body(self, town: int) -> None:
        assert kept(town, replace(PERMIT, answer="打公安局户籍窗口电话 0577-88120110，当天答复。")).number == 1

    @pytest.mark.parametrize("name", VERBS)
    def test_of_one_that_was_taken_away_or_changed_meanwhile_is_refused(self, town: int, name: str) -> None:
        item = kept(town)
        with pytest.raises(Stale):
            VERBS[name](police(town), item, version=7)
        VERBS["end"](police(town), item)
        before = stored(town)

        with pytest.raises(WrongMoment):
            VERBS[name](police(town), item)

        assert stored(town) == before and entries(town, item)[-1] == "knowledge.ended"


class TestOffered:
    def test_is_what_answers_the_question_while_it_holds_and_for_this_town_alone(
        self, town: int, other_tenant: int
    ) -> None:
        assert offered(town, ASKED) == [None], "nothing is kept yet"
        until = TODAY + timedelta(days=30)
        item = kept(town, replace(PERMIT, valid_to=until))

        assert offered(town, ASKED, "居住证窗口的人态度太差了", ASKED) == [1, None, 1]
        assert offered(town, ASKED, day=until) == [None], "stale ones are never offered"
        with scope.work(system(other_tenant)):
            assert knowledge.propose([ASKED], day=TODAY) == [None]
        with scope.work(f.operator(town)):
            (one,) = knowledge.propose([ASKED], day=TODAY)
        assert one is not None and "居住证" in one.reason and one.p >= 0.75
        VERBS["end"](police(town), item)
        assert offered(town, ASKED) == [None]

    def test_are_documents_of_their_matter_on_the_first_day(self, town: int) -> None:
        text = "我想问问居住证到哪个窗口申领"
        with scope.work(system(town)):
            law = duties.law(TODAY)
            before = classifying.zero_shot(law)
            at = before.labels.index("15.01.02")
            was = before.score([text])[0, at]
        kept(town)

        with scope.work(system(town)):
            after = classifying.zero_shot(law)
            assert after.score([text])[0, at] > was
            assert "+knowledge@1.1" in classifying.in_force(law).edition
            assert classifying.zero_shot(law) is after, "read once"


class TestAnsweringAtOnce:
    @pytest.mark.parametrize(("text", "told"), [("", PERMIT.answer), ("  到派出所办就行。", "到派出所办就行。")])
    def test_by_a_kept_answer_closes_the_inquiry_and_names_the_item_and_its_version(
        self, town: int, text: str, told: str
    ) -> None:
        item = kept(town)
        case = f.a_case(town, text=ASKED, kind="inquiry", matter="15.01.02")

        done = f.do(f.operator(town), intake.answer_at_once, case.id, text=text, knowledge=item.number, now=LATER)

        with scope.work(system(town)):
            last = trail.of("case", case.id)[-1]
            assert done.status == Status.CLOSED and last.verb == "case.answered_at_once"
            assert (last.codes["knowledge"], last.codes["knowledge_version"]) == (item.number, 1)
            assert trail.words_of("case", case.id)[last.seq] == {"text": told}

    @pytest.mark.parametrize(
        ("kind", "number", "refusal"),
        [
            ("report", 1, GroundNeeded), ("inquiry", 9, NotFound), ("inquiry", 0, GroundNeeded),
            ("inquiry", 1, KnowledgeStale),
        ],
    )
    def test_is_refused_for_what_is_no_inquiry_or_answered_by_nothing_that_holds(
        self, town: int, kind: str, number: int, refusal: type
    ) -> None:
        item = kept(town)
        if refusal is KnowledgeStale:
            VERBS["end"](police(town), item)
        case = f.a_case(town, text=ASKED, kind=kind, matter="15.01.02")

        with pytest.raises(refusal):
            f.do(f.operator(town), intake.answer_at_once, case.id, knowledge=number, now=LATER)

        assert f.again(town, case.id).status == Status.RECEIVED
        with scope.work(system(town)):
            assert [e.verb for e in trail.of("case", case.id)] == ["case.received"]
