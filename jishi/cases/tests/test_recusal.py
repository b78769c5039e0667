"""Recusal everywhere: an accused body's people find nothing of a confidential case (spec 10 §13, 90 §4.2).

Two walks hold it, so that nothing new can forget: every table that holds a tenant's rows, read as that person, and
every GET address of the site and of the API with the case's numbers filled in.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from jishi.accounts import queries as accounts
from jishi.accounts.tests.factories import a_grant, an_account
from jishi.cases import policies
from jishi.cases.actions import feedback, merging, recusing
from jishi.cases.models import Case, Feedback, Handover, Membership, Progress
from jishi.cases.queries import home
from jishi.cases.refusals import GroundNeeded, HoldsTheCase
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.test_locking import client_of
from jishi.foundation import protect, scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import SealedValue, SearchHash
from jishi.foundation.refusals import NotAllowed, NotFound

ROLES = (
    "operator", "dispatcher", "handler", "reviewer", "feedback", "office", "ruler", "auditor", "grid_worker",
)  # fmt: skip
TEXT = "举报城管局收了摊贩的礼金，在翠竹苑南门菜市场。"
KNOWN = ("收了摊贩的礼金",)


@pytest.fixture
def told(town: int) -> Case:
    """A confidential case that has lived: answered, reviewed, asked about, with everything that hangs on it."""
    case = f.a_case_at(
        town, Status.FEEDBACK, now=timezone.now() - timedelta(days=1), voice="confidential", kind="tip_off", text=TEXT,
        accused_body_ids=(f.body_id(town, "cgj"),),
    )  # fmt: skip
    f.say_not_solved(case, timezone.now())
    return f.again(town, case.id)


def words_of(case: Case) -> list[str]:
    """What betrays the case: numbers, words, hashes."""
    with scope.work(system(case.tenant_id)):
        reports = list(Membership.objects.filter(case=case).values_list("report__number", flat=True))
        hashes = [e.hash for e in trail.of("case", case.id)]
    return [case.number, *reports, *hashes, *KNOWN]


def _hanging_on(case: Case) -> dict[str, int]:
    """Count the rows of every protected table that name the case, its reports, or their numbers, whoever may see."""
    found = {}
    with scope.within(system(case.tenant_id)):
        reports = list(Membership.objects.filter(case=case).values_list("report_id", flat=True))
    wanted = [case.number, *words_of(case)[1:2]]
    for model in protect.protected_models():
        table, columns = model._meta.db_table, {x.column for x in model._meta.local_fields}
        tests, params = [f'"{table}"::text LIKE ANY (%s)'], [[f"%{w}%" for w in wanted]]
        if "case_id" in columns:
            tests.append("case_id = %s")
            params.append(case.id)  # type: ignore[arg-type]
        if {"subject_kind", "subject_id"} <= columns:
            tests.append("(subject_kind = 'case' AND subject_id = %s)")
            params.append(case.id)  # type: ignore[arg-type]
        if {"owner_table", "owner_row"} <= columns:
            tests.append("(owner_table, owner_row) IN (SELECT 'cases_report', unnest(%s::bigint[]))")
            params.append(reports)
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {" OR ".join(tests)}', params)
            found[table] = cursor.fetchone()[0]
    return {table: n for table, n in found.items() if n}


class TestWhatIsSealed:
    def test_belongs_to_rows_that_name_whom_they_accuse(self, town: int, told: Case) -> None:
        """The database hides sealed values of such rows alone: a new owner of sealed values names its accused."""
        accusing = {m._meta.db_table for m in protect.protected_models() if m.recused_by}  # type: ignore[attr-defined]

        with scope.work(system(town)):
            owners = set(SealedValue.objects.values_list("owner_table", flat=True))

        assert owners
        assert owners <= accusing

    def test_is_hidden_from_the_accused_body_with_its_search(self, town: int) -> None:
        case = f.a_case(
            town, now=timezone.now(), accused_body_ids=(f.body_id(town, "cgj"),), caller_contact="13800000000"
        )
        with scope.work(system(town)):
            assert {"foundation_sealedvalue", "foundation_searchhash"} <= set(_hanging_on(case))

        with scope.work(f.staff(town, *ROLES, account=75, body="cgj")):
            assert _hanging_on(case) == {}
            assert not SealedValue.objects.exists()
            assert not SearchHash.objects.exists()


class TestEveryTable:
    def test_gives_the_accused_body_no_row_of_the_case(self, town: int, told: Case) -> None:
        with scope.work(system(town)):
            there = _hanging_on(told)
        assert len(there) >= 12, there

        with scope.work(f.staff(town, *ROLES, account=71, body="cgj")):
            assert _hanging_on(told) == {}

    def test_gives_none_to_somebody_with_another_post_in_it(self, town: int, told: Case) -> None:
        person = replace(f.staff(town, *ROLES, account=72, body="sqzx"), tied_to=frozenset({f.body_id(town, "cgj")}))

        with scope.work(person):
            assert _hanging_on(told) == {}

    def test_gives_everything_to_the_receiving_desk(self, town: int, told: Case) -> None:
        with scope.work(system(town)):
            there = _hanging_on(told)

        with scope.work(f.dispatcher(town)):
            assert _hanging_on(told) == there


class TestItsPrice:
    def test_is_a_look_by_key_and_never_a_pass_over_all_cases(self, town: int) -> None:
        """With EXISTS in the policies the planner hashed every case of every town, at 20,000 cases for 40 ms."""
        at, body = timezone.now(), f.body_id(town, "cgj")
        facts = {"tenant_id": town, "title": "路灯", "status_since": at, "received_at": at}
        with scope.work(system(town)):
            cases = Case.objects.bulk_create(Case(number=f"CX{n}", **facts) for n in range(3000))
            Progress.objects.bulk_create(
                Progress(tenant_id=town, case=case, body_id=body, at=at, text="在修") for case in cases
            )
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("ANALYZE cases_case, cases_progress")
            cursor.execute("SET LOCAL ROLE jishi_web")

        with scope.work(f.dispatcher(town)):
            plan = Progress.objects.filter(text="在修").explain()

        assert "Seq Scan on cases_case" not in plan
        assert "cases_case_in_tenant" in plan or "cases_case_pkey" in plan


# --- every address -----------------------------------------------------------------------------------------


def _addresses(patterns: Any, before: str = "") -> Iterator[str]:
    for one in patterns:
        path = before + re.sub(r"^\^|\$$", "", str(one.pattern)).replace("\\Z", "")
        if isinstance(one, URLResolver):
            yield from _addresses(one.url_patterns, path)
        elif isinstance(one, URLPattern):
            yield "/" + path


def _filled(case: Case) -> list[str]:
    """Every address of the site with the case's numbers where one is asked for; and the lists, searched for it."""
    report = words_of(case)[1]
    with scope.work(system(case.tenant_id)):
        row = Feedback.objects.filter(case=case).order_by("-id")[0]
        token = feedback.link_for(row.id)
        grid = case.grid.code if case.grid else "x"
    found = []
    for path in _addresses(get_resolver().url_patterns):
        number = report if re.search(r"(mine|reports)/<", path) else case.number
        parts = {"number": number, "token": token, "code": "sign", "tab": "trail"}

        def fill(part: re.Match[str], parts: dict[str, str] = parts) -> str:
            return parts.get(part[2], str(case.id))

        filled = re.sub(r"<(?:(\w+):)?(\w+)>", fill, path)
        if not filled.startswith(("/admin", "/static")) and "(?P" not in filled:
            found.append(filled)
    more = [f"/cases?q={case.number}", f"/cases?q={report}", "/cases?q=摊贩的礼金", f"/cases?grid={grid}",
            f"/desk/map?grid={grid}", "/api/v1/cases?q=摊贩的礼金", "/api/v1/cases?urgency=normal",
            *(f"/cases/{case.number}?tab={t}" for t in ("trail", "facts", "handovers", "replies", "feedback")),
            *(f"/desk/dispatch?queue={q}" for q in ("waiting", "returns", "contested", "consulting", "objections")),
            f"/desk/dispatch?case={case.number}", f"/desk/feedback?case={case.number}",
            f"/desk/review?case={case.number}", f"/desk/inbox/{case.number}"]  # fmt: skip
    return [*found, *more]


def _betrayals(client: Client, paths: list[str], words: list[str]) -> list[str]:
    found = []
    for path in paths:
        answer = client.get(path, follow=False)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        said = body.decode(errors="replace") + str(dict(answer.headers))
        asked = [w for w in words if w in path]  # a page may repeat what its reader typed
        if answer.status_code == 500 or any(w in said for w in words if w not in asked):
            found.append(f"{path}: {answer.status_code}")
        elif asked and answer.status_code == 200 and re.search(r"/(cases|reports|inbox)/[CR]\d", path):
            found.append(f"{path}: opened")
    return found


class TestEveryAddress:
    def test_of_the_site_tells_the_accused_body_nothing(self, town: int, told: Case) -> None:
        paths, words = _filled(told), words_of(told)
        person = colleague(town, *ROLES, body="cgj")

        assert len(paths) > 60
        assert _betrayals(person, paths, words) == []

    def test_of_the_api_tells_its_programs_nothing(self, town: int, told: Case) -> None:
        paths, words = [p for p in _filled(told) if p.startswith("/api/")], words_of(told)
        program = client_of(town, *ROLES, bodies=(f.body_id(town, "cgj"),))

        assert len(paths) > 8
        assert _betrayals(program, paths, words) == []

    def test_shows_the_desk_what_the_walk_would_find(self, town: int, told: Case) -> None:
        desk = colleague(town, "dispatcher")

        found = _betrayals(desk, [f"/cases/{told.number}", f"/api/v1/cases/{told.number}", "/cases"], words_of(told))

        assert len(found) == 3


class TestCounts:
    def test_of_the_home_page_do_not_count_it(self, town: int, told: Case) -> None:
        person = f.staff(town, *ROLES, account=73, body="cgj")

        with scope.work(person):
            assert set(home.counts(person, timezone.now()).values()) == {0}
            assert not Handover.objects.filter(case=told).exists()

    def test_of_the_week_are_those_of_the_reader_and_not_of_who_looked_first(self, town: int) -> None:
        before = timezone.now() - timedelta(days=3)
        home.forget()
        f.a_case(town, now=before)
        f.a_case(town, now=before, voice="confidential", kind="tip_off", text=TEXT,
                 accused_body_ids=(f.body_id(town, "cgj"),))  # fmt: skip
        with scope.work(f.dispatcher(town)):
            all_ = home.week(timezone.now())
        with scope.work(f.staff(town, "handler", account=74, body="cgj")):
            theirs = home.week(timezone.now())

        assert all_ is not None
        assert theirs is not None
        home.forget()
        assert all_.said == theirs.said == 1, "what complains about a body is in nobody's public count"


# --- the line above, and persons ---------------------------------------------------------------------------


@pytest.fixture
def above(town: int) -> Case:
    """The same case, with the bureau below another body: what is above the accused stands aside with it."""
    with scope.work(system(town)), connection.cursor() as cursor:
        for code, over in (("cgj", "zjj"), ("zjj", "sqzx")):
            cursor.execute(
                "UPDATE bodies_body SET parent_id = %s, version = version + 1 WHERE code = %s AND tenant_id = %s",
                [f.body_id(town, over), code, town],
            )
    case = f.a_case_at(
        town, Status.FEEDBACK, now=timezone.now() - timedelta(days=1), voice="confidential", kind="tip_off", text=TEXT,
        accused_body_ids=(f.body_id(town, "cgj"),),
    )  # fmt: skip
    f.say_not_solved(case, timezone.now())
    return f.again(town, case.id)


class TestTheLineAbove:
    """Spec 90 §4.2: recusal follows the body, its people, and the superior line that is declared for the case."""

    def test_finds_nothing_in_any_table_or_at_any_address(self, town: int, above: Case) -> None:
        assert above.line_body_ids == [f.body_id(town, "zjj")]

        with scope.work(f.staff(town, *ROLES, account=81, body="zjj")):
            assert _hanging_on(above) == {}
        assert _betrayals(colleague(town, *ROLES, body="zjj"), _filled(above), words_of(above)) == []

    def test_never_holds_the_desk_that_receives(self, town: int, above: Case) -> None:
        with scope.work(f.dispatcher(town)):
            assert policies.visible_to(f.dispatcher(town), Case.objects.filter(id=above.id)).exists()

    def test_sees_what_was_complained_about_openly(self, town: int, above: Case) -> None:
        open_ = f.a_case(town, kind="complaint", accused_body_ids=(f.body_id(town, "cgj"),))

        assert open_.line_body_ids == []

    def test_is_said_by_the_desk_and_lets_the_upper_level_lead(self, town: int, above: Case) -> None:
        over, more = f.body_id(town, "zjj"), f.body_id(town, "swj")
        desk = f.dispatcher(town)
        with pytest.raises(GroundNeeded):
            f.do(desk, recusing.say_line, above.id, line=[over], why="一样的名单", now=timezone.now())
        with pytest.raises(NotAllowed):
            f.do(f.reviewer(town), recusing.say_line, above.id, line=[], why="由上级来办", now=timezone.now())
        with pytest.raises(NotAllowed):
            f.do(desk, recusing.say_line, above.id, line=[f.body_id(town, "sqzx")], why="x", now=timezone.now())
        with pytest.raises(HoldsTheCase):
            f.do(desk, recusing.say_line, above.id, line=[above.lead_id], why="它在办", now=timezone.now())
        before = f.again(town, above.id).version

        f.do(desk, recusing.say_line, above.id, line=[more], why="由住建局来办，水务局分管领导相同", now=timezone.now())

        assert f.again(town, above.id).version == before + 1
        with scope.work(f.staff(town, *ROLES, account=82, body="swj")):
            assert _hanging_on(above) == {}
        with scope.work(f.staff(town, *ROLES, account=83, body="zjj")):
            assert Case.objects.filter(id=above.id).exists()


class TestSomebodyWhoJoinsTomorrow:
    def test_finds_nothing_from_tomorrow_and_yesterday_stays(self, town: int, told: Case) -> None:
        """Spec 90 §20, line 5. The term binds when it begins, in every post of the person."""
        now = timezone.now()
        person = an_account(town, staff=True)
        a_grant(person, "dispatcher", body_id=f.body_id(town, "sqzx"), post_id=9001, now=now - timedelta(days=2))
        a_grant(person, "handler", body_id=f.body_id(town, "cgj"), post_id=9002, now=now + timedelta(days=1))
        with scope.work(system(town)):
            today = accounts.actor_for(person.id, 9001, now)
            tomorrow = accounts.actor_for(person.id, 9001, now + timedelta(days=1, minutes=1))
        assert today is not None
        assert tomorrow is not None

        with scope.work(today):
            assert Case.objects.filter(id=told.id).exists()
        with scope.work(tomorrow):
            assert _hanging_on(told) == {}


class TestWhoeverStandsAside:
    def test_finds_the_case_nowhere_from_then_on(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(hours=5))
        desk = f.dispatcher(town)
        with pytest.raises(GroundNeeded):
            f.do(desk, recusing.stand_aside, case.id, ground="other", now=timezone.now())

        f.do(desk, recusing.stand_aside, case.id, ground="kin", now=timezone.now())

        with scope.work(desk):
            assert _hanging_on(case) == {}
            with pytest.raises(NotFound):
                recusing.stand_aside(case.id, ground="kin", by=desk, now=timezone.now())
        with scope.work(f.dispatcher(town, account=19)):
            assert Case.objects.filter(id=case.id).exists()
            assert [e.verb for e in trail.of("case", case.id)][-1] == "case.stood_aside"

    def test_finds_nothing_that_hangs_on_it_in_a_post_of_no_body_either(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(hours=5))
        person = f.staff(town, "feedback", account=91)

        f.do(person, recusing.stand_aside, case.id, ground="kin", now=timezone.now())

        with scope.work(person):
            assert _hanging_on(case) == {}

    def test_says_so_himself_and_is_led_away(self, town: int) -> None:
        case = f.a_case(town, now=timezone.now())
        person = colleague(town, "dispatcher")
        page = person.get(f"/cases/{case.number}")
        said = {"version": case.version, "seq": 1, "ground": "interest", "words": ""}

        done = person.post(f"/cases/{case.number}/do/stand-aside", said)

        assert "我要回避" in page.content.decode()
        assert (done.status_code, done["Location"]) == (302, "/cases")
        assert person.get(f"/cases/{case.number}").status_code == 404
        with scope.work(system(town)):
            assert "亲属" not in str([e.codes for e in trail.of("case", case.id)])

    def test_is_not_a_caller_or_a_program(self, town: int) -> None:
        case = f.a_case(town)
        with pytest.raises(NotAllowed):
            f.do(replace(f.dispatcher(town), kind="client"), recusing.stand_aside, case.id, ground="kin",
                 now=timezone.now())  # fmt: skip

    def test_who_pressed_it_by_mistake_is_let_back_by_another_dispatcher_with_a_reason_on_record(
        self, town: int
    ) -> None:
        case, desk, other = f.a_case(town), f.dispatcher(town), f.dispatcher(town, account=19)
        given = {"account_id": desk.account_id, "why": "本人来电说按错了", "now": timezone.now()}
        f.do(desk, recusing.stand_aside, case.id, ground="kin", now=timezone.now())
        for by, changed, refused in (
            (desk, {}, NotFound), (f.office(town), {}, NotAllowed), (other, {"why": " "}, GroundNeeded),
            (other, {"account_id": 77}, GroundNeeded),
        ):  # fmt: skip
            with pytest.raises(refused):
                f.do(by, recusing.let_back, case.id, **{**given, **changed})
        with scope.work(system(town)):
            before = len(trail.of("case", case.id))

        f.do(other, recusing.let_back, case.id, **given)

        with scope.work(system(town)):
            entries = trail.of("case", case.id)
            report = case.memberships.get().report
        assert (len(entries), entries[-1].verb) == (before + 1, "case.let_back")
        assert (f.again(town, case.id).aside_account_ids, report.aside_account_ids) == ([], [])
        with scope.work(desk):
            assert Case.objects.filter(id=case.id).exists()

    def test_is_let_back_from_the_page_by_his_sign_in_name(self, town: int) -> None:
        case, gone = f.a_case(town, now=timezone.now()), colleague(town, "dispatcher")
        said = {"version": case.version, "seq": 1, "ground": "kin", "words": ""}
        assert gone.post(f"/cases/{case.number}/do/stand-aside", said).status_code == 302
        with scope.work(system(town)):
            (account,) = f.again(town, case.id).aside_account_ids
            name = get_user_model().objects.get(id=account).username
        another = colleague(town, "dispatcher")
        press = {"version": f.again(town, case.id).version, "seq": 2, "username": name, "words": "本人说按错了"}

        assert "按错了回避" in another.get(f"/cases/{case.number}").content.decode()
        assert another.post(f"/cases/{case.number}/do/let-back", press).status_code == 302
        assert gone.get(f"/cases/{case.number}").status_code == 200

    def test_is_let_back_by_a_program_that_names_him_as_the_page_does(self, town: int) -> None:
        case, gone = f.a_case(town, now=timezone.now()), colleague(town, "dispatcher")
        said = {"version": case.version, "seq": 1, "ground": "kin", "words": ""}
        gone.post(f"/cases/{case.number}/do/stand-aside", said)
        with scope.work(system(town)):
            (account,) = f.again(town, case.id).aside_account_ids
            name = get_user_model().objects.get(id=account).username

        answers = [
            colleague(town, "dispatcher").post(
                f"/api/v1/cases/{case.number}/let-back", {"username": named, "why": "本人说按错了"},
                content_type="application/json", headers={"If-Match": f'"{f.again(town, case.id).version}"'},
            ).status_code
            for named in ("nobody", name)
        ]  # fmt: skip

        assert answers == [422, 200]
        assert gone.get(f"/cases/{case.number}").status_code == 200

    def test_is_not_let_back_when_the_matter_has_ended(self, town: int) -> None:
        case, person = f.a_case(town), f.staff(town, "feedback", account=91)
        f.do(person, recusing.stand_aside, case.id, ground="kin", now=timezone.now())
        f._decline(f.again(town, case.id), timezone.now())

        with pytest.raises(NotAllowed):
            f.do(f.dispatcher(town), recusing.let_back, case.id, account_id=91, why="按错了", now=timezone.now())

    def test_stays_aside_when_the_case_is_merged(self, town: int) -> None:
        case, home = f.a_case(town), f.a_case(town)
        f.do(f.dispatcher(town), recusing.stand_aside, case.id, ground="kin", now=timezone.now())

        f.do(f.dispatcher(town, account=19), merging.absorb, case.id, into=home.id, now=timezone.now())

        assert f.again(town, home.id).aside_account_ids == [f.dispatcher(town).account_id]

    def test_stays_aside_from_the_case_that_one_of_its_reports_joins(self, town: int) -> None:
        case, home = f.a_case(town), f.a_case(town)
        f.do(f.dispatcher(town), recusing.stand_aside, case.id, ground="kin", now=timezone.now())
        with scope.work(system(town)):
            report = Membership.objects.get(case=case).report_id

        f.do(f.dispatcher(town, account=19), merging.join, home.id, report_id=report, now=timezone.now())

        assert f.again(town, home.id).aside_account_ids == [f.dispatcher(town).account_id]
