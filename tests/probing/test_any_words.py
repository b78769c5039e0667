"""Whatever is sent to a route of the API: no 5xx, and every answer is in the document (spec 10 §18, 90 §2 A7).

Words, numbers and headers are made from the document itself, right and wrong ones, by schemathesis; each is sent as
somebody of the desks with the numbers of a case that is there, and put back. Few in every build, many at night.
"""

import json
import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings

from config.api import api
from config.costs import purse
from jishi.accounts.web import tenants
from jishi.cases.models import Membership
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import data_keys, keys, scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
EACH = 60 if os.environ.get("JISHI_PROFILE") == "nightly" else 2
ROLES = ("operator", "dispatcher", "handler", "reviewer", "feedback", "supervisor", "office", "ruler", "grid_worker")
NO_BODY = (204, 304)


@pytest.fixture(autouse=True)
def _afresh(town: int) -> Any:
    tenants.forget()
    with keys.using(keys.NullKeys()):
        yield
    data_keys.forget()
    tenants.forget()


def known(town: int) -> dict[str, str]:
    """Numbers that are there, for every second request."""
    case = f.a_case_at(town, Status.HANDLING)
    with scope.work(system(town)):
        report = Membership.objects.get(case=case).report.number
    return {"case": case.number, "report": report, "version": str(case.version)}


def send(client: Client, case: Any, there: dict[str, str], turn: int) -> Any:
    """Ask as the case says; every second time with a number and a version that are there."""
    parts = {name: str(value) for name, value in (case.path_parameters or {}).items()}
    if turn % 2 and "number" in parts:
        parts["number"] = there["report" if "/reports/" in case.path else "case"]
    headers = {name: str(value) for name, value in (case.headers or {}).items()}
    if turn % 2:
        headers |= {"If-Match": f'"{there["version"]}"', "Idempotency-Key": f"any-words-{turn:08d}"}
    path = case.path
    for name, value in parts.items():
        path = path.replace("{" + name + "}", value.replace("/", "-") or "-")
    body = b"" if isinstance(case.body, schemathesis.core.NotSet) else json.dumps(case.body, default=str).encode()
    purse.forget()
    try:
        with transaction.atomic():
            answer = client.generic(
                case.method, path, body, content_type="application/json", headers=headers,
                query_params={k: str(v) for k, v in (case.query or {}).items()},
            )  # fmt: skip
            raise _Undone
    except _Undone:
        return answer


class _Undone(Exception):
    """Puts back whatever a request did."""


def fault(answer: Any, operation: Any) -> str:
    """Say what is wrong with an answer: it broke, or the document does not know its status or its form."""
    status = answer.status_code
    if status >= 500:
        return f"{status}"
    documented = operation.definition.raw["responses"]
    if str(status) in documented or status in NO_BODY:
        return ""
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    return "" if status >= 400 and kind == "application/problem+json" else f"{status} {kind} is not documented"


def test_no_route_of_the_api_breaks_or_answers_what_the_document_does_not_know(town: int) -> None:
    client, there = colleague(town, *ROLES), known(town)
    client.raise_request_exception = False
    document = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema(), default=str)))
    found: list[str] = []
    turn = count(1)
    for result in document.get_all_operations():
        tried(result.ok(), client, there, turn, found)

    assert next(turn) > 100
    assert found == []


def tried(operation: Any, client: Client, there: dict[str, str], turn: Iterator[int], found: list[str]) -> None:
    """Ask one operation EACH times; note what is wrong with an answer."""

    @seed(17)
    @settings(max_examples=EACH, deadline=None, phases=[Phase.generate], database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = send(client, case, there, next(turn))
        if wrong := fault(answer, operation):
            found.append(f"{operation.label}: {wrong} {case.body!r:.300} {case.query!r:.200}")

    ask()
