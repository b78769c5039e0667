"""Faults that weighed on other systems of this kind, told from the reader's side: cases (specification of lessons)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.actions import reaching
from jishi.cases import notices
from jishi.cases.actions import (
    clocks,
    correcting,
    handling,
    intake,
    parts,
    reminding,
    reopening,
    sending,
    supervision,
    sweeping,
    urging,
)
from jishi.cases.models import Clock, Escalation, Feedback
from jishi.cases.queries import exclusions, resident, stuck, ticking, together, work
from jishi.cases.queries import told as seen_before
from jishi.cases.refusals import LivesOn, ReopenWindowClosed, StillRunning
from jishi.cases.states import CASE, Outcome, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import merge_steps as m
from jishi.cases.tests import together_steps as t
from jishi.cases.tests import topic_steps
from jishi.cases.tests.news_steps import in_the_house, send_out
from jishi.cases.web.resident import telling
from jishi.foundation import carriers, scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment

# --- merge -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [s for s in Status if s not in CASE.ends])
def test_related_cases_can_be_joined_in_any_open_state(state: Status, town: int) -> None:
    """M01 · ure 300, 342: only cases in the same early state could be related."""
    case, home = f.a_case(town), f.a_case_at(town, state)

    m.absorb(case, home)

    assert len(m.members(home)) == 2
    assert f.again(town, home.id).status == state


def test_an_answer_to_an_absorbed_case_reaches_the_living_one(town: int) -> None:
    """M02 · zam 377, 983: mail to a merged ticket was filed where nobody looked."""
    case, home = f.a_case(town), f.a_case_at(town, Status.HANDLING)
    said = m.report_of(case)
    m.absorb(case, home)

    f.do(m.the_caller(said), intake.add_addendum, said.id, text="今天更深了", now=m.NEXT_DAY)
    with pytest.raises(LivesOn) as no:
        f.do(f.dispatcher(town), intake.decline, case.id, ground="unlawful", text="不", channel="", now=m.NEXT_DAY)

    assert m.entries(home)[-1] == "report.added_to"
    assert no.value.facts["number"] == home.number


def test_after_a_merge_every_reporter_is_still_told(town: int) -> None:
    """M03 · ost 1066, 1225, PR 3768: collaborators of the merged ticket fell silent."""
    home, case = f.a_case_at(town, Status.OFFERED), f.a_case(town)
    both = [m.report_of(home), m.report_of(case)]
    m.absorb(case, home)

    for live in (f._sign, f._reply, f._approve):
        live(f.again(town, home.id), m.NEXT_DAY)

    for report in both:
        with scope.work(m.the_caller(report)):
            told = resident.follow(report, now=m.NEXT_DAY, lang="zh")
        assert [h.words["text"] for h in told.happened if h.what == "case.reply_approved"] == [f.ANSWER]
        assert told.feedback is not None


def test_an_absorbed_case_can_be_restored_exactly(town: int) -> None:
    """M04 · none offers it."""
    case, home = f.a_case(town), f.a_case_at(town, Status.HANDLING)
    before = m.members(case), m.members(home), case.promise_due_at, home.promise_due_at

    restored = m.restore(m.absorb(case, home))

    again = f.again(town, home.id)
    assert (m.members(case), m.members(home), restored.promise_due_at, again.promise_due_at) == before


def test_a_duplicate_is_proposed_with_a_reason_and_the_reporter_may_say_no(town: int) -> None:
    """M05 · fms PR 1677: the proposal came without a reason, and had to be taken."""
    home = f.a_case(town)

    done = f.receive(town, now=m.LATER)

    (proposed,) = [c for s in done.suggestions if s.stage == "duplicates" for c in s.candidates]
    assert (proposed["number"], "同一栋楼" in proposed["reason"]) == (home.number, True)
    assert done.case_id != home.id


def test_every_member_of_a_merged_case_is_asked(town: int) -> None:
    """F07 · sig code: none asked for children."""
    home = f.a_case_at(town, Status.OFFERED)
    for n in range(2):
        m.absorb(f.a_case(town, now=MONDAY_TEN + timedelta(minutes=n)), home)

    for live in (f._sign, f._reply, f._approve):
        live(f.again(town, home.id), m.NEXT_DAY)

    with scope.work(system(town)):
        asked = Feedback.objects.filter(case=home).values_list("membership__report_id", flat=True)
        assert sorted(asked) == sorted(m.members(home))


# --- the record --------------------------------------------------------------------------------------------


def test_a_reporter_can_correct_what_he_wrote_by_accident_within_the_window(town: int) -> None:
    """C07 · fms 2644: a slip of the pen stood for ever."""
    case = f.a_case_at(town, Status.CLOSED)
    said = m.report_of(case)
    closed = f.again(town, case.id).closed_at
    assert closed is not None

    f.do(m.the_caller(said), intake.add_addendum, said.id, text="是4号楼，不是3号楼", now=closed + timedelta(days=29))
    with pytest.raises(ReopenWindowClosed):
        f.do(m.the_caller(said), intake.add_addendum, said.id, text="又想起来", now=closed + timedelta(days=31))

    with scope.work(m.the_caller(said)):
        words = [h.words.get("text") for h in resident.follow(said, now=closed, lang="zh").happened]
    assert "是4号楼，不是3号楼" in words
    assert f.DRAIN[:10] in " ".join(w for w in words if w)


def test_an_end_state_says_what_is_true_fixed_explained_refused_or_planned(town: int) -> None:
    """H05 · fms 285, 588, 1339, 1340: "closed" meant everything."""
    said = {}
    for outcome in Outcome.values:
        case = f.a_case_at(town, Status.HANDLING)
        f.contact(case, m.LATER)
        answer = replace(f.answer_of(m.LATER), outcome=outcome)
        f.do(f.handler_of(case), handling.reply, case.id, answer=answer, now=m.LATER)
        f._approve(f.again(town, case.id), m.NEXT_DAY)
        report = m.report_of(case)
        with scope.work(m.the_caller(report)):
            told = resident.follow(report, now=m.NEXT_DAY, lang="zh")
        (reply,) = [h for h in told.happened if h.what == "case.reply_approved"]
        line = telling.line(reply, others=0)
        assert line is not None
        said[outcome] = line["text"]

    assert len(set(said.values())) == len(Outcome.values)
    ends = {CASE.state(s).name.zh for s in CASE.ends}
    assert len(ends) == len(CASE.ends)


# --- handled together --------------------------------------------------------------------------------------


def test_closing_a_parent_waits_for_open_parts_and_cancels_none(town: int) -> None:
    """H01 · sig 597: closing a parent cancelled what others were still doing."""
    part = t.a_part(town, "SIGNED")
    case = t.case_of(part)
    f.contact(case, t.AT + timedelta(hours=1))

    with pytest.raises(StillRunning) as no:
        f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(t.AT), now=t.AT + timedelta(hours=1))

    assert no.value.facts["open"][0]["what"] == part.what
    assert t.part_again(part).status == "SIGNED"


@pytest.mark.parametrize("verb", ["finish", "release", "keep", "sign"])
def test_a_part_cannot_be_closed_past_the_rules_by_a_path_of_another_verb(verb: str, town: int) -> None:
    """H02 · sig 597: a child was closed by the workflow of its parent. Only the asked body ends what it has signed."""
    part = t.a_part(town, "SIGNED")
    given = {"finish": {"result": t.RESULT}, "release": {"words": "不用了"}, "keep": {"words": "x"}, "sign": {}}

    for other in (f.handler_of(t.case_of(part)), f.dispatcher(town), f.ruler(town), t.office(town), system(town)):
        with pytest.raises((NotAllowed, NotFound, WrongMoment)):
            f.do(other, getattr(parts, verb), part.id, now=t.AT + timedelta(hours=1), **given[verb])

    assert t.part_again(part).status == "SIGNED"


def test_a_case_handed_to_an_outside_system_is_never_stuck_without_showing_on_a_screen(town: int) -> None:
    """H03 · sig 331, 368, 404, 444: sent outside, it waited for an answer that never came, and on no list."""
    case = f.a_case_at(town, Status.HANDLING)
    t.send(case)
    lead, later = f.handler_of(case), t.AT + timedelta(days=30)

    with scope.work(lead):
        (waiting,) = together.waiting(by=lead, now=later, lang="zh").links
        assert work.inbox(by=lead, now=later, lang="zh").works[0].case.id == case.id

    assert waiting.over == "expired"


def test_an_offer_that_nobody_signs_is_noticed_by_somebody(town: int) -> None:
    """H09 · kla: acceptance had no clock. Offers and parts are signed by the clock, and it is recorded so."""
    case, part = f.a_case_at(town, Status.OFFERED), t.a_part(town)

    sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(hours=4))

    assert "handover.signed_by_time" in t.entries(town, case.id)
    assert "part.signed_by_time" in t.entries(town, part.case_id)
    assert t.part_again(part).signed_by_clock


# --- escalation, pauses, extensions, exclusions -------------------------------------------------------------

MUCH_LATER = MONDAY_TEN + timedelta(days=25)


def _rungs(case_id: int, town: int) -> list[tuple[str, object]]:
    with scope.work(system(town)):
        rows = Escalation.objects.filter(case=case_id, clock__kind="handling").order_by("fell_at", "id")
        return list(rows.values_list("step", "fell_at"))


def _clock(case_id: int, kind: str, town: int) -> Clock:
    with scope.work(system(town)):
        return Clock.objects.filter(case=case_id, kind=kind).order_by("-id")[0]


def test_the_escalation_button_escalates(town: int) -> None:
    """H13 · dig 521: the button answered and nothing followed."""
    case = f.a_case_at(town, Status.HANDLING)

    f.do(f.supervisor(town), supervision.open_, case.id, ground="shirking", demand="请说明何时办完", now=MONDAY_TEN)

    with scope.work(f.office(town)):
        lots = stuck.stuck(by=f.office(town), now=MONDAY_TEN, lang="zh").lots
    assert [one.number for lot in lots if lot.code == "supervised" for one in lot.lines] == [case.number]
    assert _clock(case.id, "supervision", town).due_at is not None


def test_a_comment_does_not_reset_an_escalation(town: int) -> None:
    """H14 · dig code: any comment reset the scheduler."""
    case, quiet = f.a_case_at(town, Status.HANDLING), f.a_case_at(town, Status.HANDLING)
    at = MONDAY_TEN + timedelta(hours=5)
    f.do(f.handler_of(case), handling.note_progress, case.id, text="在看。", now=at)
    f.do(f.dispatcher(town), urging.urge, case.id, words="请尽快", now=at)

    reminding.remind(by=f.the_clock(town), now=MUCH_LATER)

    assert _rungs(case.id, town) == _rungs(quiet.id, town)
    assert len(_rungs(case.id, town)) == 4


def test_escalation_looks_at_every_overdue_case_not_the_first_hundred(
    town: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H15 · dig code: one page of a hundred was read, the rest was never seen."""
    monkeypatch.setattr(reminding, "BATCH", 2)
    cases = [f.a_case_at(town, Status.HANDLING) for _ in range(5)]

    swept = sweeping.sweep(by=f.the_clock(town), now=MUCH_LATER, limit=2)
    reminding.remind(by=f.the_clock(town), now=MUCH_LATER)

    assert swept["clocks.escalate"] == 5
    assert all(len(_rungs(case.id, town)) == 4 for case in cases)


def test_days_and_a_pause_over_a_weekend_agree(town: int) -> None:
    """T05 · glpi 10594: a pause over rest days moved the due day."""
    friday = MONDAY_TEN + timedelta(days=4)
    case = f.a_case_at(town, Status.HANDLING, now=friday - timedelta(hours=1))
    before = _clock(case.id, "promise", town).due_at

    f.suspend(case, friday.replace(hour=10))
    f.do(f.handler_of(case), clocks.resume, case.id, now=friday.replace(hour=22) + timedelta(days=2))

    assert _clock(case.id, "promise", town).due_at == before


def test_a_paused_clock_is_never_late(town: int) -> None:
    """T07 · glpi 24481; ost 1684: tickets that waited were shown as overdue."""
    case = f.a_case_at(town, Status.SUSPENDED)

    with scope.work(f.office(town)):
        rows = [_clock(case.id, kind, town) for kind in ("promise", "handling")]
        shown = ticking.shown(rows, lang="zh", now=MUCH_LATER)

    assert [c.late for c in shown] == [False, False]
    assert f.again(town, case.id).promise_due_at is None


def test_an_extension_counts_from_the_old_expiry(town: int) -> None:
    """T12 · practice: counted from the day of asking, an early request lost days."""
    early, late = f.a_case_at(town, Status.HANDLING), f.a_case_at(town, Status.HANDLING)
    for case, hours in ((early, 4), (late, 26)):
        f.ask_extension(case, MONDAY_TEN + timedelta(hours=hours), workdays=2)
        f.do(f.supervisor(town), clocks.extend, case.id, now=MONDAY_TEN + timedelta(hours=hours))

    assert _clock(early.id, "promise", town).due_at == _clock(late.id, "promise", town).due_at


def test_a_case_left_out_of_a_rate_is_on_a_ledger(town: int) -> None:
    """I05 · practice (剔除): cases vanished from the denominator."""
    case = f.a_case_at(town, Status.CLOSED)

    f.exclude(case, MUCH_LATER)

    with scope.work(f.office(town)):
        rows = exclusions.counts(by=f.office(town))
    assert [(row.ground, row.granted) for row in rows] == [("not_true", 1)]


# --- feedback and notices ----------------------------------------------------------------------------------


@pytest.fixture
def twin() -> Iterator[carriers.Recorder]:
    recorder = carriers.Recorder()
    with carriers.using({carriers.SMS: recorder, carriers.MAIL: recorder}):
        yield recorder


def _turn(town: int, now: datetime) -> None:
    """The worker's turn: deliver in the house, pack, send out."""
    in_the_house(town, now)
    sending.pack(by=system(town), now=now)
    send_out(town, now)


def test_reopening_tells_the_body_at_once(town: int, twin: carriers.Recorder) -> None:
    """F01 · fms 897, 29, 2613: a reopened report told nobody."""
    case = f.a_case_at(town, Status.CLOSED)
    with scope.work(system(town)):
        account = accounts.accounts_of_bodies([case.lead_id or 0], "handler", now=MONDAY_TEN)[case.lead_id or 0][0]
    person = Actor(tenant_id=town, kind="staff", account_id=account)
    f.do(person, reaching.choose, carriers.MAIL, "li@example.cn", version=0, now=MONDAY_TEN)
    now = MONDAY_TEN + timedelta(hours=8)  # 18:00; a digest of this half day has gone already
    _turn(town, now)
    before = [letter for letter in twin.carried if letter.to == "li@example.cn"]

    f.do(m.the_caller(m.report_of(case)), reopening.reopen, case.id, why="又堵了", now=now)
    _turn(town, now + timedelta(minutes=1))

    told = [letter for letter in twin.carried if letter.to == "li@example.cn"][len(before) :]
    assert before
    assert [("重新打开" in letter.text, case.number in letter.text) for letter in told] == [(True, True)]


def test_every_notice_can_be_seen_before_it_is_sent(town: int, twin: carriers.Recorder) -> None:
    """W09 · sig: only mails could be previewed."""
    case = f.a_case(town)
    topic_steps.a_topic(town)  # some notices are about a topic
    edition, by = notices.on(localdate(MONDAY_TEN)), f.office(town)

    with scope.work(by):
        shown = {
            (code, channel): seen_before.preview(code, case.number, channel, "zh", by=by, now=MONDAY_TEN).text
            for code in edition.templates
            for channel in edition.channels
        }
    assert all(shown.values())
    assert twin.carried == []
    _turn(town, MONDAY_TEN)

    assert [letter.text for letter in twin.carried] == [shown["received_caller", carriers.SMS]]


def test_no_notice_is_sent_at_midnight_or_on_a_rest_day_unless_it_is_danger(
    town: int, twin: carriers.Recorder
) -> None:
    """W10 · zam 4432: reminders went out at midnight and on Sundays."""
    midnight, sunday = MONDAY_TEN + timedelta(hours=14), MONDAY_TEN + timedelta(days=6)
    for moment in (midnight, sunday):
        f.a_case(town, now=moment)
        _turn(town, moment)
    assert twin.carried == []

    danger = f.a_case(town, now=sunday, text="井盖没了，有人掉下去了")
    f.do(f.dispatcher(town), correcting.set_urgency, danger.id, urgency="emergency", why="险情", now=sunday)
    _turn(town, sunday)

    assert [m.report_of(danger).number in letter.text for letter in twin.carried] == [True]
