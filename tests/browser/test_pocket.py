"""The grid worker's pocket in a real browser: no network, a slow one, a killed tab, three weeks, a wrong clock."""

import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("browser")
MARK = secrets.token_hex(3)  # a site may be kept between two runs
PHONE, SMALL = (360, 760), (320, 640)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
GRID, OTHER = "wangge1", "wangge2"
AGAIN = 120_000  # ms: what was not heard or not sent is tried again after a minute
WAITING, SENT = "#rows > li[data-state=waiting]", "#rows > li[data-state=sent]"
ALL = "() => caches.match('/pocket').then(Boolean)"
DRAFT = """where => import('/static/cases/pocket/store.js')
    .then((s) => s.get(`draft:${document.querySelector("#report-form").dataset.verb}`))
    .then((draft) => draft?.said.where === where)"""
STORED = """async () => {
    const done = (r) => new Promise((yes, no) => { r.onsuccess = () => yes(r.result); r.onerror = () => no(r.error); });
    let all = JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage });
    for (const { name } of await indexedDB.databases()) {
        const db = await done(indexedDB.open(name));
        for (const store of db.objectStoreNames) {
            all += JSON.stringify(await done(db.transaction(store).objectStore(store).getAll()));
        }
        db.close();
    }
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            if (!request.url.endsWith(".png")) all += request.url + await (await cache.match(request)).text();
        }
    }
    return all;
}"""


@pytest.fixture
def phone(house: Any) -> Iterator[Any]:
    """A phone of one's own: nothing on it yet, the app opened once with network."""
    made: list[Any] = []

    def take(who: str = GRID, **more: Any) -> Any:
        context = house.context(who, size=PHONE, **more)
        made.append(context)
        page = context.new_page()
        page.goto("/pocket")
        ready(page)
        page.evaluate("navigator.serviceWorker.ready.then(() => caches.match('/pocket'))")
        page.reload()  # the worker has the page now, and keeps it
        ready(page)
        page.wait_for_function(ALL)
        met(page)
        return page

    yield take
    for context in made:
        context.close()


def ready(page: Any) -> None:
    page.wait_for_selector("html[data-ready]")


def met(page: Any) -> None:
    """Wait until this page itself has heard what there is to do: after it is ready, and offline never."""
    page.wait_for_selector("html[data-heard]", timeout=AGAIN)


def go(page: Any, screen: str) -> None:
    page.evaluate("screen => { location.hash = screen; }", screen)
    page.wait_for_selector(f"[data-screen={screen}]:not([hidden])")


def note(page: Any, text: str) -> None:
    """Write a report and press the one button."""
    go(page, "report")
    page.fill("#r-text", text)
    press(page)


def press(page: Any, form: str = "#report-form") -> None:
    """Press the one button; it is over when today is shown: before that the page may still change under the hand."""
    page.locator(f"{form} button[type=submit]").click()
    page.wait_for_selector("[data-screen=today]:not([hidden])")


def count(page: Any, rows: str, n: int) -> None:
    counted = "([rows, n]) => document.querySelectorAll(rows).length === n"
    page.wait_for_function(counted, arg=[rows, n], timeout=AGAIN)


def until(page: Any, happened: Any) -> None:
    """Wait for what this side hears: the driver listens only while it waits."""
    for _ in range(1200):
        if happened():
            return
        page.wait_for_timeout(50)
    raise AssertionError("waited in vain")


def said(site: Any, text: str) -> list[str]:
    """Give what the platform holds of a text: channel, said_at, raw facts."""
    code = (
        "from jishi.foundation import scope; from jishi.foundation.actor import system;"
        "from jishi.foundation.tenants import Tenant; from jishi.cases.models import Report\n"
        "with scope.work(system(Tenant.objects.get(code='990181').id)):\n"
        f"    for r in Report.objects.filter(text_shown__contains={text!r}).order_by('id'):\n"
        "        print(r.channel, r.said_at.isoformat(), r.received_at == r.said_at, sorted(r.attributes))\n"
    )
    return [line for line in site.run(code).splitlines() if line]


@pytest.fixture(scope="module")
def two_errands(site: Any) -> list[str]:
    """Two things to do in the area of the first grid worker; gives their numbers."""
    return site.run(
        "from django.utils import timezone; from jishi.foundation import scope;"
        "from jishi.foundation.actor import system;"
        "from jishi.foundation.tenants import Tenant; from jishi.cases.actions import errands\n"
        "by = system(Tenant.objects.get(code='990181').id)\n"
        "new = errands.Setting('deliver', '去看一眼', division_code='990181001002', place_text='南门公告栏')\n"
        "with scope.work(by):\n"
        "    for _ in range(2):\n"
        "        print(errands.set_(new, by=by, now=timezone.now(), tenant_code='990181').number)\n"
    ).split()


class TestWithoutNetwork:
    def test_it_opens_takes_down_what_was_seen_and_sends_it_once_when_there_is_network(self, phone, site):
        page = phone()
        page.context.set_offline(True)
        page.reload()
        ready(page)

        note(page, f"{MARK}断网：六号楼楼道灯不亮")
        note(page, f"{MARK}断网：六号楼门禁坏了")
        go(page, "settle")
        page.select_option("#s-matter", index=1)
        page.fill("#s-how", "和住户一起搬走了")
        press(page, "#settle-form")
        count(page, WAITING, 3)
        page.wait_for_selector("#net")
        page.reload()
        ready(page)
        count(page, WAITING, 3)

        page.context.set_offline(False)
        count(page, SENT, 3)
        page.reload()
        ready(page)
        page.wait_for_selector("#net", state="hidden")
        assert len(said(site, f"{MARK}断网：六号楼")) == 2
        assert re.search(r"R990181\d{6}", page.locator(SENT).first.text_content())

    def test_after_a_new_version_came_without_its_page_the_one_before_opens_whole(self, phone):
        page = phone()
        now = page.evaluate(
            """async () => {
                const [now] = (await caches.keys()).filter((name) => name.startsWith("jishi-pocket-"));
                const before = await caches.open("jishi-pocket-before"), after = await caches.open(now);
                for (const one of await after.keys()) {
                    const kept = await after.match(one), mark = new URL(one.url).pathname === "/pocket";
                    const css = /pocket[.][^/]*css$/.test(one.url), how = { headers: kept.headers };
                    const marked = async (from, to) => new Response((await kept.text()).replace(from, to), how);
                    if (mark) await before.put(one, await marked("<body", "<body data-before"));
                    else if (css) await before.put(one, await marked(/$/, "body{--before:yes}"));
                    else await before.put(one, kept);
                }
                await after.delete("/pocket");
                return now;
            }"""
        )
        page.context.set_offline(True)
        page.reload()
        ready(page)
        seen = """() => fetch(document.querySelector("link[href*='pocket/pocket']").href).then((r) => r.text())
            .then((css) => [document.body.dataset.before, css.includes("--before")])"""

        assert page.evaluate(seen) == ["", True]
        page.context.set_offline(False)
        for _ in range(5):  # a page that comes later than after four seconds is shown the time after
            page.reload()
            ready(page)
            if page.evaluate(seen) == [None, False]:
                break
        assert page.evaluate(seen) == [None, False]
        assert page.evaluate("caches.keys()") == [now]

    def test_what_the_platform_was_never_asked_is_not_said_to_be_nothing(self, house):
        context = house.context(GRID, size=PHONE)
        page = context.new_page()
        page.route("**/pocket/start", lambda route: route.abort())
        page.goto("/pocket")
        ready(page)
        try:
            assert "还没从平台取到" in page.locator("[data-none=near]").inner_text()
            page.unroute("**/pocket/start")
            page.reload()
            page.locator("[data-none=rounds]", has_text="还没从平台取到").wait_for(state="hidden")
        finally:
            context.close()

    def test_a_house_is_picked_and_its_place_arrives_without_a_word_typed_of_it(self, phone, site):
        page = phone()
        page.wait_for_function("() => document.querySelectorAll('#r-house option').length > 3")
        page.context.set_offline(True)
        page.reload()
        ready(page)
        go(page, "report")
        page.select_option("#r-house", index=3)
        house = page.locator("#r-house").evaluate("s => s.selectedOptions[0].textContent")
        note(page, f"{MARK}挑楼：灯不亮")
        count(page, WAITING, 1)
        page.context.set_offline(False)
        count(page, SENT, 1)

        assert site.run(
            "from jishi.foundation import scope; from jishi.foundation.actor import system;"
            "from jishi.foundation.tenants import Tenant; from jishi.cases.models import Report\n"
            "with scope.work(system(Tenant.objects.get(code='990181').id)):\n"
            f"    for r in Report.objects.filter(text_shown__contains='{MARK}挑楼'): print(r.address_text)\n"
        ) == house  # fmt: skip

    def test_an_errand_is_taken_and_ended_by_presses_alone(self, phone, two_errands):
        number = two_errands[0]
        page = phone()
        go(page, "errands")
        card = page.locator(f'#all > li[data-number="{number}"]')
        page.context.set_offline(True)

        card.locator("button.go").click()
        card.locator("details").wait_for()
        page.locator(f'#all > li[data-number="{number}"] [data-acts] button').first.click()
        page.locator(f'#all > li[data-number="{number}"]').wait_for(state="detached")
        count(page, WAITING, 2)
        page.context.set_offline(False)

        count(page, SENT, 2)
        left = page.evaluate("fetch('/pocket/start').then((a) => a.json()).then((s) => s.errands.map((e) => e.number))")
        assert left and number not in left

    def test_what_no_longer_holds_is_shown_and_its_words_go_on_as_a_report(self, phone, site, two_errands):
        number = two_errands[1]
        page = phone()
        go(page, "errands")
        page.locator(f'#all > li[data-number="{number}"] button.go').click()
        count(page, SENT, 1)
        page.locator(f'#all > li[data-number="{number}"] details').wait_for()
        page.context.set_offline(True)
        page.locator(f'#all > li[data-number="{number}"] [data-acts] button').nth(1).click()
        page.wait_for_selector("[data-for-errand]:not([hidden])")
        page.fill("#r-text", f"{MARK}冲突：配电间门锁坏了")
        press(page)
        count(page, WAITING, 1)
        end_elsewhere(site, number)
        page.context.set_offline(False)

        row = page.locator("#rows > li[data-state=conflict]")
        row.wait_for(state="attached")
        go(page, "queue")
        assert row.locator("[data-why]").is_visible() and row.locator("[data-now]").text_content()
        row.locator("[data-acts] button").first.click()
        page.wait_for_selector("[data-screen=report]:not([hidden])")
        assert page.input_value("#r-text") == f"{MARK}冲突：配电间门锁坏了"
        press(page)
        count(page, SENT, 2)
        assert len(said(site, f"{MARK}冲突：配电间")) == 1


def end_elsewhere(site: Any, number: str) -> None:
    """The worker himself ends it from another device meanwhile."""
    site.run(
        "from django.utils import timezone; from jishi.foundation import scope;"
        "from jishi.foundation.actor import system, Actor;"
        "from jishi.foundation.tenants import Tenant; from jishi.cases.models import Errand;"
        "from jishi.cases.actions import errands\n"
        "tenant = Tenant.objects.get(code='990181').id\n"
        "with scope.work(system(tenant)):\n"
        f"    e = Errand.objects.get(number={number!r})\n"
        "by = Actor(tenant_id=tenant, kind='staff', account_id=e.taken_by_id, roles=frozenset({'grid_worker'}),"
        " area='990181001002')\n"
        "with scope.work(by):\n"
        "    errands.finish(e.number, finding='done', by=by, now=timezone.now())\n"
    )


class TestADraft:
    def test_survives_a_killed_tab(self, phone):
        page = phone()
        page.context.set_offline(True)
        go(page, "report")
        page.fill("#r-text", "杀掉标签页以前写的字")
        page.fill("#r-where", "三号楼")
        page.wait_for_function(DRAFT, arg="三号楼")  # both, and on the disk
        with page.expect_event("crash"), suppress(Exception):  # the driver says that the page is dead
            page.goto("chrome://crash", timeout=5000)

        fresh = page.context.new_page()
        fresh.goto("/pocket#report")
        ready(fresh)

        assert fresh.input_value("#r-text") == "杀掉标签页以前写的字"
        assert fresh.input_value("#r-where") == "三号楼"


class TestASlowNetwork:
    def test_opens_what_is_kept_and_sends_when_the_answer_comes_however_often_it_is_lost(self, phone, site):
        page = phone()
        lost = []

        def lose(route: Any) -> None:
            lost.append(route.request.post_data)
            if len(lost) == 1:
                route.fetch()  # it arrives, and the answer is lost on the way
                route.abort()
            else:
                route.continue_()

        page.route("**/api/v1/sync", lose)
        slow = page.context.new_cdp_session(page)
        slow.send("Network.enable")
        slow.send("Network.emulateNetworkConditions", {
            "offline": False, "latency": 1500, "downloadThroughput": 6000, "uploadThroughput": 3000,
        })  # fmt: skip
        note(page, f"{MARK}慢网：井盖松动")
        page.wait_for_function("() => document.querySelectorAll('#rows > li').length === 1")
        until(page, lambda: lost)
        go(page, "queue")
        page.locator("#again").click()

        count(page, SENT, 1)
        assert len(lost) >= 2 and len(said(site, f"{MARK}慢网：井盖")) == 1


class TestTheClock:
    def test_what_was_written_three_weeks_ago_is_sent_with_its_own_moment(self, phone, site):
        page = phone()
        now = datetime.now(UTC)
        page.context.set_offline(True)
        page.context.clock.set_fixed_time(now - timedelta(days=21))
        note(page, f"{MARK}三周以前看到的：护栏松了")
        page.context.clock.set_fixed_time(now)
        page.reload()
        ready(page)
        count(page, WAITING, 1)
        page.context.set_offline(False)

        count(page, SENT, 1)
        channel, at, *_rest = said(site, f"{MARK}三周以前看到的")[0].split()
        assert channel == "grid" and at.startswith((now - timedelta(days=21)).strftime("%Y-%m-%dT%H"))

    def test_that_is_a_year_ahead_is_kept_raw_and_the_receipt_counts(self, phone, site):
        page, before = phone(), datetime.now(UTC)
        page.context.clock.set_fixed_time(before + timedelta(days=365))
        note(page, f"{MARK}钟错了：路面塌了一块")

        count(page, SENT, 1)
        line = said(site, f"{MARK}钟错了：路面")[0]
        assert line.endswith("['device_clock_off_s', 'device_said_at']")
        at, slack = datetime.fromisoformat(line.split()[1]), timedelta(minutes=2)
        assert before - slack <= at <= datetime.now(UTC) + slack, "put right by the server's clock"
        page.locator("#clock", has_text="快").wait_for()


class TestTheDevice:
    def test_holds_places_and_own_words_and_forgets_them_on_signing_out(self, phone, house):
        page = phone()
        house.kept.pop(GRID)  # this session ends here: whoever comes next signs in anew
        page.context.set_offline(True)
        note(page, "退出以前没有发的")
        held = page.evaluate(STORED)
        assert "退出以前没有发的" not in held and "配电间" not in held  # sealed, and there
        go(page, "queue")
        assert "退出以前没有发的" in page.inner_text("#rows")
        for word in ("孙小满", "wangge1", "csrfmiddlewaretoken\" value=\"", "sessionid", "1390000"):
            assert word not in held, word

        page.context.route("**/api/v1/sync", lambda route: route.abort())
        page.context.set_offline(False)
        page.goto("/grid")
        page.evaluate("document.querySelector('form[action=\"/sign-out\"]').requestSubmit()")
        page.wait_for_url("**/pocket#queue")  # something is not sent yet: not from here
        ready(page)
        page.context.set_offline(True)
        page.locator("[data-open=leave]").click()
        page.locator("[data-unsent]", has_text="还有 1 条").wait_for()  # counted before it is shown
        page.locator("[data-no-net]").wait_for()
        page.context.unroute("**/api/v1/sync")
        page.context.set_offline(False)
        count(page, SENT, 1)
        page.locator("#leave-now").click()
        page.wait_for_url(lambda url: "pocket" not in url)

        page.goto("/help")
        assert "配电间" not in page.evaluate(STORED) and "退出以前" not in page.evaluate(STORED)
        page.goto("/pocket")
        assert "/sign-in" in page.url

    def test_shows_another_account_nothing_of_the_first(self, phone, house):
        page = phone(OTHER)
        page.context.set_offline(True)
        note(page, "第一个人没发出去的话")
        page.context.set_offline(False)
        count(page, SENT, 1)
        page.context.clear_cookies(name="jishi")
        page.context.add_cookies(house._state(GRID)["cookies"])

        page.goto("/pocket")
        ready(page)
        go(page, "queue")

        count(page, "#rows > li", 0)
        assert "第一个人没发出去的话" not in page.content() and "石坊里8号楼" not in page.content()

    def test_asks_for_its_position_only_when_here_is_pressed(self, phone):
        page = phone(geolocation={"latitude": 30.1, "longitude": 120.2, "accuracy": 15}, permissions=["geolocation"])
        page.context.set_offline(True)
        note(page, "没有按就在这里")
        assert points(page) == 0

        go(page, "report")
        page.fill("#r-text", "按了就在这里")
        page.locator("#report-form [data-here-on]").click()
        page.wait_for_selector("#report-form [data-here-off]:not([hidden])")
        press(page)
        count(page, WAITING, 2)
        assert points(page) == 1
        for each in page.locator("#rows [data-acts]").all():
            assert each.is_hidden()


def points(page: Any) -> int:
    """How many of the rows that wait hold a position."""
    return int(page.evaluate("""import('/static/cases/pocket/store.js').then((s) => s.rows())
        .then((rows) => rows.filter((row) => row.said.here).length)"""))


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_every_screen_is_whole_in_both_languages_in_large_print_and_by_keyboard(lang, phone, axe):
    page = phone(lang=lang)
    page.context.set_offline(True)
    note(page, "看样子用的一条")
    found = []
    for elder in (False, True) if lang == "zh-hans" else (False,):
        if elder:
            page.locator("[data-elder]").click()
        for screen in ("today", "report", "settle", "errands", "queue"):
            go(page, screen)
            for size in (SMALL, PHONE, (1280, 800)):
                page.set_viewport_size({"width": size[0], "height": size[1]})
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                found += [f"{screen} {size} elder={elder}: {wide} px too wide"] if wide > 0 else []
            page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            if elder:
                continue
            if not page.evaluate("() => 'axe' in window"):
                page.evaluate(axe)
            told = page.evaluate("r => axe.run(document, {runOnly: r, resultTypes: ['violations']})", RULES)
            found += [f"{screen} elder={elder}: {v['id']} {v['nodes'][0]['html'][:120]}" for v in told["violations"]]
    assert page.locator("h1").count() == 1 and page.title().strip()
    assert not found, "\n".join(found)
    if lang == "en":
        assert re.search(r"[\u4e00-\u9fff]", page.locator("nav.dock").text_content()) is None
    go(page, "report")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[data-screen=report]') !== null")
    page.context.set_offline(False)
    count(page, SENT, 1)
    assert page.context.seen.foreign == []
