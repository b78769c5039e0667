"""kill -9 of the web process, of the worker, and of everything, at points of a life drawn by a seed (spec 90 §12).

What lived through it must be what lived undisturbed: the same entries, states, clocks, memberships and news, each news
delivered at least once, each person told of it once. Four points in every build, a hundred at night. A failure names
the seed and the points that were reached.
"""

import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db.models import Q, Value

from conftest import TOWN
from jishi.accounts.actions import clients
from jishi.cases.actions import calling, feedback
from jishi.cases.models import Case, Clock, Feedback, Membership, Message, Parcel, Report, Whistle
from jishi.cases.states import CASE, LIVES
from jishi.foundation import anchors, scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import Delivery, IdempotencyRecord, News
from jishi.foundation.tenants import Tenant
from tests.journeys.kill_steps import (
    OF_THE_WEB,
    OF_THE_WORKER,
    Answer,
    Asker,
    Own,
    Program,
    Twin,
    a_database_of_its_own,
    is_alive,
    listening,
    wait_until,
)

pytestmark = pytest.mark.xdist_group("browser")  # one running program at a time

AT_NIGHT = os.environ.get("JISHI_PROFILE") == "nightly"
LIVES_LIVED, EACH = (17, 6) if AT_NIGHT else (1, 4)
STEPS = 22  # requests that write, of one life
TEXTS = ("翠竹苑3号楼外面沿街的棚子占了人行道，井盖也压住了。", "翠竹苑3号楼外的棚子压住了井盖，水下不去。")
MENDED = "棚子已经移开，井口能下水了，两边都看过。"
ANSWER = "11月18日已与您电话联系。雨水井已清掏，水能下去，两天后再看一次。"
ROWS = [m for life in LIVES for m in (*life.moves, *life.acts)]
ENTRIES = {row.verb: {m.trail for m in ROWS if m.verb == row.verb} for row in ROWS}  # verb → what it may write
MERGED = "merging.absorb"  # announced of both cases, each writes its own side


@dataclass
class Stage:
    """The program, the twin and everybody's keys, on a database of its own."""

    own: Own
    twin: Twin
    program: Program
    bodies: dict[str, int]
    keys: dict[str, str]


@pytest.fixture(scope="module")
def stage(_founded: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Stage]:
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        own = stack.enter_context(a_database_of_its_own())
        own.town = Tenant.objects.get(code=TOWN).id
        twin = stack.enter_context(listening())
        program = Program(own, twin, Path(tmp_path_factory.mktemp("killed")))
        bodies, keys = _people(own.town)
        stack.callback(program.stop)
        program.start()
        yield Stage(own, twin, program, bodies, keys)


@pytest.fixture
def db(stage: Stage) -> None:
    """These tests look into the program's own database, and what it stores stays there until it is dropped."""


def _people(town: int) -> tuple[dict[str, int], dict[str, str]]:
    """Give a program for everybody who has a part in the life: two posts of one program would be one person."""
    from jishi.bodies import queries

    by, now = system(town), datetime.now(UTC) - timedelta(days=2)
    with scope.work(by):
        bodies = {b.code: b.id for b in queries.names().values()}
        posts: dict[str, tuple[list[str], list[int]]] = {
            "desk": (["operator", "dispatcher"], [bodies["sqzx"]]), "reviewer": (["reviewer"], [bodies["sqzx"]]),
            "street": (["handler"], [bodies["hxjd"]]), "cgj": (["handler"], [bodies["cgj"]]),
            "zjj": (["handler"], [bodies["zjj"]]),
        }  # fmt: skip
        keys = {
            name: clients.issue(name, roles=roles, body_ids=ids, by=by, now=now)[1]
            for name, (roles, ids) in posts.items()
        }
    return bodies, keys


# --- one life ------------------------------------------------------------------------------------------------


@dataclass
class Life:
    """From report to feedback, with a merge and a whistle; every answer is looked at as it comes."""

    stage: Stage
    ask: Asker
    name: str
    cases: list[str] = field(default_factory=list)

    def create(self, path: str, body: dict[str, Any], who: str = "desk") -> dict[str, Any]:
        """Send a create, and once more with its key: the answer is the same."""
        key = f"{self.name}-{self.ask.step}"
        first = self.ask(self.stage.keys[who], "POST", path, body, **{"Idempotency-Key": key})
        again = self.ask.ask(self.stage.keys[who], "POST", path, body, **{"Idempotency-Key": key})
        assert again is not None
        assert (first[0], again[0]) == (201, 201), (path, first, again, self.ask.reached)
        secret = ("secret", "word")  # said once
        assert {k: v for k, v in first[1].items() if k not in secret} == {
            k: v for k, v in again[1].items() if k not in secret
        }, (path, self.ask.reached)
        return first[1]

    def do(self, who: str, path: str, body: Any = None, *, case: str = "", version: int | None = None) -> None:
        """Send a move that saw this version. 412 after a lost answer means that it was done: the version has grown."""
        case = case or self.cases[0]
        seen = version if version is not None else self.page(case)["version"]
        before = len(self.entries(case))
        answer = self.ask(self.stage.keys[who], "POST", path, body or {}, **{"If-Match": f'"{seen}"'})
        done = answer[0] in (200, 201) or (answer[0] in (412, 410, 409) and self.ask.step - 1 in self.ask.points)
        assert done, (path, answer, self.ask.reached)
        assert len(self.entries(case)) > before, (path, answer, "nothing was written", self.ask.reached)

    def get(self, path: str, who: str = "desk") -> Any:
        answer: Answer = self.ask(self.stage.keys[who], "GET", path)
        assert answer[0] == 200, (path, answer, self.stage.program.said())
        return answer[1]

    def page(self, case: str) -> Any:
        return self.get(f"/cases/{case}")

    def entries(self, case: str) -> list[Any]:
        return list(self.get(f"/cases/{case}/trail"))

    def live(self) -> "Life":
        """Twenty-two requests that write; the worker does its part beside them."""
        for text in TEXTS:
            said = {"text": text, "channel": "api", "matter": "02.02.04", "caller_contact": "13900000417"}
            self.cases.append(self.create("/reports", said)["case"])
        home, other = self.cases
        for case in self.cases:  # danger: what it tells leaves at once, at every hour of the day
            said = {"urgency": "emergency", "why": "棚子压住井盖，有人会踩空，马上处理。"}
            self.do("desk", f"/cases/{case}/urgency", said, case=case)
        self._until_told()
        self.do("desk", f"/cases/{home}/offer", {"body": self.stage.bodies["hxjd"], "why": "属地先牵头"})
        self.do("desk", f"/cases/{other}/absorb", {"into": home, "words": "同一处"}, case=other)
        self.do("street", f"/cases/{home}/sign")
        self.do("street", f"/cases/{home}/contacts", {"how": "phone", "reached": "yes", "gist": "问清了位置"})
        self._whistle(home)
        self.do("street", f"/cases/{home}/progress", {"text": "棚主已经搬走，明天再看一次井口。"})
        reply = {"outcome": "solved", "text_for_caller": ANSWER, "what_was_done": "清掏，移走棚子",
                 "contacted_at": datetime.now(UTC).isoformat(), "contacted_how": "phone"}  # fmt: skip
        self.do("street", f"/cases/{home}/reply", reply)
        four = dict.fromkeys(("time_of_contact", "with_whom", "measures", "by_when"), True)
        self.do("reviewer", f"/cases/{home}/review", {"verdict": "approved", **four})
        self._judge(home)
        assert self.ask.step == STEPS, self.ask.step
        return self

    def _until_told(self) -> None:
        """Wait until each caller was told of his own case: what is told later reaches whoever belongs to it then."""
        ids = _ids(self.stage, self)
        town = system(self.stage.own.town)

        def told() -> bool:
            self.stage.program.ensure()
            self.stage.program.nudge()
            with scope.work(town):
                return not Delivery.objects.filter(done_at=None, receiver=0, news__subject_id__in=ids).exists()

        wait_until(told, "the callers were told nothing", 0.2)

    def _whistle(self, home: str) -> None:
        call = {"kind": "enforcement", "what": "一起清理占道的棚子和井口", "where": "翠竹苑3号楼外",
                "gather_at": (datetime.now(UTC) + timedelta(hours=3)).isoformat(),
                "bodies": [{"body": self.stage.bodies[b], "why": "棚子占道"} for b in ("cgj", "zjj")]}  # fmt: skip
        self.do("street", f"/cases/{home}/whistles", call)
        for who in ("cgj", "zjj"):
            self._as_body(who, "answer")
        self._as_host("start")
        for who in ("cgj", "zjj"):
            self._as_body(who, "arrive", {"words": "来了两个人"})
            self._as_body(who, "report", {"result": MENDED})
        self._as_host("conclude", {"words": MENDED})

    def _as_host(self, move: str, body: Any = None) -> None:
        home = self.cases[0]
        whistle = self.get(f"/cases/{home}/together", "street")["whistles"][0]
        self.do("street", f"/cases/{home}/whistles/{whistle['id']}/{move}", body, version=whistle["version"])

    def _as_body(self, who: str, move: str, body: Any = None) -> None:
        home = self.cases[0]
        whistle = self.get(f"/cases/{home}/together", "street")["whistles"][0]
        mine = next(b for b in whistle["bodies"] if b["body"] == self.stage.bodies[who])
        self.do(who, f"/cases/{home}/whistle-bodies/{mine['id']}/{move}", body, version=mine["version"])

    def _judge(self, home: str) -> None:
        """Both callers answer by the link that was made for them."""
        with scope.work(system(self.stage.own.town)):
            rows = list(Feedback.objects.filter(case__number=home).order_by("id"))
            links = [(feedback.link_for(row.id), row.version) for row in rows]
        assert len(links) == 2
        said = {"contacted": "yes", "solved": "yes", "satisfied": "satisfied"}
        for link, version in links:
            answer = self.ask("", "POST", "/feedback", said, **{"If-Match": f'"{version}"', "Letter": link})
            assert answer[0] in (200, 410, 412), (answer, self.ask.reached)


# --- what must be the same -----------------------------------------------------------------------------------


def settle(stage: Stage, life: Life) -> None:
    """Wait until nothing is owed any more. What failed and waits for its next try is due now."""
    ids = _ids(stage, life)

    def quiet() -> bool:
        stage.program.ensure()
        stage.program.nudge()
        stage.own.run("UPDATE foundation_delivery SET next_at = now() WHERE done_at IS NULL AND attempts > 0")
        owed = Delivery.objects.filter(done_at=None, dead_at=None)
        fresh = News.objects.filter(subject_id__in=ids, position=None)
        leaving = Message.objects.filter(case__in=ids, parcel=None, not_before__lte=datetime.now(UTC))
        waits = leaving.exclude(channel="site")  # what was said before the danger keeps the quiet hours
        with scope.work(system(stage.own.town)):  # one statement: what moves from one to the next is not missed between
            left = [rows.order_by().annotate(one=Value(1)).values_list("one")[:1] for rows in (owed, fresh, waits)]
            return not list(left[0].union(*left[1:]))

    wait_until(quiet, lambda: f"owed for ever: {owed_by(stage)} {life.ask.reached} {stage.program.said()}", 0.5)


def owed_by(stage: Stage) -> Any:
    return stage.own.run("SELECT reaction, receiver, attempts, error FROM foundation_delivery WHERE done_at IS NULL")


def _ids(stage: Stage, life: Life) -> list[int]:
    with scope.work(system(stage.own.town)):
        return list(Case.objects.filter(number__in=life.cases).order_by("id").values_list("id", flat=True))


def picture(stage: Stage, life: Life) -> dict[str, Any]:
    """Everything that one life left behind, without numbers and times: two lives of the same script are equal."""
    with scope.work(system(stage.own.town)):
        found: dict[str, Any] = {}
        for place, case in enumerate(Case.objects.filter(number__in=life.cases).order_by("id")):
            entries = trail.of("case", case.id)
            clocks = Clock.objects.filter(case=case)
            found[f"{place} row"] = (case.status, case.version, case.urgency, case.absorbed_into_id is not None)
            found[f"{place} trail"] = [(e.verb, e.codes.get("version"), e.codes.get("status")) for e in entries]
            found[f"{place} clocks"] = Counter((c.kind, c.stopped_at is None, len(c.pauses)) for c in clocks)
            found[f"{place} members"] = Counter(
                (m.to_at is None, m.end) for m in Membership.objects.filter(case=case)
            )
            news = News.objects.filter(subject_kind="case", subject_id=case.id)
            found[f"{place} news"] = Counter((n.name, n.facts.get("verb")) for n in news)
            found[f"{place} told"] = Counter(
                (m.code, m.channel) for m in Message.objects.filter(case=case, account=None)
            )
            whistles = Whistle.objects.filter(case=case)
            found[f"{place} whistles"] = [
                (w.status, w.version, sorted(w.participants.values_list("status", "version"))) for w in whistles
            ]
        return found


def half_done(stage: Stage, life: Life) -> list[str]:
    """Name what is half, lost, or done twice after this life."""
    ids = _ids(stage, life)
    faults: list[str] = []
    with scope.work(system(stage.own.town)):
        for case in Case.objects.filter(id__in=ids):
            entries = trail.of("case", case.id)
            told = [e.codes["version"] for e in entries if "version" in e.codes]
            if told != sorted(set(told)) or told[-1] != case.version:
                faults.append(f"{case.number}: versions {told}, the row has {case.version}")
            states = [e.codes["status"] for e in entries if "status" in e.codes]
            if states and states[-1] != case.status:
                faults.append(f"{case.number}: the trail says {states[-1]}, the row {case.status}")
            written = Counter(e.verb for e in entries)
            news = News.objects.filter(subject_kind="case", subject_id=case.id)
            for verb, times in Counter(n.facts.get("verb", "") for n in news).items():
                entered = sum(written[entry] for entry in ENTRIES.get(verb, ()))
                if verb in ENTRIES and verb != MERGED and entered != times:
                    faults.append(f"{case.number}: {verb} is written {entered} times, announced {times}")
            ended = Clock.objects.filter(case=case, stopped_at=None, case__status__in=CASE.ends)
            faults += [f"{case.number}: {c.kind} runs on" for c in ended if c.kind not in ("whistle_rate",)]
        faults += _lost(stage, ids) + _twice(stage, life, ids)
    return faults


def _lost(stage: Stage, ids: list[int]) -> list[str]:
    """News that the twin did not get, or got out of order; deliveries that nobody owes; letters that never came."""
    faults = []
    heard: dict[str, int] = {}
    for place, (event, _body) in enumerate(stage.twin.calls):
        heard.setdefault(event, place)
    for case in ids:
        rows = News.objects.filter(subject_kind="case", subject_id=case, name__in=calling.EVENTS).order_by("sequence")
        told = calling.visible([_told(r) for r in rows], system(stage.own.town), now=datetime.now(UTC))
        places = [heard.get(one["id"]) for one in told]
        faults += [f"case {case}: {one['id']} never came" for one, at in zip(told, places, strict=True) if at is None]
        known = [p for p in places if p is not None]
        faults += [f"case {case}: heard out of order {known}"] if known != sorted(known) else []
        faults += [f"case {case}: no news at all"] if not told else []
    came = {letter["id"] for letter in stage.twin.letters}
    of_them = Q(messages__case__in=ids)
    for parcel in Parcel.objects.filter(of_them).distinct():
        if f"jishi-{parcel.tenant_id}-{parcel.id}" not in came:
            faults.append(f"parcel {parcel.id} never left")
    return faults


def _told(row: News) -> Any:
    from jishi.foundation import outbox

    return outbox.telling(row)


def _twice(stage: Stage, life: Life, ids: list[int]) -> list[str]:
    """An effect that happened twice: a report, an answer to a key, a message to one person, a delivery."""
    faults = []
    messages = Message.objects.filter(case__in=ids).values_list("news_id", "code", "account", "report")
    faults += [f"told twice {one}" for one, n in Counter(messages).items() if n > 1]
    reports = Report.objects.filter(memberships__case__in=ids).distinct().count()
    faults += [f"{reports} reports of two creates"] if reports != 2 else []
    keys = IdempotencyRecord.objects.filter(key__startswith=f"{life.name}-")
    faults += [f"key {k.key} has no answer" for k in keys if k.answer is None]
    owed = Delivery.objects.filter(news__subject_kind="case", news__subject_id__in=ids)
    each = Counter(owed.values_list("news", "reaction", "receiver"))
    faults += [f"owed twice {one}" for one, n in each.items() if n > 1]
    texts: dict[str, set[str]] = {}
    for letter in stage.twin.letters:
        texts.setdefault(letter["id"], set()).add(letter["text"])
    faults += [f"letter {number} came with two texts" for number, said in texts.items() if len(said) > 1]
    return faults


def points_of(rng: Random) -> dict[int, tuple[str, str]]:
    """Draw where something is killed: mostly the web process or the worker, now and then everything at once."""
    steps = sorted(rng.sample(range(STEPS - 2), EACH))
    who = rng.sample(["web", "worker", "web", "worker", "web", "all"][:EACH], EACH)
    places = {"web": rng.sample(OF_THE_WEB, 3), "all": ["all"], "worker": ["unmarked", *rng.sample(OF_THE_WORKER, 2)]}
    return {step: (one, places[one].pop()) for step, one in zip(steps, who, strict=True)}


# --- the claims ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def undisturbed(stage: Stage) -> dict[str, Any]:
    """Open the webhook, live the script once with nothing killed, and give what it left."""
    ask = Asker(stage.program, Random(0))
    life = Life(stage, ask, "undisturbed")
    life.create("/webhooks", {"url": f"http://localhost:{stage.twin.port}/hook"})
    ask.step = 0
    life.live()
    settle(stage, life)
    assert half_done(stage, life) == []
    return picture(stage, life)


@pytest.mark.parametrize("seed", range(LIVES_LIVED))
def test_a_life_in_which_web_and_worker_are_killed_is_the_one_that_nobody_disturbed(
    db, stage, undisturbed, record_property, seed
):
    rng = Random(seed)
    ask = Asker(stage.program, rng, points_of(rng))

    life = Life(stage, ask, f"killed-{seed}").live()
    settle(stage, life)

    assert len(ask.reached) == EACH
    assert half_done(stage, life) == [], (seed, ask.reached)
    assert picture(stage, life) == undisturbed, (seed, ask.reached)
    record_property("reached", ", ".join(ask.reached))


def test_after_all_of_it_the_whole_trail_verifies(db, stage, undisturbed):
    for tenant in Tenant.objects.order_by("id"):
        with scope.work(system(tenant.id)):
            found = anchors.verify()
        assert list(found.findings) == []


def test_when_up_is_killed_nobody_is_left_behind_on_its_port(db, stage):
    stage.program.ensure()
    everybody = wait_until(stage.program.everybody, "nobody was started", 0.1)

    stage.program.kill_up()

    wait_until(lambda: not any(map(is_alive, everybody)), "somebody stayed", 0.1)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", stage.program.port))
