"""Many hands at once on the running site: the same create sent twenty times, two writes on one version."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("browser")

ISSUE = """
from django.utils import timezone
from jishi.accounts.actions import clients
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.tenants import Tenant
by = system(Tenant.objects.get(code="990181").id)
with scope.work(by):
    print(clients.issue("journey", roles=["operator", "dispatcher"], by=by, now=timezone.now())[1])
"""


@pytest.fixture(scope="module")
def ask(site: Any) -> Any:
    """Give a program's way in: method, address, body, headers to status and answer."""
    key = site.run(ISSUE).splitlines()[-1]

    def send(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any], str]:
        sent = json.dumps(body).encode() if body is not None else None
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        request = urllib.request.Request(
            f"{site.url}/api/v1{path}", data=sent, method=method,
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json", **named},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.loads(answer.read()), answer.headers.get("ETag", "")
        except urllib.error.HTTPError as no:
            return no.code, json.loads(no.read()), ""

    return send


def report(text: str) -> dict[str, Any]:
    return {"text": text, "channel": "api", "voice": "open", "address_text": "翠竹苑"}


def test_the_same_create_sent_twenty_times_at_once_makes_one_case(ask):
    body = report("翠竹苑南门的健身器材断了一根横杆，孩子在上面爬。")

    with ThreadPoolExecutor(20) as many:
        answers = list(many.map(lambda _: ask("POST", "/reports", body, Idempotency_Key="journey-twenty"), range(20)))

    assert {status for status, _, _ in answers} == {201}
    assert len({answer["number"] for _, answer, _ in answers}) == 1
    assert len({answer["case"] for _, answer, _ in answers}) == 1
    assert sum(bool(answer["number"]) for _, answer, _ in answers) == 20
    found = ask("GET", f"/reports/{answers[0][1]['number']}")
    assert found[0] == 200


def test_the_same_key_with_other_words_is_refused(ask):
    ask("POST", "/reports", report("翠竹苑东门的地砖翘起来了。"), Idempotency_Key="journey-other-words")

    status, answer, _ = ask("POST", "/reports", report("完全是另一件事。"), Idempotency_Key="journey-other-words")

    assert (status, answer["code"]) == (409, "key_reused")


def test_of_two_writes_on_one_version_one_wins_and_the_other_is_told_what_differs(ask):
    rounds = []
    for n in range(5):
        said = report(f"东市街第{n + 1}个路口的信号灯不亮。")
        number = ask("POST", "/reports", said, Idempotency_Key=f"journey-race-{n}")[1]["case"]
        seen = ask("GET", f"/cases/{number}")
        no = {"ground": "beyond_duty", "text": "请找街口的物业。", "channel": "物业服务中心"}
        with ThreadPoolExecutor(2) as two:
            send = lambda _: ask("POST", f"/cases/{number}/decline", no, If_Match=seen[2])  # noqa: B023, E731
            rounds.append((sorted(two.map(send, range(2)), key=lambda a: a[0]), seen, ask("GET", f"/cases/{number}")))

    for (won, lost), before, after in rounds:
        assert (won[0], lost[0]) == (200, 412)
        assert lost[1]["code"] == "stale"
        assert lost[1]["status"] == 412
        assert after[2] != before[2]
        assert after[1]["status"] == "DECLINED"


def test_a_write_that_does_not_say_what_it_saw_is_refused(ask):
    made = ask("POST", "/reports", report("翠竹苑西门的垃圾桶满了。"), Idempotency_Key="journey-blind")

    status, answer, _ = ask("POST", f"/cases/{made[1]['case']}/decline", {"ground": "beyond_duty", "text": "不归我们"})

    assert status == 428


def test_two_opposite_merges_at_once_leave_one_merged_and_both_reports_in_it(ask):
    pairs = []
    for n in range(4):
        texts = (f"翠竹苑{n + 1}号楼的雨水井堵了，一下雨就积水。", f"翠竹苑{n + 1}号楼的雨水井又堵了。")
        made = [ask("POST", "/reports", report(t), Idempotency_Key=f"merge-{n}-{i}")[1] for i, t in enumerate(texts)]
        pairs.append([ask("GET", f"/cases/{m['case']}") for m in made])

    def merge(one: Any, other: Any) -> int:
        _, page, tag = one
        return ask("POST", f"/cases/{page['number']}/absorb", {"into": other[1]["number"]}, If_Match=tag)[0]

    for one, other in pairs:
        with ThreadPoolExecutor(2) as both:
            statuses = [*both.map(merge, (one, other), (other, one))]

        assert sorted(statuses)[0] == 200
        assert sorted(statuses)[1] in (409, 412)
        now = [ask("GET", f"/cases/{page['number']}")[1] for _, page, _ in (one, other)]
        assert sorted(len(page["reports"]) for page in now) == [0, 2]
        assert [page["absorbed_into"] for page in now].count(None) == 1


def test_of_two_hundred_writers_on_twenty_cases_one_a_case_wins_and_every_other_is_told_what_changed(ask):
    """Spec 10 §14, 90 §12: no lost update, never a 500; who lost reads who changed what since he looked."""
    pages = []
    for n in range(20):
        made = ask("POST", "/reports", report(f"河滨路第{n + 1}根灯杆歪了，要倒。"), Idempotency_Key=f"writers-{n}")
        pages.append(ask("GET", f"/cases/{made[1]['case']}"))
    writers = [(page, hand) for hand in range(10) for page in pages]

    def hurry(writer: Any) -> tuple[str, int, dict[str, Any]]:
        (_, page, tag), hand = writer
        said = {"urgency": "urgent", "why": f"第{hand + 1}个人说：灯杆要倒，砸到人就晚了。"}
        status, answer, _ = ask("POST", f"/cases/{page['number']}/urgency", said, If_Match=tag)
        return page["number"], status, answer

    with ThreadPoolExecutor(len(writers)) as many:
        answers = list(many.map(hurry, writers))

    for _, before, _tag in pages:
        number = before["number"]
        won = [answer for case, status, answer in answers if case == number and status == 200]
        lost = [answer for case, status, answer in answers if case == number and status != 200]
        assert (len(won), len(lost)) == (1, 9), [status for case, status, _ in answers if case == number]
        assert {answer["status"] for answer in lost} == {412}
        assert all([entry["verb"] for entry in answer["facts"]["since"]] == ["case.urgency_set"] for answer in lost)
        now = ask("GET", f"/cases/{number}")[1]
        written = [entry["verb"] for entry in ask("GET", f"/cases/{number}/trail")[1]]
        assert (now["urgency"], now["version"]) == ("urgent", before["version"] + 1)
        assert written.count("case.urgency_set") == 1
