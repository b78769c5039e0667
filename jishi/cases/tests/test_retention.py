"""Retention: what has ended is listed, deleted in every copy and proved; nothing of it is found again (10 §19, 16)."""

import base64
import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts.actions import reading
from jishi.cases import periods
from jishi.cases.actions import handling, intake, links, patrols, photos, retention
from jishi.cases.actions.patrols import NewRoute, Point
from jishi.cases.models import Case, ImportRow, ImportRun, PatrolRoute, Photo
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests import together_steps as t
from jishi.cases.tests.test_errands import grid_of
from jishi.foundation import anchors, data_keys, files, idempotency, scope, sealed, trail
from jishi.foundation.actor import clock, system
from jishi.foundation.refusals import NotAllowed

PHONE = "13800138007"
FORMS = [
    PHONE, "138-0013-8007", base64.b64encode(PHONE.encode()).decode().rstrip("="), PHONE.encode().hex(), quote(PHONE),
    PHONE.encode("utf-16-le").hex(),
]  # fmt: skip
YEARS = timedelta(days=4 * 366)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


def by(town: int) -> Any:
    return clock(town, "retention:test")


def run(town: int, now: datetime) -> dict[str, int]:
    with scope.work(by(town)):
        return {d.kept.code: len(d.ids) for d in retention.run(by=by(town), now=now) if d.ids}


def listed(town: int, now: datetime) -> dict[str, tuple[int, str]]:
    with scope.work(by(town)):
        return {d.kept.code: (len(d.ids), d.proof) for d in retention.due(by=by(town), now=now) if d.ids}


def found_in_tables(town: int) -> list[str]:
    """Look for every written form of the number in every row of every table, in the scope of the whole town."""
    found = []
    with scope.work(system(town)), connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm')
               AND has_table_privilege(oid, 'SELECT')"""
        )
        for (table,) in cursor.fetchall():
            wanted = [f"%{form}%" for form in FORMS]
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE ANY (%s)', [wanted])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def found_on_disk(*folders: Path) -> list[str]:
    return [
        str(path)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and any(form.encode() in path.read_bytes() for form in FORMS)
    ]


def planted(town: int) -> Case:
    """A case in whose every corner somebody wrote the number, as people do; closed three hours later."""
    case = f.a_case_at(
        town, Status.HANDLING, text=f"井盖没了，打我电话{PHONE}。", caller_contact=PHONE, caller_name=f"老李{PHONE}",
        attributes={"来电": PHONE}, answers={"more": f"找我{PHONE}"}, title=f"井盖 {PHONE}",
        address_text=f"翠竹苑3号楼2单元301 {PHONE}",
    )  # fmt: skip
    report, lead = p.report_of(case), f.handler_of(case)
    p.a_photo(case, given=p.sent(p.picture() + PHONE.encode(), f"{PHONE}.jpg"))
    asked, along = t.send(case, MONDAY_TEN), photos.ready([p.sent(p.picture() + PHONE.encode(), f"{PHONE}.jpg")])
    said = links.Said(f"是我们的，打{PHONE}")
    f.do(t.outsider(town), links.answer, asked.token, said=said, given=along, now=MONDAY_TEN)
    f.do(p.the_caller(case), intake.add_addendum, report.id, text=f"号码是{PHONE}", now=MONDAY_TEN)
    f.do(lead, handling.note_contact, case.id, how="phone", reached="yes", gist=f"打了{PHONE}，通了", now=MONDAY_TEN)
    f.do(lead, handling.note_progress, case.id, text=f"已约{PHONE}后天见面", now=MONDAY_TEN)
    answer = handling.Answer(
        outcome="solved", text_for_caller=f"已与{PHONE}联系，雨水井已清掏，水能下去了。", what_was_done=f"清掏 {PHONE}",
        contacted_at=MONDAY_TEN, contacted_how="phone",
    )  # fmt: skip
    f.do(lead, handling.reply, case.id, answer=answer, now=MONDAY_TEN + timedelta(hours=2))
    f._approve(f.again(town, case.id), MONDAY_TEN + timedelta(hours=3))
    f._conclude(f.again(town, case.id), MONDAY_TEN + timedelta(hours=4))
    with scope.work(system(town)) as work:
        slot = idempotency.claim("k", route="x", body=PHONE.encode(), by=work.actor, now=MONDAY_TEN)
        slot.fill({"report": report.id})
        made = ImportRun.objects.create(
            tenant_id=town, file_name=f"{PHONE}.xlsx", file_sha256="0" * 64, column_map="x", started_at=MONDAY_TEN,
            by="system", content=PHONE.encode(), stages=[PHONE], ends_on=date(2026, 4, 9),
        )  # fmt: skip
        ImportRow.objects.create(tenant_id=town, run=made, line=1, result="refused", detail=f"电话 {PHONE}")
    return f.again(town, case.id)


class TestThePlantedNumber:
    def test_is_gone_from_every_table_index_file_and_cache_and_every_chain_still_verifies(
        self, town: int, store: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        case = planted(town)
        report = p.report_of(case)
        before = found_in_tables(town)
        assert {"cases_contactnote", "cases_reply", "foundation_entrywords", "cases_report"} <= set(before)
        now = MONDAY_TEN + YEARS

        would = listed(town, now)
        with django_capture_on_commit_callbacks(execute=True):
            went = run(town, now)
        data_keys.forget()

        assert {k: n for k, (n, _) in would.items()} == went
        assert {"contact", "search", "original", "words", "photos", "imports", "keys"} <= set(went)
        assert found_in_tables(town) == []
        ours = (path for path in Path(settings.STATE_DIR).iterdir() if path.name != "database")
        assert found_on_disk(store, *ours) == []  # the database's own: docs/security.md, what is not promised
        with scope.work(system(town)):
            assert not [x for x in store.rglob("*") if x.is_file()]
            assert sealed.sealed_fields([("cases_report", report.id)], tenant_id=town) == {}
            assert sealed.find("contact.caller", PHONE, tenant_id=town, now=now) == []
            assert not anchors.verify().findings
            entry = trail.of("tenant", town)[-1]
            assert entry.verb == "retention.run"
            assert entry.codes["gone"]["photos"]["count"] == 1
            assert entry.codes["gone"]["words"]["hash"] == hashlib.sha256(str(case.id).encode()).hexdigest()
        after = f.again(town, case.id)
        assert (after.status, after.number, after.closed_at) == (case.status, case.number, case.closed_at)
        assert listed(town, now) == {}


class TestOnItsDay:
    def test_each_ends_on_its_own_and_not_before(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED, attributes={"来电": "x"})
        p.a_photo(case, now=MONDAY_TEN + timedelta(hours=8))

        for kind, last, first in (
            ("search", 29, 31), ("contact", 364, 366), ("photos", 2 * 365 - 1, 2 * 366),
            ("original", 3 * 365 - 1, 3 * 366),
        ):  # fmt: skip
            assert kind not in listed(town, MONDAY_TEN + timedelta(days=last))
            assert kind in listed(town, MONDAY_TEN + timedelta(days=first))

    def test_a_contact_stays_while_the_matter_is_open_and_a_year_after(self, town: int) -> None:
        case = f.a_case(town)
        report = p.report_of(case)

        run(town, MONDAY_TEN + timedelta(days=500))

        with scope.work(f.operator(town)) as work:
            read = reading.read(
                [("cases_report", report.id)], ["caller_contact"], purpose="contact.caller", reason="回访",
                by=work.actor, now=MONDAY_TEN,
            )  # fmt: skip
        assert read[("cases_report", report.id)]["caller_contact"] == "13900000417"

    def test_words_of_an_open_case_stay(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        before = self._words(case)

        run(town, MONDAY_TEN + YEARS)

        assert self._words(case) == before

    def _words(self, case: Case) -> dict[int, dict[str, str]]:
        with scope.work(system(case.tenant_id)):
            return trail.words_of("case", case.id)


class TestTheGround:
    def test_words_of_what_hangs_on_no_case_name_nobody_three_years_after_its_end(self, town: int) -> None:
        said = f"刘老师 {PHONE} 说配电间归供电所了"
        new = NewRoute("配电间", grid_of(town).id, (Point("1号楼"),), "门锁", 7, date(2026, 3, 9))
        route = f.do(f.dispatcher(town), patrols.lay, new, now=MONDAY_TEN)
        f.do(f.dispatcher(town), patrols.end, route.id, words=said, now=MONDAY_TEN)
        before = run(town, MONDAY_TEN + timedelta(days=1000)).get("routes", 0)

        ended = run(town, MONDAY_TEN + timedelta(days=3 * 366))

        assert (before, ended["routes"]) == (0, 1)
        with scope.work(system(town)):
            kept = PatrolRoute.objects.get(id=route.id)
            assert PHONE not in kept.end_words
            assert "配电间" in kept.end_words
            assert trail.words_of("patrol", route.id) == {}
            assert [e.verb for e in trail.of("patrol", route.id)] == ["patrol.laid", "patrol.ended"]
        assert "routes" not in run(town, MONDAY_TEN + timedelta(days=3 * 366 + 1))


class TestTheRun:
    def test_is_the_platform_s_own(self, town: int) -> None:
        with scope.work(f.operator(town)) as work, pytest.raises(NotAllowed):
            retention.run(by=work.actor, now=timezone.now())

    def test_leaves_one_entry_even_when_nothing_has_ended(self, town: int) -> None:
        assert run(town, MONDAY_TEN) == {}

        with scope.work(system(town)):
            assert trail.of("tenant", town)[-1].codes["gone"] == {}

    def test_looks_at_every_table_that_hangs_on_a_case_and_holds_free_words(self) -> None:
        looked_at = {model.__name__ for model, _path, _fields in retention._wordy()}

        assert {"Report", "Case", "Addendum", "Reply", "ContactNote", "Progress", "Feedback", "Handover", "Part",
                "Unsealing", "Redaction", "Membership"} <= looked_at  # fmt: skip

    def test_every_kind_of_the_file_has_its_way_and_every_way_its_kind(self) -> None:
        assert set(periods.load().kept) == set(retention._KINDS)

    def test_what_came_back_with_a_restored_copy_ends_again(self, town: int) -> None:
        case = p.a_public_case(town)
        photo = p.a_shown_photo(case)
        whole = p.a_photo(case)
        with scope.work(system(town)):
            tokens = [files.StoredFile.objects.get(id=i).token for i in (photo.shown_id, whole.file_id)]

        with scope.work(system(town)) as work:
            assert retention.end_again(tokens, by=work.actor) == 2

        with scope.work(system(town)):
            assert not Photo.objects.filter(id=whole.id).exists()
            assert Photo.objects.get(id=photo.id).shown is None


def test_periods_go_back_by_the_calendar() -> None:
    assert periods.back(date(2028, 2, 29), "1y") == date(2027, 2, 28)
    assert periods.back(date(2027, 3, 31), "1m") == date(2027, 2, 28)
    assert periods.back(date(2027, 1, 15), "2m") == date(2026, 11, 15)
