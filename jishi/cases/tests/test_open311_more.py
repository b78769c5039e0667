"""What goes beyond the specification, all of it opt-in: pages, changes, areas, counts, updates, the test endpoint."""

import re
import shlex
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from jishi.cases.actions import publishing, trial
from jishi.cases.models import Addendum, Case, Membership, Report
from jishi.cases.open311 import pages
from jishi.cases.queries import public
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import open311_steps as o
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.models import SealedValue
from jishi.foundation.refusals import NotAllowed


@pytest.fixture
def key(town: int) -> str:
    return o.key_of(town)


def cases(town: int, count: int, *, now: Any = None) -> list[Case]:
    at = now or timezone.now() - timedelta(days=1)
    return [f.a_case(town, now=at + timedelta(minutes=i // 2)) for i in range(count)]  # pairs share a moment


def numbers(rows: list[dict[str, Any]]) -> list[str]:
    return [r["service_request_id"] for r in rows]


def walk(path: str, between: Any = lambda: None, **query: Any) -> list[dict[str, Any]]:
    """Follow the Links to the end; `between` happens after every page."""
    said = o.get(path, **query)
    found = list(said.value)
    while link := said.raw.headers.get("Link"):
        match = re.fullmatch(r'<http://town\.example(.*)>; rel="next"', link)
        assert match
        between()
        said = o.heard(o.program().get(match[1]), "json")
        found += said.value
    return found


class TestPages:
    def test_are_walked_by_links_and_stay_as_they_were_when_others_report(self, town: int, key: str) -> None:
        made = cases(town, 7)
        before = numbers(o.get("requests").value)

        found = walk("requests", between=lambda: o.posted(key), page_size=2)

        assert len(made) == 7
        assert numbers(found) == before

    def test_say_how_many_there_are_and_only_when_asked(self, town: int) -> None:
        cases(town, 3)

        assert o.get("requests", page_size=2)["X-Total-Count"] == "3"
        assert "X-Total-Count" not in o.get("requests").raw.headers
        assert "Link" not in o.get("requests", page=2, page_size=2).raw.headers
        assert len(o.both("requests", page=2, page_size=2).value) == 1


class TestChanges:
    def test_find_what_was_closed_today_and_asked_long_ago(self, town: int) -> None:
        at = timezone.now()
        case = f.a_case(town, now=at - timedelta(days=100))
        assert o.both("requests").value == []

        f._decline(case, at)

        rows = o.both("requests", updated_after=(at - timedelta(hours=1)).isoformat()).value
        assert [(r["status"], r["service_code"]) for r in rows] == [("closed", "01.02.01")]
        assert o.both("requests", updated_after=(at + timedelta(hours=1)).isoformat()).value == []

    def test_come_in_order_and_pages_of_them_can_be_walked(self, town: int) -> None:
        cases(town, 5)

        found = walk("requests", page_size=2, updated_after=(timezone.now() - timedelta(days=300)).isoformat())

        moments = [r["updated_datetime"] for r in found]
        assert moments == sorted(moments)
        assert len(set(numbers(found))) == 5

    def test_name_what_was_taken_away_once_and_only_to_who_asks_for_more(self, town: int) -> None:
        case, since = cases(town, 1)[0], (timezone.now() - timedelta(minutes=1)).isoformat()
        number = numbers(o.get("requests").value)[0]

        f.do(f.reviewer(town), publishing.close, case.id, why="有人认得出", now=timezone.now())

        assert o.both("requests").value == []
        assert o.both(f"requests/{number}").status == 404
        assert o.both("requests", updated_after=since).value == []
        rows = o.both("requests", updated_after=since, extensions="true").value
        assert [list(r) for r in rows] == [["service_request_id", "updated_datetime", "extended_attributes"]]
        assert rows[0]["service_request_id"] == number
        assert rows[0]["extended_attributes"] == {"removed": True}

    def test_a_change_of_visibility_changes_the_moment(self, town: int) -> None:
        case = cases(town, 1)[0]
        before = o.get("requests").value[0]["updated_datetime"]
        f.do(f.reviewer(town), publishing.close, case.id, why="核对", now=timezone.now())

        f.do(f.reviewer(town), publishing.open_, case.id, now=timezone.now())

        assert o.get("requests").value[0]["updated_datetime"] > before


class TestAreas:
    def test_a_circle_and_a_box_find_what_is_shown_there(self, town: int, key: str) -> None:
        near, far = o.posted(key, lat="31.0", long="121.0"), o.posted(key, lat="31.02", long="121.0")

        assert numbers(o.both("requests", lat="31.001", long="121.0", radius="500").value) == [near]
        assert numbers(o.both("requests", bbox="120.9,31.01,121.1,31.03").value) == [far]
        assert o.both("requests", lat="30", long="121.0", radius="500").value == []


class TestMore:
    def test_is_not_there_unless_asked_for(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(days=1))

        plain = o.both("requests").value[0]
        more = o.both("requests", extensions="true").value[0]["extended_attributes"]

        assert "extended_attributes" not in plain
        assert more["case"] == case.number
        assert more["detailed_status"] == "IN_PROCESS"
        assert more["duty_item"]
        assert (more["promise_moved"], more["returned_by"], more["media"]) == (False, [], [])

    def test_names_who_returned_it(self, town: int) -> None:
        at = timezone.now() - timedelta(days=1)
        case = f.a_case_at(town, Status.HANDLING, now=at)
        f.ask_return(case, at + timedelta(hours=4))
        from jishi.cases.actions import handover

        f.do(f.dispatcher(town), handover.accept_return, case.id, words="同意", now=at + timedelta(hours=5))

        assert len(o.both("requests", extensions="true").value[0]["extended_attributes"]["returned_by"]) == 1

    def test_counts_only(self, town: int) -> None:
        cases(town, 3)

        assert o.both("requests", just_count="true").value == [{"count": 3}]
        assert o.both("requests", just_count="true", status="closed").value == [{"count": 0}]

    def test_a_count_of_many_is_kept_for_a_minute_and_one_of_few_is_counted_each_time(
        self, town: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cases(town, 3)
        now, wanted = timezone.now(), public.Wanted()

        def counted(after: timedelta) -> int:
            with scope.work(Actor(tenant_id=town, kind="anonymous")):
                return public.count(wanted, tenant_id=town, now=now + after)

        assert counted(timedelta()) == 3
        cases(town, 1)
        assert counted(timedelta()) == 4, "few are counted each time"
        monkeypatch.setattr(public, "KEPT_FROM", 3)
        assert counted(timedelta()) == 4
        cases(town, 1)
        assert counted(timedelta(seconds=59)) == 4
        assert counted(timedelta(seconds=60)) == 5

    def test_says_whether_a_place_is_ours(self, town: int) -> None:
        from jishi.places import queries as places

        with scope.work(system(town)):
            grid = next(iter(places.grids_in("990181")))
            x, y = places.centres([grid.id])[grid.id]
        inside = o.both("coverage", lat=f"{y / 1e7}", long=f"{x / 1e7}").value
        outside = o.both("coverage", lat="45.0", long="90.0").value

        assert (inside["covered"], inside["division"]) == (True, grid.community)
        assert outside["covered"] is False
        assert o.both("coverage").status == 400


class TestUpdates:
    def test_tell_each_public_step_in_the_codes_of_mysociety(self, town: int) -> None:
        f.a_case_at(town, Status.CLOSED, now=timezone.now() - timedelta(days=1))

        rows = o.both("servicerequestupdates").value

        assert [r["status"] for r in rows][::-1] == ["OPEN", "INVESTIGATING", "IN_PROGRESS", "IN_PROGRESS", "FIXED"]
        assert len({r["update_id"] for r in rows}) == 5
        assert all(r["description"] for r in rows)

    def test_of_other_days_and_of_hidden_cases_are_not_there(self, town: int) -> None:
        f.a_case(town, now=timezone.now() - timedelta(days=1), matter="01.02.01", voice="confidential")
        f.a_case(town, now=timezone.now() - timedelta(days=40))

        assert o.both("servicerequestupdates", start_date=timezone.localdate().isoformat()).value == []
        assert len(o.both("servicerequestupdates").value) == 1
        assert o.both("servicerequestupdates", start_date="x").status == 400

    @pytest.mark.parametrize("fmt", ["json", "xml"])
    def test_posted_become_an_addendum_and_move_nothing(self, town: int, key: str, fmt: str) -> None:
        number = o.posted(key)
        body = {"api_key": key, "service_request_id": number, "update_id": "77", "status": "FIXED",
                "description": "今天早上通了，电话13900000417", "first_name": "Ling",
                "email": "ling@example.org"}  # fmt: skip

        first, again = (o.post("servicerequestupdates", body, fmt) for _ in range(2))

        assert first.status == 200, first.value
        assert first.value == again.value, "the sender's own update_id makes it one"
        with scope.work(system(town)):
            row = Addendum.objects.get()
            assert Case.objects.get().status == Status.RECEIVED
        assert row.text_shown.startswith("[FIXED] 今天早上通了")
        assert "13900000417" not in row.text_shown

    @pytest.mark.parametrize(
        ("change", "status", "words"),
        [({"service_request_id": "R0"}, 404, "was not found"), ({"service_request_id": ""}, 400, "was not provided"),
         ({"status": "DONE"}, 400, "status: OPEN"), ({"updated_datetime": "now"}, 400, "updated_datetime"),
         ({"description": "", "status": ""}, 400, "description was not provided"), ({"api_key": ""}, 403, "api_key"),
         ({"description": "长" * 4001}, 400, "description: 4001")],
    )  # fmt: skip
    def test_posted_are_refused_by_name(
        self, town: int, key: str, change: dict[str, str], status: int, words: str
    ) -> None:
        body = {"api_key": key, "service_request_id": o.posted(key), "description": "还在", **change}

        said = o.post("servicerequestupdates", body)

        assert said.status == status
        assert any(words in e["description"] for e in said.value)


class TestTrial:
    def test_is_a_town_of_its_own_whose_reports_no_desk_sees(self, town: int) -> None:
        key = o.key_of(o.trial_of(town))

        said = o.post("requests", o.a_report(key, phone="13900000417", first_name="Ling"), base=o.TRIAL)

        number = said.value[0]["service_request_id"]
        assert o.both(f"requests/{number}", base=o.TRIAL).status == 200
        assert o.both(f"requests/{number}").status == 404
        with scope.work(system(town)):
            assert not Report.objects.exists()
        with scope.work(system(o.trial_of(town))):
            assert Report.objects.get().voice == "anonymous"
            assert set(SealedValue.objects.values_list("field", flat=True)) == {"text"}

    def test_has_keys_of_its_own(self, town: int, key: str) -> None:
        assert o.post("requests", o.a_report(key), base=o.TRIAL).status == 403

    def test_is_emptied_and_takes_over_the_book_of_the_town(self, town: int) -> None:
        other = o.trial_of(town)
        number = o.post("requests", o.a_report(o.key_of(other)), base=o.TRIAL).value[0]["service_request_id"]
        o.with_questions(town, o.CHOICE)
        with scope.work(system(town)):
            book = duties.matters()

        by = clock(other, "outside:1")
        with scope.work(by):
            gone = trial.reset(book=book, by=by, now=timezone.now())

        assert gone == 1
        assert o.both(f"requests/{number}", base=o.TRIAL).status == 404
        assert o.both("services", base=o.TRIAL).value == o.both("services").value
        with scope.work(system(other)):
            assert not SealedValue.objects.exists()
            assert not Membership.objects.exists()

    def test_no_real_town_is_ever_emptied(self, town: int, key: str) -> None:
        o.posted(key)

        with pytest.raises(NotAllowed), scope.work(clock(town, "outside:1")) as at:
            trial.reset(book={}, by=at.actor, now=timezone.now())

        with scope.work(system(town)):
            assert Report.objects.count() == 1


class TestDevelopersPage:
    def test_every_line_runs_as_it_stands(self, town: int, key: str) -> None:
        trial_key = o.key_of(o.trial_of(town))
        number = o.posted(key)
        mine = o.post("requests", o.a_report(trial_key), base=o.TRIAL).value[0]["service_request_id"]
        page = o.program().get("/open311").content.decode()
        assert page.count("curl ") == len(pages.LINES)

        known = {"base": "http://town.example/open311", "code": o.DRAIN, "number": number, "lat": "31.0",
                 "long": "121.0", "key": trial_key, "trial_number": mine, "token": "0" * 32}  # fmt: skip
        for line in pages.LINES:
            status = run(line.curl.format_map(known))
            assert status == (404 if "tokens/" in line.curl else 200), line.curl


def run(line: str) -> int:
    """Do what curl would do with this line: -X, -d, --data-urlencode, an address."""
    words = shlex.split(line)
    assert words.pop(0) == "curl"
    method, data, address = "GET", {}, ""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word in ("-d", "--data-urlencode"):
            name, _, value = words.pop(0).partition("=")
            data[name] = value
        else:
            assert not word.startswith("-"), word
            address = word
    parts = urlsplit(address)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    client = o.program()
    return (client.post(path, data) if method == "POST" else client.get(path)).status_code


class TestMerging:
    def test_keeps_every_number_and_lets_states_follow(self, town: int) -> None:
        from jishi.cases.actions import merging

        at = timezone.now()
        one, two = (f.a_case(town, now=at - timedelta(hours=3)) for _ in range(2))
        f.do(f.dispatcher(town), merging.absorb, one.id, into=two.id, why="同一口井", now=at - timedelta(hours=2))
        merged = o.both("requests", extensions="true").value
        assert {r["extended_attributes"]["case"] for r in merged} == {two.number}
        before = {r["service_request_id"]: r["updated_datetime"] for r in merged}

        f.do(f.dispatcher(town), merging.restore, one.id, why="两口井", now=at - timedelta(hours=1))

        apart = o.both("requests", extensions="true").value
        assert set(before) == set(numbers(apart))
        assert {r["extended_attributes"]["case"] for r in apart} == {one.number, two.number}
        assert all(r["updated_datetime"] > before[r["service_request_id"]] for r in apart)
        told = [r["status"] for r in o.both("servicerequestupdates").value]
        assert told.count("DUPLICATE") == 1

    def test_opens_no_words_that_nobody_opened(self, town: int) -> None:
        from jishi.cases.actions import merging

        at = timezone.now()
        private, shown = (f.a_case(town, now=at - timedelta(hours=3)) for _ in range(2))
        f.do(f.reviewer(town), publishing.close, private.id, why="写到别人家里", now=at - timedelta(hours=2))

        f.do(f.dispatcher(town), merging.absorb, private.id, into=shown.id, why="同一口井", now=at)

        assert o.both("requests").value == []
        assert f.again(town, shown.id).visibility == "parties"

    def test_of_a_split_report_shows_the_thing_that_is_still_open(self, town: int) -> None:
        from conftest import TOWN
        from jishi.cases.actions import merging

        at = timezone.now()
        case = f.a_case(town, now=at - timedelta(hours=3))
        number = numbers(o.both("requests").value)[0]
        with scope.work(system(town)):
            report = Report.objects.get(number=number)
        parts = [merging.Part("井堵了"), merging.Part("井盖响", "")]
        f.do(
            f.dispatcher(town), merging.split, report.id, case_id=case.id, parts=parts, tenant_code=TOWN,
            now=at - timedelta(hours=2),
        )  # fmt: skip

        said = o.both("requests")

        assert said.status == 200
        assert numbers(said.value) in ([number], [])


class TestKeys:
    def test_are_given_once_listed_without_themselves_and_ended(
        self, town: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from argparse import Namespace

        from config.cli import programs as words
        from conftest import TOWN

        monkeypatch.setenv("JISHI_TENANT", TOWN)

        def say(what: str, who: str = "") -> str:
            words._work(Namespace(what=what, who=who, test=False, datum="wgs84", per_minute=0))
            return capsys.readouterr().out

        number, key = say("give", "路灯小程序").split()[:2]
        assert o.post("requests", o.a_report(key)).status == 200
        assert "路灯小程序  wgs84  60/min" in say("list")
        assert key not in say("list")
        say("end", number)
        assert o.post("requests", o.a_report(key)).status == 403
        with pytest.raises(SystemExit):
            say("end", "²")
        with pytest.raises(SystemExit):
            say("give", "")
