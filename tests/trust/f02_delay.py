"""F2: for the accused body a confidential case and a number that never was are equal, in bytes and in time."""

import statistics
import time

import pytest
from django.test import Client

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import tenants
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.foundation import keys
from tests.trust.sizes import say, size

pytestmark = pytest.mark.django_db
PAIRS = size(300, 2000)
NEAR = 0.10


def test_the_accused_body_learns_nothing_from_the_delay(town, record_property):
    tenants.forget()
    with keys.using(keys.NullKeys()):
        text = "举报城管局收了摊贩的礼金，在翠竹苑南门菜市场。"
        case = t.a_case_of_the_street(
            town, text=text, voice="confidential", kind="tip_off", accused_body_ids=(f.body_id(town, "cgj"),)
        )
        account = an_account(town)
        a_grant(account, "handler", body_id=f.body_id(town, "cgj"), post_id=77, post_title="handler")
        client = signed_in(Client(headers={"host": "town.example", "accept-language": "zh"}), account, post=77)
        never = case.number[:-4] + ("9999" if not case.number.endswith("9999") else "9998")
        took: dict[str, list[float]] = {case.number: [], never: []}
        bodies = {}
        for turn in range(PAIRS):
            for number in sorted(took, reverse=bool(turn % 2)):
                began = time.perf_counter()
                answer = client.get(f"/api/v1/cases/{number}")
                took[number].append(time.perf_counter() - began)
                bodies[number] = (answer.status_code, answer.content.replace(number.encode(), b"N"))
    tenants.forget()
    there, absent = (statistics.median(took[n]) for n in (case.number, never))
    differs = abs(there - absent) / absent
    say(record_property, f"{PAIRS} pairs: medians {there * 1000:.2f} and {absent * 1000:.2f} ms, {differs:.1%} apart")
    assert bodies[case.number] == bodies[never]
    assert differs <= NEAR
