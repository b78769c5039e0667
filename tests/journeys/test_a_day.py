"""A full day at the desks, by keyboard alone: calls, dispatch, returns, a consultation, a whistle, merges, an undo,
reviews, and next morning's calls. What came of it is read from the database, not from pages.
"""

import json
import secrets
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import TimeoutError

from tests.conftest import seen

pytestmark = pytest.mark.xdist_group("browser")

OPERATOR, DISPATCHER, REVIEWER, CALLER = "huawu1", "paidan1", "shenhe1", "huifang1"
STREET = "hexi1"
DRAINS_BODY, WATER_BODY = "市排水养护中心", "市水务局"
MARK = secrets.token_hex(3)  # a site may be kept between two runs


@dataclass(frozen=True)
class Call:
    """What one caller says, where, and what it is in the book's words."""

    what: str
    where: str
    matter: str

    @property
    def head(self) -> str:
        """What the lists show of it first."""
        return self.text[:22]

    @property
    def text(self) -> str:
        return f"{MARK}：{self.where}{self.what}"


BACK = (
    Call("车位不够，晚上回来绕三圈", "和平里", "停车位不足"),
    Call("车位全被外面的车占了", "东市里", "停车位不足"),
    Call("物业撤走一个月，没人接", "竹溪华庭", "物业交接与弃管小区"),
    Call("路灯灭了一排，接孩子看不见", "上溪新村", "路灯不亮"),
    Call("路灯坏了两盏，散步看不见台阶", "市民广场", "路灯不亮"),  # no noise: whose that is depends on the hour
)
CALLED_TOGETHER = Call("卖菜的三轮车把人行道占满了", "老街集市", "占道经营")
OTHERS = (
    *(
        Call("雨水井堵了，一下雨就漫出来", road, "雨水井堵塞")
        for road in (
            "翠竹路近云溪大道", "青溪路与竹园路路口", "桥东南街河东路口往东", "翠竹南路与西环路路口",
            "南塘路东园路口往东",
        )
    ),
    Call("老人中午没地方吃饭，问社区食堂什么时候开", "石榴园", "老年助餐"),
    Call("想给楼里装充电桩，不知道找谁", "云柳府", "加装充电设施"),
    CALLED_TOGETHER,
)
CONTESTED = Call("下穿通道口积水，谁都说不归自己管", "南塘桥", "道路积水内涝")
TWICE = tuple(
    (Call(first, where, matter), Call(second, where, matter))
    for first, second, where, matter in (
        ("门口摆摊的把路堵死了，推车过不去", "门口又是摆摊的把路堵死了，推车过不去", "青溪菜市场", "占道经营"),
        ("路灯三盏不亮，走夜路害怕", "还是路灯三盏不亮，走夜路害怕", "青溪雅居", "路灯不亮"),
        ("广场舞音响太吵，娃没法写作业", "每晚广场舞音响太吵，娃没法写作业", "滨河公园", "广场舞噪声"),
    )
)
CALLS = (*BACK, *OTHERS, CONTESTED, *(call for pair in TWICE for call in pair))
REPLIED, ASKED, CALLED = 12, 24, 10

ALREADY = f"""
from datetime import timedelta
from django.utils import timezone
from jishi.bodies import queries as bodies
from jishi.cases.actions import history
from jishi.cases.actions.arrival import Incoming
from jishi.cases.actions.history import Happened, PastLife
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.tenants import Tenant

tenant = Tenant.objects.get(code="990181").id
now = timezone.now()
by = system(tenant)
said = "清掏了雨水井，放水试过不再积水，当天电话告诉了您。"
with scope.work(by):
    body = next(b.id for b in bodies.all_bodies(on=timezone.localdate(now)) if b.name == {DRAINS_BODY!r})
    lives = []
    for n in range({REPLIED + ASKED}):
        steps = [
            Happened("dispatch.offer", now - timedelta(seconds=50), body),
            Happened("handover.sign", now - timedelta(seconds=40), body),
            Happened("handling.note_contact", now - timedelta(seconds=30), body, "问清了是哪一口井。"),
            Happened("handling.reply", now - timedelta(seconds=20), body, said, {{"outcome": "solved"}}),
        ]
        if n >= {REPLIED}:
            steps.append(Happened("review.approve", now, None))
        told = Incoming(
            text=f"翠竹苑{{n + 1}}号楼前雨水井堵了，{MARK}", channel="phone", kind="report", voice="open",
            said_at=now - timedelta(seconds=60), address_text="翠竹苑", caller_contact="13900000418",
            external_system="a-day", external_id=f"{MARK}-{{n}}",
        )
        lives.append(PastLife(told, now - timedelta(seconds=60), steps))
    ids, refused = history.take_in(lives, by=by, now=now, tenant_code="990181")
    assert not refused, refused[0].refusal.sentence("en")
print(timezone.localtime(now).isoformat())
"""

NIGHT = """
from datetime import date, datetime, time, timedelta
from django.utils import timezone
from jishi.cases.actions import sampling
from jishi.foundation import anchors, scope
from jishi.foundation.actor import clock
from jishi.foundation.tenants import Tenant

by, drawn = clock(Tenant.objects.get(code="990181").id, "a-day"), 0
day, today = date.fromisoformat({since!r}), timezone.localdate()
while day <= today:  # two days, where midnight fell into this one
    after = timezone.make_aware(datetime.combine(day + timedelta(days=1), time(0, 5)))
    with scope.work(by):
        if not anchors.head_of(day):
            anchors.make(day=day, now=after)
    with scope.work(by):
        drawn += len(sampling.draw(day, by=by, now=after).drawn)
    day += timedelta(days=1)
print(drawn)
"""

NUMBERS = """
import json
from jishi.cases.models import Membership
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.tenants import Tenant

with scope.work(system(Tenant.objects.get(code="990181").id)):
    first = Membership.objects.filter(report__text_shown__contains={mark!r}, why="received")
    print(json.dumps(dict(first.values_list("report__text_shown", "case__number")), ensure_ascii=False))
"""

CAME_OF_IT = """
import json
from datetime import datetime
from jishi.cases.models import Case, Consultation, Feedback, Handover, Membership, Report, Review, Whistle
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.tenants import Tenant

since = datetime.fromisoformat({since!r})
with scope.work(system(Tenant.objects.get(code="990181").id)):
    reports = list(Report.objects.filter(text_shown__contains={mark!r}, external_system="").order_by("id"))
    first = Membership.objects.filter(report__in=reports, why="received").select_related("case")
    cases = {{m.case_id: m.case for m in first}}
    entries = trail.of("case", list(cases))
    said = {{r.id: r.text_shown for r in reports}}
    print(json.dumps({{
        "reports": len(reports), "channels": sorted({{r.channel for r in reports}}), "cases": len(cases),
        "status": {{said[m.report_id]: m.case.status for m in first}},
        "lead": {{said[m.report_id]: m.case.lead.name if m.case.lead else "" for m in first}},
        "belongs": {{
            said[m.report_id]: m.case_id for m in Membership.objects.filter(report__in=reports, to_at=None)
        }},
        "verbs": [e.verb for e in entries],
        "returned": [h.return_ground for h in Handover.objects.filter(case__in=cases, end="returned")],
        "consulting": Consultation.objects.filter(case__in=cases, concluded_at=None).count(),
        "whistles": Whistle.objects.filter(case__in=cases).count(),
        "approved": Review.objects.filter(at__gte=since, verdict="approved").exclude(reviewer="history").count(),
        "called": list(Feedback.objects.filter(answered_at__gte=since, channel="phone").values_list(
            "contacted", "solved", "satisfied", "sampled")),
    }}, ensure_ascii=False))
"""


@dataclass
class Hands:
    """Somebody at a desk with a keyboard and nothing else."""

    page: Any
    numbers: dict[str, str] = field(default_factory=dict)  # of the day's cases, by what was said

    def __enter__(self) -> "Hands":
        return self

    def __exit__(self, *_: object) -> None:
        self.page.context.close()

    def at(self, path: str) -> None:
        self.page.goto(path, wait_until="domcontentloaded")
        seen(self.page)

    def key(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)

    def write(self, text: str) -> None:
        """Give words at once, as a method of input does."""
        self.page.keyboard.insert_text(text)

    def send(self, *names: str) -> None:
        """Press keys of which the last one leads to a page, and see that nothing was refused."""
        self.key(*names[:-1])
        stood = self.stands()
        try:
            with self.page.expect_navigation(wait_until="domcontentloaded"):
                self.key(names[-1])
        except TimeoutError as no:
            pytest.fail(f"{names[-1]} led nowhere.\nbefore: {stood}\nafter: {self.stands()}\n{no}")
        seen(self.page)
        told = [t for t in self.page.locator("[role=alert], .err").all_inner_texts() if t.strip()]
        assert not told, f"{self.page.url}: {told}"

    def focused(self) -> str:
        """Say where the hand is: a row, a field by its name, else the element."""
        return self.page.evaluate(
            "() => { const e = document.activeElement;"
            " return 'row' in e.dataset ? 'row' : e.name || e.id || e.tagName; }"
        )

    def stands(self) -> str:
        """Say where the hand is and what the keys reach, for whoever reads why a key led nowhere."""
        return self.page.evaluate(
            "() => JSON.stringify([location.href, document.readyState, document.activeElement.outerHTML.slice(0, 90),"
            " document.querySelector('dialog[open]')?.id, document.querySelector('h2.no')?.innerText,"
            " [...document.querySelectorAll('[data-key]')].map((w) => w.dataset.key).join('')])"
        )

    def row(self) -> str:
        """Read the row that has the focus."""
        return self.page.evaluate("() => document.activeElement.closest('[data-row]')?.innerText ?? ''")

    def walk_to(self, words: str) -> bool:
        """Go up the list with K and then down with J, until the row that says so; False: it is on another page."""
        for key in ("k", "j"):
            seen = ""
            while words not in (now := self.row()) and (now == "" or now != seen):
                seen = now
                self.key(key)
            if words in now:
                return True
        return False


@pytest.fixture
def hands(house: Any) -> Any:
    return lambda who: Hands(house.page(who))


def is_a_look_at(words: str, answer: Any) -> bool:
    """Whether suggestions came for what has been written by now: those before it go as soon as these are there."""
    return answer.url.endswith("/desk/operator/look") and quote(words) in (answer.request.post_data or "")


def take_calls(desk: Hands) -> None:
    """Every fifth by the suggestion that is offered, the others in the operator's own words."""
    desk.at("/desk/operator")
    assert desk.focused() == "text"
    for n, call in enumerate(CALLS):
        desk.write(call.text)
        desk.key("Alt+2")
        with desk.page.expect_response(partial(is_a_look_at, call.where)):
            desk.write(call.where)
        if n % 5 == 0:
            desk.page.locator("[data-take='2']").wait_for()
            with desk.page.expect_response("**/desk/operator/look"):
                desk.key("Escape", "2")
            desk.page.wait_for_function("() => document.querySelector('[name=matter]').value !== ''")
        else:
            desk.key("Alt+3")
            desk.write(call.matter)
        desk.key("Alt+4")
        desk.write(f"1390000{n:04d}")
        desk.send("Control+Shift+Enter")
        assert "等派单台派" in desk.page.inner_text("#receipt-h")
        desk.key("Alt+1")
        assert desk.focused() == "text"


def opened(desk: Hands) -> Call | None:
    """Read which of the day's calls stands open."""
    said = desk.page.inner_text("#case") if desk.page.locator("#case").count() else ""
    return next((c for c in CALLS if MARK in said and c.text in said), None)


def open_case(desk: Hands, call: Call) -> None:
    """Open a case from the queue that is shown; one that stands on a later page by its number."""
    desk.page.wait_for_selector("#case")
    if opened(desk) != call:
        if desk.walk_to(call.head):
            desk.send("Enter")
        else:
            desk.at(f"/desk/dispatch?case={desk.numbers[call.text]}#case")
    assert opened(desk) == call


def merge_those_said_twice(desk: Hands) -> list[str]:
    """Compare each with what was said before, and merge; gives the numbers of what went into another."""
    numbers = []
    desk.at("/desk/dispatch")
    for _first, again in TWICE:
        open_case(desk, again)
        numbers.append(desk.page.inner_text("#case .no"))
        desk.key("m")
        assert "并入那一件" in desk.page.evaluate("() => document.activeElement.innerText")
        desk.send("Enter")
        assert desk.focused() == "row"
    return numbers


def put_back(desk: Hands, number: str) -> None:
    desk.at(f"/cases/{number}")
    desk.key("z")
    assert desk.focused() == "words"
    desk.write("两位说的不是同一段路，分开办。")
    desk.send("Control+Enter")


def offer_all(desk: Hands, calls: tuple[Call, ...]) -> None:
    """Offer by the list what stands open, and go on to what the desk opens next."""
    desk.at("/desk/dispatch")
    left = set(calls)
    while left:
        if opened(desk) not in left:
            open_case(desk, next(c for c in calls if c in left))
        call = opened(desk)
        if not desk.page.locator("[name=to]:checked").count():
            desk.key("Alt+1", "Space")
        desk.send("Control+Enter")
        left.remove(call)
        assert desk.focused() == "row"


def consult(desk: Hands, call: Call) -> None:
    desk.at("/desk/dispatch")
    open_case(desk, call)
    desk.key("c")
    assert desk.focused() == "question"
    desk.write("这个通道口的积水归谁抽、归谁修？请写明凭清单哪一条。")
    for body in (DRAINS_BODY, WATER_BODY):
        desk.key("Tab")
        desk.write(body)
    desk.send("Control+Enter")


def return_all(body: Hands) -> None:
    """Sign each and ask to return it: not ours, by this item, it is theirs."""
    body.at("/desk/inbox")
    for call in BACK:
        assert body.walk_to(call.head), call.head
        body.send("Enter")
        body.send("g")
        body.key("r")
        assert body.focused() == "ground"
        body.key("Space", "Tab")
        body.write("不在我们的清单里，请按这一条派给它。")
        body.key("Tab")
        body.write("配合-005")
        body.key("Tab")
        body.write(WATER_BODY)
        body.send("Control+Enter")
        assert body.focused() == "row"


def answer_returns(desk: Hands) -> None:
    desk.at("/desk/dispatch?queue=returns")
    for call in BACK:
        open_case(desk, call)
        desk.key("y")
        assert desk.focused() == "words"
        desk.write("同意，改派。")
        desk.send("Control+Enter")


def offer_to_another(desk: Hands, calls: tuple[Call, ...]) -> None:
    desk.at("/desk/dispatch")
    for call in calls:
        open_case(desk, call)
        desk.key("Alt+1", "ArrowUp", "Alt+2")
        desk.write(WATER_BODY)
        desk.key("Alt+3")
        desk.write("街道退回，请这一家先认。")
        desk.send("Control+Enter")


def whistle(street: Hands, call: Call) -> None:
    street.at("/desk/inbox")
    assert street.walk_to(call.head), call.head
    street.send("Enter")
    street.send("g")
    street.send("w")
    street.key(street.page.locator("summary[data-key]", has_text="吹哨").first.get_attribute("data-key"))
    assert street.focused() == "kind"
    street.key("Tab")
    street.write("一起清理占道的三轮车，劝到疏导点。")
    street.key("Tab")
    street.write("老街集市北口")
    street.key("Alt+1")
    street.write("市城管执法局")
    street.key("Tab")
    street.write("占道要执法单位在场。")
    street.send("Control+Enter")


def review(desk: Hands, many: int) -> None:
    """Tick the four elements and approve; the next reply stands open."""
    desk.at("/desk/review")
    for _ in range(many):
        desk.key("1", "2", "3", "4")
        assert desk.page.locator("form[data-main] input[type=checkbox]:checked").count() == 4
        desk.send("Control+Enter")
        assert desk.focused() == "row"


def call_back(desk: Hands, many: int) -> None:
    """Look at the number, ask the three questions; whoever is to be called next stands open."""
    desk.at("/desk/feedback")
    desk.key("?")
    assert {"C", "Alt 1", "Ctrl ↵"} <= set(desk.page.locator("#all-keys kbd").all_inner_texts())
    desk.key("Escape")
    for _ in range(many):
        desk.send("c")
        assert desk.page.locator("a[href^='tel:']").count() == 1
        for place in "123":
            desk.key(f"Alt+{place}", "ArrowDown")
        desk.send("Control+Enter")
        assert desk.focused() == "row"


def test_a_day_at_the_desks_by_keyboard_alone(hands, site):
    since = site.run(ALREADY)
    with hands(OPERATOR) as desk:
        take_calls(desk)
    numbers = json.loads(site.run(NUMBERS.format(mark=MARK)))
    with hands(DISPATCHER) as desk:
        desk.numbers = numbers
        absorbed = merge_those_said_twice(desk)
        put_back(desk, absorbed[0])
        consult(desk, CONTESTED)
        offer_all(desk, (*BACK, *OTHERS, *(first for first, _ in TWICE), TWICE[0][1]))
        with hands(STREET) as street:
            return_all(street)
        answer_returns(desk)
        offer_to_another(desk, BACK[:3])
    with hands(STREET) as street:
        whistle(street, CALLED_TOGETHER)
    with hands(REVIEWER) as desk:
        review(desk, 10)
    drawn = int(site.run(NIGHT.format(since=since[:10])))
    assert drawn >= CALLED, f"of a kept site the draw of the day was made before: {drawn}"
    with hands(CALLER) as desk:
        call_back(desk, CALLED)

    came = json.loads(site.run(CAME_OF_IT.format(since=since, mark=MARK)))
    assert (came["reports"], came["cases"], came["channels"]) == (20, 20, ["phone"])
    ended = {call.text: "OFFERED" for call in CALLS}
    ended |= {call.text: "RECEIVED" for call in BACK[3:]} | {again.text: "ABSORBED" for _, again in TWICE[1:]}
    ended |= {CONTESTED.text: "CONSULTING", CALLED_TOGETHER.text: "HANDLING"}
    assert came["status"] == ended
    assert {came["lead"][call.text] for call in BACK[:3]} == {WATER_BODY}
    together = [came["belongs"][first.text] == came["belongs"][again.text] for first, again in TWICE]
    assert together == [False, True, True], "what was merged by mistake is two again, the others are one"
    done = Counter(came["verbs"])
    assert done["case.received"] == done["case.offered"] == 20
    assert (done["handover.return_asked"], done["handover.returned"], came["returned"]) == (5, 5, ["not_our_duty"] * 5)
    assert (done["case.absorbed"], done["case.restored"]) == (3, 1)
    assert (done["case.consultation_opened"], came["consulting"]) == (1, 1)
    assert (done["whistle.blown"], came["whistles"]) == (1, 1)
    assert came["approved"] == 10
    assert came["called"] == [["yes", "yes", "satisfied", True]] * CALLED
