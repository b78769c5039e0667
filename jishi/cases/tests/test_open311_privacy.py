"""Nobody who spoke is ever given away by Open311, and what is hidden is as if it never was (spec 13 §§1, 9.5–9.7)."""

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from config import logs
from config.refused import Book
from conftest import TOWN
from jishi.cases.actions import publishing
from jishi.cases.models import Case, Report
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import open311_steps as o
from jishi.foundation import numbers, scope
from jishi.foundation.actor import system

PLANTED = {
    "first_name": "Jingyi", "last_name": "Zhuge", "email": "zhuge.jingyi@example.org", "phone": "13877776666",
    "device_id": "device-of-zhuge-x7", "account_id": "acct-zhuge-51",
}  # fmt: skip
WORDS = "雨水井堵了。我叫诸葛静怡，电话13877776666，邮箱zhuge.jingyi@example.org，住翠竹苑3号楼2单元501室。"
NEVER = ("Jingyi", "Zhuge", "诸葛静怡", "zhuge.jingyi", "13877776666", "device-of", "acct-zhuge", "501室")


@pytest.fixture
def key(town: int) -> str:
    return o.key_of(town)


def replies(number: str) -> list[str]:
    """Every reply in which the report could stand, in both forms."""
    since = (timezone.now() - timedelta(days=1)).isoformat()
    paths: list[tuple[str, dict[str, Any]]] = [
        ("requests", {}), ("requests", {"extensions": "true"}), (f"requests/{number}", {}),
        (f"requests/{number}", {"extensions": "true"}), ("requests", {"updated_after": since, "extensions": "true"}),
        ("servicerequestupdates", {}), ("requests", {"just_count": "true"}), ("requests", {"page_size": "1"}),
    ]  # fmt: skip
    found = [o.get(p, fmt, **q).raw for p, q in paths for fmt in ("json", "xml")]
    pages = ["/public", "/public/map", "/public/cases.csv", "/public/cases.geojson", "/api/v1/public/cases"]
    found += [o.program().get(p) for p in pages]
    assert all(r.status_code == 200 for r in found), [r.status_code for r in found]
    return [r.content.decode() + str(dict(r.headers)) for r in found]


class TestPlantedValues:
    def test_never_occur_in_any_reply(self, town: int, key: str) -> None:
        made = o.post("requests", o.a_report(key, description=WORDS, address_string="翠竹苑3号楼2单元501室", **PLANTED))
        number = made.value[0]["service_request_id"]
        o.post("servicerequestupdates", {"api_key": key, "service_request_id": number, "description": WORDS, **PLANTED})

        said = replies(number)

        assert any("雨水井堵了" in one for one in said)
        assert [(value, one[:80]) for one in said for value in NEVER if value in one] == []

    def test_nor_is_a_key_in_any_of_them(self, town: int, key: str) -> None:
        number = o.posted(key)

        assert not any(key in one for one in replies(number))


class TestHidden:
    def hidden(self, town: int) -> dict[str, str]:
        """One report of every kind that no stranger may know of."""
        at = timezone.now() - timedelta(hours=2)
        accused = (f.body_id(town, "cgj"),)
        found = {
            "confidential": f.a_case(town, now=at, voice="confidential"),
            "tip-off": f.a_case(town, now=at, kind="tip_off"),
            "accuses": f.a_case(town, now=at, accused_body_ids=accused),
            "parties": f.a_case(town, now=at, matter="01.02.01"),
        }
        f.do(f.reviewer(town), publishing.close, found["parties"].id, why="有人认得出", now=timezone.now())
        with scope.work(system(town)):
            return {
                why: Report.objects.get(memberships__case=case, memberships__to_at=None).number
                for why, case in found.items()
            }

    def test_answers_exactly_like_what_never_was(self, town: int) -> None:
        never = numbers.with_check(f"R{TOWN}26010199999")
        for why, number in self.hidden(town).items():
            for fmt in ("json", "xml"):
                said, none = o.get(f"requests/{number}", fmt).raw, o.get(f"requests/{never}", fmt).raw
                assert said.status_code == none.status_code == 404, why
                assert said.content == none.content, why
                assert sorted(said.headers) == sorted(none.headers), why

    def test_takes_the_same_road(self, town: int) -> None:
        number, never = self.hidden(town)["confidential"], numbers.with_check(f"R{TOWN}26010199999")
        o.get(f"requests/{never}")

        def statements(asked: str) -> list[str]:
            with CaptureQueriesContext(connection) as seen:
                o.get(f"requests/{asked}")
            said = [q["sql"].replace(asked, "…") for q in seen.captured_queries]
            return [re.sub(r'"s\d+_x\d+"', "a savepoint", sql) for sql in said]

        assert statements(number) == statements(never)

    def test_is_in_no_list_count_update_or_file(self, town: int) -> None:
        hidden = self.hidden(town)

        o.posted(o.key_of(town))
        said = replies(o.get("requests").value[0]["service_request_id"])

        assert not any(number in one for one in said[:1] + said[2:6] + said[10:] for number in hidden.values() if
                       number != hidden["parties"])  # fmt: skip
        assert o.get("requests", just_count="true").value == [{"count": 1}]
        assert {r["service_request_id"] for r in o.get("servicerequestupdates").value}.isdisjoint(hidden.values())

    def test_takes_no_word_from_a_stranger_s_program(self, town: int, key: str) -> None:
        never = numbers.with_check(f"R{TOWN}26010199999")
        body = {"api_key": key, "description": "x"}

        none = o.post("servicerequestupdates", {**body, "service_request_id": never})
        for why, number in self.hidden(town).items():
            said = o.post("servicerequestupdates", {**body, "service_request_id": number})
            assert (said.status, said.value) == (none.status, none.value), why

    def test_a_corrected_matter_may_hide_a_case_at_once(self, town: int) -> None:
        from jishi.cases.actions import correcting

        case = f.a_case(town, now=timezone.now() - timedelta(hours=1))
        private = next(m.code for m in matters(town) if m.default_visibility == "parties" and m.is_leaf)
        assert len(o.get("requests").value) == 1

        f.do(f.dispatcher(town), correcting.correct_matter, case.id, matter=private, now=timezone.now())

        assert o.get("requests").value == []


def matters(town: int) -> list[Any]:
    from jishi.duties import queries as duties

    with scope.work(system(town)):
        return list(duties.matters().values())


class TestKeyInAnAddress:
    """A reading needs no key (spec 13 §2). A client that sends one with every call is answered; nobody repeats it."""

    @pytest.mark.parametrize("name", ["api_key", "api_key\x00"])
    @pytest.mark.parametrize("fmt", ["json", "xml"])
    def test_that_nobody_asked_for_stands_in_no_answer_no_link_and_no_log(
        self, town: int, key: str, fmt: str, name: str, caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr("config.refused.book", Book())  # tests before may have filled this minute
        number = o.posted(key)
        o.posted(key)
        calls: list[tuple[str, dict[str, Any], int]] = [
            ("requests", {"page_size": "1"}, 200), (f"requests/{number}", {}, 200), ("services", {}, 200),
            ("requests", {"status": "no such"}, 400), ("requests", {"service_code": "99"}, 404),
            ("requests/R0", {}, 404), ("servicerequestupdates", {"start_date": "then"}, 400), ("nothing", {}, 404),
        ]  # fmt: skip
        told = []
        with caplog.at_level("DEBUG"):
            for path, query, status in calls:
                said = o.program().get(f"{o.BASE}/{path}.{fmt}", {**query, name: key})
                assert said.status_code == status, (path, query)
                told.append(said.content.decode() + str(dict(said.headers)))
            refused = o.program().post(f"{o.BASE}/requests.{fmt}?{urlencode({name: key})}", o.a_report(key))
        told.append(refused.content.decode() + str(dict(refused.headers)))

        assert refused.status_code == 403
        assert "rel=\"next\"" in told[0]
        assert [one for one in told if key in one] == []
        ours = [r for r in caplog.records if not r.name.startswith("django.db")]
        assert all(logs.NoPerson().filter(r) for r in ours) and any(r.name == "jishi.refused" for r in ours)
        assert [r.getMessage() for r in ours if key in r.getMessage()] == []


class TestWalk:
    @pytest.mark.parametrize("fmt", ["json", "xml"])
    def test_with_nothing_but_what_the_answer_before_said(self, town: int, fmt: str) -> None:
        key = o.key_of(o.trial_of(town))
        client = o.program()

        def get(address: str, **query: Any) -> Any:
            return o.heard(client.get(address.removeprefix("http://town.example"), query), fmt)

        found = get(f"/open311/discovery.{fmt}")
        base = next(e["url"] for e in found.value["endpoints"] if e["type"] == "test")
        service = next(s for s in get(f"{base}/services.{fmt}").value if str(s["metadata"]).lower() == "true")
        asked = get(f"{base}/services/{service['service_code']}.{fmt}").value["attributes"]
        answers = {
            f"attribute[{a['code']}]": a["values"][0]["key"] if a["values"] else "1" for a in asked
        }  # fmt: skip
        body = {"api_key": key, "service_code": service["service_code"], "lat": "31", "long": "121", **answers}
        made = o.heard(client.post(f"{base.removeprefix('http://town.example')}/requests.{fmt}", body), fmt)
        number = made.value[0]["service_request_id"]
        listed = get(f"{base}/requests.{fmt}", service_code=service["service_code"]).value
        one = get(f"{base}/requests/{number}.{fmt}").value[0]

        assert one == listed[0]
        assert one["service_name"] == service["service_name"]


FIELD = st.sampled_from([
    "api_key", "jurisdiction_id", "service_code", "lat", "long", "address_string", "address_id", "email", "device_id",
    "account_id", "first_name", "last_name", "phone", "description", "media_url", "attribute[depth_cm]",
    "attribute[depth_cm][]", "attribute[", "service_request_id", "status", "updated_datetime", "update_id",
])  # fmt: skip
KNOWN = ["", " ", "31", "121", "-0", "1e5", "\x00", "https://example.org/a.jpg", "http://[", "01.02.02", "01.02.01"]
SAID = st.one_of(
    st.text(max_size=60), st.sampled_from(KNOWN), st.floats(allow_nan=True).map(str),
    st.text("长", min_size=3990, max_size=4010),
)  # fmt: skip
NAMES = st.one_of(FIELD, st.text(max_size=20))
BODIES = st.dictionaries(NAMES, st.one_of(SAID, st.lists(SAID, max_size=3)), max_size=14)
PATHS = st.sampled_from(["requests", "servicerequestupdates"])


class TestGeneratedBodies:
    def test_are_taken_or_refused_readably_and_never_a_fault(self, town: int) -> None:
        key = o.key_of(town, per_minute=6000)

        @settings(parent=settings(), max_examples=max(200, settings().max_examples))
        @given(body=BODIES, fmt=st.sampled_from(["json", "xml"]), path=PATHS, known=st.booleans(), sound=st.booleans())
        def one(body: dict[str, Any], fmt: str, path: str, known: bool, sound: bool) -> None:
            sent = {k.encode("utf-8", "replace").decode(): v for k, v in body.items()}
            sent = {**(o.a_report(key) if sound else {}), **sent, **({"api_key": key} if known else {})}
            sent = json.loads(json.dumps(sent).encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
            said = o.post(path, sent, fmt)
            assert said.status < 500, (sent, said.value)
            if said.status >= 400:
                assert all(e["description"] and str(e["code"]).isdigit() for e in said.value)

        one()

    @pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain",
                                              "application/x-www-form-urlencoded; charset=gb18030",
                                              "multipart/form-data; boundary=x"])  # fmt: skip
    @pytest.mark.parametrize("fmt", ["json", "xml"])
    def test_no_form_of_body_is_a_fault(self, town: int, fmt: str, content_type: str) -> None:
        for body in (b"", b"{", b"\xff\xfe", b"--x\r\nbad", b"a=" + b"x" * (1024 * 1024 + 10)):
            answer = o.program().generic("POST", f"{o.BASE}/requests.{fmt}", body, content_type=content_type)
            assert 400 <= answer.status_code < 500
            assert o.heard(answer, fmt).value[0]["description"]


class TestStates:
    def test_every_state_of_the_table_has_words_and_a_place(self) -> None:
        from jishi.cases.open311 import telling
        from jishi.cases.queries import public
        from jishi.cases.states import CASE

        states = {s.code for s in CASE.states}

        assert set(Status) <= states | set(Status)
        assert states <= set(telling.DETAILED)
        assert states | {"WITHDRAWN"} >= public.CLOSED_OUTSIDE


def test_the_database_refuses_to_open_what_complains_about_a_body(town: int) -> None:
    from django.db import IntegrityError, transaction

    case = f.a_case(town, now=timezone.now(), accused_body_ids=(f.body_id(town, "cgj"),))

    with scope.work(system(town)), pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(id=case.id).update(visibility="public")
