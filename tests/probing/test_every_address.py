"""Every address of the site and of the API, asked by everybody: each answer is the one written in `expected.toml`.

A visitor is somebody with one post, somebody of a body that has nothing to do with the case, the people of the body
that a confidential case accuses, the people of another town, a resident, whoever holds a receipt, a program without
a role, and nobody. Each asks with the numbers of a case that is there, with all that hangs on it, and with words that
a form could hold. A route without its line fails here and the line is printed: look whether each answer is right, then
add it.
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone
from ninja import Schema

from config.costs import purse
from conftest import MONDAY_TEN, OTHER
from jishi.accounts import queries as accounts
from jishi.accounts.actions import break_glass, clients, recovery
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import sessions, tenants
from jishi.cases.actions import bulk, dispatch, feedback, filters, unsealing
from jishi.cases.models import Case, Feedback, Membership
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import mediation_steps as m
from jishi.cases.tests import photo_steps, topic_steps
from jishi.cases.tests import together_steps as t
from jishi.cases.tests.import_steps import ROW, board, run_through
from jishi.cases.tests.test_errands import AREA, an_errand
from jishi.cases.tests.test_recordings import a_recording
from jishi.duties import queries as duties
from jishi.foundation import data_keys, keys, scope
from jishi.foundation.actor import system
from jishi.foundation.tenants import Tenant
from tests.probing.addresses import WORDS, Route, operations, pages

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).with_name("expected.toml")
HANDLES, APART = t.STREET, "scjg"  # who leads the case, and a body that has nothing to do with it
ROLES = (
    "operator", "dispatcher", "reviewer", "feedback", "supervisor", "office", "auditor", "grid_worker",
    "head", "system_admin", "security_admin",
)  # fmt: skip
WORKS_AT = {"office": "ldxz", "auditor": "ldxz", "feedback": "hfzx", "grid_worker": "sqcz", "head": "cgj"}
VISITORS = (
    "nobody", "resident", "reporter", "other_reporter", *ROLES, "ruler", "handler", "helper", "other_body", "accused",
    "other_town", "program",
)  # fmt: skip
OUTSIDE = ("nobody", "other_body", "other_town", "other_reporter")
EVERYBODY = os.environ.get("JISHI_PROFILE") == "nightly"
MAPS = {"file": "grids.geojson", "layer": "grids", "edition": "20260101-000000000000", "z": "12", "x": "1", "y": "1"}
TIP = "举报城管局收了摊贩的礼金，在翠竹苑南门菜市场。"
FORM = {
    "words": WORDS, "text": WORDS, "reason": WORDS, "why": WORDS, "name": "探测", "query": "status=open", "next": "/",
    "answer": WORDS, "row": "1", "seq": "1", "screen": "a1", "verdict": "approved", "number": "R1",
    "word": "AAAAA-AAAAA", "contacted": "yes", "solved": "yes", "satisfied": "satisfied", "purpose": "case",
}  # fmt: skip


# --- where: a town with a case on which everything hangs ---------------------------------------------------


# Where a move or a press belongs: an answer at the right moment says who may. All else is asked while it is handled.
MOMENT = {
    "offer": "RECEIVED", "decline": "RECEIVED", "consultations": "RECEIVED", "do/<code>": "OFFERED",
    "absorb": "OFFERED", "take-back": "OFFERED", "sign": "OFFERED", "return/accept": "ASKED_BACK",
    "return/deny": "ASKED_BACK",
    "positions": "CONSULTING", "rulings": "CONSULTING", "review": "REPLIED", "/desk/review/<number>": "REPLIED",
    "recheck": "FEEDBACK", "/desk/again/<number>": "FEEDBACK",
    "/desk/feedback/<number>/contact": "FEEDBACK", "/desk/feedback/<number>/<code>": "FEEDBACK",
    "/mine/<number>/feedback": "FEEDBACK", "reopen": "CLOSED", "redispatch": "CLOSED", "restore": "ABSORBED",
    "object": "DECLINED", "resume": "SUSPENDED", "suspend/approve": "ASKED", "suspend/deny": "ASKED",
    "take-up": "BANKED", "bank/came-true": "BANKED",
}  # fmt: skip


@dataclass
class Ground:
    """The numbers to ask with: of a case at each moment, of what hangs on it, and of the confidential one."""

    town: int
    at: dict[str, dict[str, str]] = field(default_factory=dict)
    secret: dict[str, str] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)

    def known(self, path: str, who: str) -> dict[str, str]:
        """What stands for each name in this address."""
        ends = next((m for end, m in MOMENT.items() if path.endswith(end) and "{part}" not in path), "HANDLING")
        own = self.secret if who == "accused" else self.at[ends]
        return {**self.shared, **self.at["HANDLING"], "home": self.at["RECEIVED"]["number"], **own}

    def fill(self, path: str, who: str) -> tuple[str, int]:
        """The address with numbers in it, and the version to send along."""
        known = self.known(path, who)
        of = next((name for name in VERSIONED if f"{{{name}}}" in path), "case")
        of = next((meant for part, meant in OF_ANOTHER.items() if part in path), of)

        def one(part: re.Match[str]) -> str:
            return known[_meaning(path[: part.start()], part[1])]

        return re.sub(r"[<{](\w+)[>}]", one, path), int(known[f"version of {of}"])


OF_ANOTHER = {
    "/suggestions/": "case",
    "/photos/{code}": "photo", "/recordings/{code}": "recording",
    "/unsealings/": "unsealing", "/break-glass/": "glass_id", "/recovery/": "recovery_id", "/mediations/": "mediation",
    "/mediate/": "mediation", "/mediators/": "mediator", "/topics/": "topic",
    "/reports/{": "report", "/errands/{": "errand", "feedback": "feedback", ">/add": "report",
    "/mine/<number>/withdraw": "report",
}  # fmt: skip
VERSIONED = ("part", "whistle_id", "participant", "link", "exclusion", "webhook")


def _meaning(before: str, name: str) -> str:
    """Which number an address means by a name, from what stands before it."""
    for beginning, meant in (
        ("/desk/duties/", {"number": "item"}), ("/duties/", {"number": "item"}),
        ("/api/v1/duty-items/", {"number": "item"}), ("/api/v1/errands/", {"number": "errand"}),
        ("/mine/", {"number": "report"}), ("/api/v1/reports/", {"number": "report"}),
        *((f"/api/v1/{kept}/", {"row": "compound_id"}) for kept in ("compounds", "buildings", "houses", "dwellings")),
        ("/cases/filters/", {"row": "filter"}), ("/desk/exclusions/", {"row": "exclusion"}),
        ("/desk/models/", {"number": "model", "step": "model_act"}), ("/api/v1/models/", {"number": "model"}),
        ("/desk/knowledge/", {"number": "model"}), ("/desk/dangers/", {"number": "model", "step": "model_act"}),
        ("/desk/pairs/", {"number": "model", "step": "model_act"}),
        ("/open311/", {"code": "service"}), ("/desk/dead-letters/", {"number": "letter"}),
    ):  # fmt: skip
        if before.startswith(beginning) and name in meant:
            return meant[name]
    sent = next((noun for noun in ("photo", "recording") if f"/{noun}s/" in before and name == "code"), "")
    if sent:
        return sent
    if "/unsealings/" in before and name == "row":
        return "unsealing"
    about = next((noun for noun in ("mediation", "mediator", "topic") if f"/{noun}s/" in before), "")
    if about and name in ("row", "code", "move"):
        return about if name == "row" else f"{about}_act"
    if name == "row":
        return "exclusion" if "exclusions" in before else "part"
    if name == "code":
        return {"/desk/inbox/": "work", "/desk/feedback/": "call", "/desk/exclusions/": "judge"}.get(
            re.sub(r"<.*", "", before), "part_act" if "together" in before else "act"
        )
    return name


def numbers_of(case: Case) -> dict[str, str]:
    """The case's own numbers and its report's."""
    with scope.work(system(case.tenant_id)):
        report = Membership.objects.filter(case=case).order_by("id")[0].report
    return {
        "number": case.number, "report": report.number, "report_id": str(report.id),
        "version of report": str(report.version), "version of case": str(f.again(case.tenant_id, case.id).version),
    }  # fmt: skip


def furnish(case: Case, *, outside: bool) -> dict[str, str]:
    """Hang everything on a case that a case can hold: a part, a whistle, a question outside, an exclusion asked."""
    now, lead = t.AT, f.handler_of(case)
    town, hung = case.tenant_id, {}
    part = f.do(lead, t.parts.ask, case.id, asking=t.parts.Asking(f.body_id(town, "zjj"), t.WHAT), now=now)
    made = f.do(lead, t.whistle.blow, case.id, call=t.call_of(town, bodies=_called(town)), now=now)
    f.do(lead, f.excluding.ask, case.id, what=f.exclusion(), now=now)
    hung.update(part=part, whistle_id=made, participant=t.rows_of(made)[0], exclusion=f.exclusion_of(case))
    found = {}
    if outside:
        sent = t.send(case, timezone.now())
        hung["link"], found["outside"] = sent.link, sent.token
    for name, row in hung.items():
        found |= {name: str(row.id), f"version of {name}": str(row.version)}
    return {**found, **numbers_of(case)}


def _called(town: int) -> list[Any]:
    return [t.whistle.Called(f.body_id(town, b), why="棚子和井都在人行道上") for b in ("zjj", "gaj")]


def lived(town: int) -> dict[str, dict[str, str]]:
    """A case at every moment, in the hands of one body from where somebody holds it."""
    found = {}
    for moment in dict.fromkeys(MOMENT.values()):
        case, now = f.a_case(town, matter="02.02.04", text=t.CALLED_FOR), MONDAY_TEN + timedelta(hours=1)
        if moment in ("DECLINED", "ABSORBED", "RECEIVED"):
            roads = f._ROAD[Status(moment)]
        else:
            to = dispatch.Offer(f.body_id(town, HANDLES), None, why="属地先牵头")
            f.do(f.dispatcher(town), dispatch.offer, case.id, to=to, now=now)
            asked = {"ASKED_BACK": f.ask_return, "ASKED": f.ask_suspension}.get(moment)
            roads = f._ROAD[Status.HANDLING if asked else Status(moment)][1 : 1 if moment == "ASKED_BACK" else None]
            roads = [*roads, ("", asked)] if asked else roads
        for _, live in roads:
            now += timedelta(hours=1)
            live(f.again(town, case.id), now)
        found[moment] = numbers_of(case)
    return found


def share(town: int, case: Case, account: int) -> dict[str, str]:
    """What hangs on no case: a plan and a filter of the dispatcher, an import, a program's webhook, a feedback link."""
    now = t.AT
    with scope.work(system(town)):
        desk = accounts.actor_for(account, 9000 + account, timezone.now())
    assert desk is not None
    plan = f.do(desk, bulk.preview, "urge", [case.id], told=bulk.Told(words=WORDS), now=timezone.now())
    kept = f.do(desk, filters.keep, "夜里的事", query="status=open", now=now)
    walk, _ = run_through(town, board(ROW))
    errand = an_errand(town, now=timezone.now())
    sat = m.propose(m.a_dispute(town))
    worked = topic_steps.a_topic(town, "WORKING")
    asked = f.a_case_at(town, Status.FEEDBACK, now=timezone.now() - timedelta(days=1))
    shot, voice = photo_steps.a_photo(case), a_recording(case)
    hidden = f.a_case_at(town, Status.HANDLING, voice="confidential")
    wished = f.do(
        f.handler_of(hidden), unsealing.ask, photo_steps.report_of(hidden).id, ground="verify", why=WORDS * 3,
        now=timezone.now(),
    )  # fmt: skip
    _, asker = person(town, "handler", body=HANDLES)
    with scope.work(system(town)):
        elsewhere = accounts.actor_for(asker, 9000 + asker, timezone.now())
    assert elsewhere is not None
    person(town, "handler", body=APART)  # a body in which somebody works
    more = f.do(
        elsewhere, break_glass.ask, ground="drill", why=WORDS * 3, body_id=f.body_id(town, APART), area=None,
        now=timezone.now(),
    )  # fmt: skip
    lost = an_account(town)
    a_grant(lost, "handler", body_id=f.body_id(town, HANDLES), post_id=9000 + lost.id, post_title="handler")
    _, keeper = person(town, "security_admin", body="sqzx")
    with scope.work(system(town)):
        keeps = accounts.actor_for(keeper, 9000 + keeper, timezone.now())
    assert keeps is not None
    back = f.do(keeps, recovery.ask, lost.username, WORDS, by_passkey=True, now=timezone.now())
    with scope.work(system(town)):
        token = feedback.link_for(Feedback.objects.get(case=asked).id)
        laws = duties.law(timezone.localdate())
        item = min(laws.items.values(), key=lambda row: row.id)
    return {
        "errand": errand.number, "version of errand": str(errand.version), "version of webhook": "1",
        "plan": str(plan.id), "filter": str(kept.id), "model": "1", "model_act": "shadow", "stage": "classify",
        "compound_id": "999999999", "building_id": "999999999", "import_id": "999999999", "run_id": "999999999",
        "net_id": "999999999",
        "plan_id": "999999999", "sweep_id": "999999999",
        "form": "xlsx",
        "run": str(walk.run_id), "token": token, "item": item.number, "list_id": str(item.list_id), "body": HANDLES,
        "asked": str(f.body_id(case.tenant_id, "swj")),
        "service": "01.02.01", "fmt": "json", "ids": case.number, "version of feedback": "1",
        "z": "16", "x": "1", "y": "1", "device_id": "1", "key": "a-key-of-a-row", "place": "1",
        "pk": "1", "session_id": "1", "letter": "1", "webhook": "1", "tab": "trail", "act": "take-back",
        "work": "progress", "call": "attempt", "judge": "decide", "kind": "part", "part_act": "sign", "step": "apply",
        "verb": "check", "day": "2026-03-08", "mediation": str(sat.mediation.id),
        "version of mediation": str(sat.mediation.version),
        "mediation_act": "leave", "party": sat.links[0][1], "mediator": str(sat.mediation.mediator_id),
        "version of mediator": "1", "topic": str(worked.id), "version of topic": str(worked.version),
        "topic_act": "assess", "photo": shot.code, "size": "small",
        "recording": voice.code, "version of recording": str(voice.version),
        "version of photo": str(shot.version), "unsealing": str(wished.id),
        "version of unsealing": "1", "glass_id": str(more.id), "version of glass_id": "1", "glass_act": "approve",
        "recovery_id": str(back.row.id), "version of recovery_id": "1", "recovery_act": "deny",
    }  # fmt: skip


# --- who asks ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visitor:
    """Somebody before the site."""

    name: str
    client: Client


def person(town: int, *roles: str, body: str, host: str = "town.example", area: str = "") -> tuple[Client, int]:
    """Sign somebody in who holds these roles in one post; gives the account too."""
    account = an_account(town)
    for role in roles:
        a_grant(account, role, body_id=f.body_id(town, body) if body else None, post_id=9000 + account.id,
                post_title=role, area=area)  # fmt: skip
    return signed_in(at_the_door(host), account, post=9000 + account.id), account.id


def hold(client: Client, town: int, report: str) -> Client:
    """Whoever showed the number and the word of this report."""
    session = client.session
    session[sessions.REPORT] = [town, int(report)]
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


def at_the_door(host: str = "town.example") -> Client:
    """A browser; what breaks is answered with 500, which no line of the table may hold."""
    return Client(headers={"host": host, "accept-language": "zh"}, raise_request_exception=False)


def program(town: int) -> Client:
    with scope.work(system(town)):
        _, key = clients.issue("probe", roles=[], by=system(town), now=timezone.now() - timedelta(days=9))
    return Client(SERVER_NAME="town.example", HTTP_AUTHORIZATION=f"Bearer {key}", raise_request_exception=False)


def furnished(town: int) -> tuple[Ground, list[Visitor]]:
    """The town with its two cases and everybody who asks."""
    desk, account = person(town, "dispatcher", body="sqzx")
    case = t.a_case_of_the_street(town)
    accuses = {"voice": "confidential", "kind": "tip_off", "accused_body_ids": (f.body_id(town, "cgj"),)}
    ground = Ground(town, lived(town))
    secret = t.a_case_of_the_street(town, text=TIP, **accuses)
    ground.at["HANDLING"] = furnish(case, outside=True)
    ground.secret = furnish(secret, outside=False)  # what is confidential is not sent outside
    ground.shared = share(town, case, account) | MAPS
    for own, row in ((ground.at["HANDLING"], case), (ground.secret, secret)):
        own |= numbers_of(row)  # the versions as they are now that everything hangs on it
    every = (*(r for r in ROLES if not r.endswith("_admin")), "handler", "ruler")  # no administrator holds more
    other = f.a_case(town)
    with scope.work(system(town)):
        theirs = Membership.objects.get(case=other).report_id
    resident = signed_in(at_the_door(), an_account(town, staff=False))
    there = Tenant.objects.get(code=OTHER).id
    clients_ = {
        "nobody": at_the_door(), "resident": resident,
        "reporter": hold(at_the_door(), town, str(theirs)), "other_reporter": hold(at_the_door(), town, str(theirs)),
        **{role: person(town, role, body=WORKS_AT.get(role, "sqzx"), area=AREA if role == "grid_worker" else "")[0]
           for role in ROLES if role != "dispatcher"},
        "dispatcher": desk, "ruler": person(town, "ruler", body="ldxz")[0],
        "handler": person(town, "handler", body=HANDLES)[0], "helper": person(town, "handler", body="zjj")[0],
        "other_body": person(town, "handler", body=APART)[0], "accused": person(town, *every, body="cgj")[0],
        "other_town": person(there, *every, body="", host="other.example")[0], "program": program(town),
    }  # fmt: skip
    return ground, [Visitor(name, clients_[name]) for name in VISITORS]


# --- asking ------------------------------------------------------------------------------------------------


LETTERS = {"feedback": "token", "link": "outside", "mediate": "party"}  # a page, and whose code opens it


class _Undone(Exception):
    """Carries an answer out of what is put back."""


def answer_of(route: Route, visitor: Visitor, ground: Ground) -> int:
    """Ask once, put back whatever it did, and give the status."""
    path, version = ground.fill(route.path, visitor.name)
    known = ground.known(route.path, visitor.name)
    cookies = SimpleCookie(visitor.client.cookies.output(header="", sep=";"))
    if visitor.name == "reporter":
        hold(visitor.client, ground.town, known["report_id"])
    headers = {"If-Match": f'"{version}"', "Idempotency-Key": "probe-0123456789", "Letter": known["token"]}
    code = known[LETTERS.get(route.path.split("/")[1], "token")]
    status = 0
    purse.forget()
    try:
        with transaction.atomic():
            if route.method == "GET":
                path += opened(visitor.client, route.path, code)
                answer = visitor.client.get(path, dict(route.query), headers={"Letter": known["token"]})
            elif route.path.startswith("/api/"):
                said = re.sub(r"<(\w+)>", lambda part: known[part[1]], json.dumps(route.body or {}))
                answer = visitor.client.generic(
                    route.method, path, said, content_type="application/json", headers=headers
                )
            else:
                answer = visitor.client.post(path, {**FORM, "letter": code, "version": version}, headers=headers)
            status = answer.status_code
            raise _Undone
    except _Undone:
        visitor.client.cookies = cookies  # a session that was ended is there again
        return status


def opened(client: Client, path: str, code: str) -> str:
    """Open the letter of a page behind one, as its script does; gives what then stands behind its address."""
    page = path.split("/")[1]
    if page not in LETTERS:
        return ""
    return f"?{client.post(f'/{page}', {'letter': code, 'open': '1'})['Location'].partition('?')[2]}"


def asking(route: Route, visitors: list[Visitor]) -> list[Visitor]:
    """Who asks: at night everybody; in every build the accused, and by turns one from outside and one of the others."""
    line = expected().get(route.name)
    if EVERYBODY or line is None:
        return visitors
    turn = sum(route.name.encode())
    others = [who for who in VISITORS if who not in OUTSIDE]
    let_in = [who for who in others if line[who] < 300]
    among = let_in if turn % 3 and let_in else others
    inside = among[turn % len(among)]
    return [v for v in visitors if v.name in ("accused", OUTSIDE[turn % len(OUTSIDE)], inside)]


def answers(routes: list[Route], ground: Ground, visitors: list[Visitor]) -> dict[str, dict[str, int]]:
    """Every route by whoever asks; a method that an address does not know is left out."""
    desk = next(v for v in visitors if v.name == "dispatcher")
    found = {}
    for route in routes:
        if route.name in expected() or answer_of(route, desk, ground) != 405:
            found[route.name] = {v.name: answer_of(route, v, ground) for v in asking(route, visitors)}
    return found


def as_line(name: str, said: dict[str, int]) -> str:
    """One line of the table: the answer of most is for the others."""
    by_status: dict[int, list[str]] = {}
    for who, status in said.items():
        by_status.setdefault(status, []).append(who)
    most = max(by_status, key=lambda status: len(by_status[status]))
    parts = [f'{s} = "{"others" if s == most else " ".join(who)}"' for s, who in sorted(by_status.items())]
    return f'"{name}" = {{ {", ".join(parts)} }}'


@cache
def expected() -> dict[str, dict[str, int]]:
    """The table, line by line: what everybody is answered."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    found = {}
    for name, line in table.items():
        named = {who: int(status) for status, people in line.items() for who in people.split() if who != "others"}
        rest = next((int(status) for status, people in line.items() if people == "others"), 0)
        found[name] = {who: named.get(who, rest) for who in VISITORS}
    return found


def differences(found: dict[str, dict[str, int]]) -> list[str]:
    """The lines that are to be added, or looked at."""
    known = expected()
    return [
        as_line(name, {**known.get(name, {}), **said}) for name, said in found.items()
        if name not in known or any(known[name][who] != status for who, status in said.items())
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def _afresh(town: int) -> Iterator[None]:
    tenants.forget()
    data_keys.forget()
    with keys.using(keys.NullKeys()):
        yield
    data_keys.forget()
    tenants.forget()


MESSAGE = (
    "These answers are not those of tests/probing/expected.toml. Is each of them right? If not, repair the site; "
    "if so, put the line into the table:\n"
)


@pytest.mark.parametrize("routes", [operations, pages])
def test_every_address_answers_everybody_as_it_is_written_in_the_table(
    town: int, routes: Callable[[], list[Route]]
) -> None:
    found = answers(routes(), *furnished(town))

    broken = [f"{name}: {who}" for name, said in found.items() for who, status in said.items() if status >= 500]
    assert not broken
    wrong = differences(found)
    assert not wrong, MESSAGE + "\n".join(wrong)


def test_the_table_holds_no_line_of_an_address_that_is_gone() -> None:
    there = {route.name for route in (*operations(), *pages())}

    assert [name for name in expected() if name not in there] == []


def test_every_shape_of_the_api_has_a_name_of_its_own() -> None:
    """Two classes of one name are one entry of the document, and one of the two routes is then described wrongly."""
    named: dict[str, set[str]] = {}
    waiting: list[type] = [Schema]
    while waiting:
        for one in waiting.pop().__subclasses__():
            waiting.append(one)
            if one.__module__.startswith("jishi."):
                named.setdefault(one.__name__, set()).add(one.__module__)

    assert {name: rooms for name, rooms in named.items() if len(rooms) > 1} == {}
