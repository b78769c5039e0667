"""Faults that weighed on other systems of this kind, told from the reader's side: working time and clocks."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client
from django.utils.timezone import localtime

from conftest import MONDAY_TEN
from jishi.bodies.actions import bodies
from jishi.bodies.calendars import UnknownCalendar
from jishi.cases.actions import clocks, correcting, handling, handover, reminding
from jishi.cases.models import Case, Clock, Escalation
from jishi.cases.queries import listing, ticking
from jishi.cases.states import LIVES, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague
from jishi.duties.actions import lists
from jishi.duties.models import DutyItem, DutyList
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
HERE = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
LEAK = "02.02.04"  # a matter that one line of the lists names


def here(year: int, month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=HERE)


def counted(start: datetime, amount: str, **more: Any) -> Any:
    """Ask as anybody may: when does this time run out?"""
    asked = {"start": start.isoformat(), "amount": amount, **more}
    return Client(headers=HOST).post("/api/v1/worktime/explain", asked, content_type="application/json")


def clock_of(case: Case, kind: str) -> Clock:
    with scope.work(system(case.tenant_id)):
        return Clock.objects.filter(case=case, kind=kind).order_by("-id")[0]


def promised(case: Case) -> datetime:
    due = clock_of(case, "promise").due_at
    assert due is not None
    return localtime(due, HERE)


def told(case: Case) -> list[dict[str, Any]]:
    """The clocks of a case as programs read them."""
    by = f.dispatcher(case.tenant_id)
    with scope.work(by):
        return listing.clocks_of(case.number, by=by)


def with_promise(town: int, case: Case, amount: str, from_day: date) -> None:
    """Put a new edition of the list into force, in which the line that routes this case promises `amount`."""
    _, item = f.routed_body(case)
    by = f.office(town)
    with scope.work(by):
        row = DutyItem.objects.get(id=item)
        new = lists.draft_copy(row.list_id, title="新一版", effective_from=from_day, by=by, now=MONDAY_TEN)
        listed = DutyList.objects.get(id=new)
        (line,) = [i for i in lists.items_of(listed) if i.number == row.number]
        changed = replace(line, promises={"promise": amount})
        lists.edit(new, put=[changed], seen_version=listed.version, by=by, now=MONDAY_TEN)
        lists.put_in_force(lists._locked(new, by), [], by=by, now=MONDAY_TEN)


def test_a_public_holiday_does_not_count(town: int) -> None:
    """T01 · sig code: "ignoring festivities"."""
    case = f.a_case(town, now=here(2026, 4, 2))  # Thursday; Saturday to Monday are Qingming
    day = counted(here(2026, 4, 2), clock_of(case, "promise").amount).json()

    assert promised(case).date() == date(2026, 4, 10)
    assert day["last_day"] == "2026-04-10"
    assert any("清明" in line for line in day["lines"])
    assert any("清明" in line for line in told(case)[0]["why"])


def test_a_make_up_saturday_counts(town: int) -> None:
    """T02 · none handles 调休."""
    case = f.a_case(town, now=here(2026, 9, 30))  # National Day 1–7 October, Saturday the 10th works
    lines = counted(here(2026, 9, 30), "5wd").json()

    assert promised(case).date() == date.fromisoformat(lines["last_day"])
    with_saturday = counted(here(2026, 10, 8), "2wd").json()["last_day"]
    assert with_saturday == "2026-10-10"
    plain = counted(here(2026, 10, 15), "2wd").json()["last_day"]
    assert plain == "2026-10-19", "an ordinary Saturday does not"


def test_a_year_without_a_holiday_table_is_refused(town: int) -> None:
    """T03 · zam 390: the holiday feed surprised everybody. No year is guessed as Monday to Friday."""
    for start in (here(2029, 3, 1), here(2027, 12, 30)):
        answer = counted(start, "5wd")
        assert (answer.status_code, answer.json()["code"]) == (422, "calendar_not_known")
    years = Client(headers=HOST).get("/api/v1/calendars/cgj?year=2029")
    assert years.json()["code"] == "calendar_not_known"

    case = f.a_case(town, now=here(2029, 3, 1))  # a case is taken in all the same, and lies in plain sight
    assert (clock_of(case, "promise").due_at, f.again(town, case.id).promise_due_at) == (None, None)
    assert "2029" in told(case)[0]["why"][0]
    page = colleague(town, "office", body="ldxz").get("/desk/stuck").content.decode()
    assert case.number in page


def test_changing_the_rule_keeps_the_pauses_already_taken(town: int) -> None:
    """T04 · glpi 6902, 15605, PR 16383: another rule, and the time that had stood still was lost."""
    still, quiet = (f.a_case_at(town, Status.HANDLING) for _ in range(2))
    f.suspend(still, MONDAY_TEN + 4 * HOUR)
    f.do(f.handler_of(still), clocks.resume, still.id, now=MONDAY_TEN + timedelta(days=7, hours=4))
    gained = promised(still) - promised(quiet)
    pauses = clock_of(still, "promise").pauses

    for case in (still, quiet):
        f.ask_extension(case, MONDAY_TEN + timedelta(hours=5 if case is quiet else 7 * 24 + 5), workdays=3)
        f.do(f.supervisor(town), clocks.extend, case.id, now=MONDAY_TEN + timedelta(days=7, hours=6))

    assert gained == timedelta(days=7)
    assert clock_of(still, "promise").pauses == pauses != []
    assert promised(still) - promised(quiet) == gained


def test_escalation_with_several_opening_hours_a_day_comes_at_the_right_minute(town: int) -> None:
    """T06 · glpi PR 22678, PR 15357, 15429; fra 2212, 1528, 1675: the lunch break was counted, or counted twice."""
    first = f.a_case(town, matter=LEAK, now=here(2026, 3, 2))
    with_promise(town, first, "10wh", date(2026, 3, 9))
    case = f.a_case(town, matter=LEAK, now=here(2026, 3, 9))  # open 8:30–12:00 and 13:30–17:30
    right = {
        "near": here(2026, 3, 10, 10, 30),  # eight of ten hours: two and four on Monday, two on Tuesday
        "over": here(2026, 3, 10, 14, 0),  # one and a half more until noon, half an hour after lunch
    }

    def reached(now: datetime) -> dict[str, datetime]:
        reminding.remind(by=f.the_clock(town), now=now)
        with scope.work(system(town)):
            rows = Escalation.objects.filter(case=case, clock__kind="promise").order_by("fell_at")
            return {e.step: localtime(e.fell_at, HERE) for e in rows}

    assert promised(case) == right["over"]
    assert reached(right["near"] - timedelta(minutes=1)) == {}
    assert list(reached(right["near"]).values()) == [right["near"]]
    assert list(reached(right["over"] - timedelta(minutes=1)).values()) == [right["near"]]
    assert list(reached(right["over"]).values()) == [right["near"], right["over"]]


def test_the_second_body_has_time_of_its_own(town: int) -> None:
    """T08 · glpi 1911: whoever came second was late on arrival."""
    case = f.a_case(town)
    f.offer_to(case, "cgj", MONDAY_TEN + HOUR)
    f.do(f.handler_of(f.again(town, case.id)), handover.sign, case.id, now=MONDAY_TEN + 2 * HOUR)
    case = f.again(town, case.id)
    why = handover.Return("not_our_duty", "井盖和路面没有损坏。", f.some_item(town), f.body_id(town, "swj"))
    f.do(f.handler_of(case), handover.return_, case.id, why=why, now=here(2026, 3, 11, 9))
    f.do(f.dispatcher(town), handover.accept_return, case.id, now=here(2026, 3, 11, 10))
    friday = here(2026, 3, 13, 16)  # the promise runs out on the Monday after
    f.offer_to(f.again(town, case.id), "swj", friday)
    f.do(f.handler_of(f.again(town, case.id)), handover.sign, case.id, now=friday + HOUR)

    first, second = (c for c in told(f.again(town, case.id)) if c["kind"] == "handling")

    assert first["stopped_at"] is not None
    due = datetime.fromisoformat(second["due_at"]).astimezone(HERE)
    assert due >= here(2026, 3, 16, 17, 30), "at least a working day, though the promise is nearly gone"
    contact = [c for c in told(f.again(town, case.id)) if c["kind"] == "contact"]
    assert [c["stopped_at"] is None for c in contact] == [False, True]
    assert len([c for c in told(case) if c["kind"] == "promise"]) == 1


def test_first_contact_and_later_updates_are_clocks_of_their_own(town: int) -> None:
    """T09 · zam 5177: an update stopped the first answer, or the first answer the rest."""
    case = f.a_case_at(town, Status.HANDLING)

    def running() -> dict[str, bool]:
        return {c["kind"]: c["stopped_at"] is None for c in told(case) if c["kind"] in ("contact", "handling")}

    f.do(f.handler_of(case), handling.note_progress, case.id, text="已经安排明天上午去看。", now=MONDAY_TEN + 3 * HOUR)
    assert running() == {"contact": True, "handling": True}
    f.contact(case, MONDAY_TEN + 4 * HOUR)
    assert running() == {"contact": False, "handling": True}
    before = clock_of(case, "handling").due_at
    f.do(f.handler_of(case), handling.note_progress, case.id, text="已经清掏，明天复查。", now=MONDAY_TEN + 5 * HOUR)

    assert running() == {"contact": False, "handling": True}
    assert clock_of(case, "handling").due_at == before
    assert clock_of(case, "contact").due_at != before


def test_a_clock_without_calendar_is_refused_not_guessed(town: int) -> None:
    """T10 · ost 2131: without a schedule the hours of the whole day were taken, and nobody was told."""
    by = system(town)
    new = bodies.Founding("yjzx", "夜间巡查中心", "夜巡", "centre", "990181000000", calendar="nights")

    with scope.work(by), pytest.raises(UnknownCalendar) as no:
        bodies.found_many([new], active_from=date(2026, 1, 1), by=by, now=MONDAY_TEN)

    assert "nights" in no.value.sentence("zh")
    answer = counted(MONDAY_TEN, "4wh", body="yjzx")
    assert answer.status_code == 404
    with scope.work(by):
        bodies.found_many([replace(new, calendar="always")], active_from=date(2026, 1, 1), by=by, now=MONDAY_TEN)
    assert counted(MONDAY_TEN, "4wh", body="yjzx").status_code == 200


def test_a_new_matter_recomputes_from_the_original_start_and_keeps_pauses(town: int) -> None:
    """T11 · sig code: a new category gave a new deadline from today."""
    case = f.a_case_at(town, Status.HANDLING)
    with_promise(town, f.a_case(town, matter=LEAK), "8wd", date(2026, 1, 12))
    f.suspend(case, MONDAY_TEN + 4 * HOUR)
    f.do(f.handler_of(case), clocks.resume, case.id, now=MONDAY_TEN + timedelta(days=7, hours=4))
    pauses = clock_of(case, "promise").pauses

    f.do(f.dispatcher(town), correcting.correct_matter, case.id, matter=LEAK, now=here(2026, 3, 17))

    after = clock_of(case, "promise")
    assert (after.started_at, after.amount, after.pauses) == (MONDAY_TEN, "8wd", pauses)
    same = counted(MONDAY_TEN, after.amount, pauses=[{"starts": a, "ends": b} for a, b in pauses]).json()
    assert promised(case).date() == date.fromisoformat(same["last_day"])
    assert promised(case).date() < date.fromisoformat(counted(here(2026, 3, 17), "8wd").json()["last_day"])


def test_changing_a_promise_leaves_past_deadlines_alone(town: int) -> None:
    """T14 · ure 182, 184: a new number in the settings made old tickets late."""
    before = f.a_case(town, matter=LEAK)
    due = promised(before)

    with_promise(town, before, "1wd", date(2026, 3, 10))
    after = f.a_case(town, matter=LEAK, now=MONDAY_TEN + timedelta(days=2))

    assert (promised(before), f.again(town, before.id).promise_due_at) == (due, due)
    assert localtime(promised(after), HERE).date() == date(2026, 3, 12)
    f.do(f.dispatcher(town), correcting.set_urgency, before.id, urgency="urgent", why="催过", now=MONDAY_TEN + HOUR)
    assert promised(before) == due


def test_each_clock_has_one_name_in_screen_api_and_document(town: int) -> None:
    """T15 · zam 2082, 2615: one clock was called three things."""
    printed: dict[str, set[str]] = {}
    for path in sorted((Path(settings.BASE_DIR) / "docs/states").glob("*.md")):
        for zh, en, kind in re.findall(r"^\| (\S+) · ([^|`]+?) `(\w+)` \|", path.read_text("utf-8"), re.MULTILINE):
            printed.setdefault(kind, set()).add(f"{zh} · {en}")
    kinds = sorted({row.kind for life in LIVES for row in life.clocks})
    names = {kind: ticking.name_of(kind) for kind in kinds}
    assert {k: f"{n.zh} · {n.en}" for k, n in names.items()} == {k: " / ".join(printed[k]) for k in kinds}
    assert len({n.zh for n in names.values()}) == len({n.en for n in names.values()}) == len(kinds)

    case = f.a_case_at(town, Status.HANDLING, now=datetime.now(UTC) - timedelta(hours=5))
    shown = {lang: _seen(town, case, lang) for lang in ("zh", "en")}
    for row in (c for c in told(case) if c["stopped_at"] is None):
        assert row["name"] in shown["zh"]
        assert row["name_en"] in shown["en"].lower()
        assert (row["name"], row["name_en"]) == (names[row["kind"]].zh, names[row["kind"]].en)


def _seen(town: int, case: Case, lang: str) -> str:
    page = colleague(town, "dispatcher").get(f"/cases/{case.number}", headers={"accept-language": lang})
    return re.sub(r"<[^>]+>", " ", page.content.decode())
