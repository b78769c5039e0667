"""Faults that weighed on other interfaces of this kind, told from the reader's side (specification of lessons)."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from jishi.cases.actions import dispatch, programs
from jishi.cases.models import Case
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import open311_steps as o
from jishi.foundation import scope
from jishi.foundation.actor import system


def test_the_status_filter_filters(town: int) -> None:
    """O01 · ure code: the parameter was read and then forgotten."""
    at = timezone.now() - timedelta(days=1)
    f.a_case(town, now=at)
    f.a_case_at(town, Status.FEEDBACK, now=at)

    told = {s: [r["status"] for r in o.both("requests", status=s).value] for s in ("open", "closed", "open,closed")}

    assert (told["open"], told["closed"]) == (["open"], ["closed"])
    assert sorted(told["open,closed"]) == ["closed", "open"]


def test_a_comma_list_of_ids_returns_all_of_them(town: int) -> None:
    """O02 · ure code: only the first number was looked for."""
    key = o.key_of(town)
    made = [o.posted(key) for _ in range(3)]

    for said in (o.both("requests", service_request_id=",".join(made)), o.both(f"requests/{','.join(made)}")):
        assert {r["service_request_id"] for r in said.value} == set(made)


def test_tokens_answer(town: int) -> None:
    """O03 · ure code: a token was given and no call knew it."""
    with scope.work(system(town)):
        naming = programs.Naming("town.example", "12345", "ask us", answers_with_token=True)
        programs.name_jurisdiction(naming, by=system(town), now=timezone.now())
    placed = o.a_report(o.key_of(town), description=f.DRAIN, lat="", long="", address_string="翠竹苑3号楼")
    token = o.post("requests", placed).value[0]["token"]
    assert o.both(f"tokens/{token}").value == [{"token": token, "service_request_id": None}]

    with scope.work(system(town)):
        case = Case.objects.get()
    body, item = f.routed_body(case)
    f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(body, item), now=timezone.now())

    number = o.both(f"tokens/{token}").value[0]["service_request_id"]
    assert o.both(f"requests/{number}").value[0]["service_request_id"] == number


def test_the_changeset_is_a_valid_past_moment_that_changes_with_the_services(town: int) -> None:
    """O04 · ure code: the changeset was the moment of the call."""
    before, again = _changesets(), _changesets()

    o.with_questions(town)
    after = _changesets()

    assert len(set(before)) == 1
    assert before == again
    assert all(datetime.fromisoformat(at) <= timezone.now() for at in (*before, *after))
    assert after[0] > before[0]


def _changesets() -> list[str]:
    told: dict[str, Any] = o.program().get("/open311/discovery.json").json()
    return [told["changeset"], *(e["changeset"] for e in told["endpoints"])]


def test_pages_can_be_walked_without_missing_or_repeating_a_request(town: int) -> None:
    """O05 · GeoReport 16: pages shifted whenever somebody reported meanwhile."""
    key = o.key_of(town)
    made = [o.posted(key) for _ in range(7)]

    said, found = o.get("requests", page_size=3), []
    while True:
        found += [r["service_request_id"] for r in said.value]
        link = re.fullmatch(r'<http://town\.example(.*)>; rel="next"', said.raw.headers.get("Link", ""))
        if link is None:
            break
        o.posted(key)
        said = o.heard(o.program().get(link[1]), "json")

    assert found == made[::-1]


def test_what_changed_since_can_be_asked(town: int) -> None:
    """O06 · CitySDK: a mirror had to read everything again to see what was closed."""
    at = timezone.now()
    old = f.a_case(town, now=at - timedelta(days=100))
    f.a_case(town, now=at - timedelta(days=2))

    f._decline(old, at - timedelta(minutes=5))

    rows = o.both("requests", updated_after=(at - timedelta(minutes=10)).isoformat()).value
    assert [r["status"] for r in rows] == ["closed"]
