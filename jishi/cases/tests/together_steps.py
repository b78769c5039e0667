"""Parts, whistles and outside questions at any moment of their lives, reached by living them."""

from datetime import datetime, timedelta
from typing import Any

from conftest import MONDAY_TEN
from jishi.cases.actions import dispatch, handover, links, parts, rating, whistle
from jishi.cases.models import Case, Clock, OutsideLink, Part, Participant, Rating, Whistle
from jishi.cases.states import ParticipantStatus, PartStatus, Status, WhistleStatus
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system

HELPER, SECOND, STREET = "cgj", "zjj", "hxjd"
WHAT = "把雨水井旁边占道的棚子移开"
CALLED_FOR = "翠竹苑3号楼外面沿街的棚子占了人行道，井盖也压住了。"
RESULT = "棚子已经移开，井口能下水了。"
AT = MONDAY_TEN + timedelta(hours=4)
A_STEP = timedelta(minutes=5)
YES = dict.fromkeys(("came", "did_its_part", "result_holds", "needed", "right_body", "prepared"), "yes")


def helper(town: int, body: str = HELPER, account: int = 51) -> Actor:
    return f.staff(town, "handler", account=account, body=body)


def office(town: int) -> Actor:
    return f.staff(town, "office", account=61, body="ldxz")


# --- parts -------------------------------------------------------------------------------------------------


def ask(case: Case, now: datetime = AT, *, by: Actor | None = None, body: str = HELPER, **more: Any) -> Part:
    asking = parts.Asking(f.body_id(case.tenant_id, body), more.pop("what", WHAT), **more)
    part: Part = f.do(by or f.handler_of(case), parts.ask, case.id, asking=asking, now=now)
    return part


def a_part(town: int, status: str = "ASKED", **facts: Any) -> Part:
    """A part of a case in the lead's hands that has lived up to `status`."""
    case = f.a_case_at(town, Status.HANDLING, **facts)
    part, now = ask(case), AT + A_STEP
    roads = {
        "ASKED": [], "SIGNED": ["SIGNED"], "DONE": ["SIGNED", "DONE"], "RETURNED": ["RETURNED"],
        "CONTESTED": ["RETURNED", "CONTESTED"], "RELEASED": ["RELEASED"],
    }  # fmt: skip
    for step in roads[status]:
        _STEPS[step](part, now)
        now += A_STEP
    assert part_again(part).status == status
    return part_again(part)


def sign(part: Part, now: datetime) -> None:
    f.do(helper(part.tenant_id), parts.sign, part.id, now=now)


def finish(part: Part, now: datetime) -> None:
    f.do(helper(part.tenant_id), parts.finish, part.id, result=RESULT, now=now)


def give_back(part: Part, now: datetime) -> None:
    why = parts.Returning("not_our_duty", "棚子在小区红线里，不归我们。", f.some_item(part.tenant_id))
    f.do(helper(part.tenant_id), parts.return_, part.id, why=why, now=now)


def contest(part: Part, now: datetime) -> None:
    f.do(f.handler_of(case_of(part)), parts.contest, part.id, words="棚子在人行道上，不在红线里。", now=now)


def release(part: Part, now: datetime) -> None:
    f.do(f.handler_of(case_of(part)), parts.release, part.id, words="棚主自己移开了", now=now)


_STEPS: dict[str, Any] = {
    "SIGNED": sign, "DONE": finish, "RETURNED": give_back, "CONTESTED": contest, "RELEASED": release,
}  # fmt: skip


def part_again(part: Part) -> Part:
    with scope.work(system(part.tenant_id)):
        return Part.objects.get(id=part.id)


def case_of(row: Part | Whistle | OutsideLink) -> Case:
    return f.again(row.tenant_id, row.case_id)


# --- whistles ----------------------------------------------------------------------------------------------


def a_case_of_the_street(town: int, now: datetime = MONDAY_TEN, **facts: Any) -> Case:
    """A case that the street of the place leads."""
    case = f.a_case(town, now=now, **{"matter": "02.02.04", "text": CALLED_FOR, **facts})
    to = dispatch.Offer(f.body_id(town, STREET), None, why="属地先牵头")
    f.do(f.dispatcher(town), dispatch.offer, case.id, to=to, now=now + timedelta(hours=1))
    f.do(f.handler(town, STREET), handover.sign, case.id, now=now + timedelta(hours=2))
    return f.again(town, case.id)


def call_of(town: int, *, now: datetime = AT, **more: Any) -> whistle.Call:
    given: dict[str, Any] = {
        "kind": "enforcement", "what": "一起清理南门外占道的棚子和堵塞的雨水井", "where": "翠竹苑南门",
        "gather_at": now + timedelta(hours=3),
        "bodies": [
            whistle.Called(f.body_id(town, b), why="棚子和井都在人行道上") for b in (HELPER, SECOND)
        ],
    }  # fmt: skip
    return whistle.Call(**{**given, **more})


def blow(case: Case, now: datetime = AT, **more: Any) -> Whistle:
    town = case.tenant_id
    call = call_of(town, now=now, **more)
    made: Whistle = f.do(f.handler(town, STREET), whistle.blow, case.id, call=call, now=now)
    return made


def a_whistle(town: int, status: str = "CALLED", **more: Any) -> Whistle:
    """A whistle of the street that has lived up to `status`, everybody doing what is theirs."""
    made, now = blow(a_case_of_the_street(town), **more), AT + A_STEP
    roads = ["CALLED", "GATHERED", "ACTING", "CONCLUDED", "RATED"]
    if status == "CALLED_OFF":
        f.do(f.handler(town, STREET), whistle.call_off, made.id, words="棚主自己拆了", now=now)
    elif status == "LAPSED":
        f.do(f.the_clock(town), whistle.lapse, made.id, now=now)
    else:
        for reached in roads[1 : roads.index(status) + 1]:
            _WHISTLE[reached](made, now)
            now += A_STEP
    assert whistle_again(made).status == status, whistle_again(made).status
    return whistle_again(made)


def rows_of(made: Whistle) -> list[Participant]:
    with scope.work(system(made.tenant_id)):
        return list(Participant.objects.filter(whistle=made).select_related("body", "whistle").order_by("id"))


def of_body(made: Whistle, body: str = HELPER) -> Participant:
    return next(r for r in rows_of(made) if r.body.code == body)


def each(made: Whistle, verb: Any, now: datetime, **more: Any) -> None:
    """Let every called body do the same."""
    for row in rows_of(made):
        f.do(helper(made.tenant_id, row.body.code), verb, row.id, now=now, **more)


def all_answer(made: Whistle, now: datetime) -> None:
    each(made, whistle.answer, now)


def start(made: Whistle, now: datetime) -> None:
    f.do(f.handler(made.tenant_id, STREET), whistle.start, made.id, now=now)


def conclude(made: Whistle, now: datetime) -> None:
    each(made, whistle.arrive, now, words="来了两个人")
    each(made, whistle.report, now, result=RESULT)
    f.do(f.handler(made.tenant_id, STREET), whistle.conclude, made.id, words="棚子清了，井通了，都看过。", now=now)


def all_rate(made: Whistle, now: datetime) -> None:
    for row in rows_of(made):
        f.do(f.handler(made.tenant_id, STREET), rating.rate_body, row.id, rated=rating.Rated(YES, "来得快"), now=now)
        f.do(helper(made.tenant_id, row.body.code), rating.rate_whistle, row.id, rated=rating.Rated(YES), now=now)


_WHISTLE: dict[str, Any] = {"GATHERED": all_answer, "ACTING": start, "CONCLUDED": conclude, "RATED": all_rate}


def whistle_again(made: Whistle) -> Whistle:
    with scope.work(system(made.tenant_id)):
        return Whistle.objects.get(id=made.id)


def a_participant(town: int, status: str, **more: Any) -> Participant:
    """One body called, up to `status`; the whistle as far as that needs."""
    before = {
        ParticipantStatus.CALLED: "CALLED", ParticipantStatus.ACCEPTED: "GATHERED",
        ParticipantStatus.OBJECTED: "CALLED", ParticipantStatus.ARRIVED: "ACTING",
        ParticipantStatus.REPORTED: "CONCLUDED", ParticipantStatus.ABSENT: "ACTING",
        ParticipantStatus.RELEASED: "CALLED_OFF",
    }  # fmt: skip
    made = a_whistle(town, before[ParticipantStatus(status)], **more)
    row, now = of_body(made), AT + timedelta(minutes=40)
    if status == "OBJECTED":
        object_to(row, now)
    elif status == "ARRIVED":
        f.do(helper(town), whistle.arrive, row.id, words="来了两个人", now=now)
    elif status == "ABSENT":
        f.do(f.handler(town, STREET), whistle.miss, row.id, words="电话里说抽不出人", now=now)
    assert of_body(made).status == status
    return of_body(made)


def object_to(row: Participant, now: datetime) -> None:
    why = whistle.Objection("not_our_duty", "棚子在小区红线里。", f.some_item(row.tenant_id))
    f.do(helper(row.tenant_id), whistle.object_, row.id, why=why, now=now)


# --- outside -----------------------------------------------------------------------------------------------


def question(**more: Any) -> links.Question:
    given: dict[str, Any] = {
        "to_name": "云溪供电公司", "question": "南门外这根电杆是不是你们的？", "extract": "南门外电杆倾斜，拉线松了。",
    }  # fmt: skip
    return links.Question(**{**given, **more})


def send(case: Case, now: datetime = AT, **more: Any) -> links.Sent:
    sent: links.Sent = f.do(f.handler_of(case), links.send, case.id, question=question(**more), now=now)
    return sent


def outsider(town: int) -> Actor:
    return Actor(tenant_id=town, kind="anonymous")


# --- looking -----------------------------------------------------------------------------------------------


def picture(town: int, case_id: int) -> tuple[Any, ...]:
    """Everything that a refusal must leave as it was."""
    with scope.work(system(town)):
        rows = [
            tuple(model.objects.filter(**{path: case_id}).order_by("id").values_list("id", "version", *fields))
            for model, path, fields in (
                (Case, "id", ("status",)), (Part, "case", ("status",)), (Whistle, "case", ("status",)),
                (Participant, "whistle__case", ("status",)), (Rating, "participant__whistle__case", ("ruling",)),
                (OutsideLink, "case", ("answer", "revoked_at")), (Clock, "case", ("stopped_at", "due_at")),
            )
        ]  # fmt: skip
        return (*rows, len(trail.of("case", case_id)))


def entries(town: int, case_id: int) -> list[str]:
    with scope.work(system(town)):
        return [e.verb for e in trail.of("case", case_id)]


def running_clocks(town: int, case_id: int, *kinds: str) -> list[Clock]:
    with scope.work(system(town)):
        return list(Clock.objects.filter(case=case_id, stopped_at=None, kind__in=kinds).order_by("id"))


PART_STATES, WHISTLE_STATES = tuple(PartStatus), tuple(WhistleStatus)
