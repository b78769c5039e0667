"""What the desks say: answers, branches and bodies in words, what a body waits for, where a case is."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from jishi.bodies import queries as bodies
from jishi.cases.actions import handling, review
from jishi.cases.queries import whereabouts, work
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
VAGUE = "供水有问题"  # triage is sure of the branch, of no leaf in it
FLOOD = {"matter": "01.02.03", "answers": {"depth_cm": 30.0}}
ENGLISH = {"host": "town.example", "accept-language": "en"}


def read(client, path, **more):
    return client.get(path, **more).content.decode()


def name_of(case, lang):
    with scope.work(system(case.tenant_id)):
        return bodies.names()[case.lead_id].called(lang)


def code_of(case):
    with scope.work(system(case.tenant_id)):
        return bodies.names()[case.lead_id].code


class TestAnswers:
    def test_are_told_in_the_words_of_the_book_in_both_languages(self, town):
        case = f.a_case(town, now=NOW, **FLOOD)
        desk = colleague(town, "dispatcher")

        for path in (f"/desk/dispatch?case={case.number}", f"/cases/{case.number}?tab=facts"):
            assert "水大约多深" in read(desk, path) and "30 cm" in read(desk, path)
            english = read(desk, path, headers=ENGLISH)
            assert "How deep is the water?" in english and "depth_cm" not in english

    def test_of_a_question_that_no_book_has_keep_their_code(self, town):
        with scope.work(system(town)):
            told = duties.answered({"who_knows": "yes", "depth_cm": ["a", "b"]}, lang="zh")

        assert told == [("who_knows", "yes"), ("水大约多深", "a、b cm")]


class TestTheBranch:
    def test_is_offered_at_the_desk_and_narrows_what_can_be_picked(self, town):
        case = f.a_case(town, now=NOW, text=VAGUE, matter="")
        desk = colleague(town, "dispatcher")
        with scope.work(system(town)):
            leaves = len(duties.leaves())

        page = read(desk, f"/desk/dispatch?case={case.number}")
        found = re.search(r"branch=([\d.]+)#branch", page)
        narrowed = read(desk, f"/desk/dispatch?case={case.number}&branch={found[1]}")

        assert "具体事项未定" in page
        assert page.count("<option", page.index('id="matters"')) == leaves
        offered = re.findall(r'<option value="([^"]+)"', narrowed[narrowed.index('id="matters"') :])
        assert offered and all(o.split()[-1].startswith(f"{found[1]}.") for o in offered)
        assert all(f'name="matter" value="{o}"' in narrowed for o in offered)

    def test_is_offered_at_the_console_and_taken_back(self, town):
        console = colleague(town, "operator")
        said = {"text": VAGUE, "voice": "open"}

        first = console.post("/desk/operator/look", said).content.decode()
        code = re.search(r'data-fill-branch="([\d.]+)"', first)[1]
        narrowed = console.post("/desk/operator/look", {**said, "branch": code}).content.decode()
        plain = console.post("/desk/operator", {**said, "take": f"branch:{code}"}).content.decode()

        assert 'id="matters"' not in first and "不限这一类" not in first
        for page in (narrowed, plain):
            offered = re.findall(r'<option value="([^"]+)"', page[page.index('id="matters"') :].split("</datalist>")[0])
            assert offered and all(o.split()[-1].startswith(f"{code}.") for o in offered)
            assert 'data-fill-branch="all"' in page and f'data-fill-matter="{offered[0]}"' in page

    def test_of_the_form_that_the_book_does_not_have_narrows_nothing(self, town):
        page = colleague(town, "operator").post("/desk/operator/look", {"text": VAGUE, "branch": "99.9"})

        with scope.work(system(town)):
            listed = page.content.decode().partition('id="matters"')[2].partition("</datalist>")[0]
            assert listed.count("<option") == len(duties.leaves())


class TestBodies:
    def test_have_their_english_names_on_english_pages(self, town):
        case = f.a_case_at(town, Status.OFFERED, now=NOW - timedelta(hours=1))
        f.ask_return(case, NOW)
        case = f.again(town, case.id)
        desk, zh, en = colleague(town, "dispatcher"), name_of(case, "zh"), name_of(case, "en")

        page = read(desk, "/desk/dispatch?queue=returns", headers=ENGLISH)

        assert zh != en and en in page and zh not in page
        assert zh in read(desk, "/desk/dispatch?queue=returns")

    def test_that_are_to_assist_too(self, town):
        case = f.a_case(town, now=NOW)
        page = read(colleague(town, "dispatcher"), f"/desk/dispatch?case={case.number}", headers=ENGLISH)
        aside = page[page.index("<aside") :]

        assert "The list asks them to assist" in aside
        assert not re.search(r"<li><strong>[^<]*<span", aside)


class TestWhatABodyWaitsFor:
    def waits(self, town, case):
        by = f.handler_of(f.again(town, case.id))
        with scope.work(by):
            return [w.awaits for w in work.inbox(by=by, now=NOW, lang="zh").works if w.case.id == case.id]

    @pytest.mark.parametrize(
        ("status", "awaited"),
        [(Status.OFFERED, "sign"), (Status.REPLIED, "review"), (Status.FEEDBACK, "feedback")],
    )
    def test_is_named_at_every_step(self, town, status, awaited):
        assert self.waits(town, f.a_case_at(town, status, now=NOW - timedelta(hours=9))) == [awaited]

    def test_is_the_first_contact_then_what_was_noted_then_the_answer(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=NOW - timedelta(hours=9))
        before = self.waits(town, case)
        f.contact(case, NOW)
        contacted = self.waits(town, case)
        f.do(f.handler_of(case), handling.note_progress, case.id, text="查了", waiting_for="检测报告", now=NOW)

        assert (before, contacted, self.waits(town, case)) == (["contact"], ["reply"], ["noted"])

    def test_is_the_desk_while_a_return_is_open(self, town):
        case = f.a_case_at(town, Status.OFFERED, now=NOW - timedelta(hours=1))
        f.ask_return(case, NOW)

        assert self.waits(town, case) == ["return_answer"]

    def test_is_what_the_review_missed(self, town):
        case = f.a_case_at(town, Status.REPLIED, now=NOW - timedelta(hours=9))
        less = review.Elements(time_of_contact=True, with_whom=True, measures=True, by_when=False)
        f.do(f.reviewer(town), review.send_back, case.id, elements=less, why="没写什么时候好", now=NOW)

        assert self.waits(town, case) == ["mending"]

    def test_an_answered_matter_stays_in_sight_and_is_never_late_by_somebody_elses_clock(self, town):
        case = f.a_case_at(town, Status.REPLIED, now=NOW - timedelta(days=30))
        by = f.handler_of(case)

        with scope.work(by):
            found = work.inbox(by=by, now=NOW, lang="zh")
        page = read(colleague(town, "handler", body=code_of(case)), reverse("inbox") + "?show=handed")

        assert [w.case.id for w in found.of("handed")] == [case.id]
        assert found.of("late") == found.of("soon") == ()
        assert case.title in page and "另一位审核答复" in page


class TestWhereACaseIs:
    def drawn(self, town, case):
        with scope.work(system(town)):
            return whereabouts.around(case, now=NOW)

    def test_is_drawn_by_the_server_on_the_towns_own_ground(self, town):
        case = f.a_case(town, now=NOW)
        around = self.drawn(town, case)
        page = read(colleague(town, "dispatcher"), f"/cases/{case.number}")
        start = page.index('<svg class="m"')
        picture = page[start : page.index("</svg>", start)]

        assert around.own.startswith("M") and around.others and around.spot is not None
        assert around.own in picture and "http" not in picture and "href" not in picture

    def test_a_home_is_shown_as_its_grid(self, town):
        with scope.work(system(town)):
            home = next(m for m in duties.leaves() if m.at_home)
        case = f.a_case(town, now=NOW)
        case.matter = home.code  # what is drawn depends on the matter alone

        assert self.drawn(town, case).spot is None

    def test_is_not_drawn_where_no_grid_is_known(self, town):
        case = f.a_case(town, now=NOW, text="不知道在哪里的事，请你们看看")
        page = read(colleague(town, "dispatcher"), f"/cases/{case.number}")

        assert case.grid_id is None and self.drawn(town, case) is None
        assert 'class="map"' not in page

    def test_stands_after_the_life_on_a_phone_with_its_clocks_folded(self, town):
        case = f.a_case_at(town, Status.HANDLING, now=NOW - timedelta(hours=9))
        page = read(colleague(town, "dispatcher"), f"/cases/{case.number}")

        assert page.index("<ol class=") < page.index('<details class="card flush narrow">') < page.index('class="map"')
        assert page.index('class="card flush wide"') < page.index("<ol class=")
