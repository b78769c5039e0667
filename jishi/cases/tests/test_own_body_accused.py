"""投诉的就是自己单位: the words are kept like anybody's, and leave the sight of who took them (10 §13, 90 §4.2)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts.actions import clients, grants
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.bodies import queries as bodies
from jishi.cases import notices, policies
from jishi.cases.actions import choosing, correcting, intake, recusing, taking, telling, wording
from jishi.cases.actions.arrival import Incoming
from jishi.cases.actions.safekeeping import holder_of
from jishi.cases.models import (
    Addendum,
    Case,
    Choice,
    Clock,
    Handover,
    ImportRow,
    Membership,
    Photo,
    RefusedPair,
    Report,
)
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import import_steps as steps
from jishi.cases.tests import photo_steps
from jishi.cases.tests.desk_steps import HOST, colleague, key_on, version_on
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.models import SealedValue
from jishi.foundation.refusals import NotAllowed

OWN, OTHER, OFFICE = "sqzx", "hfzx", "ldxz"
TEXT = "投诉热线中心的话务员态度恶劣，在翠竹苑3号楼的事三次不给登记。"
pytestmark = pytest.mark.django_db


def named(town: int, code: str) -> str:
    with scope.work(system(town)):
        return bodies.names()[f.body_id(town, code)].name


def typed(town: int, console: Client, **changes: str) -> dict[str, str]:
    page = console.get("/desk/operator").content.decode()
    plain = {"text": TEXT, "where": "", "matter": "", "kind": "complaint", "urgency": "normal", "voice": "open",
             "tel": "13800138009", "accused": named(town, OWN)}  # fmt: skip
    return {**plain, "idempotency_key": key_on(page), "do": "save", **changes}


def stored(town: int) -> list[Case]:
    with scope.work(system(town)):
        return list(Case.objects.filter(tenant_id=town))


def desk(town: int, role: str, body: str) -> None:
    account = an_account(town)
    a_grant(account, role, body_id=f.body_id(town, body), post_id=9800 + account.id)


def below(town: int, code: str, over: str) -> None:
    with scope.work(system(town)), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bodies_body SET parent_id = %s, version = version + 1 WHERE code = %s AND tenant_id = %s",
            [f.body_id(town, over), code, town],
        )


@pytest.fixture
def console(town: int) -> Client:
    return colleague(town, "operator", body=OWN)


class TestAtTheConsole:
    def test_it_is_taken_in_and_she_is_given_number_and_word_to_read_out(self, town: int, console: Client) -> None:
        said = console.post("/desk/operator", typed(town, console))

        html, case = said.content.decode(), stored(town)[0]
        with scope.work(system(town)):
            report = Report.objects.get()
            assert SealedValue.objects.filter(owner_row=report.id, field="text").exists()
            assert Clock.objects.filter(case=case).exists()
            assert [e.verb for e in trail.of("case", case.id)][0] == "case.received"
        assert said.status_code == 200
        assert report.number in html and "口令" in html and "从现在起您看不到这一件" in html
        assert report.entered_by.startswith("staff:")
        assert case.number not in html  # nothing to open

    def test_the_word_that_she_reads_out_opens_it_for_the_caller(self, town: int, console: Client) -> None:
        html = console.post("/desk/operator", typed(town, console)).content.decode()
        word = html.split("口令")[1].split('class="big no">')[1].split("<")[0]

        with scope.work(system(town)):
            report = Report.objects.get()
            assert holder_of(report.number, word, tenant_id=town).report_id == report.id

    def test_she_and_her_colleagues_find_nothing_of_it_from_that_moment(self, town: int, console: Client) -> None:
        console.post("/desk/operator", typed(town, console))
        case = stored(town)[0]
        beside = colleague(town, "dispatcher", body=OWN)

        for client in (console, beside):
            assert client.get(f"/cases/{case.number}").status_code == 404
        assert case.number not in beside.get("/desk/dispatch").content.decode()
        assert colleague(town, "dispatcher", body=OTHER).get(f"/cases/{case.number}").status_code == 200

    @pytest.mark.parametrize("do", ["offer", "answer", "decline"])
    def test_she_neither_offers_nor_answers_nor_declines_it(self, town: int, console: Client, do: str) -> None:
        ground = {"decline-ground": "beyond_duty", "decline-text": "不属实。", "decline-channel": "无"}
        more = {"answer": "已批评教育。", **ground}

        console.post("/desk/operator", typed(town, console, do=do, matter="雨水井堵塞 01.02.01", **more))

        assert [(c.status, c.kind) for c in stored(town)] == [(Status.RECEIVED, "complaint")]

    def test_what_the_caller_sent_along_is_kept(self, town: int, console: Client) -> None:
        shot = SimpleUploadedFile("a.jpg", photo_steps.picture(), content_type="image/jpeg")

        console.post("/desk/operator", {**typed(town, console), "photos": shot})

        with scope.work(system(town)):
            assert Photo.objects.count() == 1

    def test_the_same_press_twice_gives_the_same_number_and_no_word(self, town: int, console: Client) -> None:
        said = typed(town, console)
        console.post("/desk/operator", said)

        again = console.post("/desk/operator", said)

        with scope.work(system(town)):
            number = Report.objects.get().number
        assert again.status_code == 200
        assert number in again.content.decode() and "凭编号和口令" not in again.content.decode()

    def test_the_page_says_who_goes_on_with_it(self, town: int, console: Client) -> None:
        desk(town, "dispatcher", OTHER)

        html = console.post("/desk/operator", typed(town, console)).content.decode()

        assert f"由{named(town, OTHER)}派单。" in html


class TestByAProgram:
    def test_it_is_told_the_number_and_finds_nothing_more(self, town: int) -> None:
        with scope.work(system(town)):
            _, key = clients.issue("the hotline's", roles=["operator"], body_ids=[f.body_id(town, OWN)],
                                   by=system(town), now=timezone.now() - timedelta(days=1))  # fmt: skip
        given = {"HTTP_AUTHORIZATION": f"Bearer {key}", "HTTP_IDEMPOTENCY_KEY": "k"}
        said = json.dumps({"text": TEXT, "channel": "api", "accused_body_ids": [f.body_id(town, OWN)]})
        client = Client(headers=HOST)

        first, second = (
            client.post("/api/v1/reports", said, content_type="application/json", **given) for _ in range(2)
        )

        assert [first.status_code, second.status_code] == [201, 201]
        told = first.json()
        assert (told["recused"], told["case"], told["suggestions"]) == (True, None, [])
        assert second.json()["number"] == told["number"] and "Location" not in first.headers
        assert len(stored(town)) == 1
        assert client.get(f"/api/v1/reports/{told['number']}", **given).status_code == 404


def operator(town: int) -> tuple[Actor, str]:
    return f.staff(town, "operator", body=OWN), "phone"


def grid_worker(town: int) -> tuple[Actor, str]:
    return f.staff(town, "grid_worker", account=71, body=OWN, area="330199"), "grid"


def on_an_errand(town: int) -> tuple[Actor, str]:
    return f.staff(town, "grid_worker", account=72, body=OWN, area="330199"), "patrol"


def a_program(town: int) -> tuple[Actor, str]:
    return replace(f.staff(town, "handler", body=OWN), kind="client", account_id=None, client_id=7), "api"


def open311(town: int) -> tuple[Actor, str]:
    return replace(a_program(town)[0], roles=frozenset({policies.PROGRAM})), "open311"


def an_import(town: int) -> tuple[Actor, str]:
    return f.staff(town, "operator", "system", account=73, body=OWN), "import"


def with_another_post(town: int) -> tuple[Actor, str]:
    """She sits in another body and holds a post in this one as well: recusal follows the person."""
    return replace(f.staff(town, "operator", body=OTHER), tied_to=frozenset({f.body_id(town, OWN)})), "phone"


ROADS = (operator, grid_worker, on_an_errand, a_program, open311, an_import, with_another_post)


class TestEveryRoad:
    @pytest.mark.parametrize("voice", ["open", "confidential", "anonymous"])
    @pytest.mark.parametrize("road", ROADS)
    def test_keeps_the_words_and_shows_its_taker_nothing(
        self, road: Callable[[int], tuple[Actor, str]], voice: str, town: int
    ) -> None:
        by, channel = road(town)

        told = {"voice": voice, "caller_contact": "" if voice == "anonymous" else "13800138009"}
        done = f.receive(town, by=by, channel=channel, text=TEXT, accused_body_ids=(f.body_id(town, OWN),), **told)

        assert done.aside is not None
        with scope.work(system(town)):
            assert Membership.objects.filter(case=done.case_id, report=done.report_id).exists()
        with scope.work(by):
            assert not Report.objects.exists() and not Case.objects.exists() and not Clock.objects.exists()

    def test_keeps_a_batch_whole_in_which_one_row_accuses_who_brings_it(self, town: int) -> None:
        by, channel = an_import(town)
        rows = [Incoming(text=TEXT, channel=channel, accused_body_ids=accused)
                for accused in ((), (f.body_id(town, OWN),), ())]  # fmt: skip

        taken, refused = f.do(by, intake.receive_many, rows, now=MONDAY_TEN, tenant_code="330199")

        assert refused == [] and [t.aside is not None for t in taken] == [False, True, False]
        with scope.work(by):
            assert Report.objects.count() == 2

    @pytest.mark.parametrize(("words", "result"), [(TEXT, "known"), (TEXT + "昨天又一次。", "changed")])
    def test_a_file_that_brings_a_hidden_number_again_is_taken_row_by_row(
        self, words: str, result: str, town: int
    ) -> None:
        rows = (("188006", "2026/3/8 11:25:05", TEXT), ("188007", "2026/3/8 11:30:05", "北门的雨水井堵了。"))
        steps.run_through(town, steps.board(rows[0]))
        with scope.work(system(town)):
            Report.objects.update(accused_body_ids=[f.body_id(town, OWN)])
        mine, _channel = an_import(town)
        again = (("188006", "2026/3/8 11:25:05", words), rows[1])

        _walk, said = steps.run_through(town, steps.board(*again), by=mine)

        assert [r for _line, r, _code in steps.results(said)] == [result, "created"]
        with scope.work(mine):
            assert not Addendum.objects.exists() and not ImportRow.objects.filter(report__isnull=False, line=2).exists()
        with scope.work(system(town)):
            assert Addendum.objects.count() == (result == "changed")

    def test_hides_nothing_where_somebody_else_is_accused(self, town: int) -> None:
        done = f.receive(town, by=f.operator(town), text=TEXT, accused_body_ids=(f.body_id(town, OTHER),))

        assert done.aside is None
        with scope.work(f.operator(town)):
            assert Case.objects.filter(id=done.case_id).exists()


class TestWhoGoesOn:
    def told(self, town: int, *accused: str) -> int | None:
        named = tuple(f.body_id(town, code) for code in (OWN, *accused))
        aside = f.receive(town, by=f.operator(town), text=TEXT, accused_body_ids=named).aside
        assert aside is not None
        return aside.body_id

    def test_is_another_bodys_dispatch_desk(self, town: int) -> None:
        for body in (OWN, OTHER):
            desk(town, "dispatcher", body)

        assert self.told(town) == f.body_id(town, OTHER)

    def test_is_the_office_where_every_dispatcher_is_of_the_accused(self, town: int) -> None:
        desk(town, "dispatcher", OWN)
        desk(town, "office", OFFICE)

        assert self.told(town) == f.body_id(town, OFFICE)

    def test_is_nobody_and_said_so_where_none_is_left(self, town: int) -> None:
        assert self.told(town, OFFICE) is None


class TestTheOfficePlacesIt:
    """Where every dispatcher is of the accused body, the upper level leads (济南市12345条例 32)."""

    @pytest.fixture
    def office(self, town: int) -> Client:
        desk(town, "dispatcher", OWN)
        return colleague(town, "office", body=OFFICE)

    def told(self, town: int, voice: str = "open") -> Case:
        done = f.receive(town, by=f.operator(town), text=TEXT, matter="01.02.01", voice=voice, now=timezone.now(),
                         accused_body_ids=(f.body_id(town, OWN),))  # fmt: skip
        return f.again(town, done.case_id)

    @pytest.mark.parametrize("voice", ["open", "confidential"])
    def test_from_the_desk_that_shows_it_this_case_alone(self, town: int, office: Client, voice: str) -> None:
        other, case = f.a_case(town, now=timezone.now()), self.told(town, voice)
        page = office.get(f"/desk/dispatch?case={case.number}").content.decode()
        assert case.number in page and f"case={other.number}" not in page
        said = {"version": version_on(page), "seq": "1", "back": "dispatch", "to": "other", "other": named(town, "swj"),
                "item": "", "why": "热线中心回避，水务局来办"}  # fmt: skip

        answer = office.post(f"/cases/{case.number}/do/offer", said)

        after = f.again(town, case.id)
        assert answer.status_code == 302 and after.status == Status.OFFERED
        with scope.work(system(town)):
            assert Handover.objects.get(case=case).body_id == f.body_id(town, "swj")

    def test_and_says_which_matter_it_is(self, town: int, office: Client) -> None:
        case = self.told(town)
        by = f.staff(town, "office", body=OFFICE)

        f.do(by, correcting.correct_matter, case.id, matter="01.02.02", now=timezone.now())

        assert f.again(town, case.id).matter == "01.02.02"

    def test_also_where_another_street_has_a_dispatcher_left(self, town: int) -> None:
        for number, (body, area) in enumerate(((OWN, "990181001"), (OTHER, "990181002"))):
            a_grant(an_account(town), "dispatcher", body_id=f.body_id(town, body), post_id=9710 + number, area=area)
        office = colleague(town, "office", body=OFFICE)
        case = self.told(town, "confidential")

        with scope.work(system(town)):
            assert case.division_code.startswith("990181001") and policies.nobody_places(case)
        assert f.body_id(town, OFFICE) not in case.line_body_ids
        assert case.number in office.get("/desk/dispatch").content.decode()

    def test_also_what_it_was_blind_for_once_the_last_dispatcher_outside_the_accused_has_left(
        self, town: int, office: Client
    ) -> None:
        left = an_account(town)
        a_grant(left, "dispatcher", body_id=f.body_id(town, OTHER), post_id=9720)
        below(town, OWN, OFFICE)
        case, now, by = self.told(town, "confidential"), timezone.now(), clock(town, "sweep:1")
        assert f.body_id(town, OFFICE) in case.line_body_ids and recusing.let_offices_place(by=by, now=now) == 0
        assert office.get(f"/cases/{case.number}").status_code == 404

        with scope.work(system(town)):
            grants.end_grants(account_id=left.id, by=system(town), now=now - timedelta(hours=1))
        assert recusing.let_offices_place(by=by, now=now) == 0, "a gap between two grants opens nothing"
        with scope.work(system(town)):
            over = Clock.objects.get(case_id=case.id, kind="dispatch", stopped_at=None).due_at + timedelta(minutes=1)
        done = recusing.let_offices_place(by=by, now=over), recusing.let_offices_place(by=by, now=over)

        page = office.get(f"/desk/dispatch?case={case.number}").content.decode()
        said = {"version": version_on(page), "seq": "1", "back": "dispatch", "to": "other", "other": named(town, "swj"),
                "item": "", "why": "热线中心回避，水务局来办"}  # fmt: skip
        assert done == (1, 0)
        assert office.post(f"/cases/{case.number}/do/offer", said).status_code == 302
        with scope.work(system(town)):
            entry = next(e for e in trail.of("case", case.id) if e.verb == "case.offices_let_in")
            assert entry.codes["ground"] == "no_dispatcher_left" and entry.actor == "clock:sweep:1"
            assert not Report.objects.filter(line_body_ids__contains=[f.body_id(town, OFFICE)]).exists()
        assert colleague(town, "dispatcher", body=OWN).get(f"/cases/{case.number}").status_code == 404

    def test_but_stays_blind_while_one_dispatcher_is_left_who_may_see_it(self, town: int, office: Client) -> None:
        desk(town, "dispatcher", OTHER)
        below(town, OWN, OFFICE)
        case = self.told(town, "confidential")

        assert recusing.let_offices_place(by=clock(town, "sweep:1"), now=timezone.now() + timedelta(days=9)) == 0
        assert office.get(f"/cases/{case.number}").status_code == 404
        assert f.again(town, case.id).line_body_ids == case.line_body_ids

    def test_and_says_that_another_is_another_matter_and_what_became_of_a_suggestion(
        self, town: int, office: Client
    ) -> None:
        other, case, now = f.a_case(town, now=timezone.now()), self.told(town), timezone.now()
        by = f.staff(town, "office", body=OFFICE)
        with scope.work(system(town)):
            mine, theirs = (Membership.objects.get(case=c).report_id for c in (case, other))

        f.do(by, choosing.refuse_pairs, mine, case_ids=[other.id], now=now)
        f.do(by, taking.take, mine, stage="route", value=str(f.body_id(town, "swj")), now=now)

        with scope.work(system(town)):
            assert [p.case_id for p in RefusedPair.objects.filter(report=mine)] == [other.id]
            assert Choice.objects.filter(suggestion__report=mine, suggestion__stage="route").count() == 1
        with pytest.raises(NotAllowed):
            f.do(by, choosing.refuse_pairs, theirs, case_ids=[case.id], now=now)
        with pytest.raises(NotAllowed):
            f.do(by, taking.take, theirs, stage="route", value="1", now=now)

    def test_and_the_question_is_one_text_however_many_dispatchers_there_are(self, town: int, office: Client) -> None:
        def asked() -> str:
            with scope.work(system(town)):
                return str(policies.without_a_desk(Case.objects.all()).query)

        few = asked()
        for number in range(12):
            a_grant(an_account(town), "dispatcher", body_id=f.body_id(town, OTHER), post_id=9730 + number)

        assert asked().count("NOT") == few.count("NOT")

    def test_and_finds_it_on_the_board_of_what_is_stuck(self, town: int, office: Client) -> None:
        case = self.told(town)

        page = office.get("/desk/stuck").content.decode()

        assert case.number in page and "派单员都要回避的" in page and named(town, OWN) in page

    def test_and_is_told_of_it_in_the_dispatchers_place(self, town: int, office: Client) -> None:
        case = self.told(town)

        with scope.work(system(town)):
            template = next(t for t in notices.on(MONDAY_TEN.date()).templates.values() if t.to == "dispatcher")
            told = wording.gather(case, {"case_id": case.id, "seq": None})
            posts = {p.body_id for p in telling.people(told, template, timezone.now())}
        assert posts == {f.body_id(town, OFFICE)}

    def test_and_places_nothing_that_a_dispatcher_may_place(self, town: int, office: Client) -> None:
        desk(town, "dispatcher", OTHER)
        accused, plain = self.told(town), f.a_case(town, now=timezone.now())

        for case in (accused, plain):
            said = {"version": case.version, "seq": "1", "to": "other", "other": named(town, "swj"), "why": "属于它"}
            assert office.post(f"/cases/{case.number}/do/offer", said).status_code == 403
            assert case.number not in office.get("/desk/dispatch").content.decode()

    def test_and_the_desk_that_is_accused_stays_blind(self, town: int, office: Client) -> None:
        case = self.told(town)
        accused = colleague(town, "dispatcher", body=OWN)

        assert accused.get(f"/cases/{case.number}").status_code == 404
        assert accused.post(f"/cases/{case.number}/do/offer", {"version": 1}).status_code == 404
        assert case.number not in accused.get("/desk/dispatch").content.decode()

    def test_but_not_an_office_that_is_accused_itself(self, town: int, office: Client) -> None:
        both = (f.body_id(town, OWN), f.body_id(town, OFFICE))
        done = f.receive(town, by=f.operator(town), text=TEXT, accused_body_ids=both, now=timezone.now())
        case = f.again(town, done.case_id)

        assert office.get(f"/cases/{case.number}").status_code == 404

    def test_the_rights_and_the_list_agree(self, town: int, office: Client) -> None:
        elsewhere = an_account(town)
        a_grant(elsewhere, "dispatcher", body_id=f.body_id(town, OTHER), post_id=9700, area="990181002")
        cases = [self.told(town), self.told(town, "confidential"), f.a_case(town, now=timezone.now())]

        with scope.work(system(town)):
            listed = set(policies.without_a_desk(Case.objects.all()).values_list("id", flat=True))
            assert listed == {c.id for c in Case.objects.all() if policies.nobody_places(c)}
            assert listed == {c.id for c in cases[:2]}


def test_a_resident_who_holds_a_post_there_still_reads_her_own_report(town: int) -> None:
    account = an_account(town, staff=False)
    a_grant(account, "volunteer", body_id=f.body_id(town, OWN), post_id=9650)
    me = Actor(tenant_id=town, kind="resident", account_id=account.id)
    done = f.receive(town, by=me, text=TEXT, channel="web", reporter_id=account.id, now=timezone.now(),
                     accused_body_ids=(f.body_id(town, OWN),))  # fmt: skip
    client = signed_in(Client(headers=HOST), account)

    page = client.get(f"/mine/{done.number}")

    assert page.status_code == 200 and "态度恶劣" in page.content.decode()
    assert done.number in client.get("/mine").content.decode()
    assert client.get(f"/cases/{done.case_number}").status_code in (302, 403, 404)
