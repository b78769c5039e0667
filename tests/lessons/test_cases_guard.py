"""Faults that weighed on other systems of this kind, told from the reader's side: two writers, wrong hands, keys."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from jishi.accounts.actions import reading
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague, version_on
from jishi.cases.tests.test_attacks import client_of
from jishi.foundation import data_keys, rotation, scope, sealed
from jishi.foundation.actor import system
from jishi.foundation.models import DataKey

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]


ANSWER = {
    "outcome": "solved", "text_for_caller": f.ANSWER, "what_was_done": "清掏", "contacted_how": "phone",
    "contacted_at": "2026-03-09T10:00:00+08:00",
}  # fmt: skip
EVERY: dict[str, tuple[str, dict[str, Any]]] = {
    "offer": ("dispatcher", {}), "take-back": ("dispatcher", {"text": "派错了"}), "sign": ("handler", {}),
    "reply": ("handler", ANSWER), "decline": ("dispatcher", {"ground": "unlawful", "text": "不"}),
    "reopen": ("reviewer", {"text": "又堵了"}), "redispatch": ("dispatcher", {"text": "换一家"}),
}  # fmt: skip
ORDER = ["RECEIVED", "OFFERED", "HANDLING", "REPLIED", "FEEDBACK"]


def test_two_writers_never_make_the_status_go_backwards(town: int) -> None:
    """W01 · glpi 54, 3578: whoever saved last put the ticket back to where his window had been opened."""
    now = timezone.now() - timedelta(hours=20)
    case = f.a_case(town, now=now)
    body, item = f.routed_body(case)
    EVERY["offer"] = ("dispatcher", {"body": body, "item": item})
    hands = {role: client_of(town, role, bodies=(body,)) for role in ("dispatcher", "handler", "reviewer")}
    opened = [case.version]  # a window was opened at each of these, and is still open
    for reached, live in f._ROAD[Status.FEEDBACK]:
        now += timedelta(hours=1)
        live(f.again(town, case.id), now)
        here = f.again(town, case.id)
        for seen in opened:
            for verb, (role, said) in EVERY.items():
                answer = hands[role].post(
                    f"/api/v1/cases/{case.number}/{verb}", said, content_type="application/json",
                    headers={"If-Match": f'"{seen}"'},
                )  # fmt: skip
                assert answer.status_code in (403, 404, 409, 412, 422), (reached, verb, answer.status_code)
                assert f.again(town, case.id).status == reached
        desk = colleague(town, "dispatcher").post(
            f"/cases/{case.number}/do/offer", {"version": opened[0], "seq": "1", "to": f"{body}:{item}"}
        )
        assert desk.status_code in (409, 412)
        assert ORDER.index(f.again(town, case.id).status) == ORDER.index(reached)
        opened.append(here.version)


PAUSE = {"ground": "weather", "words": "x", "until": "2030-01-01"}
WRONG: tuple[tuple[Status, str, dict[str, Any], str], ...] = (
    (Status.RECEIVED, "offer", {"body": 1, "item": 1}, "operator reviewer auditor feedback office handler"),
    (Status.RECEIVED, "decline", {"ground": "unlawful", "text": "不"}, "reviewer auditor office handler"),
    (Status.OFFERED, "sign", {}, "operator dispatcher reviewer feedback office auditor handler"),
    (Status.HANDLING, "reply", ANSWER, "operator dispatcher reviewer feedback office auditor handler"),
    (Status.HANDLING, "suspend", PAUSE, "reviewer auditor handler"),
    (Status.CLOSED, "redispatch", {"text": "x"}, "operator reviewer feedback office auditor handler"),
)


def test_a_right_is_enforced_by_the_server_when_the_browser_is_not_ours(town: int) -> None:
    """W07 · dig 631: the button was hidden, the door behind it stood open."""
    for state, verb, said, roles in WRONG:
        case = f.a_case_at(town, state, now=timezone.now() - timedelta(hours=9))
        for role in roles.split():  # a handler is one of another body here
            answer = client_of(town, role, bodies=(f.body_id(town, "jyj"),)).post(
                f"/api/v1/cases/{case.number}/{verb}", said, content_type="application/json",
                headers={"If-Match": f'"{case.version}"'},
            )  # fmt: skip
            assert answer.status_code in (403, 404), (state, role, verb, answer.status_code, answer.content)
        assert f.again(town, case.id).version == case.version
    case = f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(hours=6))
    page = colleague(town, "auditor").get(f"/cases/{case.number}").content.decode()
    for code in ("progress", "suspend", "reply", "take-back", "urgency", "matter"):
        assert f"/do/{code}" not in page, "no button"
    said = {"version": case.version, "matter": "01.02.02"}  # all that a dispatcher needs to say
    forged = colleague(town, "auditor").post(f"/cases/{case.number}/do/matter", said)
    assert forged.status_code in (403, 404)
    account = an_account(town)
    a_grant(account, "dispatcher", body_id=f.body_id(town, "sqzx"), post_id=9700, post_title="派单")
    elsewhere = signed_in(Client(headers=HOST, enforce_csrf_checks=True), account, post=9700)
    lured = elsewhere.post(f"/cases/{case.number}/do/matter", {"version": case.version, "matter": "01.02.02"})
    assert lured.status_code == 403, "a page of somebody else's presses no button here"

    assert f.again(town, case.id).version == case.version
    assert colleague(town, "dispatcher").post(f"/cases/{case.number}/do/matter", said).status_code == 302


def _code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def test_a_changed_key_locks_nobody_out_and_old_data_stays_readable(town: int) -> None:
    """W08 · dig 622: after the key was changed, nobody could sign in, and what was sealed stayed shut."""
    case = f.a_case_at(town, Status.HANDLING, caller_name="王秀兰", caller_contact="13900000417")
    by, now, secret, word = system(town), timezone.now(), generate_totp_secret(), "石桥下的水向东流 1987"
    account = an_account(town, password=word)
    a_grant(account, "dispatcher", body_id=f.body_id(town, "sqzx"), post_id=9701, post_title="派单")
    with scope.work(by):
        TOTP.activate(account, secret)
        owner = ("cases_report", case.memberships.get().report_id)
        before = {k.purpose: k.generation for k in DataKey.objects.filter(tenant_id=town)}
    inside = signed_in(Client(headers=HOST), account, post=9701)

    with scope.work(by):
        for purpose in sorted(before):
            rotation.begin(purpose, by=by, now=now)
            while not rotation.rotate(purpose, by=by, now=now + data_keys.LIFE + timedelta(minutes=1)).done:
                pass
        after = {k.purpose: k.generation for k in DataKey.objects.filter(tenant_id=town)}
    data_keys.forget()

    assert {p: n + 1 for p, n in before.items()} == after
    with scope.work(f.handler_of(case)) as work:
        told = reading.read(
            [owner], ("caller_name", "caller_contact"), purpose="contact.caller", reason="打电话问位置", by=work.actor,
            now=now,
        )  # fmt: skip
    assert told[owner] == {"caller_name": "王秀兰", "caller_contact": "13900000417"}
    with scope.work(by):
        assert owner in sealed.find("contact.caller", "13900000417", tenant_id=town, now=now)
    assert inside.get(f"/cases/{case.number}").status_code == 200, "whoever was in stays in"
    fresh = Client(headers=HOST)
    fresh.post("/sign-in", {"login": account.username, "password": word})
    fresh.post("/sign-in/code", {"code": _code(secret)})
    assert fresh.get(f"/cases/{case.number}").status_code == 200


def test_a_search_service_that_is_slow_does_not_take_the_case_page_with_it(town: int) -> None:
    """W12 · sig 1417: the page of one case waited for the search of all of them."""
    from django.db import connection

    case = f.a_case(town, now=timezone.now() - timedelta(hours=2))
    desk = colleague(town, "dispatcher")
    desk.get(f"/cases/{case.number}")

    def late(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "to_tsquery" in sql:
            raise OperationalError("canceling statement due to statement timeout")
        return execute(sql, params, many, context)

    desk.raise_request_exception = False
    with connection.execute_wrapper(late):
        page = desk.get(f"/cases/{case.number}")
        listed = desk.get("/cases", {"status": "open"})
        sought = desk.get("/cases", {"q": "雨水井"})
        done = desk.post(
            f"/cases/{case.number}/do/matter", {"version": version_on(page.content.decode()), "matter": "01.02.02"}
        )
        again = f.a_case(town, now=datetime.now(UTC), caller_contact="13900000999")

    assert (page.status_code, listed.status_code, done.status_code) == (200, 200, 302)
    assert again.status == Status.RECEIVED, "and nobody who calls waits for it"
    assert sought.status_code == 503
    assert sought["Retry-After"]
    assert "搜索" in sought.content.decode(), "it says what is slow, and what to do without it"
