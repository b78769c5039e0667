"""What is published of every stage: later cases, interval and counts, the same bytes again (spec 12 §9)."""

import json
from datetime import date, timedelta

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.cases.actions import measured_letters, measuring, taking
from jishi.cases.actions.learning import Confirmed
from jishi.cases.models import Choice, QualityFile, Suggestion
from jishi.cases.queries import quality
from jishi.cases.refusals import UnknownMatter
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import HOST, colleague
from jishi.cases.tests.taught import remembered
from jishi.cases.tests.test_learning import TEXTS
from jishi.foundation import scope, trail
from jishi.foundation.actor import clock, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Stale, WrongMoment

UNTIL = date(2026, 3, 9)
LIGHT = "01.02.02"


class TestPublished:
    def test_every_row_is_there_with_counts_or_a_reason_and_comes_out_the_same_again(self, town):
        remembered(town, 60)
        by = clock(town, "weekly:test")
        with scope.work(by):
            assert measuring.is_due(tenant_id=town), "nothing was published yet"

        made = f.do(by, measuring.publish, now=MONDAY_TEN, until=UNTIL)
        again = f.do(by, measuring.publish, now=MONDAY_TEN + timedelta(hours=1), until=UNTIL)
        with scope.work(system(town)):
            entries = [e.verb for e in trail.of("quality_file", made.id)]
            assert QualityFile.objects.count() == 1
            assert not measuring.is_due(tenant_id=town)

        assert made.id == again.id, "the same records give the same bytes: there is nothing new to publish"
        assert entries == ["quality.published"]
        told = json.loads(made.content)
        assert (told["basis"], told["learned_from"]) == ("zero_shot", 0) and told["cases"] >= 50
        assert {r["stage"] for r in told["rows"]} == set(measuring.STAGES)
        for row in told["rows"]:
            assert (row["value"] is None) == bool(row["why"]), row
            assert row["hits"] is None or row["value"] is None or row["low"] <= row["value"] <= row["high"], row
        at = {(r["stage"], r["figure"], r["model"]): r for r in told["rows"] if r["by"] in ("", "level_0")}
        assert at["classify", "accuracy", "zero_shot"]["of"] == told["cases"]
        assert at["classify", "accuracy", "learned"]["why"] == "not_learned"
        assert told["rows"] == sorted(told["rows"], key=lambda r: measuring.STAGES.index(r["stage"]))
        by = {(r["stage"], r["figure"], r["by"]): r for r in told["rows"]}
        letters = [r for r in told["rows"] if (r["stage"], r["figure"]) == ("letters", "precision")]
        at_letters = {(r["by"], r["model"]): r for r in letters}
        assert by["risk", "recall", "golden"]["value"] >= 0.99 and by["risk", "precision", "golden"]["value"] >= 0.5
        assert by["risk", "minutes_to_a_person", ""]["why"] == "nobody_acted"
        assert by["hot_topics", "found_topics", "marked"]["value"] == 1.0
        assert by["hot_topics", "precision_at_10", "marked"]["hits"] == 10
        assert by["hot_topics", "b_cubed", "marked"]["value"] >= 0.85
        assert by["hot_topics", "fragments", "town"]["why"] == "nobody_put_together"
        assert 1 <= len(told["tables"]["worst_pairs"]) <= 20 and len(told["tables"]["curve"]) == 20
        curve = [r["accuracy"] for r in told["tables"]["curve"]]
        for surer, more in zip(curve, curve[1:], strict=False):
            assert more["value"] <= surer["interval"][1], "the more is filled in, the less often it is right"
        assert at_letters["danger_mended", "goal"]["value"] == 0.5 and at_letters["danger_mended", ""]["hits"] == 33
        _reads(told, made)

    def test_what_taught_is_never_asked_and_what_is_asked_came_later(self):
        cases = [Confirmed(MONDAY_TEN - timedelta(hours=n), "灯", LIGHT, n) for n in range(1500, 0, -1)]
        seen = (MONDAY_TEN - timedelta(hours=900)).date().isoformat()
        basis, taught, asked = measuring.held_out(cases, seen="")
        few = measuring.held_out(cases[:300], seen="")
        edition = measuring.held_out(cases, seen=seen)

        assert (basis, len(asked)) == ("twin", 500) and max(c.at for c in taught) < min(c.at for c in asked)
        assert (few[0], len(few[1])) == ("zero_shot", 0), "too few to learn from: all were never seen"
        assert edition[0] == "edition" and len(edition[2]) >= measuring.OWN
        assert min(c.at for c in edition[2]).date().isoformat() >= seen

    def test_is_refused_to_a_handler_and_leaves_nothing(self, town):
        with pytest.raises(NotAllowed):
            f.do(f.stranger(town), measuring.publish, now=MONDAY_TEN)

        with scope.work(system(town)):
            assert not QualityFile.objects.exists()


def _reads(told, made):
    """The page, its two files and the API say what the file says; nobody has to sign in."""
    anybody = Client(headers=HOST)

    page = anybody.get("/quality", headers={"accept-language": "zh-Hans"}).content.decode()
    file, sheet = anybody.get("/quality.json"), anybody.get("/quality.csv").content.decode("utf-8-sig")

    assert file.content.decode() == made.content and file["ETag"] == f'"{made.sha256}"'
    assert anybody.get("/api/v1/quality").json()["figures"]["rows"] == told["rows"]
    assert len(sheet.splitlines()) == len(told["rows"]) + 1
    silent = {r["why"] for r in told["rows"] if r["why"]}
    assert page.count("没有量过") >= len(silent) and "<svg" in page
    assert page.count("还没有人并过或否过") == 1, "what was not measured for one reason is said once"
    assert 'class="tiles glance"' in page, "the first glance"
    assert "style=" not in page
    assert "在真实来信上" in page and "≥ 0.935" in page and "52 封两个类都说得通" in page, "how far, and what limits it"
    assert page.count("没达到") == len(measured_letters.missed(told["rows"])) == 4, "what misses its goal says so"
    english = Client(headers=HOST)
    english.cookies["__Host-jishi_language"] = "en"
    assert "not measured" in english.get("/quality").content.decode()


def test_before_the_first_file_every_stage_is_said_to_be_not_measured(town):
    page = Client(headers=HOST).get("/quality").content.decode()

    assert page.count("没有量过") >= 9 and page.count("还没有到第一次") >= 9
    assert all(name in page for name in ("200 米以内", "首派准确率", "10 分钟以内有人看", "常驻内存"))
    assert Client(headers=HOST).get("/quality.csv").status_code == 404
    with scope.work(system(town)):
        assert quality.newest(tenant_id=town) is None


class TestTake:
    """What became of a suggestion, said by the desk (spec 12 §11)."""

    def test_a_matter_is_corrected_with_it_by_one_entry(self, town):
        done = f.receive(town, matter="", text=TEXTS[0])
        desk = f.dispatcher(town)
        before = _entries(town, done.case_id)

        made = f.do(desk, taking.take, done.report_id, stage="classify", value="02.02.04", now=MONDAY_TEN)

        assert (made.changed_to, f.again(town, done.case_id).matter) == ("02.02.04", "02.02.04")
        assert _entries(town, done.case_id)[len(before) :] == ["case.matter_corrected"]
        f.do(desk, taking.take, done.report_id, stage="route", value="x", now=MONDAY_TEN)
        assert _entries(town, done.case_id)[len(before) :] == ["case.matter_corrected", "case.suggestion_answered"]

    @pytest.mark.parametrize(
        ("by", "status", "given", "refused"),
        [
            (f.stranger, Status.RECEIVED, {"stage": "route", "value": "1"}, NotAllowed),
            (f.reviewer, Status.RECEIVED, {"stage": "route", "value": "1"}, NotAllowed),
            (f.dispatcher, Status.CLOSED, {"stage": "route", "value": "1"}, WrongMoment),
            (f.dispatcher, Status.RECEIVED, {"stage": "nothing", "value": "1"}, NotFound),
            (f.dispatcher, Status.RECEIVED, {"stage": "route", "value": " "}, Invalid),
            (f.dispatcher, Status.RECEIVED, {"stage": "classify", "value": "77"}, UnknownMatter),
            (f.dispatcher, Status.RECEIVED, {"stage": "route", "value": "1", "version": 9}, Stale),
        ],
    )
    def test_the_wrong_person_moment_or_words_are_refused_and_change_nothing(self, town, by, status, given, refused):
        case = f.a_case_at(town, status)
        with scope.work(system(town)):
            report = case.memberships.get().report_id
        before = _entries(town, case.id)

        with pytest.raises(refused):
            f.do(by(town), taking.take, report, now=MONDAY_TEN + timedelta(days=1), **given)

        with scope.work(system(town)):
            assert not Choice.objects.exists()
        assert (_entries(town, case.id), f.again(town, case.id).version) == (before, case.version)

    def test_a_program_says_it_by_the_api_with_the_version_it_saw(self, town):
        done = f.receive(town, matter="", text=TEXTS[0])
        desk = colleague(town, "dispatcher")
        address = f"/api/v1/reports/{done.number}/suggestions"
        with scope.work(system(town)):
            value = Suggestion.objects.get(report=done.report_id, stage="classify").candidates[1]["value"]
        version = f.again(town, done.case_id).version

        said = desk.post(f"{address}/classify", {"value": value}, content_type="application/json",
                         headers={"If-Match": f'"{version}"'})  # fmt: skip

        assert (said.status_code, said.json()) == (200, {"stage": "classify", "taken": True, "changed_to": value})
        rows = {r["stage"]: r for r in desk.get(address).json()}
        assert (rows["classify"]["taken"], rows["classify"]["changed_to"]) == (True, value)
        assert desk.post("/api/v1/triage", {"texts": ["灯"] * 501}, content_type="application/json").status_code == 422
        large = desk.post("/api/v1/triage", {"texts": ["灯" * 400_000]}, content_type="application/json")
        assert large.status_code == 413


def _entries(town, case_id):
    with scope.work(system(town)):
        return [e.verb for e in trail.of("case", case_id)]


