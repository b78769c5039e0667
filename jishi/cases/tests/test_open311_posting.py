"""What a stranger's program sends: reports in both forms, every refusal by name, tokens (spec 13 §§3, 5.3, 5.4)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from jishi.cases.actions import dispatch, programs
from jishi.cases.models import Case, Membership, Report
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import open311_steps as o
from jishi.duties.actions import codebook
from jishi.duties.actions.codebook import NewMatter
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import SealedValue

FORMS = ("json", "xml")


@pytest.fixture
def key(town: int) -> str:
    return o.key_of(town)


def now() -> datetime:
    return timezone.now()


class TestPosting:
    @pytest.mark.parametrize("fmt", FORMS)
    def test_answers_with_the_number_the_promise_and_the_account(self, town: int, key: str, fmt: str) -> None:
        said = o.post("requests", o.a_report(key, account_id="acc-7"), fmt)

        row = said.value[0]
        assert said.status == 200
        assert set(row) == {"service_request_id", "service_notice", "account_id"}
        assert row["account_id"] == "acc-7"
        assert row["service_notice"].startswith("最迟")

    @pytest.mark.parametrize("fmt", FORMS)
    def test_is_in_the_list_of_the_next_call(self, town: int, key: str, fmt: str) -> None:
        number = o.posted(key)

        rows = o.get("requests", fmt).value

        assert rows[0]["service_request_id"] == number
        assert rows[0]["status"] == "open"

    def test_runs_the_same_intake_as_every_channel(self, town: int, key: str) -> None:
        number = o.posted(key, address_string="翠竹苑3号楼", phone="13900000417")

        with scope.work(system(town)):
            report = Report.objects.get(number=number)
            case = Membership.objects.get(report=report).case
            verbs = [e.verb for e in trail.of("case", case.id)]
        assert (report.channel, report.voice, case.status) == ("open311", "open", Status.RECEIVED)
        assert case.promise_due_at is not None
        assert verbs == ["case.received"]

    def test_without_a_person_is_anonymous_and_listed_like_any_other(self, town: int, key: str) -> None:
        number = o.posted(key)

        with scope.work(system(town)):
            assert Report.objects.get(number=number).voice == "anonymous"
        assert o.both("requests").value[0]["service_request_id"] == number

    def test_without_words_says_the_matter(self, town: int, key: str) -> None:
        number = o.posted(key, description="")

        assert o.both(f"requests/{number}").value[0]["description"] == "雨水井堵塞"

    def test_takes_multipart_and_percent_encoded_names_and_lets_the_body_win(self, town: int) -> None:
        code, key = o.with_questions(town, o.CHOICE), o.key_of(town)
        body = f"api_key={key}&lat=31&long=121&attribute%5Blamp%5D=one&description=x"

        one = o.program().post(
            f"{o.BASE}/requests.json?service_code={code}&attribute[lamp]=nothing", body,
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        facts = {**o.a_report(key), "service_code": code, "attribute[lamp]": "row"}
        two = o.program().post(f"{o.BASE}/requests.json", facts)

        assert (one.status_code, two.status_code) == (200, 200), (one.content, two.content)

    def test_says_that_a_file_is_not_kept(self, town: int, key: str) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        said = o.post("requests", o.a_report(key, other=SimpleUploadedFile("a.jpg", b"x")))

        assert "没有保存" in said.value[0]["service_notice"]

    def test_reads_coordinates_as_the_program_s_key_says(self, town: int) -> None:
        plain, shifted = o.key_of(town), o.key_of(town, datum="gcj02", name="shifted")

        one, two = o.posted(plain), o.posted(shifted)

        at = {r["service_request_id"]: (r["lat"], r["long"]) for r in o.both("requests").value}
        assert at[one] == (31.0, 121.0)
        assert at[two] != at[one]
        assert abs(at[two][0] - 31.0) < 0.01

    @pytest.mark.parametrize(
        "said", [{"address_string": "翠竹苑"}, {"description": "翠竹苑北门雨水井堵了，一下雨就漫。"}]
    )
    def test_is_placed_by_its_coordinates_and_by_no_word_of_it(self, town: int, key: str, said: dict[str, str]) -> None:
        number = o.posted(key, lat="31.0", long="121.0", **said)

        row = o.both(f"requests/{number}").value[0]
        assert (row["lat"], row["long"]) == (31.0, 121.0)

    def test_marks_an_address_that_lies_far_from_the_point(self, town: int, key: str) -> None:
        number = o.posted(key, address_string="翠竹苑", lat="31.0", long="121.0")

        with scope.work(system(town)):
            assert Report.objects.get(number=number).attributes["address_and_point_apart_m"] > 2000

    def test_keeps_markup_as_text_and_survives_what_xml_cannot_hold(self, town: int, key: str) -> None:
        words = "<script>alert(1)</script> & ]]> 🚧 \x00\x0b\ud800 路面"
        body = o.a_report(key, description=words.replace("\ud800", ""))

        said = o.post("requests", body)

        shown = o.both(f"requests/{said.value[0]['service_request_id']}").value[0]["description"]
        assert shown == "<script>alert(1)</script> & ]]> 🚧  路面"
        xml = o.get("requests", "xml").raw.content
        assert b"<script>" not in xml

    def test_two_equal_bodies_are_two_reports_and_one_key_is_one(self, town: int, key: str) -> None:
        first, second = o.posted(key), o.posted(key)
        kept = [
            o.post("requests", o.a_report(key), **{"Idempotency-Key": "k-1"}).value[0]["service_request_id"]
            for _ in range(2)
        ]
        other = o.post("requests", o.a_report(key, description="别的"), **{"Idempotency-Key": "k-1"})

        assert first != second
        assert kept[0] == kept[1]
        assert other.status == 409

    def test_seals_who_sent_it(self, town: int, key: str) -> None:
        o.posted(key, first_name="Ling", last_name="Ouyang", email="ling@example.org", phone="13900000417",
               device_id="dev-1", account_id="acc-1")  # fmt: skip

        with scope.work(system(town)):
            kept = set(SealedValue.objects.values_list("purpose", "field"))
        assert {("contact.caller", "caller_name"), ("contact.caller", "caller_contact"),
                ("contact.caller", "caller_mail"), ("program.sender", "device_id"),
                ("program.sender", "account_id")} <= kept  # fmt: skip

    def test_answers_each_kind_of_question(self, town: int) -> None:
        o.with_questions(town, o.CHOICE, o.MANY, o.COUNT, o.SINCE, o.WORDS, o.YES_NO)
        key = o.key_of(town)

        number = o.posted(
            key, service_code="02.01", **{
                "attribute[lamp]": "one", "attribute[when][]": ["dusk", "night"], "attribute[height]": "6.5",
                "attribute[since]": "2026-03-02T09:15:00 08:00", "attribute[words]": "x", "attribute[wire]": "yes",
            },
        )  # fmt: skip

        with scope.work(system(town)):
            answers = Report.objects.get(number=number).answers
        assert answers == {
            "lamp": "one", "when": ["dusk", "night"], "height": 6.5, "since": "2026-03-02T09:15:00+08:00",
            "words": "x", "wire": "yes",
        }  # fmt: skip


NO_PLACE = {"lat": "", "long": ""}
WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("no key", {"api_key": ""}, 403, "api_key was not provided"),
    ("wrong key", {"api_key": "jishi_wrong"}, 403, "api_key is not valid"),
    ("no service", {"service_code": ""}, 400, "service_code was not provided"),
    ("unknown service", {"service_code": "99.99"}, 404, "service_code provided was not found"),
    ("no place", NO_PLACE, 400, "lat and long, address_string or address_id required"),
    ("lat alone", {"long": ""}, 400, "long required"),
    ("comma decimals", {"lat": "31,0"}, 400, "lat: not a decimal"),
    ("not a number", {"long": "NaN"}, 400, "long: not a decimal"),
    ("infinite", {"lat": "1e999"}, 400, "lat: not a decimal"),
    ("outside the earth", {"lat": "91"}, 400, "lat: outside"),
    ("outside the earth too", {"long": "-180.5"}, 400, "long: outside"),
    ("swapped", {"lat": "121.0", "long": "31.0"}, 400, "lat"),
    ("long words", {"description": "长" * 4001}, 400, "description: 4001 characters"),
    ("a file of ours", {"media_url": "file:///etc/passwd"}, 400, "media_url"),
    ("swapped within the earth", {"lat": "85.0", "long": "31.0"}, 400, "did you swap"),
    ("a phone that is none", {"phone": "12"}, 400, "digits"),
]


class TestPostingIsRefused:
    @pytest.mark.parametrize("fmt", FORMS)
    @pytest.mark.parametrize(("what", "change", "status", "words"), WRONG, ids=[w[0] for w in WRONG])
    def test_by_name_in_the_form(
        self, town: int, key: str, what: str, change: dict[str, Any], status: int, words: str, fmt: str
    ) -> None:
        said = o.post("requests", {**o.a_report(key), **change}, fmt)

        assert said.status == status, said.value
        assert any(words in e["description"] for e in said.value), said.value
        assert str(said.value[0]["code"]) == str(status)
        assert isinstance(said.value[0]["code"], int if fmt == "json" else str)

    def test_a_key_in_the_address_is_refused_even_a_right_one(self, town: int, key: str) -> None:
        """A proxy writes addresses down (ASVS V14.2.1)."""
        without = {name: value for name, value in o.a_report(key).items() if name != "api_key"}

        for body in (without, o.a_report(key)):
            said = o.heard(o.program().post(f"{o.BASE}/requests.json?api_key={key}", body), "json")
            assert said.status == 403
            assert said.value[0]["description"].startswith("api_key was not provided in the body")
            assert key not in str(said.value)

    @pytest.mark.parametrize("fmt", FORMS)
    def test_naming_all_that_is_missing_at_once(self, town: int, fmt: str) -> None:
        code, key = o.with_questions(town, o.CHOICE, o.COUNT), o.key_of(town)

        said = o.post("requests", o.a_report(key, service_code=code, lat=""), fmt)

        told = [e["description"] for e in said.value]
        assert said.status == 400
        assert "lamp required" in told
        assert "height required" in told
        assert any(t.startswith("lat required") for t in told)

    @pytest.mark.parametrize(
        ("code", "value", "words"),
        [
            ("lamp", ["none"], "lamp: none is none of one, row"),
            ("lamp", ["one", "row"], "lamp: one value only"),
            ("when[]", ["noon"], "when: noon is none of"),
            ("height", "6,5", "height: not a decimal"),
            ("height", "high", "height: not a decimal"),
            ("since", "yesterday", "since: not a date"),
        ],
    )
    def test_for_a_value_that_does_not_fit(self, town: int, code: str, value: Any, words: str) -> None:
        o.with_questions(town, o.CHOICE, o.MANY, o.COUNT, o.SINCE)
        name = f"attribute[{code[:-2]}][]" if code.endswith("[]") else f"attribute[{code}]"
        facts = {"attribute[lamp]": "one", "attribute[height]": "6", name: value}

        said = o.post("requests", o.a_report(o.key_of(town), service_code="02.01", **facts))

        assert said.status == 400
        assert any(words in e["description"] for e in said.value), said.value

    def test_a_retired_service_names_what_it_has_become(self, town: int, key: str) -> None:
        by = system(town)
        with scope.work(by):
            base = [NewMatter("01", "水"), NewMatter("01.02", "排"), NewMatter("01.02.01", "井")]
            more = [NewMatter("01.02.09", "旧", becomes={"codes": ["01.02.01"]})]
            for number, rows in ((2, [*base, *more]), (3, base)):
                codebook.adopt_book(
                    rows, number=number, effective_from=timezone.localdate(), source="test", by=by, now=now()
                )

        said = o.post("requests", o.a_report(key, service_code="01.02.09"))

        assert (said.status, said.value[0]["description"]) == (
            404, "service_code provided was not found; it is now 01.02.01"
        )  # fmt: skip

    @pytest.mark.parametrize("fmt", FORMS)
    def test_over_the_limit_says_how_long_to_wait(self, town: int, fmt: str) -> None:
        key = o.key_of(town, per_minute=2)

        said = [o.post("requests", o.a_report(key), fmt) for _ in range(4)]

        over = [s for s in said if s.status == 429]
        assert over
        assert 0 < int(over[0]["Retry-After"]) <= 60

    def test_a_revoked_key_is_not_valid_from_the_same_moment(self, town: int, key: str) -> None:
        from jishi.accounts.actions import clients

        with scope.work(system(town)):
            actor, _ = programs.enter(key, tenant_id=town, now=now())
            clients.revoke(actor.client_id or 0, by=system(town), now=now())

        assert o.post("requests", o.a_report(key)).status == 403

    def test_a_key_of_another_kind_of_program_is_not_valid(self, town: int) -> None:
        from jishi.accounts.actions import clients

        with scope.work(system(town)):
            _, key = clients.issue("desk", roles=["operator"], by=system(town), now=now() - timedelta(days=1))

        assert o.post("requests", o.a_report(key)).status == 403

    def test_leaves_nothing_behind(self, town: int, key: str) -> None:
        o.post("requests", o.a_report(key, description="长" * 4001))

        with scope.work(system(town)):
            assert Report.objects.count() == 0


class TestTokens:
    def test_answer_once_somebody_has_taken_the_report_up(self, town: int, key: str) -> None:
        with scope.work(system(town)):
            naming = programs.Naming("town.example", "12345", "ask us", answers_with_token=True)
            programs.name_jurisdiction(naming, by=system(town), now=now())
        placed = o.a_report(key, description=f.DRAIN, lat="", long="", address_string="翠竹苑3号楼")
        row = o.post("requests", placed).value[0]
        assert set(row) == {"token", "service_notice", "account_id"}

        before = o.both(f"tokens/{row['token']}").value
        with scope.work(system(town)):
            case = Case.objects.get()
        body, item = f.routed_body(case)
        f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(body, item), now=now())
        after = o.both(f"tokens/{row['token']}").value

        assert before == [{"token": row["token"], "service_request_id": None}]
        assert o.both(f"requests/{after[0]['service_request_id']}").status == 200

    def test_an_unknown_one_and_one_whose_time_is_over_are_not_found(self, town: int, key: str) -> None:
        number = o.posted(key)
        with scope.work(system(town)):
            report = Report.objects.get(number=number)
            old = programs.give_token(report.id, by=system(town), now=now() - timedelta(days=31))

        for token in ("nothing", old):
            said = o.both(f"tokens/{token}")
            assert (said.status, said.value[0]["description"]) == (404, "token provided was not found")
        with scope.work(system(town)):
            assert programs.forget_tokens(by=system(town), now=now()) == 1


