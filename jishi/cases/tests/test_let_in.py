"""Who was let in while no dispatcher was left is shut out again when one is there: exactly they, and everywhere.

The office of the leading group stands above the accused and is let in of need alone (济南市12345条例 32; 10 §13).
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from jishi.accounts import queries as accounts
from jishi.accounts.actions import grants
from jishi.accounts.tests.factories import a_grant, an_account
from jishi.cases import policies
from jishi.cases.actions import consultation, intake, merging, recusing, telling
from jishi.cases.models import Case, Clock, Cluster, ClusterReport, Message, Report
from jishi.cases.refusals import AccusedDiffer
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.test_locking import client_of
from jishi.cases.tests.test_own_body_accused import OFFICE, OTHER, OWN, TEXT, below, desk, named
from jishi.cases.tests.test_recusal import ROLES, _betrayals, _filled, _hanging_on, words_of
from jishi.foundation import outbox, scope, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotFound

pytestmark = pytest.mark.django_db
POSTS = tuple({*ROLES} - {"operator", "dispatcher"})  # no desk that receives: that never stands aside


@pytest.fixture
def hotline(town: int) -> int:
    """The body that is accused: the hotline's own desk, below the office; both of its dispatchers are of it."""
    desk(town, "dispatcher", OWN)
    desk(town, "office", OFFICE)
    below(town, OWN, OFFICE)
    return f.body_id(town, OWN)


def told(town: int, **changes: object) -> Case:
    done = f.receive(town, by=f.operator(town), text=TEXT, matter="01.02.01", voice="confidential", kind="tip_off",
                     now=timezone.now(), accused_body_ids=(f.body_id(town, OWN),), **changes)  # fmt: skip
    return f.again(town, done.case_id)


def lived(town: int) -> Case:
    """A confidential case against another bureau below the office that has been answered, with all that hangs on it."""
    below(town, "cgj", OFFICE)
    with scope.work(system(town)), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_grant WHERE role = 'dispatcher'")
    case = f.a_case_at(
        town, Status.FEEDBACK, now=timezone.now() - timedelta(days=1), voice="confidential", kind="tip_off",
        text="举报城管局收了摊贩的礼金，在翠竹苑南门菜市场。", accused_body_ids=(f.body_id(town, "cgj"),),
    )  # fmt: skip
    f.say_not_solved(case, timezone.now())
    return f.again(town, case.id)


def comes(town: int, body: str = OTHER, area: str = "") -> int:
    """A dispatcher outside the accused begins; gives the account."""
    account = an_account(town)
    a_grant(account, "dispatcher", body_id=f.body_id(town, body), post_id=9720 + account.id, area=area,
            now=timezone.now() - timedelta(hours=2))  # fmt: skip
    return account.id


def goes(town: int, account: int) -> None:
    with scope.work(system(town)):
        grants.end_grants(account_id=account, by=system(town), now=timezone.now() - timedelta(minutes=1))


def sweep(town: int, now: datetime | None = None) -> tuple[int, int]:
    """One turn of the clock: how many were let in, how many shut out."""
    by, at = clock(town, "sweep:1"), now or timezone.now()
    return recusing.let_offices_place(by=by, now=at), recusing.shut_out_again(by=by, now=at)


def late(case: Case, kind: str = "dispatch") -> datetime:
    with scope.work(system(case.tenant_id)):
        due = Clock.objects.get(case_id=case.id, kind=kind, stopped_at=None).due_at
    assert due is not None
    return due + timedelta(minutes=1)


def object_to(town: int, case: Case, now: datetime) -> None:
    with scope.work(system(town)):
        mine = Report.objects.get(memberships__case=case.id).id
    caller = Actor(tenant_id=town, kind="reporter", report_id=mine)
    f.do(caller, intake.object_to_decline, case.id, text="不是", now=now)


def parted(town: int, case: Case) -> list[Case]:
    """The same report, now of two cases."""
    with scope.work(system(town)):
        report = Report.objects.get()
    parts = (merging.Part("话务员态度恶劣"), merging.Part("三次不给登记"))
    cases: list[Case] = f.do(of_the_office(town), merging.split, report.id, case_id=case.id, parts=parts,
                             tenant_code="990181", now=timezone.now())  # fmt: skip
    return [f.again(town, one.id) for one in cases]


def of_the_office(town: int, account: int = 61) -> Actor:
    return replace(f.staff(town, "office", body=OFFICE), account_id=account)


def messages(town: int, code: str, now: datetime | None = None) -> list[tuple[int | None, bool]]:
    """What is owed of one kind, after the news was delivered in the house: to whom, and whether at once."""
    with scope.work(system(town)):
        while outbox.deliver(now=now or timezone.now()):
            pass
        return list(Message.objects.filter(code=code).values_list("account_id", "at_once"))


def entries(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


@pytest.mark.usefixtures("hotline")
class TestAtIntake:
    def test_the_office_is_let_in_by_name_and_told_at_once(self, town: int) -> None:
        case = told(town)

        assert (case.line_body_ids, case.let_in_body_ids) == ([], [f.body_id(town, OFFICE)])
        assert {at_once for _, at_once in messages(town, recusing.UNPLACED)} == {True}
        with scope.work(of_the_office(town)):
            assert Case.objects.filter(id=case.id).exists()

    def test_an_office_of_another_place_is_not(self, town: int) -> None:
        with scope.work(system(town)), connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_grant SET area = '990181002' WHERE role = 'office'")

        case = told(town)

        assert case.division_code.startswith("990181001")
        assert (case.line_body_ids, case.let_in_body_ids) == ([f.body_id(town, OFFICE)], [])

    def test_nobody_is_let_in_nor_told_where_a_dispatcher_is_left(self, town: int) -> None:
        comes(town)

        case = told(town)

        assert (case.line_body_ids, case.let_in_body_ids) == ([f.body_id(town, OFFICE)], [])
        assert messages(town, recusing.UNPLACED) == []


@pytest.mark.usefixtures("hotline")
class TestTheReturn:
    def test_of_a_dispatcher_shuts_the_office_out_in_every_table_and_at_every_address(self, town: int) -> None:
        case = lived(town)
        assert case.let_in_body_ids == [f.body_id(town, OFFICE)]
        person = colleague(town, *POSTS, body=OFFICE)
        program = client_of(town, *POSTS, bodies=(f.body_id(town, OFFICE),))
        assert person.get(f"/cases/{case.number}").status_code == 200
        back = comes(town)

        assert sweep(town) == (0, 1)

        paths, words = _filled(case), words_of(case)
        with scope.work(f.staff(town, *POSTS, account=84, body=OFFICE)):
            assert _hanging_on(case) == {}
        assert _betrayals(person, paths, words) == []
        assert _betrayals(program, [p for p in paths if p.startswith("/api/")], words) == []
        assert back in [account for account, _ in messages(town, recusing.PLACED_AGAIN)]

    def test_leaves_one_entry_with_its_ground_and_owes_a_message_at_once(self, town: int) -> None:
        case = told(town)
        before, back = len(entries(case)), comes(town)

        sweep(town), sweep(town)

        with scope.work(system(town)):
            last = list(trail.of("case", case.id))[-1]
            report = Report.objects.get()
        office = f.body_id(town, OFFICE)
        assert len(entries(case)) == before + 1
        assert (last.verb, last.actor) == ("case.offices_shut_out", "clock:sweep:1")
        assert (last.codes["line"], last.codes["let_in"]) == ([office], [])
        assert last.codes["ground"] == "dispatcher_again"
        assert messages(town, recusing.PLACED_AGAIN) == [(back, True)]
        assert (report.line_body_ids, report.let_in_body_ids) == ([office], [])

    def test_also_when_the_office_has_placed_it(self, town: int) -> None:
        case = told(town)
        office = colleague(town, "office", body=OFFICE)
        said = {"version": case.version, "seq": "1", "to": "other", "other": named(town, "swj"), "why": "代派"}
        assert office.post(f"/cases/{case.number}/do/offer", said).status_code == 302
        comes(town)

        assert sweep(town) == (0, 1)

        assert f.again(town, case.id).status == Status.OFFERED
        assert office.get(f"/cases/{case.number}").status_code == 404

    def test_of_a_colleague_who_stood_aside_by_mistake_is_one(self, town: int) -> None:
        back = comes(town)
        case = told(town)
        aside = replace(f.staff(town, "dispatcher", body=OTHER), account_id=back)
        f.do(aside, recusing.stand_aside, case.id, ground="kin", now=timezone.now())
        assert sweep(town, late(case)) == (1, 0)

        f.do(of_the_office(town), recusing.let_back, case.id, account_id=back, why="按错了", now=timezone.now())

        assert sweep(town) == (0, 1)
        assert f.again(town, case.id).line_body_ids == [f.body_id(town, OFFICE)]

    def test_of_a_dispatcher_of_another_place_is_none(self, town: int) -> None:
        case = told(town)
        comes(town, area="990181002")

        assert sweep(town) == (0, 0)
        assert f.again(town, case.id).let_in_body_ids == [f.body_id(town, OFFICE)]

    def test_of_one_who_also_acts_for_the_office_or_the_accused_is_none(self, town: int) -> None:
        case = told(town)
        a_grant(an_account(town), "dispatcher", body_id=f.body_id(town, OWN), post_id=9771)
        comes(town, body=OFFICE)

        assert sweep(town) == (0, 0)
        assert f.again(town, case.id).let_in_body_ids == [f.body_id(town, OFFICE)]

    def test_shuts_out_no_body_that_leads_it_by_now(self, town: int) -> None:
        case = told(town)
        with scope.work(system(town)):
            Case.objects.filter(id=case.id).update(lead_id=f.body_id(town, OFFICE))
        comes(town)

        assert sweep(town) == (0, 0)

    def test_and_who_was_not_let_in_stays_where_he_was(self, town: int) -> None:
        """The body between the accused and the office was never let in; a body that the desk took out stays out."""
        below(town, OWN, "zjj")
        below(town, "zjj", OFFICE)
        case, zjj, office = told(town), f.body_id(town, "zjj"), f.body_id(town, OFFICE)
        assert (case.line_body_ids, case.let_in_body_ids) == ([zjj], [office])
        f.do(of_the_office(town), recusing.say_line, case.id, line=[], why="住建局来办", now=timezone.now())
        assert f.again(town, case.id).let_in_body_ids == [office], "nobody lets himself in for good"
        comes(town)

        sweep(town)

        assert f.again(town, case.id).line_body_ids == [office]

    def test_lets_in_again_when_that_dispatcher_has_gone_too(self, town: int) -> None:
        case, back = told(town), comes(town)
        sweep(town)
        goes(town, back)

        assert sweep(town) == (0, 0), "a gap between two grants opens nothing"
        assert sweep(town, late(case)) == (1, 0)
        assert f.again(town, case.id).let_in_body_ids == [f.body_id(town, OFFICE)]
        assert entries(case)[-2:] == ["case.offices_shut_out", "case.offices_let_in"]
        told_of = [account for account, _ in messages(town, recusing.UNPLACED, late(case))]
        assert len(told_of) == 2 * len({*told_of})

    def test_lets_in_again_for_an_objection_that_nobody_has_looked_at_for_a_day(self, town: int) -> None:
        """A decline has no clock. The office declined it, a dispatcher came and went, and the caller does not agree."""
        case, now = told(town), timezone.now()
        f.do(of_the_office(town), intake.decline, case.id, now=now, ground="other_procedure", text="正在法院审理。",
             channel="法院")  # fmt: skip
        back = comes(town)
        assert sweep(town, now) == (0, 1)
        goes(town, back)
        assert sweep(town, now + timedelta(days=3)) == (0, 0), "a decline to which nobody objects waits for nobody"
        object_to(town, case, now)

        assert sweep(town, now + timedelta(hours=23)) == (0, 0), "a gap between two grants opens nothing"
        assert sweep(town, now + timedelta(hours=25)) == (1, 0)
        another = of_the_office(town, account=62)
        f.do(another, intake.accept_after_objection, case.id, why="可以收", now=now + timedelta(hours=26))
        assert f.again(town, case.id).status == Status.RECEIVED

    def test_lets_in_again_where_a_consultation_has_run_out_though_the_clock_of_the_desk_rests(self, town: int) -> None:
        case = told(town)
        invited = [f.body_id(town, code) for code in ("cgj", "zjj")]
        f.do(of_the_office(town), consultation.open_, case.id, question="谁来办？", invited=invited, now=timezone.now())
        back = comes(town)
        assert sweep(town) == (0, 1)
        goes(town, back)

        assert sweep(town) == (0, 0), "a gap between two grants opens nothing"
        assert sweep(town, late(case, "consult")) == (1, 0)
        assert f.again(town, case.id).let_in_body_ids == [f.body_id(town, OFFICE)]

    @pytest.mark.parametrize("objects", [False, True])
    def test_shuts_out_of_what_has_ended_and_calls_nobody_to_it_unless_somebody_objects(
        self, town: int, objects: bool
    ) -> None:
        case, now = told(town), timezone.now()
        f.do(of_the_office(town), intake.decline, case.id, now=now, ground="other_procedure", text="正在法院审理。",
             channel="法院")  # fmt: skip
        if objects:
            object_to(town, case, now)
        back = comes(town)

        assert sweep(town) == (0, 1)

        assert f.again(town, case.id).line_body_ids == [f.body_id(town, OFFICE)]
        assert messages(town, recusing.PLACED_AGAIN) == ([(back, True)] if objects else [])

    def test_the_list_and_the_question_agree(self, town: int) -> None:
        told(town), f.a_case(town, now=timezone.now())
        comes(town)
        told(town)

        with scope.work(system(town)):
            cases = [c for c in Case.objects.all() if c.let_in_body_ids]
            assert set(policies.with_a_desk_again(Case.objects.all())) == {
                c for c in cases if policies.somebody_places_again(c)
            }
            assert len(cases) == 1


@pytest.mark.usefixtures("hotline")
class TestAnOfficeThatIsAccused:
    def test_is_never_let_in(self, town: int) -> None:
        both = (f.body_id(town, OWN), f.body_id(town, OFFICE))
        done = f.receive(town, by=f.operator(town), text=TEXT, accused_body_ids=both, voice="confidential",
                         now=timezone.now())  # fmt: skip
        case = f.again(town, done.case_id)

        sweep(town, timezone.now() + timedelta(days=9))

        assert f.again(town, case.id).let_in_body_ids == []
        assert messages(town, recusing.UNPLACED) == []
        with scope.work(of_the_office(town)):
            assert not Case.objects.exists()


@pytest.mark.usefixtures("hotline")
class TestBesideOtherVerbs:
    def test_what_lets_in_is_not_merged_with_what_does_not(self, town: int) -> None:
        first = told(town)
        comes(town)
        second = told(town)
        with scope.work(system(town)):
            Case.objects.filter(id=second.id).update(line_body_ids=[])

        with pytest.raises(AccusedDiffer):
            f.do(f.staff(town, "dispatcher", body=OTHER), merging.absorb, first.id, into=second.id, now=timezone.now())

    def test_the_database_lets_nobody_in_who_stands_aside(self, town: int) -> None:
        case = told(town)

        with pytest.raises(IntegrityError), scope.work(system(town)), transaction.atomic():
            Case.objects.filter(id=case.id).update(line_body_ids=case.let_in_body_ids)

    def test_a_message_that_still_waits_does_not_reach_the_office(self, town: int) -> None:
        told(town)
        messages(town, recusing.UNPLACED)
        comes(town)
        sweep(town)

        with scope.work(system(town)):
            ours = accounts.accounts_of_bodies([f.body_id(town, OFFICE)], "office", now=timezone.now())
            mine = {account for ids in ours.values() for account in ids}
            owed = list(Message.objects.select_related("case").filter(code=recusing.UNPLACED))
            assert mine
            assert telling.still_recused(owed, timezone.now()) == {m.id for m in owed if m.account_id in mine}

    def test_a_report_of_two_cases_stays_with_the_office_that_leads_one_of_them(self, town: int) -> None:
        first, second = parted(town, told(town))
        with scope.work(system(town)):
            Case.objects.filter(id=first.id).update(lead_id=f.body_id(town, OFFICE))
        comes(town)

        assert sweep(town) == (0, 1)

        with scope.work(of_the_office(town)):
            assert list(Case.objects.all()) == [first]
            assert Report.objects.exists(), "it leads what it cannot read"
        with scope.work(system(town)):
            Case.objects.filter(id=first.id).update(lead_id=None)
        assert sweep(town) == (0, 1)
        with scope.work(of_the_office(town)):
            assert not Case.objects.exists() and not Report.objects.exists()

    def test_a_report_of_two_cases_comes_back_with_the_one_into_which_the_office_is_let(self, town: int) -> None:
        first, second = parted(town, told(town))
        back = comes(town)
        assert sweep(town) == (0, 2)
        goes(town, back)
        with scope.work(system(town)):
            Clock.objects.filter(case_id=second.id, kind="dispatch").update(stopped_at=timezone.now(), how="kept")

        assert sweep(town, late(first)) == (1, 0)

        with scope.work(of_the_office(town)):
            assert list(Case.objects.all()) == [first]
            assert Report.objects.exists()

    def test_a_cluster_of_several_cases_keeps_who_stands_aside_for_the_others(self, town: int) -> None:
        case, office, zjj = told(town), f.body_id(town, OFFICE), f.body_id(town, "zjj")
        now = timezone.now()
        with scope.work(system(town)):
            cluster = Cluster.objects.create(
                tenant_id=town, title="热线", state="hot", state_since=now, trend="steady", heat=1.0, first_at=now,
                last_at=now, reports_count=2, places_count=1, made_at=now, line_body_ids=[zjj],
                accused_body_ids=[f.body_id(town, OWN)],
            )  # fmt: skip
            ClusterReport.objects.create(tenant_id=town, cluster=cluster, report=Report.objects.get())
        comes(town)

        assert sweep(town) == (0, 1)

        assert f.again(town, case.id).line_body_ids == [office]
        with scope.work(system(town)):
            assert Cluster.objects.get().line_body_ids == sorted([zjj, office])

    def test_who_declined_it_in_the_desks_place_finds_no_objection_and_another_answers_it(self, town: int) -> None:
        case, now = told(town), timezone.now()
        of = of_the_office(town)
        f.do(of, intake.decline, case.id, now=now, ground="other_procedure", text="正在法院审理。", channel="法院")
        object_to(town, case, now)
        comes(town)
        sweep(town)

        with pytest.raises(NotFound):
            f.do(of, intake.accept_after_objection, case.id, why="可以收", now=now)
        f.do(f.staff(town, "dispatcher", body=OTHER), intake.accept_after_objection, case.id, why="可以收", now=now)
        assert f.again(town, case.id).status == Status.RECEIVED
