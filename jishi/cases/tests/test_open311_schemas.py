"""Every answer fits the schemas beside the code, in both forms; planted wrong ones do not (spec 13 §9.2)."""

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from django.utils import timezone

from jishi.cases.actions import programs, publishing
from jishi.cases.models import Case
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import open311_steps as o
from jishi.cases.tests.xsd_steps import Schema
from jishi.foundation import scope
from jishi.foundation.actor import system

FOLDER = Path(__file__).resolve().parents[1] / "open311/schemas"
JSON = json.loads((FOLDER / "georeport.json").read_text(encoding="utf-8"))
LISTS, POSTED = Schema(FOLDER / "georeport.xsd"), Schema(FOLDER / "posted.xsd")


def fits(name: str, value: Any) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator({**JSON, "$ref": f"#/$defs/{name}"})
    return [f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in validator.iter_errors(value)]


def both_fit(path: str, name: str, schema: Schema = LISTS, base: str = o.BASE, **query: Any) -> Any:
    said = o.get(path, "json", base=base, **query)
    assert fits(name, said.value) == [], path
    assert schema.faults(o.get(path, "xml", base=base, **query).raw.content) == [], path
    return said.value


@pytest.fixture
def lived(town: int) -> str:
    """A town whose public matters stand in every state, with a key; the key is given."""
    at = timezone.now() - timedelta(days=2)
    for status in Status:
        if status in f._ROAD:
            f.a_case_at(town, status, now=at)
    return o.key_of(town)


class TestAnswers:
    def test_of_reading_fit(self, town: int, lived: str) -> None:
        assert len(both_fit("requests", "service_requests")) >= 8
        both_fit("requests", "service_requests_extended", extensions="true")
        both_fit("services", "services")
        both_fit("services/01.02.01", "service_definition")
        both_fit("services/none", "errors")
        assert both_fit("servicerequestupdates", "service_request_updates")
        both_fit("coverage", "coverage", lat="31.2", long="121.4")
        both_fit("requests", "count", POSTED, just_count="true")
        both_fit("requests", "errors", status="x", page="0")
        both_fit("requests", "service_requests", start_date="2020-01-01", end_date="2020-01-02")

    def test_of_discovery_fit(self, town: int) -> None:
        assert fits("discovery", o.program().get("/open311/discovery.json").json()) == []
        assert LISTS.faults(o.program().get("/open311/discovery.xml").content) == []

    def test_of_a_definition_with_every_kind_of_question_fit(self, town: int) -> None:
        o.with_questions(town, o.CHOICE, o.MANY, o.COUNT, o.SINCE, o.WORDS, o.NOTE, o.YES_NO)

        both_fit("services/02.01", "service_definition")

    def test_of_posting_fit(self, town: int, lived: str) -> None:
        for fmt in ("json", "xml"):
            made = o.post("requests", o.a_report(lived), fmt)
            number = made.value[0]["service_request_id"]
            word = o.post("servicerequestupdates", {
                "api_key": lived, "service_request_id": number, "description": "还在积水",
            }, fmt)  # fmt: skip
            if fmt == "json":
                assert fits("posted", made.value) == []
                assert fits("update_posted", word.value) == []
            else:
                assert POSTED.faults(made.raw.content) == []
                assert POSTED.faults(word.raw.content) == []

    def test_of_moderated_intake_fit(self, town: int, lived: str) -> None:
        with scope.work(system(town)):
            naming = programs.Naming("town.example", "12345", "ask us", answers_with_token=True)
            programs.name_jurisdiction(naming, by=system(town), now=timezone.now())

        made = o.post("requests", o.a_report(lived))

        assert fits("posted", made.value) == []
        both_fit(f"tokens/{made.value[0]['token']}", "token", POSTED)

    def test_that_tell_of_something_taken_away_fit(self, town: int, lived: str) -> None:
        with scope.work(system(town)):
            case = Case.objects.order_by("id")[0]
        f.do(f.reviewer(town), publishing.close, case.id, why="有人认得出", now=timezone.now())
        since = (timezone.now() - timedelta(hours=1)).isoformat()

        rows = both_fit("requests", "service_requests_extended", updated_after=since, extensions="true")

        assert [r for r in rows if r["extended_attributes"].get("removed")]


class TestSchemas:
    @pytest.mark.parametrize(
        ("field", "value"),
        [("status", "done"), ("lat", "31.0"), ("lat", 91), ("service_code", 101), ("requested_datetime", "2026-03-02"),
         ("updated_datetime", "2026-03-02T01:15:00Z"), ("service_request_id", ""), ("email", "a@b.example")],
    )  # fmt: skip
    def test_refuse_a_planted_wrong_value(self, town: int, lived: str, field: str, value: Any) -> None:
        row = o.get("requests").value[0]

        assert fits("service_requests", [{**row, field: value}])

    @pytest.mark.parametrize("field", ["status", "description", "media_url", "lat"])
    def test_refuse_a_missing_field_in_both_forms(self, town: int, lived: str, field: str) -> None:
        row = dict(o.get("requests").value[0])
        del row[field]
        tree = ET.fromstring(o.get("requests", "xml").raw.content)
        request = tree[0]
        request.remove(next(e for e in request if e.tag == field))

        assert fits("service_requests", [row])
        assert LISTS.faults(ET.tostring(tree))

    @pytest.mark.parametrize(
        ("field", "text"), [("status", "done"), ("lat", "NaN"), ("requested_datetime", "today"), ("service_code", "")]
    )
    def test_refuse_a_planted_wrong_element(self, town: int, lived: str, field: str, text: str) -> None:
        tree = ET.fromstring(o.get("requests", "xml").raw.content)
        next(e for e in tree[0] if e.tag == field).text = text

        assert LISTS.faults(ET.tostring(tree))

    def test_refuse_what_stands_too_much_or_twice(self, town: int, lived: str) -> None:
        tree = ET.fromstring(o.get("requests", "xml").raw.content)
        tree[0].append(copy.deepcopy(tree[0][0]))

        assert LISTS.faults(ET.tostring(tree))
        assert LISTS.faults(b"<requests/>")
        assert LISTS.faults(b"<errors/>")
        assert fits("errors", [])
        assert fits("posted", [{"service_request_id": "R1", "token": "t", "service_notice": None, "account_id": None}])
