"""A file of another system comes in: row by row, once, checked before it is applied."""

import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conftest import MONDAY_TEN, TOWN
from jishi.cases.actions import column_maps, columns, importing
from jishi.cases.models import Addendum, Case, ImportRow, ImportRun, Report
from jishi.cases.queries import work
from jishi.cases.tests import factories
from jishi.cases.tests.import_steps import (
    BOARD,
    HEAD,
    HOTLINE,
    LATER,
    ROW,
    board,
    csv_of,
    results,
    run_through,
    xlsx_of,
)
from jishi.duties import queries as duties
from jishi.foundation import scope, sealed, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed
from jishi.portal.demo import export_rows, hotline_rows

MANY = 20_000 if os.environ.get("JISHI_PROFILE") == "nightly" else 600


class TestARow:
    def test_becomes_a_report_in_its_own_words_without_the_user(self, town):
        _, said = run_through(town, board(ROW))

        with scope.work(system(town)):
            report = Report.objects.get(external_id="188006")
            assert said[0].report_id == report.id
            assert report.said_at == datetime(2026, 3, 8, 3, 25, 5, tzinfo=UTC)
            assert (report.channel, report.voice, report.reporter_id) == ("import", "open", None)
            assert report.attributes == {"反对数": "0", "点赞数": "1"}
            assert "U1" not in str(vars(report))

    @pytest.mark.parametrize(
        "at", ["8/3/2026 11:25", "2026年3月8日", "昨天", "", "2026/13/8 11:25:05", "20260308112505"]
    )
    def test_is_refused_when_its_time_is_not_in_the_declared_form(self, town, at):
        _, said = run_through(town, board(("1", at, ROW[2])))

        assert results(said) == [(2, "refused", "date_not_in_form")]

    @pytest.mark.parametrize("serial", ["46089.4757", 46089.4757])
    def test_takes_a_serial_date_only_if_the_map_says_so(self, town, serial):
        rows = [HEAD, ["1", "U", "t", serial, ROW[2], 0, 0]]
        allowed = replace(BOARD, serial_dates=True)

        _, refused = run_through(town, xlsx_of(rows), name="a.xlsx")
        _, taken = run_through(town, xlsx_of(rows), name="a.xlsx", columns=allowed)

        assert results(refused) == [(2, "refused", "serial_date")]
        assert results(taken) == [(2, "created", "")]
        with scope.work(system(town)):
            assert Report.objects.get(external_id="1").said_at == datetime(2026, 3, 8, 3, 25, tzinfo=UTC)

    @pytest.mark.parametrize("words", ["", "   ", "\u3000\n"])
    def test_is_refused_when_nothing_is_said(self, town, words):
        _, said = run_through(town, board(("1", ROW[1], words)))

        assert results(said) == [(2, "refused", "nothing_said")]

    def test_is_refused_when_its_phone_or_number_became_a_figure(self, town):
        rows = export_rows(3)
        rows[0]["联系电话"] = "1.38E+10"
        rows[1]["工单编号"] = "2.02603E+14"

        _, said = run_through(town, csv_of(rows), columns=HOTLINE)

        assert results(said)[:2] == [(2, "refused", "number_mangled"), (3, "refused", "number_mangled")]
        assert importing.sentence(said[0].code, said[0].facts).startswith("电话被表格软件变成了数字：1.38E+10")

    def test_is_refused_without_a_number_and_with_cells_beyond_the_headings(self, town):
        text = board(("", ROW[1], ROW[2])) + "7,U,x,2026/3/8 11:25:05,一,没加引号,的逗号,0,0\n"

        _, said = run_through(town, text)

        assert results(said) == [(2, "refused", "no_external_id"), (3, "refused", "columns_shifted")]

    def test_of_a_hotline_keeps_confidence_and_leaves_the_anonymous_alone(self, town):
        rows = export_rows(2)
        rows[0] |= {"是否保密": "是", "来电人": "王先生/女士", "联系电话": "13900000417"}
        rows[1] |= {"来电人": "匿名", "联系电话": "13900000418"}

        run_through(town, csv_of(rows), columns=HOTLINE)

        with scope.work(system(town)):
            kept = {r.external_id: r for r in Report.objects.all()}
            assert kept[rows[0]["工单编号"]].voice == "confidential"
            assert kept[rows[1]["工单编号"]].voice == "anonymous"
            owners = [("cases_report", r.id) for r in kept.values()]
            fields = sealed.sealed_fields(owners, tenant_id=town)
            assert sorted(fields[owners[0]]) == ["caller_contact", "caller_name", "notice_contact", "text"]
            assert fields[("cases_report", kept[rows[1]["工单编号"]].id)] == ["text"]

    def test_of_a_hotline_takes_over_a_classification_that_our_book_has(self, town):
        rows = export_rows(1)

        run_through(town, csv_of(rows), columns=HOTLINE)

        with scope.work(system(town)):
            case = Case.objects.get(memberships__report__external_id=rows[0]["工单编号"])
            assert duties.matters()[case.matter].name == rows[0]["三级分类"]

    def test_that_begins_like_a_formula_stays_text(self, town):
        _, said = run_through(town, board(("1", ROW[1], "=HYPERLINK(1) 路灯坏了")))

        with scope.work(system(town)):
            assert Report.objects.get(id=said[0].report_id).text_shown.startswith("=HYPERLINK(1)")


class TestRepeating:
    def test_the_same_file_creates_nothing_twice(self, town):
        text = board(ROW, ("188007", ROW[1], "路灯不亮"))

        first, _ = run_through(town, text)
        second, said = run_through(town, text)

        assert first.counts["created"] == 2
        assert results(said) == [(2, "known", ""), (3, "known", "")]
        with scope.work(system(town)):
            assert Report.objects.count() == Case.objects.count() == 2

    def test_other_words_under_a_known_number_are_kept_as_an_addendum_once(self, town):
        run_through(town, board(ROW))
        other = board((ROW[0], ROW[1], "水还没有退，电话13900000417"))

        _, said = run_through(town, other)
        _, again = run_through(town, other)
        _, former = run_through(town, board(ROW))

        assert [results(s)[0][1] for s in (said, again, former)] == ["changed", "known", "known"]
        with scope.work(system(town)):
            report = Report.objects.get()
            assert report.text_shown == ROW[2]
            added = Addendum.objects.get(report=report)
            assert "水还没有退" in added.text_shown
            assert "13900000417" not in added.text_shown
            case = Case.objects.get()
            assert [e.verb for e in trail.of("case", case.id)][-1] == "report.added_to"

    def test_a_number_twice_in_one_file_is_known_or_changed(self, town):
        text = board(ROW, ROW, (ROW[0], ROW[1], "别的话"))

        for applies in (False, True):
            _, said = run_through(town, text, applies=applies)
            assert [r for _, r, _ in results(said)] == ["created", "known", "changed"]

    def test_a_stopped_file_goes_on_where_it_stopped(self, town, monkeypatch):
        monkeypatch.setattr(importing, "PART", 3)
        text = csv_of(hotline_rows(8))
        by = system(town)
        with scope.work(by):
            walk = importing.begin(text.encode(), "a.csv", columns=BOARD, applies=True, by=by, now=LATER)
            importing.step(walk, by=by, now=LATER, tenant_code=TOWN)

        done, said = run_through(town, text)

        assert done.counts == {"created": 5, "known": 3}
        with scope.work(by):
            assert Report.objects.count() == 8


class TestDryRun:
    def test_agrees_with_the_application_row_by_row_and_stores_no_report(self, town, monkeypatch):
        monkeypatch.setattr(importing, "PART", 7)
        rows = hotline_rows(30)
        run_through(town, csv_of(rows[:5]))
        rows[3]["留言详情"] = "换了一种说法：还是没有修。"
        rows[9]["留言时间"] = "不知道"
        rows[11]["留言详情"] = " "
        rows[20]["留言编号"] = rows[19]["留言编号"]
        rows[25] = dict(rows[24])

        _, dry = run_through(town, csv_of(rows), applies=False)
        with scope.work(system(town)):
            assert Report.objects.count() == 5
        _, real = run_through(town, csv_of(rows))

        assert results(dry) == results(real)
        assert {r for _, r, _ in results(dry)} == {"created", "known", "changed", "refused"}

    def test_kept_and_resumed_gives_the_same_answers(self, town, monkeypatch):
        monkeypatch.setattr(importing, "PART", 4)
        rows = hotline_rows(10)
        rows[6]["留言编号"] = rows[1]["留言编号"]
        rows[8] = dict(rows[0])
        by = system(town)
        _, whole = run_through(town, csv_of(rows), applies=False)
        with scope.work(by):
            walk = importing.begin(
                csv_of(rows).encode(), "a.csv", columns=BOARD, applies=False, by=by, now=LATER, keeps=True
            )
        said = []
        while not walk.is_over:
            with scope.work(by):
                walk = importing.resume(walk.run_id, by=by)
                said += importing.step(walk, by=by, now=LATER, tenant_code=TOWN)

        assert results(said) == results(whole)

    def test_leads_to_an_application_of_the_kept_file_which_then_goes(self, town):
        by = system(town)
        content = csv_of(hotline_rows(4)).encode()
        with scope.work(by):
            walk = importing.begin(content, "a.csv", columns=BOARD, applies=False, by=by, now=LATER, keeps=True)
            importing.step(walk, by=by, now=LATER, tenant_code=TOWN)
            kept = ImportRun.objects.get(id=walk.run_id)
            assert content[:60] not in bytes(kept.content)

            walk = importing.apply_checked(walk.run_id, by=by, now=LATER)
            walk = importing.resume(walk.run_id, by=by)
            importing.step(walk, by=by, now=LATER, tenant_code=TOWN)

            assert Report.objects.count() == 4
            assert [r.content for r in ImportRun.objects.order_by("id")] == [None, None]
            with pytest.raises(importing.RunIsOver):
                importing.apply_checked(kept.id, by=by, now=LATER)


class TestTheRun:
    def test_is_recorded_with_each_row_and_without_words(self, town):
        walk, _ = run_through(town, board(ROW, ("2", "不知道", "x")))

        with scope.work(system(town)):
            assert ImportRow.objects.filter(run=walk.run_id).count() == 2
            (no,) = work.import_rows(walk.run_id, by=system(town), result="refused")
            assert no.line == 3
            assert "不知道" in no.sentence("zh")
            assert "2026/3/9 17:05:00" in no.sentence("en")
            verbs = [e.verb for e in trail.of("import", walk.run_id)]
            assert verbs == ["import.begun", "import.ended"]

    def test_says_of_each_stage_what_it_did(self, town):
        walk, _ = run_through(town, csv_of(hotline_rows(6)))

        stages = {s["stage"]: s for s in importing.stages_of(walk)}

        assert list(stages)[:2] == ["read", "check"]
        assert stages["store"]["done"] == 6
        for name in ("minimise", "locate", "classify", "route", "deadline"):
            assert stages[name]["done"] + sum(stages[name]["abstained"].values()) == 6
            assert stages[name]["ms_per_thousand"] >= 0

    def test_counts_as_done_only_what_names_a_body_and_tells_why_the_rest_waits(self, town):
        rows = hotline_rows(40)
        walk, _ = run_through(town, csv_of(rows))

        (route,) = [s for s in importing.stages_of(walk) if s["stage"] == "route"]

        with scope.work(system(town)):
            said = Counter(Case.objects.values_list("routed", flat=True))
        assert route["done"] + sum(route["abstained"].values()) == len(rows)
        assert 0 < said["ask"] <= route["abstained"]["ask"]
        assert said["contested"] <= route["abstained"].get("contested", 0)
        assert route["done"] <= len(rows) - route["abstained"]["ask"]

    def test_needs_no_more_statements_for_more_rows(self, town, django_assert_max_num_queries):
        run_through(town, csv_of(hotline_rows(2)))
        with django_assert_max_num_queries(70):
            run_through(town, csv_of(hotline_rows(60, seed=2)))

    def test_is_refused_to_posts_that_do_not_import(self, town):
        by = factories.handler(town, "sqzx")

        with scope.work(by), pytest.raises(NotAllowed):
            importing.begin(board(ROW).encode(), "a.csv", columns=BOARD, applies=False, by=by, now=LATER)


class TestMaps:
    def test_are_saved_as_versions_and_found_by_name_and_number(self, town):
        by = system(town)
        mine = replace(BOARD, name="我们的留言板", fields={**BOARD.fields, "text": "正文"}, serial_dates=True)
        with scope.work(by):
            saved = column_maps.save_map(mine, by=by, now=MONDAY_TEN)

            assert saved.label == "messages@2"
            assert column_maps.column_map("messages", tenant_id=town) == saved
            assert column_maps.column_map("messages@1", tenant_id=town) == BOARD
            with pytest.raises(columns.NoSuchMap) as refused:
                column_maps.column_map("nothing", tenant_id=town)
            assert "hotline" in refused.value.sentence("zh")

    @pytest.mark.parametrize(
        "fault",
        [
            {"fields": {"text": "x"}}, {"forms": ()}, {"forms": ("%H:%M",)}, {"values": {"kind": {"投诉": "wrong"}}},
            {"fields": {**BOARD.fields, "id_card": "身份证"}},
        ],
    )  # fmt: skip
    def test_that_cannot_be_read_by_are_refused(self, town, fault):
        by = system(town)
        with scope.work(by), pytest.raises(columns.UnsoundMap):
            column_maps.save_map(replace(BOARD, **fault), by=by, now=MONDAY_TEN)

    def test_built_in_are_sound_and_name_the_columns_of_the_exports(self):
        for known in columns.BUILT_IN.values():
            columns.ensure_sound(known)
        assert set(HOTLINE.wanted) <= set(export_rows(1)[0])
        assert set(BOARD.wanted) <= set(hotline_rows(1)[0])


REAL = (
    Path(os.environ.get("JISHI_SHARED", Path(__file__).resolve().parents[4] / "shared")) / "data/cases/hot_messages.csv"
)


@pytest.mark.skipif(not REAL.exists(), reason="real messages are not beside this checkout (JISHI_SHARED)")
def test_real_messages_of_four_years_come_in(town):
    lines = REAL.read_bytes().decode("utf-8-sig").splitlines(keepends=True)
    head = "".join(lines[:400])
    content = head[: head.rindex("\n")].encode()

    walk, said = run_through(town, content)
    again, _ = run_through(town, content)

    assert walk.counts["created"] > 300
    assert walk.counts["refused"] <= 2  # the cut last row
    assert again.counts["created"] == 0


def test_dry_run_and_application_of_a_large_file_agree(town):
    rows = hotline_rows(MANY)

    dry, one = run_through(town, csv_of(rows).encode("gb18030"), applies=False)
    real, two = run_through(town, csv_of(rows).encode("gb18030"))
    again, _ = run_through(town, csv_of(rows).encode("gb18030"))

    assert results(one) == results(two)
    assert (dry.counts["created"], again.counts["created"], again.counts["known"]) == (MANY, 0, MANY)
