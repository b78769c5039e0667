import re
from types import SimpleNamespace

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import translation

from jishi.foundation.actor import Actor
from jishi.portal.middleware import Language
from jishi.portal.web import display, help, home, looks

pytestmark = pytest.mark.urls("jishi.portal.web.urls")

PAGES = ["help", "how_it_runs", "accessibility", "about_the_platform"]


def a_request(path="/", actor=None, language="zh-hans", **cookies):
    request = RequestFactory().get(path)
    request.COOKIES = {"__Host-jishi_language": language, **cookies}
    request.actor = actor
    return request


def shown(view, request, *args):
    return Language(lambda r: view(r, *args))(request).content.decode()


@pytest.fixture
def wired():
    before = looks.sources()
    yield looks.wire
    looks.wire(before)


class TestEveryPageOfWords:
    @pytest.mark.parametrize("name", PAGES)
    def test_has_one_heading_landmarks_and_a_way_to_complain(self, name):
        html = shown(help.page, a_request(), f"portal/{name}.html")

        assert len(re.findall(r"<h1[ >]", html)) == 1
        for landmark in (
            '<header class="bar"',
            '<main id="main"',
            '<footer class="foot',
            'class="skip" href="#main"',
        ):
            assert landmark in html
        assert reverse("about-the-platform") in html
        assert '<html lang="zh-Hans"' in html

    @pytest.mark.parametrize("name", PAGES)
    def test_is_marked_in_large_print_by_the_server(self, name):
        html = shown(help.page, a_request(**{"__Host-jishi_elder": "1"}), f"portal/{name}.html")

        assert 'data-mode="elder"' in html
        assert 'aria-pressed="true"' in html


class TestHome:
    def test_of_a_visitor_offers_to_follow_without_sign_in_and_invents_no_figure(self, wired):
        wired(looks.Sources())
        html = shown(home.home, a_request())

        assert "有事，您说" in html
        assert "居民说了" not in html

    def test_of_a_resident_shows_the_matters_that_are_wired(self, wired):
        wired(
            looks.Sources(matters=lambda _a, _n: [looks.Matter("雨水井堵塞", "市水务局在等检测", "/mine/1")])
        )

        html = shown(home.home, a_request(actor=Actor(tenant_id=1, kind="resident", account_id=4)))

        assert "雨水井堵塞" in html
        assert 'href="/mine/1"' in html

    def test_of_staff_shows_the_desks_of_the_post_with_what_waits(self, wired):
        wired(looks.Sources(counts=lambda _a, _n: {"home": 3}))
        actor = Actor(tenant_id=1, kind="staff", account_id=5, roles=frozenset({"handler"}))

        html = shown(home.home, a_request(actor=actor))

        assert 'data-density="dense"' in html
        assert "谁也看不到您几点来过" in html


class TestChoosingHowItLooks:
    def choose(self, **data):
        return display.choose(RequestFactory().post("/display", data))

    def test_remembers_language_and_large_print(self):
        response = self.choose(language="en", elder="1", next="/help")

        assert response.cookies["__Host-jishi_language"].value == "en"
        assert response.cookies["__Host-jishi_elder"].value == "1"
        assert response["Location"] == "/help"

    @pytest.mark.parametrize(
        "to", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"]
    )
    def test_never_leads_to_another_site(self, to):
        assert self.choose(language="en", next=to)["Location"] == "/"

    def test_takes_no_language_that_we_do_not_have(self):
        assert "__Host-jishi_language" not in self.choose(language="xx").cookies


class TestComponents:
    def test_are_shown_in_a_demonstration(self, settings):
        settings.DEMO = True

        assert shown(help.components, a_request("/help/components")).count('class="clk') >= 5

    def test_are_not_there_on_a_real_installation(self, settings):
        settings.DEMO = settings.DEBUG = False

        with pytest.raises(help.Http404):
            help.components(a_request("/help/components"))


class TestErrors:
    def test_the_page_of_a_failure_needs_no_request(self):
        from django.views.defaults import server_error

        with translation.override("zh-hans"):
            html = server_error(RequestFactory().get("/")).content.decode()

        assert "平台出错了，不是您做错了" in html
        assert 'href="tel:12345"' in html

    def test_a_lost_token_is_said_in_our_words(self):
        from django.views.csrf import csrf_failure

        with translation.override("zh-hans"):
            html = csrf_failure(RequestFactory().post("/")).content.decode()

        assert "没有带上本站的记号" in html
        assert "<style" not in html

    def test_the_tenant_is_named_in_the_bar_and_escaped(self, wired):
        wired(looks.Sources())
        request = a_request()
        request.tenant = SimpleNamespace(name="<b>云溪市")

        assert "<small>&lt;b&gt;云溪市</small>" in shown(home.home, request)

    @pytest.mark.parametrize(("lang", "told"), [("zh-hans", "云溪市"), ("en", "Yunxi")])
    def test_the_tenant_is_named_in_the_readers_language(self, wired, lang, told):
        wired(looks.Sources())
        request = a_request()
        request.tenant = SimpleNamespace(name="云溪市", name_en="Yunxi")

        with translation.override(lang):
            assert f"<small>{told}</small>" in home.home(request).content.decode()
