import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.portal import middleware
from jishi.portal.middleware import Language, PageSafety, _said, language_of, refusal_page
from jishi.portal.web import nav


def answer(request, response=None):
    return PageSafety(lambda _r: response or HttpResponse("ok"))(request)


class TestContentPolicy:
    def test_allows_nothing_that_is_not_ours(self):
        policy = answer(RequestFactory().get("/"))["Content-Security-Policy"]

        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "http" not in policy
        for must in ("base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "worker-src 'self'"):
            assert must in policy

    def test_forms_may_go_to_the_sign_in_issuer_of_the_installation(self, settings):
        settings.OIDC_ISSUER_ORIGIN = "https://id.example.gov.cn"

        assert "form-action 'self' https://id.example.gov.cn" in middleware.content_policy()

    def test_a_download_keeps_its_own_stricter_policy(self):
        download = HttpResponse("x", headers={"Content-Security-Policy": "sandbox"})

        assert answer(RequestFactory().get("/"), download)["Content-Security-Policy"] == "sandbox"

    @pytest.mark.parametrize(
        "header",
        ["Permissions-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy", "X-Content-Type-Options"],
    )
    def test_comes_with_the_other_headers(self, header):
        assert header in answer(RequestFactory().get("/"))


class TestLanguage:
    @pytest.mark.parametrize(
        ("cookie", "wishes", "expected"),
        [
            ("", "", "zh-hans"),
            ("", "fr-FR,fr;q=0.9", "zh-hans"),
            ("", "en-GB,en;q=0.9", "en"),
            ("", "fr,en;q=0.8,zh;q=0.7", "en"),
            ("", "zh-TW,en;q=0.9", "zh-hans"),
            ("", "en;q=0.3,zh-CN;q=0.9", "zh-hans"),
            ("", "en;q=0", "zh-hans"),
            ("en", "zh-CN", "en"),
            ("zh-hans", "en", "zh-hans"),
            ("xx", "en", "en"),
        ],
    )
    def test_is_the_cookie_then_the_wish_then_chinese(self, cookie, wishes, expected):
        assert language_of(cookie, wishes) == expected

    @given(st.text(), st.text())
    def test_is_always_one_that_we_have(self, cookie, wishes):
        assert language_of(cookie, wishes) in middleware.LANGUAGES

    def test_large_print_is_read_from_its_cookie(self):
        request = RequestFactory().get("/")
        request.COOKIES["__Host-jishi_elder"] = "1"

        Language(lambda _r: HttpResponse())(request)

        assert request.elder is True

    def test_says_its_language_and_that_it_differs_by_reader(self):
        response = Language(lambda _r: HttpResponse())(
            RequestFactory().get("/", headers={"accept-language": "en"})
        )

        assert response["Content-Language"] == "en"
        assert "Accept-Language" in response["Vary"]


@pytest.mark.urls("jishi.portal.web.urls")
class TestRefusal:
    def refuse(self, path="/cases/1", **headers):
        request = RequestFactory().get(path, headers=headers)
        return PageSafety(lambda _r: HttpResponse()).process_exception(
            request, NotAllowed(why="主办是市水务局。")
        )

    def test_says_what_why_and_what_now(self):
        response = self.refuse()

        text = response.content.decode()
        assert response.status_code == 403
        assert "主办是市水务局。" in text
        assert "not_allowed" in text

    def test_is_titled_by_what_was_asked_for(self):
        ask, press = RequestFactory().get("/cases/1"), RequestFactory().post("/cases/1")
        titled = [
            refusal_page(request, no).content.decode()
            for request, no in ((ask, NotFound()), (ask, NotAllowed()), (press, NotFound()), (press, NotAllowed()))
        ]

        assert "<h1>没有找到这一页</h1>" in titled[0] and "<h1>这一页现在不能给您看</h1>" in titled[1]
        assert all("<h1>这一步没有做</h1>" in page for page in titled[2:])

    def test_is_only_the_note_inside_a_page(self):
        text = self.refuse(**{"hx-request": "true"}).content.decode()

        assert "<html" not in text
        assert 'role="alert"' in text

    def test_of_the_api_is_left_to_the_api(self):
        assert self.refuse("/api/v1/cases") is None

    def test_other_faults_are_not_dressed_up(self):
        safety = PageSafety(lambda _r: HttpResponse())

        assert safety.process_exception(RequestFactory().get("/"), ValueError("x")) is None


class TestWhyAPostMayNot:
    def test_the_reason_is_said_in_the_readers_language(self):
        refused = NotAllowed(why="事项由派单员说定。")

        assert refused.sentence("zh").endswith("事项由派单员说定。")
        assert refused.sentence("en") == "Your present post may not do this. A dispatcher settles which matter it is."

    def test_a_code_of_ours_is_a_fact_for_programs_and_never_a_sentence(self):
        refused = NotAllowed("break_glass.ask")

        assert refused.sentence("zh") == "这件事不归您现在的岗位做。"
        assert refused.facts["why"] == "break_glass.ask"

    def test_no_english_page_says_a_reason_in_chinese(self):
        assert NotAllowed(why="没有人译过的理由。").sentence("en") == "Your present post may not do this."

    def test_a_resident_has_no_post_to_change(self):
        request = RequestFactory().get("/")
        request.actor = Actor(tenant_id=1, kind="resident")

        told = _said(request, NotAllowed(), "zh-hans")

        assert "岗位" not in told["what"] + told["now"]


@pytest.mark.urls("jishi.portal.web.urls")
class TestWaysIn:
    def test_a_visitor_and_a_resident_have_the_five_of_residents(self):
        assert nav.entries_of(None) == nav.RESIDENT
        assert nav.entries_of(Actor(tenant_id=1, kind="resident")) == nav.RESIDENT

    def test_a_grid_worker_has_a_dock_of_five(self):
        worker = Actor(tenant_id=1, kind="staff", roles=frozenset({"grid_worker"}))

        assert nav.entries_of(worker) == nav.GRID_WORKER
        assert nav.has_dock(worker)

    def test_a_post_opens_only_its_desks(self):
        handler = Actor(tenant_id=1, kind="staff", roles=frozenset({"handler"}))

        names = {e.name for e in nav.entries_of(handler)}

        assert "inbox" in names
        assert not {"operator", "dispatch", "stuck", "gridplan"} & names

    @pytest.mark.parametrize(("area", "roles", "leads"), [
        ("990181001002", {"handler"}, True), ("990181001000", {"handler"}, False), ("", {"handler"}, False),
        ("990181001002", {"reviewer"}, False), ("", {"office"}, True),
    ])  # fmt: skip
    def test_a_community_and_the_office_find_the_houses_they_keep_and_others_do_not(self, area, roles, leads, settings):
        settings.ROOT_URLCONF = "config.urls"
        post = Actor(tenant_id=1, kind="staff", roles=frozenset(roles), area=area)

        assert ("houses-kept" in {e["name"] for e in nav.links(post, "/")}) is leads

    def test_a_post_with_many_ways_keeps_one_row_and_the_rest_one_press_away(self, settings):
        settings.ROOT_URLCONF = "config.urls"
        office = Actor(tenant_id=1, kind="staff", roles=frozenset({"office", "ruler"}))

        found = nav.links(office, "/desk/auto-offers")

        assert [e["name"] for e in found if not e["more"]] == [e["name"] for e in found[: nav.IN_THE_BAR]]
        assert found[0]["name"] == "stuck"
        assert nav.behind(found)["current"]["name"] == "auto-offers"

    def test_whoever_rules_contested_cases_is_led_to_them_and_a_dispatcher_who_rules_once(self, settings):
        settings.ROOT_URLCONF = "config.urls"

        def names(*roles: str) -> list[str]:
            ways = nav.links(Actor(tenant_id=1, kind="staff", roles=frozenset(roles)), "/")
            return [way["name"] for way in ways if way["name"] in ("dispatch", "stuck")]

        assert names("ruler") == ["stuck", "dispatch"] and names("dispatcher", "ruler") == ["dispatch", "stuck"]

    def test_a_post_with_few_ways_has_them_all_in_the_bar(self):
        reviewer = Actor(tenant_id=1, kind="staff", roles=frozenset({"reviewer"}))

        assert nav.behind(nav.links(reviewer, "/"))["entries"] == []

    def test_leads_nowhere_that_is_not_mounted(self):
        urls = [e["url"] for e in nav.links(None, "/")]

        assert "/" in urls
        assert all(url.startswith("/") for url in urls)
