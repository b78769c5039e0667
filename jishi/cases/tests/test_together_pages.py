"""Handled together, on the screens: the page of a case, the inbox, the board; a press is one verb."""

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from jishi.cases.actions import rating, whistle
from jishi.cases.models import Case, OutsideLink, Part, Whistle
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import scope
from jishi.foundation.actor import system


def _code_of(town: int, case: Case) -> str:
    from jishi.bodies import queries as bodies

    with scope.work(system(town)):
        return bodies.names()[case.lead_id or 0].code


def _name(town: int, code: str) -> str:
    from jishi.bodies import queries as bodies

    with scope.work(system(town)):
        return next(b.name for b in bodies.names().values() if b.code == code)


def _recent(town: int) -> tuple[Case, Client]:
    case = f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(hours=4))
    return case, colleague(town, "handler", body=_code_of(town, case))


class TestThePage:
    def test_asks_a_part_that_the_other_body_finds_signs_and_finishes(self, town: int) -> None:
        case, lead = _recent(town)
        said = {"body": _name(town, t.HELPER), "what": t.WHAT, "version": case.version}

        asked = lead.post(f"/cases/{case.number}/together/new/part", said)
        with scope.work(system(town)):
            part = Part.objects.get(case=case)
        helper = colleague(town, "handler", body=t.HELPER)
        listed = helper.get("/desk/together?show=parts").content.decode()
        signed = helper.post(f"/cases/{case.number}/together/part/sign/{part.id}", {"version": 1, "back": "inbox"})
        done = helper.post(f"/cases/{case.number}/together/part/finish/{part.id}", {"version": 2, "words": t.RESULT})

        assert (asked.status_code, signed.status_code, done.status_code) == (302, 302, 302)
        assert t.WHAT in listed
        assert signed["Location"].startswith("/desk/together")
        assert t.part_again(part).status == "DONE"
        assert t.RESULT in lead.get(f"/cases/{case.number}/together").content.decode()

    def test_keeps_what_was_typed_when_it_is_refused_and_says_why(self, town: int) -> None:
        case, lead = _recent(town)
        said = {"body": _name(town, "sqcz"), "what": t.WHAT, "version": case.version}

        answer = lead.post(f"/cases/{case.number}/together/new/part", said)

        page = answer.content.decode()
        assert answer.status_code == 409
        assert t.WHAT in page
        assert "不能派给" in page

    def test_on_an_old_version_answers_412_with_what_was_typed(self, town: int) -> None:
        case, lead = _recent(town)
        part = t.ask(case, timezone.now() - timedelta(hours=1))
        helper = colleague(town, "handler", body=t.HELPER)
        f.do(t.helper(town), t.parts.sign, part.id, now=timezone.now())

        answer = helper.post(f"/cases/{case.number}/together/part/finish/{part.id}", {"version": 1, "words": t.RESULT})

        assert answer.status_code == 412
        assert t.RESULT in answer.content.decode()

    def test_shows_the_address_of_a_link_once(self, town: int) -> None:
        case, lead = _recent(town)
        said = {"to_name": "云溪供电公司", "question": "电杆是不是你们的？", "extract": "南门外电杆倾斜。", "days": 14,
                "version": case.version}  # fmt: skip

        made = lead.post(f"/cases/{case.number}/together/new/link", said)

        page = made.content.decode()
        with scope.work(system(town)):
            assert OutsideLink.objects.filter(case=case).count() == 1
        assert re.search(r"http://[^ <]+/link#[\w-]{20,}", page)
        assert "no-store" in made["Cache-Control"]
        assert "http://town.example/link#" not in lead.get(f"/cases/{case.number}/together").content.decode()

    def test_is_not_found_by_a_body_that_has_no_part(self, town: int) -> None:
        case, _lead = _recent(town)

        assert colleague(town, "handler", body=t.SECOND).get(f"/cases/{case.number}/together").status_code == 404


class TestTheBoard:
    def test_shows_who_is_called_and_lets_a_body_answer_in_one_press(self, town: int) -> None:
        now = timezone.now()
        case = t.a_case_of_the_street(town, now=now - timedelta(hours=3))
        made = t.blow(case, now)
        row = t.of_body(made)
        helper = colleague(town, "handler", body=t.HELPER)

        board = helper.get("/desk/whistles").content.decode()
        pressed = helper.post(f"/cases/{case.number}/together/body/answer/{row.id}",
                              {"version": row.version, "back": "whistles"})  # fmt: skip

        assert made.what in board
        assert _name(town, t.SECOND) in board
        assert (pressed.status_code, pressed["Location"]) == (302, "/desk/whistles")
        assert t.of_body(made).status == "ACCEPTED"

    def test_leads_the_office_to_the_rating_that_waits_for_its_ruling(self, town: int) -> None:
        made = t.a_whistle(town, "RATED")
        row = t.of_body(made)
        office = colleague(town, "office", body="ldxz")
        later = t.AT + timedelta(hours=9)
        f.do(t.helper(town), rating.object_, row.id, side="street", words="我们当天就到了", now=later)

        waits = office.get("/desk/whistles?show=objections").content.decode()
        f.do(t.office(town), rating.rule, row.id, side="street", ruling="upheld", words="属实", now=timezone.now())
        ruled = office.get("/desk/whistles?show=objections").content.decode()

        assert "评价有异议，等裁定" in waits and f"#body-{row.id}" in waits
        assert "没有等裁定的异议" in ruled

    def test_no_longer_counts_a_body_that_need_not_come(self, town: int) -> None:
        row = t.a_participant(town, "OBJECTED")
        office = colleague(town, "office", body="ldxz")
        before = office.get("/desk/whistles").content.decode()

        f.do(t.office(town), whistle.uphold, row.id, words="不归它", now=t.AT + timedelta(hours=1))

        after = office.get("/desk/whistles").content.decode()
        assert "2 个里至少 2 个" in before
        assert "1 个里至少 1 个" in after
        assert "2 个里" not in after

    def test_is_blown_from_the_page_of_the_case(self, town: int) -> None:
        now = timezone.now()
        case = t.a_case_of_the_street(town, now=now - timedelta(hours=3))
        street = colleague(town, "handler", body=t.STREET)
        said = {"kind": "enforcement", "what": "一起清理占道的棚子", "where": "翠竹苑南门", "act": "2wd",
                "gather_at": (timezone.localtime(now) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"),
                "body_1": _name(town, t.HELPER), "why_1": "棚子占道", "version": case.version}  # fmt: skip

        answer = street.post(f"/cases/{case.number}/together/new/whistle", said)

        assert answer.status_code == 302, answer.content.decode()[:500]
        with scope.work(system(town)):
            assert Whistle.objects.get(case=case).status == "CALLED"
        assert "一起清理占道的棚子" in street.get("/desk/together?show=blown").content.decode()


class TestTheDispatchDesk:
    def test_offers_a_lead_and_asks_a_part_with_one_press(self, town: int) -> None:
        case = f.a_case(town, now=timezone.now())
        body, item = f.routed_body(case)
        said = {"to": f"{body}:{item}", "part_body": _name(town, t.HELPER), "part_what": t.WHAT,
                "version": case.version}  # fmt: skip

        answer = colleague(town, "dispatcher").post(f"/cases/{case.number}/do/offer", said)

        assert answer.status_code == 302
        with scope.work(system(town)):
            assert Part.objects.get(case=case).what == t.WHAT
