"""The explanation as people read it, and the tables it cites."""

from datetime import date, datetime

import holidays
import pytest
from chinese_calendar import constants as published
from hypothesis import given

from jishi.kernels.worktime import (
    Clock,
    DayException,
    DayKind,
    Due,
    Pause,
    StepKind,
    add,
    due,
    explain,
    half_days,
    months,
    natural_days,
    natural_hours,
    parse_amount,
    parse_year,
    statutory_year,
    work_hours,
    workdays,
    written,
)
from jishi.kernels.worktime.tests.calendars_for_tests import (
    FILES,
    YEARS,
    at,
    calendars,
    clocks,
    local,
    shipped,
)

NOTICE = "国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）"


class TestExplanation:
    def test_reads_like_the_page_of_the_resident(self):
        clock = Clock(at(2026, 11, 16, 19, 42), workdays(5), extensions=(workdays(2),))

        assert explain(due(clock, shipped())) == [
            "11月16日（周一）收到，当天不算",
            "17、18、19、20 日：4 个工作日",
            "21、22 日是周末，不算",
            "23 日（周一）：第 5 个工作日",
            "推迟 2 个工作日：25 日 17:30",
        ]

    def test_cites_the_law_and_the_yearly_table_for_the_clerk(self):
        found = add(at(2026, 9, 28, 16, 40), workdays(5), shipped())

        assert explain(found, "en", articles=True) == [
            "received Mon 28 Sep 16:40, day not counted (Civil Code 201)",
            "29, 30 Sep: 2 working days",
            f"1–7 Oct: National Day, not counted ({NOTICE})",
            "8, 9 Oct: 4 working days",
            f"Sat 10 Oct works (make-up): 5th working day, 17:30 ({NOTICE})",
        ]
        assert explain(found, "zh", articles=False) == [
            "9月28日（周一）收到，当天不算",
            "29、30 日：2 个工作日",
            "10月1日至7日是国庆节，不算",
            "8、9 日：累计 4 个工作日",
            "10 日（周六）调休上班：第 5 个工作日，17:30",
        ]

    def test_tells_hours_from_the_moment(self):
        assert explain(add(at(2026, 11, 20, 16, 40), work_hours(4), shipped())) == [
            "11月20日（周五）16:40 收到",
            "20 日 16:40 起：50 分钟",
            "21、22 日是周末，不算",
            "23 日（周一）11:40：满 4 小时",
        ]
        assert explain(add(at(2026, 11, 16, 20, 55), natural_hours(2), shipped()), articles=True) == [
            "11月16日（周一）20:55 收到（《民法典》第二百零一条）",
            "16 日（周一）22:55：满 2 小时",
        ]

    def test_tells_why_a_last_day_moved(self):
        assert explain(add(at(2026, 9, 21, 10), natural_days(10), shipped()), articles=True)[-1] == (
            "10月1日（周四）：第 10 天，是国庆节，顺延到 8 日（周四），17:30（《民法典》第二百零三条）"
        )

    def test_tells_pauses_with_their_ground(self):
        clock = Clock(
            at(2026, 11, 16, 10), workdays(3), (Pause(at(2026, 11, 18, 9), at(2026, 11, 23, 9), "等您答复"),)
        )

        assert explain(due(clock, shipped())) == [
            "11月16日（周一）收到，当天不算",
            "17 日：1 个工作日",
            "18、19、20、21、22 日暂停（等您答复），不算",
            "23 日：第 2 个工作日",
            "24 日（周二）：第 3 个工作日，17:30",
        ]

    def test_tells_that_an_open_pause_leaves_only_the_earliest_end(self):
        found = due(Clock(at(2026, 11, 16, 10), workdays(3), (Pause(at(2026, 11, 18, 9)),)), shipped())

        assert (found.moment, local(found.at_least)) == (None, "2026-11-19 17:30")
        assert explain(found)[-1] == "暂停还没有结束，最早 19 日（周四）17:30"

    def test_says_that_a_day_rests_on_a_provisional_table(self):
        lines = explain(add(at(2026, 12, 28, 10), workdays(5), shipped()))

        assert "2027年1月1日是元旦，不算" in lines
        assert lines[-1].endswith("（暂按法定节假日推算）")
        assert not any("暂按" in line for line in lines[:-1])

    def test_names_a_local_closure(self):
        town = shipped().layered([DayException(date(2026, 11, 17), DayKind.OFF, "防汛停工", "镇政府令3号")])

        assert explain(add(at(2026, 11, 16, 10), workdays(1), town), articles=True)[1] == (
            "17 日防汛停工，不上班，不算（镇政府令3号）"
        )

    def test_of_half_days_and_months_ends_with_the_moment(self):
        assert (
            explain(add(at(2026, 11, 16, 10), half_days(1), shipped()))[-1]
            == "16 日（周一）：第 1 个半天，17:30"
        )
        assert explain(add(at(2026, 1, 31, 10), months(1), shipped()), articles=True)[-1] == (
            "28 日（周六）：满 1 个月，17:30（《民法典》第二百零二条）"
        )

    @given(clocks(), calendars())
    def test_has_one_line_per_step_in_both_languages_and_the_last_names_the_result(self, clock, cal):
        found = due(clock, cal)
        end = found.moment.astimezone(cal.tz)
        time = "24:00" if found.steps[-1].last < end.date() else f"{end:%H:%M}"

        for lang in ("zh", "en"):
            lines = explain(found, lang)
            assert len(lines) == len(found.steps)
            assert time in lines[-1]
            assert all(line and "{" not in line and "  " not in line for line in lines)

    def test_of_nothing_is_nothing(self):
        assert explain(Due(None, provisional=False)) == []

    @pytest.mark.parametrize(
        ("amount", "zh", "en"),
        [
            ("5wd", "5 个工作日", "5 working days"),
            ("1hd", "1 个半天", "1 half-day"),
            ("90wm", "1 小时 30 分钟", "1 h 30 min"),
            ("10nm", "10 分钟", "10 min"),
            ("15nd", "15 天", "15 days"),
            ("1mo", "1 个月", "1 month"),
        ],
    )
    def test_writes_amounts_for_people(self, amount, zh, en):
        assert (written(parse_amount(amount)), written(parse_amount(amount), "en")) == (zh, en)


class TestShippedTables:
    @pytest.mark.parametrize("year", [2024, 2025, 2026])
    def test_are_those_of_two_independent_sources(self, year):
        shipped_year = shipped().years[year]
        off = {d for d in published.holidays if d.year == year}
        other = holidays.country_holidays("CN", years=year)

        assert set(shipped_year.off_days) == off
        assert set(shipped_year.make_up_days) == {d for d in published.workdays if d.year == year}
        assert {d for d in shipped_year.off_days if d.weekday() < 5} == {
            d for d in other if d.year == year and d.weekday() < 5
        }
        assert set(shipped_year.make_up_days) == {d for d in other.weekend_workdays if d.year == year}
        assert not shipped_year.provisional

    @pytest.mark.parametrize("year", range(2025, 2060))
    def test_lunar_dates_are_those_of_an_independent_source(self, year):
        other = holidays.country_holidays("CN", years=year, language="zh_CN")
        statutory = {
            d for d, name in other.items() if d.year == year and "补假" not in name and "调休" not in name
        }

        assert set(statutory_year(year).off_days) == statutory

    def test_of_2027_is_the_computed_provisional_one(self):
        table = parse_year((FILES / "cn-2027.toml").read_text("utf-8"))
        computed = statutory_year(2027)

        assert (table.off_days, table.make_up_days) == (computed.off_days, {})
        assert table.provisional
        assert len(table.off_days) == 13
        assert table.source == computed.source

    def test_are_a_file_for_each_year_from_2024_to_2027_and_none_beyond(self):
        assert sorted(p.stem for p in FILES.glob("cn-*.toml")) == [f"cn-{year}" for year in YEARS]

    def test_know_the_summer_hours_of_the_demonstration(self):
        assert shipped().day(date(2026, 5, 29)).afternoon == (810, 1050)
        assert shipped().day(date(2026, 6, 1)).afternoon == (840, 1080)
        assert shipped().day(date(2026, 9, 30)).afternoon == (840, 1080)
        assert shipped().day(date(2026, 10, 8)).afternoon == (810, 1050)

    def test_steps_keep_the_source_of_a_holiday(self):
        steps = add(at(2026, 9, 28, 16, 40), workdays(5), shipped()).steps

        assert [s.source for s in steps if s.kind is StepKind.HOLIDAY] == [NOTICE]
        assert all(isinstance(s.begins, datetime) for s in steps)
