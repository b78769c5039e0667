"""Parts: every row works, refuses the wrong person and moment, leaves one entry; nothing above closes one (10 §7)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN, TOWN
from jishi.cases.actions import dispatch, feedback, handling, handover, merging, parts, sweeping, withdrawing
from jishi.cases.models import Case, Part
from jishi.cases.refusals import (
    CitationNeeded,
    ContestedBefore,
    DesignatedMayNotReturn,
    NotFromOneself,
    NoTimeForAPart,
    SamePerson,
    StillRunning,
    StopNotAsked,
    TooShortOrLong,
)
from jishi.cases.states import CASE, ENDS, PART, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import test_moves as moves
from jishi.cases.tests import together_steps as t
from jishi.duties.actions.deciding import PushDownRefused
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment

LATER = t.AT + timedelta(hours=1)


@dataclass(frozen=True)
class Way:
    verb: str
    start: str
    right: Callable[[Part], Actor]
    given: Callable[[Part], dict[str, Any]]
    end: str
    entry: str
    prepare: Callable[[Part], Any] | None = None


def _lead(part: Part) -> Actor:
    return f.handler_of(t.case_of(part))


def _helper(part: Part) -> Actor:
    return t.helper(part.tenant_id)


def _ruler(part: Part) -> Actor:
    return f.ruler(part.tenant_id)


def _clock(part: Part) -> Actor:
    return f.the_clock(part.tenant_id)


def _why(part: Part) -> dict[str, Any]:
    return {"why": parts.Returning("not_our_duty", "不归我们管", f.some_item(part.tenant_id))}


def _ask_stop(part: Part) -> None:
    f.do(_lead(part), parts.ask_release, part.id, words="棚主自己移开了", now=t.AT + timedelta(minutes=30))


WAYS = [
    Way("parts.sign", "ASKED", _helper, lambda p: {}, "SIGNED", "part.signed"),
    Way("parts.sign_by_time", "ASKED", _clock, lambda p: {}, "SIGNED", "part.signed_by_time"),
    Way("parts.return_", "ASKED", _helper, _why, "RETURNED", "part.returned"),
    Way("parts.return_", "SIGNED", _helper, _why, "RETURNED", "part.returned"),
    Way("parts.contest", "RETURNED", _lead, lambda p: {"words": "归它"}, "CONTESTED", "part.contested"),
    Way("parts.uphold", "CONTESTED", _ruler, lambda p: {"words": "确实不归它"}, "RETURNED", "part.return_upheld"),
    Way("parts.deny", "CONTESTED", _ruler,
        lambda p: {"words": "清单写明归它", "cited_item_id": f.some_item(p.tenant_id)}, "SIGNED",
        "part.return_denied"),
    Way("parts.finish", "SIGNED", _helper, lambda p: {"result": t.RESULT}, "DONE", "part.finished"),
    Way("parts.release", "ASKED", _lead, lambda p: {"words": "不用做了"}, "RELEASED", "part.released"),
    Way("parts.release", "SIGNED", _helper, lambda p: {}, "RELEASED", "part.released", _ask_stop),
    Way("parts.ask_release", "SIGNED", _lead, lambda p: {"words": "不用做了"}, "SIGNED", "part.release_asked"),
    Way("parts.keep", "SIGNED", _helper, lambda p: {"words": "已经拆了一半"}, "SIGNED", "part.release_refused",
        _ask_stop),
]  # fmt: skip
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda w: f"{w.verb}-{w.start}")


def _verb(way: Way) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(parts, way.verb.split(".")[1])
    return found


def _ready(way: Way, town: int) -> Part:
    part = t.a_part(town, way.start)
    if way.prepare:
        way.prepare(part)
    return t.part_again(part)


def test_every_verb_of_the_table_has_its_way_here() -> None:
    assert {m.verb for m in (*PART.moves, *PART.acts)} - {"parts.ask"} == {w.verb for w in WAYS}


class TestEveryRow:
    @every_way
    def test_leads_where_the_table_says_and_leaves_one_entry(self, way: Way, town: int) -> None:
        part = _ready(way, town)
        before = t.entries(town, part.case_id)

        f.do(way.right(part), _verb(way), part.id, now=LATER, **way.given(part))

        now = t.part_again(part)
        assert (now.status, now.version) == (way.end, part.version + 1)
        assert t.entries(town, part.case_id) == [*before, way.entry]

    @every_way
    def test_refuses_the_wrong_person_and_changes_nothing(self, way: Way, town: int) -> None:
        part = _ready(way, town)
        before = t.picture(town, part.case_id)

        for wrong in (f.stranger(town), f.dispatcher(town) if way.right is not _lead else _helper(part)):
            with pytest.raises((NotAllowed, NotFound)):
                f.do(wrong, _verb(way), part.id, now=LATER, **way.given(part))

        assert t.picture(town, part.case_id) == before

    @every_way
    def test_refuses_the_wrong_moment_and_changes_nothing(self, way: Way, town: int) -> None:
        allowed = {s for m in (*PART.moves, *PART.acts) if m.verb == way.verb for s in m.sources}
        part = t.a_part(town, next(s for s in ("DONE", "RELEASED") if s not in allowed))
        before = t.picture(town, part.case_id)

        with pytest.raises(WrongMoment) as no:
            f.do(way.right(part), _verb(way), part.id, now=LATER, **way.given(part))

        assert no.value.facts["state"] == part.status
        assert t.picture(town, part.case_id) == before

    @every_way
    def test_on_an_old_version_says_what_happened_since(self, way: Way, town: int) -> None:
        if way.verb == "parts.sign_by_time":
            return  # a clock has seen nothing
        part = _ready(way, town)
        before = t.picture(town, part.case_id)

        with pytest.raises(Stale) as no:
            f.do(way.right(part), _verb(way), part.id, now=LATER, version=part.version - 1, **way.given(part))

        assert no.value.facts["version"] == part.version
        assert t.picture(town, part.case_id) == before

    @every_way
    def test_leaves_no_clock_of_its_own_running_at_an_end_and_one_where_the_state_needs_it(
        self, way: Way, town: int
    ) -> None:
        part = _ready(way, town)

        f.do(way.right(part), _verb(way), part.id, now=LATER, **way.given(part))

        running = {c.kind for c in t.running_clocks(town, part.case_id, "part", "part_sign", "part_ruling")}
        state = PART.state(way.end)
        assert running == set() if state.is_end else running & set(state.runs)


class TestAsking:
    def test_starts_the_bodys_own_clocks_and_shows_it_the_case(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        with pytest.raises(NotFound):
            f.do(t.helper(town), handling.note_progress, case.id, text="x", now=t.AT)

        part = t.ask(case)

        clocks = {c.kind: c for c in t.running_clocks(town, case.id, "part", "part_sign")}
        assert set(clocks) == {"part", "part_sign"}
        assert {c.owner_body_id for c in clocks.values()} == {part.asked_body_id}
        assert t.entries(town, case.id)[-1] == "part.asked"
        from jishi.cases.queries import casepage

        with scope.work(t.helper(town)):
            assert casepage.find(case.number, by=t.helper(town)).id == case.id

    def test_is_due_half_a_day_before_the_promise_at_the_latest(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        assert case.promise_due_at is not None

        part = t.ask(case)

        (clock,) = t.running_clocks(town, case.id, "part")
        assert clock.due_at is not None
        assert part.asked_at < clock.due_at < case.promise_due_at

    def test_later_than_that_is_refused_and_changes_nothing(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        before = t.picture(town, case.id)

        with pytest.raises(NoTimeForAPart) as no:
            t.ask(case, due_at=case.promise_due_at)

        assert no.value.facts["latest"] < case.promise_due_at.isoformat()  # type: ignore[union-attr]
        assert t.picture(town, case.id) == before

    def test_when_the_promise_is_nearly_gone_the_second_body_still_has_its_floor(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        assert case.promise_due_at is not None

        t.ask(case, now=case.promise_due_at - timedelta(hours=1))

        (clock,) = t.running_clocks(town, case.id, "part")
        assert clock.due_at is not None
        assert clock.due_at > case.promise_due_at

    def test_an_accused_body_is_refused(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, accused_body_ids=(f.body_id(town, t.HELPER),))
        before = t.picture(town, case.id)

        with pytest.raises(NotAllowed, match="回避|stand|post"):
            t.ask(case)

        assert t.picture(town, case.id) == before

    def test_of_oneself_or_in_no_sentence_is_refused(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        with scope.work(system(town)):
            from jishi.bodies import queries as bodies

            own = bodies.names()[case.lead_id or 0].code

        with pytest.raises(NotFromOneself):
            t.ask(case, body=own)
        with pytest.raises(TooShortOrLong):
            t.ask(case, what="帮忙")

    def test_pushing_a_duty_down_to_a_community_is_refused_with_the_article(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        before = t.picture(town, case.id)

        with pytest.raises(PushDownRefused) as no:
            t.ask(case, body="sqcz")

        assert no.value.facts["articles"]
        assert no.value.afterwards is not None, "the attempt is counted"
        assert t.picture(town, case.id) == before

    @pytest.mark.parametrize("who", ["stranger", "helper"])
    def test_is_the_leads_or_the_desks_alone(self, town: int, who: str) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        actor = f.stranger(town) if who == "stranger" else t.helper(town)

        with pytest.raises((NotAllowed, NotFound)):
            t.ask(case, by=actor, body=t.SECOND)

    @pytest.mark.parametrize("state", [Status.RECEIVED, Status.REPLIED, Status.CLOSED])
    def test_is_refused_where_nobody_holds_the_case_or_it_is_answered(self, town: int, state: Status) -> None:
        case = f.a_case_at(town, state)

        with pytest.raises(WrongMoment) as no:
            t.ask(case, by=f.dispatcher(town))

        assert no.value.facts["state"] == state


class TestDoing:
    def test_lets_the_body_that_signed_note_contact_and_progress_for_the_caller(self, town: int) -> None:
        part = t.a_part(town, "SIGNED")

        f.do(_helper(part), handling.note_contact, part.case_id, how="phone", reached="yes", now=LATER)
        row = f.do(_helper(part), handling.note_progress, part.case_id, text="明天上午移棚子", now=LATER)

        assert row.body_id == part.asked_body_id
        with pytest.raises((NotAllowed, NotFound)):
            f.do(t.helper(town, t.SECOND), handling.note_progress, part.case_id, text="我们也去", now=LATER)

    def test_before_signing_or_after_the_end_it_notes_nothing(self, town: int) -> None:
        for status in ("ASKED", "DONE"):
            part = t.a_part(town, status)

            with pytest.raises(NotAllowed):
                f.do(_helper(part), handling.note_progress, part.case_id, text="在做", now=LATER)


class TestTheDesk:
    def _offer(self, town: int, case: Case, **more: Any) -> Case:
        body, item = f.routed_body(case)
        to = dispatch.Offer(body, item, part=parts.Asking(f.body_id(town, t.HELPER), t.WHAT), **more)
        f.do(f.dispatcher(town), dispatch.offer, case.id, to=to, now=t.AT)
        return f.again(town, case.id)

    def test_offers_a_lead_and_a_part_in_one_act(self, town: int) -> None:
        case = self._offer(town, f.a_case(town))

        assert case.status == Status.OFFERED
        assert t.entries(town, case.id)[-2:] == ["case.offered", "part.asked"]
        with scope.work(system(town)):
            assert Part.objects.get(case=case).asked_body_id == f.body_id(town, t.HELPER)

    def test_offers_neither_when_the_part_is_refused(self, town: int) -> None:
        case = f.a_case(town, accused_body_ids=(f.body_id(town, t.HELPER),))
        before = t.picture(town, case.id)

        with pytest.raises(NotAllowed):
            self._offer(town, case)

        assert t.picture(town, case.id) == before

    def test_asks_a_further_part_later(self, town: int) -> None:
        case = self._offer(town, f.a_case(town))

        t.ask(case, by=f.dispatcher(town), body=t.SECOND)

        with scope.work(system(town)):
            assert Part.objects.filter(case=case).count() == 2


class TestReturning:
    def test_without_a_citation_is_refused(self, town: int) -> None:
        part = t.a_part(town)

        with pytest.raises(CitationNeeded):
            f.do(t.helper(town), parts.return_, part.id, why=parts.Returning("not_our_duty", "不归", None), now=LATER)

    def test_after_a_ruling_is_refused_and_the_time_that_was_left_runs_on(self, town: int) -> None:
        part = t.a_part(town, "CONTESTED")
        f.do(f.ruler(town), parts.deny, part.id, words="清单写明归它", cited_item_id=f.some_item(town), now=LATER)

        with pytest.raises(DesignatedMayNotReturn):
            t.give_back(part, LATER)

        (clock,) = t.running_clocks(town, part.case_id, "part")
        assert clock.pauses

    def test_is_contested_once(self, town: int) -> None:
        part = t.a_part(town, "CONTESTED")
        f.do(f.ruler(town), parts.uphold, part.id, words="确实不归它", now=LATER)

        with pytest.raises(ContestedBefore):
            t.contest(part, LATER)

    def test_is_not_ruled_on_by_who_returned_it_in_another_post(self, town: int) -> None:
        part = t.a_part(town, "CONTESTED")
        same = f.staff(town, "ruler", account=51, body="ldxz")

        with pytest.raises(SamePerson):
            f.do(same, parts.uphold, part.id, words="成立", now=LATER)

    def test_is_not_ruled_on_by_who_asked_for_it_in_another_post(self, town: int) -> None:
        part = t.a_part(town, "RETURNED")
        asker = f.handler_of(t.case_of(part))
        colleague = replace(asker, account_id=22, post_id=22)
        f.do(colleague, parts.contest, part.id, words="棚子在人行道上，不在红线里。", now=LATER)

        with pytest.raises(SamePerson):
            f.do(f.staff(town, "ruler", account=21, body="ldxz"), parts.uphold, part.id, words="成立", now=LATER)


class TestReleasing:
    def test_what_is_signed_needs_the_bodys_own_consent(self, town: int) -> None:
        part = t.a_part(town, "SIGNED")

        with pytest.raises(NotAllowed):
            f.do(_lead(part), parts.release, part.id, words="不用做了", now=LATER)
        with pytest.raises(StopNotAsked):
            f.do(_helper(part), parts.release, part.id, now=LATER)

        assert t.part_again(part).status == "SIGNED"

    def test_finishing_needs_ten_characters_of_result(self, town: int) -> None:
        part = t.a_part(town, "SIGNED")

        with pytest.raises(TooShortOrLong):
            f.do(_helper(part), parts.finish, part.id, result="办了", now=LATER)


class TestTheClock:
    def test_signs_for_a_body_that_did_not(self, town: int) -> None:
        part = t.a_part(town)

        sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(hours=3))

        row = t.part_again(part)
        assert (row.status, row.signed_by_clock) == ("SIGNED", True)

    def test_that_runs_out_tells_and_closes_nothing(self, town: int) -> None:
        part = t.a_part(town, "SIGNED")

        sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(days=30))

        assert t.part_again(part).status == "SIGNED"
        assert "clock.expired" in t.entries(town, part.case_id)


# --- nothing closes a parent with open parts (10 §19.5) ------------------------------------------------------


def _roads() -> list[moves.Way]:
    """Every way that answers or ends a case; a caller who leaves ends nothing then, and is tried below."""
    ends = [w for w in moves.WAYS if w.end == Status.REPLIED or w.end in ENDS]
    return [w for w in ends if w.verb != "withdrawing.withdraw"]


def _with_a_part(way: moves.Way, town: int) -> tuple[Case, datetime]:
    """A case in the state from which the road starts, with a part that somebody still does.

    Where no verb can have left one open (that is the claim), the row is put there past all verbs.
    """
    case, now = moves._ready(way, town)
    lead = case.lead_id if case.status in parts.ASKABLE else None
    if lead is not None:
        t.ask(case, now)
    else:
        with scope.work(system(town)):
            Part.objects.create(tenant_id=town, case=case, asked_body_id=f.body_id(town, t.HELPER), what=t.WHAT,
                                asked_at=now)  # fmt: skip
    return f.again(town, case.id), now + timedelta(minutes=1)


class TestNothingClosesAParent:
    @pytest.mark.parametrize("way", _roads(), ids=lambda w: w.verb)
    def test_by_any_verb_of_the_table(self, way: moves.Way, town: int) -> None:
        case, now = _with_a_part(way, town)
        before = t.picture(town, case.id)

        with pytest.raises(StillRunning) as no:
            way.perform(case, way.right(case), now)

        assert [one["kind"] for one in no.value.facts["open"]] == ["part"]
        assert t.WHAT in no.value.sentence("zh")
        assert t.picture(town, case.id) == before

    def test_the_table_has_no_road_that_is_not_tried_here(self) -> None:
        closing = {m.verb for m in CASE.moves if not m.is_birth and (m.to in CASE.ends or m.to == "REPLIED")}
        by_themselves = {"merging.absorb", "withdrawing.withdraw", "handling.terminate"}  # below

        assert closing - by_themselves <= {w.verb for w in _roads()}

    def test_by_merging_it_or_merging_into_it(self, town: int) -> None:
        part, other = t.a_part(town), f.a_case_at(town, Status.HANDLING, text="翠竹苑3号楼雨水井又堵了，水漫到门口。")

        for one, into in ((part.case_id, other.id), (other.id, part.case_id)):
            with pytest.raises(StillRunning):
                f.do(f.dispatcher(town), merging.absorb, one, into=into, why="同一处", now=LATER)

        assert t.part_again(part).status == "ASKED"

    def test_by_the_last_caller_who_leaves(self, town: int) -> None:
        done = f.receive(town)
        case = f.again(town, done.case_id)
        f._offer(case, MONDAY_TEN + timedelta(hours=1))
        f._sign(f.again(town, case.id), MONDAY_TEN + timedelta(hours=2))
        part = t.ask(f.again(town, case.id))
        caller = Actor(tenant_id=town, kind="reporter", report_id=done.report_id)

        f.do(caller, withdrawing.withdraw, done.report_id, tenant_code=TOWN, now=LATER)

        assert f.again(town, case.id).status == Status.HANDLING, "it goes on as everybody's matter"
        assert t.part_again(part).status == "ASKED"

    def test_by_an_end_that_was_asked_for_before_the_part(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        at = t.AT
        for day in range(2):
            at = t.AT + timedelta(days=day)
            f.do(f.handler_of(case), handling.note_contact, case.id, how="phone", reached="refused", now=at)
        f.do(f.handler_of(case), handling.ask_termination, case.id, what_was_needed="要进屋看水表，住户不让进。",
             told_caller="没有您配合进屋，漏点查不了；愿意配合时可以要求重办。", now=at)  # fmt: skip
        t.ask(f.again(town, case.id), at)

        with pytest.raises(StillRunning):
            f.do(f.staff(town, "supervisor", account=71, body="ldxz"), handling.terminate, case.id, now=at)

        assert f.again(town, case.id).status == Status.HANDLING

    def test_by_a_clock(self, town: int) -> None:
        way = next(w for w in moves.WAYS if w.verb == "feedback.conclude")
        case, _now = _with_a_part(way, town)

        sweeping.sweep(by=f.the_clock(town), now=MONDAY_TEN + timedelta(days=60))

        assert f.again(town, case.id).status == Status.FEEDBACK
        with pytest.raises(StillRunning):
            f.do(f.the_clock(town), feedback.conclude, case.id, now=MONDAY_TEN + timedelta(days=60))

    def test_when_every_part_has_ended_the_lead_answers(self, town: int) -> None:
        part = t.a_part(town, "SIGNED")
        case = t.case_of(part)
        f.contact(case, LATER)
        with pytest.raises(StillRunning):
            f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), now=LATER)
        t.finish(part, LATER)

        f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), now=LATER)

        assert f.again(town, case.id).status == Status.REPLIED

    def test_when_the_lead_hands_it_back_the_part_waits_for_the_next_one(self, town: int) -> None:
        part = t.a_part(town, "SIGNED")
        case = t.case_of(part)
        f.ask_return(case, LATER)
        f.do(f.dispatcher(town), handover.accept_return, case.id, now=LATER)

        assert t.part_again(part).status == "SIGNED"
        t.finish(part, LATER)
        assert t.part_again(part).status == "DONE"
