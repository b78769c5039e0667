"""A confidential name where a broker holds the keys (level K1, spec 90 §5.2 and §20.6).

Each test has root on the site: every verb in any post, the connection to the broker, all rows. What it has not is a
passkey of somebody else.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.actions import reading
from jishi.cases.actions import retention, unsealing
from jishi.cases.models import Case, Report, Unsealing
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import data_keys, keys, scope, sealed, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.broker import refusals as no
from jishi.foundation.broker.book import written
from jishi.foundation.broker.limits import Buckets
from jishi.foundation.models import RowKey, SealedValue
from jishi.foundation.refusals import NotAllowed
from jishi.foundation.tests.broker_steps import Moved

WHY = "只有举报人知道是哪一间仓库，不问本人没法核实。"
NAME, PHONE = "李秀英", "13800138009"
FOUND = {"caller_name": NAME, "caller_contact": PHONE}
NOW = MONDAY_TEN + timedelta(hours=1)


@pytest.fixture
def moved(town: int, tmp_path: Path):
    made = Moved(tmp_path, town)
    made.knows(f.operator(town), "receive")
    made.knows(f.office(town), "unseal")
    made.knows(f.supervisor(town), "unseal")
    with made.running():
        yield made


@pytest.fixture
def case(town: int, moved: Moved) -> Case:
    made = f.a_case_at(town, Status.HANDLING, voice="confidential", caller_name=NAME, caller_contact=PHONE)
    enlist(moved, f.handler_of(made))
    return made


def other_desk(town: int) -> Actor:
    """An operator of another body."""
    return f.staff(town, "operator", account=41, body="hfzx")


def enlist(moved: Moved, actor: Actor, may: str = "unseal") -> None:
    """Two approvers put somebody on the list, as they do at their page."""
    moved.knows(actor, may)
    asked = {"act": "ask_change", "kind": "add", "about": written(moved.people[-1])}
    number = moved.keys.ask_change(asked, shown=moved.first.signed(moved.keys.challenge_for(asked)).decode())
    made = {"act": "make_change", "change": number}
    moved.keys.make_change(made, shown=moved.second.signed(moved.keys.challenge_for(made)).decode())


def ask(case: Case) -> Unsealing:
    by = f.handler_of(case)
    return f.do(by, unsealing.ask, p.report_of(case).id, ground="verify", why=WHY, now=NOW)


def approve(case: Case, row: Unsealing, moved: Moved) -> None:
    by = f.office(case.tenant_id)
    shown = moved.signs(by, unsealing.wish_of(row, "approve"))
    f.do(by, unsealing.approve, row.id, shown=shown, now=NOW)


def look(case: Case, row: Unsealing, shown: bytes = b"", by: Actor | None = None) -> dict[str, str]:
    return f.do(by or f.handler_of(case), unsealing.look, row.id, shown=shown, now=NOW)


class TestOnePersonWithRootOnTheSite:
    def test_cannot_open_a_confidential_name_in_whatever_post(self, case: Case, moved: Moved) -> None:
        owner = ("cases_report", p.report_of(case).id)
        for roles in ({"operator"}, {"unsealed"}, {"operator", "unsealed", "office", "system"}):
            by = replace(f.operator(case.tenant_id), roles=frozenset(roles))
            with pytest.raises(no.SignatureNeeded):
                f.do(by, reading.read, [owner], ["caller_name"], purpose="identity.reporter", reason="x", now=NOW)

    def test_cannot_by_approving_everything_in_the_database(self, case: Case, moved: Moved) -> None:
        row = ask(case)
        with scope.work(system(case.tenant_id)):
            Unsealing.objects.filter(id=row.id).update(
                status="GRANTED", decided_by="staff:18", decided_body=f.body_id(case.tenant_id, "ldxz"),
                open_until=NOW + timedelta(hours=24),
            )  # fmt: skip

        with pytest.raises(no.SignatureNeeded):
            look(case, row)
        with pytest.raises(no.SecondPersonNeeded):  # even with the asker beside him
            look(case, row, moved.signs(f.handler_of(case), unsealing.wish_of(row, "look")))

    def test_cannot_by_taking_the_wrapped_keys_away(self, case: Case, moved: Moved) -> None:
        with scope.work(system(case.tenant_id)):
            row = RowKey.objects.get(owner_row=p.report_of(case).id)
        context = keys.own_context(case.tenant_id, (row.owner_table, row.owner_row), row.number, body=row.body_id)

        with pytest.raises(keys.DoesNotOpen):
            moved.keys.unwrap(bytes(row.wrapped), context=context, suite=row.suite)
        assert not (moved.site / "root.key").exists()

    def test_finds_the_number_in_no_copy_beside(self, case: Case, moved: Moved) -> None:
        with scope.work(system(case.tenant_id)):
            rows = SealedValue.objects.filter(owner_table="cases_report", owner_row=p.report_of(case).id)
            kept = {(purpose, field) for purpose, field in rows.values_list("purpose", "field")}

        assert kept == {
            ("words.original", "text"), ("identity.reporter", "caller_name"), ("identity.reporter", "caller_contact"),
        }  # fmt: skip


class TestATownThatCameFromKeyFiles:
    def test_ends_the_numbers_that_the_site_opens_by_itself_and_says_so(self, town: int, tmp_path: Path) -> None:
        with keys.using(keys.FileKeys(Path(settings.KEYS_DIR))):
            data_keys.forget()
            case = f.a_case(town, voice="confidential", caller_name=NAME, caller_contact=PHONE)
            report, by = p.report_of(case), system(town)
            with scope.work(by):
                assert ended(retention.due(by=by, now=NOW)) == {}
        moved = Moved(tmp_path, town)
        moved.knows(f.operator(town), "receive")
        with moved.running():
            owner = ("cases_report", report.id)
            with scope.work(by):
                assert ended(retention.due(by=by, now=NOW)) == {"quiet_numbers": 1}
                assert "notice_contact" in sealed.sealed_fields([owner], tenant_id=town)[owner]

            with scope.work(by):
                assert ended(retention.run(by=by, now=NOW)) == {"quiet_numbers": 1}

            with scope.work(by):
                left = sealed.sealed_fields([owner], tenant_id=town)[owner]
                entry = trail.of("tenant", town)[-1]
                assert ended(retention.due(by=by, now=NOW)) == {}
            wish = unsealing.wish_to_receive(report.id, tenant_id=town)
            given = {"why": "打电话核实是哪一间仓库", "shown": moved.signs(f.operator(town), wish), "now": NOW}
            found = f.do(f.operator(town), unsealing.receive, report.id, **given)

        assert sorted(left) == ["caller_contact", "caller_name", "text"]
        assert (entry.verb, entry.codes["gone"]["quiet_numbers"]["count"]) == ("retention.run", 1)
        assert found == FOUND


def ended(found: list[retention.Due]) -> dict[str, int]:
    return {one.kept.code: len(one.ids) for one in found if one.ids}


class TestTheTwoOfAnUnsealing:
    def test_open_it_each_with_the_own_passkey(self, case: Case, moved: Moved) -> None:
        row = ask(case)
        approve(case, row, moved)

        shown = moved.signs(f.handler_of(case), unsealing.wish_of(row, "look"))

        assert look(case, row, shown) == FOUND
        with scope.work(system(case.tenant_id)):
            (read,) = accounts.readings_of("cases_report", p.report_of(case).id)
        assert read.reason == WHY

    def test_each_look_is_signed_for_anew_and_a_refused_one_reads_nothing(self, case: Case, moved: Moved) -> None:
        row = ask(case)
        approve(case, row, moved)
        shown = moved.signs(f.handler_of(case), unsealing.wish_of(row, "look"))
        look(case, row, shown)
        before = p.entries(case)

        with pytest.raises(no.SignatureNeeded):
            look(case, row, shown)

        assert p.entries(case) == before
        with scope.work(system(case.tenant_id)):
            assert len(accounts.readings_of("cases_report", p.report_of(case).id)) == 1

    def test_are_refused_without_the_approver_s_passkey_and_nothing_is_granted(self, case: Case, moved: Moved) -> None:
        row, by = ask(case), f.office(case.tenant_id)

        with pytest.raises(no.SignatureNeeded):
            f.do(by, unsealing.approve, row.id, now=NOW)
        with pytest.raises(no.SamePersonTwice):  # the asker signs in the approver's name
            shown = moved.signs(f.handler_of(case), unsealing.wish_of(row, "approve"))
            f.do(by, unsealing.approve, row.id, shown=shown, now=NOW)

        with scope.work(system(case.tenant_id)):
            assert Unsealing.objects.get(id=row.id).status == "ASKED"


class TestTheReceivingBody:
    def test_looks_with_one_passkey_and_the_reporter_sees_it(self, case: Case, moved: Moved) -> None:
        report, by = p.report_of(case), f.operator(case.tenant_id)
        wish = unsealing.wish_to_receive(report.id, tenant_id=case.tenant_id)

        given = {"why": "打电话核实是哪一间仓库", "shown": moved.signs(by, wish), "now": NOW}
        found = f.do(by, unsealing.receive, report.id, **given)

        assert found == FOUND
        with scope.work(system(case.tenant_id)):
            (read,) = accounts.readings_of("cases_report", report.id)
        assert (read.reason, read.purpose) == ("打电话核实是哪一间仓库", "identity.reporter")

    def test_is_nobody_else(self, case: Case, moved: Moved) -> None:
        report = p.report_of(case)
        for by in (f.handler_of(case), f.office(case.tenant_id), f.dispatcher(case.tenant_id)):
            with pytest.raises(NotAllowed):
                f.do(by, unsealing.receive, report.id, why="打电话核实是哪一间仓库", now=NOW)

    def test_is_not_another_body_with_operators_whatever_the_rows_say(self, case: Case, moved: Moved) -> None:
        report, by = p.report_of(case), other_desk(case.tenant_id)
        enlist(moved, by, "receive")
        wish = unsealing.wish_to_receive(report.id, tenant_id=case.tenant_id)
        given = {"why": "打电话核实是哪一间仓库", "now": NOW}

        with pytest.raises(no.NotTheReceivingBody):
            f.do(by, unsealing.receive, report.id, shown=moved.signs(by, wish), **given)
        theirs = min(by.body_ids)
        with scope.work(system(case.tenant_id)):  # root on the site makes it theirs
            Report.objects.filter(id=report.id).update(receiving_body=theirs)
        with pytest.raises(no.NotTheReceivingBody):
            f.do(by, unsealing.receive, report.id, shown=moved.signs(by, wish), **given)
        with scope.work(system(case.tenant_id)):
            RowKey.objects.filter(owner_row=report.id).update(body_id=theirs)
        with pytest.raises(keys.DoesNotOpen):
            f.do(by, unsealing.receive, report.id, shown=moved.signs(by, wish), **given)

        with scope.work(system(case.tenant_id)):
            assert accounts.readings_of("cases_report", report.id) == []


class TestAPageThatFails:
    def test_after_the_broker_opened_still_shows_the_name_with_its_reading(self, case: Case, moved: Moved) -> None:
        """The broker is asked too often from here on: the page must not take the reading back with it."""
        report, by = p.report_of(case), f.operator(case.tenant_id)
        desk, address = colleague(case.tenant_id, "operator", body="sqzx"), f"/cases/{case.number}/unsealing"
        shown = moved.signs(by, unsealing.wish_to_receive(report.id, tenant_id=case.tenant_id)).decode()
        assert moved.server is not None
        limits = {**moved.server.desk.limits, "challenge": (0, 0)}
        moved.server.desk.buckets = Buckets(limits)
        said = {"do": "receive", "report": report.number, "why": "打电话核实是哪一间仓库", "credential": shown}

        seen = desk.post(address, said)
        after = desk.get(address)

        assert (seen.status_code, PHONE in seen.content.decode()) == (200, True)
        with scope.work(system(case.tenant_id)):
            assert len(accounts.readings_of("cases_report", report.id)) == 1
        assert opened(moved) == 1
        assert after.status_code == 200 and "钥匙服务这会儿收到的请求太多" in after.content.decode()

    def test_before_the_broker_opened_leaves_nothing_on_either_side(self, case: Case, moved: Moved) -> None:
        report, desk = p.report_of(case), colleague(case.tenant_id, "operator", body="sqzx")
        assert moved.server is not None
        moved.server.desk.buckets = Buckets({**moved.server.desk.limits, "signed": (0, 0)})
        wish = unsealing.wish_to_receive(report.id, tenant_id=case.tenant_id)
        said = {"do": "receive", "report": report.number, "why": "打电话核实是哪一间仓库"}
        said["credential"] = moved.signs(f.operator(case.tenant_id), wish).decode()

        seen = desk.post(f"/cases/{case.number}/unsealing", said)

        assert (seen.status_code, PHONE in seen.content.decode()) == (429, False)
        with scope.work(system(case.tenant_id)):
            assert accounts.readings_of("cases_report", report.id) == []
        assert opened(moved) == 0


def opened(moved: Moved) -> int:
    lines = (moved.folder / "book.jsonl").read_text("utf-8").splitlines()
    return sum(1 for line in lines if '"do":"opened"' in line)


class TestARequestThatIsOver:
    @pytest.mark.parametrize("how", ["denied after the answer to an approval was lost", "ended by its asker"])
    def test_leaves_no_approval_at_the_broker(self, how: str, case: Case, moved: Moved) -> None:
        row, mine, other = ask(case), f.handler_of(case), f.office(case.tenant_id)
        if how.startswith("denied"):
            wish = unsealing.wish_of(row, "approve")
            moved.keys.approve(wish, shown=moved.signs(other, wish))
            f.do(other, unsealing.deny, row.id, why="可以去现场一间一间看", now=NOW)
        else:
            approve(case, row, moved)
            f.do(mine, unsealing.end, row.id, now=NOW)

        with scope.work(system(case.tenant_id)):
            Unsealing.objects.filter(id=row.id).update(
                status="GRANTED", decided_by="staff:18", decided_body=f.body_id(case.tenant_id, "ldxz"),
                open_until=NOW + timedelta(hours=24),
            )  # fmt: skip
        with pytest.raises(no.SecondPersonNeeded):
            look(case, row, moved.signs(mine, unsealing.wish_of(row, "look")))


class TestWhileTheBrokerIsAway:
    def test_sealed_reading_stops_with_its_sentence_and_cases_go_on(self, town: int, tmp_path: Path) -> None:
        moved = Moved(tmp_path, town)
        with moved.running():
            case = f.a_case_at(town, Status.HANDLING, voice="confidential", caller_name=NAME, caller_contact=PHONE)
        with keys.using(moved.keys):
            owner, by = ("cases_report", p.report_of(case).id), f.operator(town)
            with pytest.raises(keys.KeyNotAvailable) as said:
                f.do(by, reading.read, [owner], ["caller_name"], purpose="identity.reporter", reason="x", now=NOW)
            row = ask(case)
            page = colleague(town, "office", body="ldxz").get(f"/cases/{case.number}/unsealing")

        assert "钥匙服务不可用" in said.value.sentence("zh")
        assert row.status == "ASKED"
        assert page.status_code == 200
        assert "钥匙服务不可用" in page.content.decode()
        assert 'value="approve"' not in page.content.decode()


class TestThePage:
    def test_says_the_sentence_of_its_level_and_hands_the_passkey_what_to_sign(self, case: Case, moved: Moved) -> None:
        ask(case)

        page = colleague(case.tenant_id, "office", body="ldxz").get(f"/cases/{case.number}/unsealing").content.decode()

        assert "也不能单独打开保密的姓名" in page
        assert "allauth.webauthn.forms.authenticateForm" in page
        assert '"userVerification": "required"' in page

    def test_of_key_files_says_that_operators_could_read(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, voice="confidential", caller_name=NAME, caller_contact=PHONE)
        number = p.report_of(case).number
        desk, address = colleague(town, "operator", body="sqzx"), f"/cases/{case.number}/unsealing"

        page = desk.get(address).content.decode()
        seen = desk.post(address, {"do": "receive", "report": number, "why": "打电话核实是哪一间仓库"}).content.decode()

        assert "这台服务器的管理员能够看到封存内容" in page
        assert "authenticateForm" not in page
        assert PHONE in seen


class TestTheEndOfTheReport:
    def test_takes_its_key_along_at_the_broker_too(self, case: Case, moved: Moved) -> None:
        report, by = p.report_of(case), f.operator(case.tenant_id)
        owner, wish = ("cases_report", report.id), unsealing.wish_to_receive(report.id, tenant_id=case.tenant_id)
        with scope.work(system(case.tenant_id)):
            row = RowKey.objects.get(owner_row=report.id)
            copied = keys.OwnKey(row.number, row.suite, bytes(row.wrapped), row.body_id)  # a backup of yesterday
            sealed.end([owner], tenant_id=case.tenant_id)
        with scope.work(system(case.tenant_id)):
            retention.run(by=system(case.tenant_id), now=NOW)

        with pytest.raises(keys.KeyEnded):
            moved.keys.open_own([copied], wish=wish, shown=moved.signs(by, wish))
