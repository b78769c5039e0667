import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from jishi.portal import moments

HERE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 20, 10, 20, tzinfo=HERE)


def at(day, hour=0, minute=0, year=2026, month=11):
    return dt.datetime(year, month, day, hour, minute, tzinfo=HERE)


class TestMoments:
    @pytest.mark.parametrize(
        ("lang", "expected"), [("zh-hans", "11月25日（周三）17:30"), ("en", "Wed 25 Nov, 17:30")]
    )
    def test_are_written_as_the_reader_of_the_language_writes_them(self, lang, expected):
        assert moments.moment(at(25, 17, 30), lang=lang, now=NOW) == expected

    def test_are_told_on_the_wall_clock_of_the_installation(self):
        utc = dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC)

        assert moments.moment(utc, lang="zh-hans", now=NOW) == "11月25日（周三）17:30"

    def test_of_another_year_name_the_year(self):
        spring = at(1, year=2027, month=3)

        assert moments.short_day(spring, lang="zh-hans", now=NOW) == "2027年3月1日"
        assert moments.short_day(spring, lang="en", now=NOW) == "1 Mar 2027"
        assert moments.desk(spring, now=NOW) == "2027-03-01 00:00"

    def test_at_the_turn_of_the_year_take_the_year_of_the_wall_clock(self):
        utc = dt.datetime(2026, 12, 31, 17, 0, tzinfo=dt.UTC)

        assert moments.short_day(utc, lang="zh-hans", now=NOW) == "2027年1月1日"

    def test_days_without_a_time_stay_days(self):
        assert moments.moment(dt.date(2026, 11, 25), lang="zh-hans", now=NOW) == "11月25日（周三）"
        assert moments.desk(dt.date(2026, 11, 25), now=NOW) == "11-25"

    def test_are_short_at_desks(self):
        assert moments.desk(at(25, 17, 30), now=NOW) == "11-25 17:30"


class TestTheEndOfATerm:
    def test_at_midnight_is_2400_of_the_day_that_it_closes(self):
        end = moments.ends(at(25).astimezone(dt.UTC))

        assert moments.moment(end, lang="zh-hans", now=NOW) == "11月24日（周二）24:00"
        assert moments.moment(end, lang="en", now=NOW) == "Tue 24 Nov, 24:00"
        assert moments.desk(end, now=NOW) == "11-24 24:00"
        assert moments.day(end, lang="en", now=NOW) == "Tue 24 Nov"
        assert moments.short_day(moments.ends(at(1, year=2027, month=1)), lang="en", now=NOW) == "31 Dec"

    def test_at_another_hour_and_as_a_day_is_what_it_is(self):
        assert moments.desk(moments.ends(at(25, 17, 30)), now=NOW) == "11-25 17:30"
        assert moments.desk(moments.ends(dt.date(2026, 11, 25)), now=NOW) == "11-25"

    def test_what_is_left_of_it_names_the_day_that_is_left(self):
        with translation.override("zh-hans"):
            assert moments.due_text(at(21), lang="zh-hans", now=NOW) == "今天 24:00"
            assert moments.due_text(at(22), lang="zh-hans", now=NOW) == "明天 24:00"
            assert moments.due_text(at(25), lang="zh-hans", now=NOW) == "11月24日"


class TestWhatIsLeft:
    @pytest.mark.parametrize(
        ("due", "expected"),
        [
            (NOW + dt.timedelta(minutes=17), "剩 17 分"),
            (NOW + dt.timedelta(hours=1, minutes=6), "剩 1 小时 6 分"),
            (NOW - dt.timedelta(minutes=4), "已超 4 分"),
            (NOW - dt.timedelta(days=2, hours=3), "已超 2 天"),
            (at(20, 17, 30), "今天 17:30"),
            (at(21, 9, 0), "明天 09:00"),
            (at(25, 12, 0), "11月25日"),
        ],
    )
    def test_is_said_in_the_unit_that_helps(self, due, expected):
        with translation.override("zh-hans"):
            assert moments.due_text(due, lang="zh-hans", now=NOW) == expected

    def test_exactly_due_is_not_over(self):
        with translation.override("zh-hans"):
            assert moments.due_text(NOW, lang="zh-hans", now=NOW) == "剩 0 分"


class TestAgo:
    @pytest.mark.parametrize(
        ("then", "expected"),
        [
            (NOW - dt.timedelta(seconds=20), "刚才"),
            (NOW - dt.timedelta(minutes=3), "3 分前"),
            (NOW - dt.timedelta(hours=2), "2 小时前"),
            (at(19, 17, 20), "昨天 17:20"),
            (at(16, 19, 42), "11月16日 19:42"),
        ],
    )
    def test_becomes_a_day_when_hours_say_nothing(self, then, expected):
        with translation.override("zh-hans"):
            assert moments.ago(then, lang="zh-hans", now=NOW) == expected


class TestFigures:
    def test_are_grouped_by_three(self):
        assert moments.number(1204) == "1,204"
        assert moments.number(25547.4, 2) == "25,547.40"
