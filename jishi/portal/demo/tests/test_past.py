"""A year that looks lived in: its shares, its rhythm, its repetitions, and that it is ours alone."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from jishi.portal.demo import export_rows, hotline_rows, past, past_cases, town
from jishi.portal.demo.course import ENDED, status_after
from jishi.portal.demo.rows import BOARD_COLUMNS, HOTLINE_COLUMNS
from jishi.portal.demo.whose import LOCAL

TODAY = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 20, 10, 20, tzinfo=LOCAL)
YEAR = past_cases(5000, today=TODAY)
SHARED = Path(os.environ.get("JISHI_SHARED", Path(__file__).resolve().parents[5] / "shared"))


class TestSameSeed:
    def test_gives_the_same_town_and_year_to_the_byte(self):
        town.cache_clear()

        assert digest(past_cases(300, seed=5, today=TODAY)) == digest(past_cases(300, seed=5, today=TODAY))
        assert digest(past_cases(300, seed=5, today=TODAY)) != digest(past_cases(300, seed=6, today=TODAY))
        assert digest([town()]) == digest([town.__wrapped__()])

    @pytest.mark.parametrize("seed", [1, 7, 99])
    def test_another_seed_gives_another_town_that_can_be_lived_in(self, seed):
        other = town(seed)

        assert 60 <= len(other.compounds) <= 90
        assert digest([other]) != digest([town()])
        assert len(past_cases(150, today=TODAY, of=other)) == 150

    def test_a_year_without_messages_is_refused(self):
        with pytest.raises(ValueError, match="at least one"):
            past_cases(0, today=TODAY)


class TestShares:
    def test_are_those_of_a_real_hotline(self):
        def share(test):
            return sum(map(bool, map(test, YEAR))) / len(YEAR)

        assert len(YEAR) == 5000
        assert 0.07 < share(lambda c: c.near_duplicate_of) < 0.09
        assert 0.05 < share(lambda c: did(c, "returned")) < 0.07
        assert 0.03 < share(lambda c: did(c, "reopened")) < 0.05
        assert 0.075 < share(lambda c: c.is_late) < 0.105
        assert 0.07 < share(lambda c: c.voice == "anonymous") < 0.11
        assert 0.01 < share(lambda c: c.also_about) < 0.06

    def test_about_two_hundred_and_fifty_are_open_in_varied_states_most_of_them_of_the_last_weeks(self):
        """Fourteen a day: three weeks of them would be three hundred, and most are answered within one."""
        left = [c for c in YEAR if c.status not in ENDED]
        open_ = Counter(c.status for c in left)
        old = [c for c in left if NOW - c.said_at > dt.timedelta(days=28)]

        assert 210 <= open_.total() <= 290
        assert {c.status for c in old} <= {"banked", "suspended", "handling", "feedback"}
        assert len(old) < 0.12 * len(left)
        assert {
            "received",
            "offered",
            "handling",
            "consulting",
            "suspended",
            "banked",
            "replied",
            "feedback",
        } <= set(open_)
        assert any(c.steps[-1].what == "return_asked" for c in YEAR)

    @pytest.mark.parametrize("day", [TODAY, dt.date(2026, 11, 22), dt.date(2027, 2, 9)])
    def test_every_handler_who_can_sign_in_has_something_to_sign_this_morning(self, day):
        year = past_cases(5000, seed=1, today=day)
        now = dt.datetime.combine(day, dt.time(10, 20), LOCAL)
        waits = Counter(c.steps[-1].facts["to"] for c in year if now - c.steps[-1].at < dt.timedelta(minutes=30)
                        and c.status == "offered")  # fmt: skip

        assert {p.username for p in town().people if "handler" in p.roles and waits[p.body] < 1} == set()
        assert [c.said_at for c in year] == sorted(c.said_at for c in year)
        assert len({c.external_id for c in year}) == len(year)

    @pytest.mark.parametrize("day", [TODAY, dt.date(2026, 11, 22), dt.date(2027, 2, 9)])
    def test_few_answers_are_overdue_and_hardly_any_by_more_than_two_weeks(self, day):
        """By the working days of the promise; what waits aside was told so, and its promise stands still."""
        year = past_cases(5000, seed=1, today=day)
        now = dt.datetime.combine(day, dt.time(10, 20), LOCAL)
        left = [c for c in year if c.status not in ENDED]
        days = {i.number: int(i.promises["promise"].removesuffix("wd")) for i in town().duty_items}
        owed = [c for c in left if c.status in ("received", "offered", "consulting", "handling", "replied")]
        fresh = [c for c in owed if not did(c, "reopened")]
        late = [past._days_late(c.said_at, days.get(c.item, 5), now) for c in fresh]

        assert 0.03 * len(left) < sum(d > 0 for d in late) < 0.1 * len(left)
        assert sum(d > 14 for d in late) <= 3

    def test_less_than_half_of_the_closed_have_an_answer_to_feedback(self):
        closed = [c for c in YEAR if c.status == "closed"]

        assert 0.37 < sum(did(c, "feedback_given") for c in closed) / len(closed) < 0.5

    def test_heating_is_for_winter_and_flooding_for_summer(self):
        heating = Counter(c.said_at.astimezone(LOCAL).month for c in YEAR if c.matter.startswith("07.01"))
        flooding = Counter(c.said_at.astimezone(LOCAL).month for c in YEAR if c.matter.startswith("01.02"))

        assert sum(heating[m] for m in (11, 12, 1, 2)) > 0.7 * heating.total()
        assert flooding[7] == max(flooding.values())

    def test_nights_and_sundays_are_quiet(self):
        local = [c.said_at.astimezone(LOCAL) for c in YEAR]

        assert sum(t.hour < 6 for t in local) < 0.06 * len(local)
        assert sum(t.weekday() == 6 for t in local) < 0.11 * len(local)

    def test_three_true_topics_burst(self):
        topics = Counter(c.topic for c in YEAR if c.topic)

        assert len(topics) == 3
        assert min(topics.values()) >= 30


class TestEveryCase:
    def test_tells_its_steps_in_order_and_ends_where_they_end(self):
        for case in YEAR:
            moments = [s.at for s in case.steps]
            assert moments == sorted(moments)
            assert case.steps[0].what == "received"
            assert case.said_at <= moments[0]
            assert moments[-1] <= NOW
            assert case.status == status_after(case.steps)

    def test_names_a_known_body_matter_and_grid(self):
        bodies, matters = {b.code for b in town().bodies}, {m.code for m in town().matters}
        grids = {g.code for g in town().grids}

        assert {c.body for c in YEAR} <= bodies
        assert {c.matter for c in YEAR} <= matters
        assert {c.place.grid for c in YEAR} <= grids
        assert {s.by for c in YEAR for s in c.steps} <= bodies

    def test_keeps_an_anonymous_caller_without_name_or_number(self):
        assert not any(c.caller_name or c.caller_contact for c in YEAR if c.voice == "anonymous")
        assert not any(
            re.search(r"1390000|139 0000|139-0000", c.text) for c in YEAR if c.voice == "anonymous"
        )

    def test_is_said_in_its_own_words_of_fifteen_to_220_characters(self):
        assert all(15 <= len(c.text) <= 220 and "{" not in c.text + c.reply for c in YEAR)
        assert len({c.text for c in YEAR}) > 4950

    def test_a_repetition_repeats_the_matter_and_place_but_not_the_words(self):
        by_id = {c.external_id: c for c in YEAR}

        for case in YEAR:
            if case.near_duplicate_of:
                earlier = by_id[case.near_duplicate_of]
                assert (case.matter, case.place) == (earlier.matter, earlier.place)
                assert case.text != earlier.text
                assert earlier.said_at <= case.said_at


class TestRows:
    def test_have_the_columns_of_the_message_board_and_the_hotline(self):
        board, hotline = hotline_rows(40, seed=3), export_rows(40, seed=3)

        assert len(board) == len(hotline) == 40
        assert all(tuple(r) == BOARD_COLUMNS for r in board)
        assert all(tuple(r) == HOTLINE_COLUMNS and r["三级分类"] for r in hotline)
        assert board == hotline_rows(40, seed=3)


class TestOurs:
    def test_no_sentence_or_named_place_comes_from_the_shared_messages(self):
        folder = SHARED / "cases" if (SHARED / "cases").is_dir() else SHARED / "data" / "cases"
        if not folder.is_dir():
            pytest.skip("the real messages are not beside this checkout (JISHI_SHARED)")
        real = ""
        for name in ("hot_messages.csv", "messages_with_replies.csv"):
            with (folder / name).open(encoding="utf-8") as file:
                real += "\n".join(
                    re.sub(r"\s", "", row["留言主题"] + row["留言详情"]) for row in csv.DictReader(file)
                )
        named = set(re.findall(r"[A-Z]\d{1,2}[市区县]", real))
        ours = "\n".join(c.text + c.reply for c in YEAR)

        assert named
        assert not re.search(r"[A-Z]\d{0,2}[市区县]", ours)
        assert [c.name for c in town().compounds if c.name in real] == []
        pieces = {p for c in YEAR for p in re.split(r"[，。；！\s]", c.text) if len(p) >= 12}
        assert [p for p in pieces if p in real] == []


def did(case, what):
    return any(step.what == what for step in case.steps)


def digest(values):
    return hashlib.sha256(repr(values).encode()).hexdigest()
