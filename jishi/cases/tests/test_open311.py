"""Open311 as a stranger's program meets it: rules, discovery, services, lists, states — in both forms (spec 13)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from jishi.cases.actions import programs, publishing
from jishi.cases.models import Case, Report
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import open311_steps as o
from jishi.duties.actions import codebook
from jishi.duties.actions.codebook import NewMatter
from jishi.foundation import scope, trail
from jishi.foundation.actor import system

FIELDS = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address",
    "address_id", "zipcode", "lat", "long", "media_url",
]  # fmt: skip
FORMS = ("json", "xml")


@pytest.fixture
def key(town: int) -> str:
    return o.key_of(town)


def now() -> datetime:
    return timezone.now()


class TestForms:
    @pytest.mark.parametrize("path", ["services", "services/01.02.01", "requests", "servicerequestupdates",
                                      "services/no-such", "requests/R1", "tokens/nothing", "bogus"])  # fmt: skip
    def test_both_say_the_same(self, town: int, key: str, path: str) -> None:
        o.posted(key)

        o.both(path)

    def test_xml_names_its_charset_and_discovery_names_none(self, town: int) -> None:
        assert o.get("services", "xml")["Content-Type"] == "text/xml; charset=utf-8"
        assert o.get("services", "json")["Content-Type"] == "application/json; charset=utf-8"
        assert o.program().get("/open311/discovery.xml")["Content-Type"] == "text/xml"
        assert o.program().get("/open311/discovery.json")["Content-Type"] == "application/json"

    def test_another_suffix_is_not_found_in_xml(self, town: int) -> None:
        said = o.heard(o.program().get(f"{o.BASE}/services.csv"), "xml")

        assert (said.status, said.value[0]["code"]) == (404, "404")

    @pytest.mark.parametrize("fmt", FORMS)
    def test_a_slash_at_the_end_is_served_without_a_redirect(self, town: int, key: str, fmt: str) -> None:
        answer = o.program().post(f"{o.BASE}/requests.{fmt}/", o.a_report(key))

        assert answer.status_code == 200

    @pytest.mark.parametrize("fmt", FORMS)
    def test_a_method_that_is_none_is_refused_in_the_form(self, town: int, fmt: str) -> None:
        said = o.heard(o.program().put(f"{o.BASE}/services.{fmt}"), fmt)

        assert said.status == 405
        assert said["Allow"] == "GET, HEAD, OPTIONS"

    def test_head_and_options_answer_and_reading_is_open_to_every_page(self, town: int) -> None:
        client = o.program()

        assert client.head(f"{o.BASE}/services.json").status_code == 200
        assert client.options(f"{o.BASE}/requests.json")["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
        assert client.get(f"{o.BASE}/services.json")["Access-Control-Allow-Origin"] == "*"

    def test_what_has_not_changed_is_not_sent_twice(self, town: int) -> None:
        first = o.get("services")

        again = o.program(**{"If-None-Match": first["ETag"]}).get(f"{o.BASE}/services.json")

        assert (again.status_code, again.content) == (304, b"")

    def test_long_answers_come_compressed(self, town: int) -> None:
        assert o.program(**{"Accept-Encoding": "gzip"}).get(f"{o.BASE}/services.json")["Content-Encoding"] == "gzip"

    @pytest.mark.parametrize("fmt", FORMS)
    def test_a_fault_of_ours_tells_nothing_of_the_inside(
        self, town: int, fmt: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from jishi.cases.open311 import telling

        monkeypatch.delattr(telling, "services")

        said = o.get("services", fmt)

        assert said.status == 500
        assert "telling" not in said.raw.content.decode()


class TestJurisdictions:
    def test_one_may_be_left_out_and_is_known_by_its_host(self, town: int) -> None:
        assert o.both("services", jurisdiction_id="town.example").status == 200
        assert o.both("services", jurisdiction_id="").status == 200

    def test_an_unknown_one_is_not_found_at_every_call(self, town: int, key: str) -> None:
        for path in ("services", "services/01.02.01", "requests", "requests/R1", "tokens/x", "coverage",
                     "servicerequestupdates"):  # fmt: skip
            said = o.both(path, jurisdiction_id="elsewhere.example")
            assert (said.status, said.value[0]["description"]) == (404, "jurisdiction_id provided was not found"), path
        said = o.post("requests", o.a_report(key, jurisdiction_id="elsewhere.example"))
        assert said.status == 404

    def test_is_needed_where_several_are_served(self, town: int, key: str) -> None:
        with scope.work(system(town)):
            for name, area in (("north.example", "990181001"), ("south.example", "990181002")):
                naming = programs.Naming(name, "12345", "ask us", area)
                programs.name_jurisdiction(naming, by=system(town), now=now())

        said = o.both("services")

        assert (said.status, said.value[0]["description"]) == (400, "jurisdiction_id was not provided")
        assert o.both("services", jurisdiction_id="north.example").status == 200
        assert o.program().get("/open311/discovery.json").status_code == 200


class TestDiscovery:
    def test_names_production_and_test_and_both_serve(self, town: int) -> None:
        json = o.program().get("/open311/discovery.json").json()
        xml = o.heard(o.program().get("/open311/discovery.xml"), "xml").value

        assert o.plain(json) == xml
        assert [e["type"] for e in json["endpoints"]] == ["production", "test"]
        assert {e["specification"] for e in json["endpoints"]} == {"http://wiki.open311.org/GeoReport_v2"}
        assert all(e["formats"] == ["text/xml", "application/json"] for e in json["endpoints"])
        for endpoint in json["endpoints"]:
            path = endpoint["url"].removeprefix("http://town.example")
            assert not path.endswith("/")
            assert o.program().get(f"{path}/services.xml").status_code == 200
        assert json["contact"] and json["key_service"]


class TestServices:
    def test_are_the_public_matters_of_the_book_with_their_fields(self, town: int) -> None:
        o.with_questions(town, o.CHOICE)
        rows = {r["service_code"]: r for r in o.both("services").value}

        assert set(rows) == {"02.01", "02.03", "02.04", "01.02.01"}
        assert rows["02.01"] == {
            "service_code": "02.01", "service_name": "路灯", "description": "照明 / 路灯", "metadata": True,
            "type": "realtime", "keywords": "", "group": "照明",
        } | {"keywords": rows["02.01"]["keywords"]}  # fmt: skip
        assert rows["02.03"]["metadata"] is False
        xml = o.get("services", "xml").value
        assert {r["service_code"]: r["metadata"] for r in xml}["02.01"] == "true"

    def test_speak_the_language_that_is_wished_for(self, town: int) -> None:
        o.with_questions(town)
        client = o.program(**{"Accept-Language": "en"})

        rows = {r["service_code"]: r for r in o.get("services", client=client).value}

        assert rows["02.01"]["service_name"] == "Street lights"

    def test_codes_keep_their_zero(self, town: int) -> None:
        assert all(r["service_code"].startswith("0") for r in o.both("services").value if r["group"] == "供水排水")

    def test_a_definition_maps_every_kind_of_question(self, town: int) -> None:
        o.with_questions(town, o.CHOICE, o.MANY, o.COUNT, o.SINCE, o.WORDS, o.NOTE, o.YES_NO)

        made = o.both("services/02.01").value

        assert made["service_code"] == "02.01"
        by_code = {a["code"]: a for a in made["attributes"]}
        assert {c: a["datatype"] for c, a in by_code.items()} == {
            "lamp": "singlevaluelist", "when": "multivaluelist", "height": "number", "since": "datetime",
            "words": "text", "note": "string", "wire": "singlevaluelist",
        }  # fmt: skip
        assert by_code["lamp"]["values"] == [{"key": "one", "name": "一盏"}, {"key": "row", "name": "一排"}]
        assert [by_code[c]["required"] for c in ("lamp", "when", "height")] == [True, False, True]
        assert (by_code["note"]["variable"], by_code["lamp"]["variable"]) == (False, True)
        assert [a["order"] for a in made["attributes"]] == [1, 2, 3, 4, 5, 6, 7]
        assert by_code["height"]["datatype_description"] == "单位：m"
        assert by_code["height"]["values"] == []

    def test_one_without_questions_has_an_empty_definition(self, town: int) -> None:
        assert o.both("services/01.02.01").value == {"service_code": "01.02.01", "attributes": []}

    @pytest.mark.parametrize("code", ["02.02", "02", "nothing", "x" * 300])
    def test_what_is_no_service_is_not_found(self, town: int, code: str) -> None:
        o.with_questions(town)

        said = o.both(f"services/{code}")

        assert (said.status, said.value[0]["description"]) == (404, "service_code provided was not found")

    def test_a_retired_one_names_its_successor_and_still_labels_old_requests(self, town: int, key: str) -> None:
        number = o.posted(key, service_code="01.01.02")
        by = system(town)
        with scope.work(by):
            codebook.adopt_book(
                [NewMatter("01", "水"), NewMatter("01.02", "排"),
                 NewMatter("01.02.01", "井", default_visibility="public"),
                 NewMatter("01.01", "旧"), NewMatter("01.01.09", "压", becomes={"codes": ["01.02.01"]})],
                number=2, effective_from=timezone.localdate(), source="test", by=by, now=now(),
            )  # fmt: skip

        assert o.both("requests", service_code="01.01.02").value[0]["service_request_id"] == number
        assert o.both(f"requests/{number}").value[0]["service_name"] == "水压低"
        assert o.both("services/01.01.02").status == 404


class TestLists:
    def test_no_hit_is_an_empty_list(self, town: int) -> None:
        assert o.both("requests").value == []
        assert b"<service_requests" in o.get("requests", "xml").raw.content

    def test_by_several_ids_leave_out_the_unknown_and_override_all_else(self, town: int, key: str) -> None:
        one, two = o.posted(key), o.posted(key)

        said = o.both(
            "requests", service_request_id=f"{one},R0,{two}", start_date="nonsense", status="closed", page="x"
        )

        assert {r["service_request_id"] for r in said.value} == {one, two}
        assert o.both(f"requests/{one},{two}").status == 200
        assert o.both("requests", service_request_id="R0,R1").status == 404
        assert o.both("requests", service_request_id=",".join(["R1"] * 101)).status == 400

    def test_days_are_inclusive_and_ninety_by_default(self, town: int) -> None:
        at = now()
        for days in (1, 89, 100, 200):
            f.a_case(town, now=at - timedelta(days=days))

        def count(**query: Any) -> int:
            return len(o.both("requests", **query).value)

        day = (at - timedelta(days=100)).astimezone(timezone.get_default_timezone()).date().isoformat()
        assert count() == 2
        assert count(start_date=day, end_date=day) == 1
        assert count(start_date=(at - timedelta(days=101)).isoformat()) == 2
        assert count(end_date=(at - timedelta(days=99)).isoformat()) == 1

    @pytest.mark.parametrize("said", ["2026-03-02", "2026-03-02T09:15:00+08:00", "2026-03-02T09:15:00 08:00",
                                      "2026-03-02T01:15:00Z", "2026-03-02T01:15:00.123456Z", "2026-03-02T09:15:00",
                                      "2026-03-02T09:15:00+0800"])  # fmt: skip
    def test_moments_are_read_liberally(self, town: int, said: str) -> None:
        f.a_case(town, now=datetime(2026, 3, 2, 2, 0, tzinfo=UTC))

        assert len(o.both("requests", start_date=said).value) == 1

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"start_date": "tomorrow"}, "start_date: not a date"),
            ({"end_date": "2026-13-01"}, "end_date: not a date"),
            ({"start_date": "0001-01-01T00:00:00+14:00"}, "start_date: not a date"),
            ({"start_date": "2026-03-02", "end_date": "2026-03-01"}, "start_date is after end_date"),
            ({"start_date": "2026-01-01", "end_date": "2026-06-01"}, "start_date and end_date: at most 90 days"),
            ({"status": "finished"}, "status: open, closed"),
            ({"page": "0"}, "page: a whole number"),
            ({"page": "٣"}, "page: a whole number"),
            ({"page_size": "1001"}, "page_size: a whole number from 1 to 1000"),
            ({"after": "x"}, "after: not the key"),
            ({"bbox": "1,2,3"}, "bbox"),
            ({"bbox": "5,2,3,4"}, "bbox"),
            ({"lat": "31", "long": "121", "radius": "10001"}, "radius"),
            ({"lat": "31"}, "long required"),
            ({"updated_after": "2026-01-01", "updated_before": "2026-09-01"}, "at most 90 days"),
        ],
    )
    def test_what_cannot_be_read_is_named(self, town: int, query: dict[str, str], words: str) -> None:
        said = o.both("requests", **query)

        assert said.status == 400
        assert any(words in e["description"] for e in said.value), said.value

    def test_a_service_that_never_was_is_not_found(self, town: int) -> None:
        assert o.both("requests", service_code="01.02.01,77.77").status == 404

    def test_unknown_parameters_and_empty_ones_change_nothing(self, town: int, key: str) -> None:
        o.posted(key)

        assert len(o.both("requests", colour="blue", status="", start_date=" ").value) == 1

    def test_a_request_keeps_exactly_the_fields_of_the_specification(self, town: int, key: str) -> None:
        number = o.posted(key)

        row = o.both(f"requests/{number}").value[0]

        assert list(row) == FIELDS
        assert isinstance(row["lat"], float)
        assert isinstance(row["service_code"], str)
        assert row["requested_datetime"].endswith("+08:00")
        assert "." not in row["requested_datetime"]
        assert list(o.get(f"requests/{number}", "xml").value[0]) == FIELDS


class TestStates:
    @pytest.mark.parametrize(
        ("status", "told", "words"),
        [
            (Status.RECEIVED, "open", "转给"), (Status.OFFERED, "open", "签收"),
            (Status.HANDLING, "open", "在办"), (Status.CONSULTING, "open", "商定"),
            (Status.REPLIED, "open", "审核"), (Status.FEEDBACK, "closed", "已经解决"),
            (Status.CLOSED, "closed", "已经解决"), (Status.DECLINED, "closed", "没有受理"),
        ],
    )  # fmt: skip
    def test_are_told_in_words_of_a_resident(self, town: int, status: Status, told: str, words: str) -> None:
        case = f.a_case_at(town, status, now=now() - timedelta(days=1))

        row = o.both("requests").value[0]

        assert row["status"] == told
        assert words in row["status_notes"]
        assert case.lead_id is None or row["agency_responsible"]

    def test_the_moment_of_closing_is_when_the_answer_was_there(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED, now=now() - timedelta(days=1))

        with scope.work(system(town)):
            approved = next(e.at for e in trail.of("case", case.id) if e.verb == "case.reply_approved")
        told = o.both("requests").value[0]["updated_datetime"]
        assert datetime.fromisoformat(told) == approved.replace(microsecond=0)

    def test_what_needs_a_look_answers_by_number_without_its_words(self, town: int, key: str) -> None:
        o.with_questions(town)
        number = o.posted(key, service_code="02.03")

        assert o.both("requests").value == []
        assert o.both(f"requests/{number}").value[0]["description"] is None
        with scope.work(system(town)):
            case = Case.objects.get()
        f.do(f.reviewer(town), publishing.open_, case.id, now=now())
        assert o.both("requests").value[0]["description"] == "雨水井堵了，下雨积水。"

    def test_what_happened_at_home_is_shown_as_its_grid_and_found_there_alone(self, town: int, key: str) -> None:
        from jishi.places import queries as places

        with scope.work(system(town)):
            grid = next(iter(places.grids_in("990181")))
            west, south = places.centres([grid.id])[grid.id]
        o.with_questions(town)
        at = (south / 1e7 + 0.0003, west / 1e7 + 0.0003)
        number = o.posted(key, service_code="02.04", lat=f"{at[0]:.6f}", long=f"{at[1]:.6f}")

        row = o.both(f"requests/{number}").value[0]

        with scope.work(system(town)):
            held = Report.objects.get(number=number).grid_id
            middle = places.centres([held or 0])[held or 0]
        assert (row["long"], row["lat"]) == (round(middle[0] / 1e7, 5), round(middle[1] / 1e7, 5))
        near = {"radius": "5"}
        assert o.both("requests", lat=f"{at[0]:.6f}", long=f"{at[1]:.6f}", **near).value == []
        assert len(o.both("requests", lat=row["lat"], long=row["long"], **near).value) == 1
