"""Every page, as the person it is for sees it: in Chinese and in English, on a phone and at a desk.

What is held to: ui §§6, 11. WCAG 2.2 AA by axe-core, one h1, the language named, nothing wider than the screen,
nothing fetched from elsewhere, nothing that the content policy had to refuse.
"""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import follow

pytestmark = pytest.mark.xdist_group("browser")

PHONE, SMALL, DESK = (360, 760), (320, 640), (1280, 800)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RESIDENT, DISPATCHER, OPERATOR, HANDLER = "jumin1", "paidan1", "huawu1", "shuiwu1"
REVIEWER, CALLER, OFFICE, SYSTEM, GRID = "shenhe1", "huifang1", "lingdao1", "xitong1", "wangge1"
CHAIR, STREET, SUPERVISOR = "tiaojie1", "hexi1", "duban1"
SECURITY, AUDITOR, KEEPER = "anquan1", "shenji1", "qingdan1"


@dataclass(frozen=True)
class Screen:
    """One page. `who`: whom to sign in as; `link`: what to follow from `path`; `before`: what must have happened.

    `tail`: put after the address that was followed; `swap`: in the place of all before its last part; `after`: what
    is done on the page before it is judged.
    """

    name: str
    path: str
    who: str = ""
    link: str = ""
    before: Callable[[Any], None] | None = None
    status: int = 200
    tail: str = ""
    swap: str = ""
    after: Callable[[Any], None] | None = None

    @property
    def for_residents(self) -> bool:
        return self.who in ("", RESIDENT)


def speak(page: Any, text: str = "翠竹苑二期路灯不亮好几天了，晚上看不见路。", voice: str = "open") -> None:
    """Say one thing without naming anybody; whoever else said something like it, this is another matter."""
    page.goto("/speak")
    page.fill("textarea[name=text]", text)
    page.check(f"input[name=voice][value={voice}]")
    follow(page, page.locator("#speak button[type=submit]"))
    if page.locator("input[name=join][value=no]").count():
        page.check("input[name=join][value=no]")
        page.locator("#speak button[type=submit]").click()
    page.wait_for_url("**/receipt")


def look_at_many(page: Any) -> None:
    """Look at what a tag would do to all that waits; some are refused, because they bear it."""
    page.goto("/desk/bulk?status=RECEIVED&all=1")
    page.check("input[name=verb][value=tag]")
    page.fill("input[name=add]", "汛期")
    page.locator("form[data-main] button.go").click()
    page.wait_for_url("**/desk/bulk/*")


def bring_ground(page: Any) -> None:
    """Bring a file of one grid that leaves its community without the others: a report with findings on a map."""
    page.goto("/desk/ground/imports")
    if page.locator('main a[href^="/desk/ground/imports/"]').count():
        return
    ring = [[115.20, 30.10], [115.21, 30.10], [115.21, 30.11], [115.20, 30.11], [115.20, 30.10]]
    feature = {
        "type": "Feature", "properties": {"code": "990181001002001", "name": "第一网格"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }  # fmt: skip
    drawn = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    file = {"name": "grids.geojson", "mimeType": "application/geo+json", "buffer": drawn}
    page.set_input_files("input[type=file]", file)
    page.select_option("select[name=division]", "990181001002")
    page.select_option("select[name=crs]", "cgcs2000")
    page.locator("main form button.go").first.click()
    page.wait_for_url("**/desk/ground/imports/*")


def bring_messages(page: Any) -> None:
    """Bring a board's file of two messages, one of a day that is none: what would be taken in, and what refused."""
    page.goto("/desk/import")
    head = "留言编号,留言用户,留言主题,留言时间,留言详情"
    rows = f"{head}\n9-1,U1,,2026-06-11 09:00:00,翠竹苑二期北门的雨水井堵了。\n9-2,U2,,六月,路灯坏了。\n"
    page.set_input_files("input[type=file]", {"name": "board.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.check("input[name=columns][value^='messages']")
    follow(page, page.locator("form[enctype] button[type=submit]"))
    page.wait_for_url(re.compile(r"/desk/import/\d+"))
    page.wait_for_selector("nav.tabs a")
    page.wait_for_function("() => document.readyState === 'complete' && !document.querySelector('form[data-goes-on]')")


def type_a_call(page: Any) -> None:
    """Type what a caller says, and wait for what the console makes of it."""
    page.fill("textarea[name=text]", "翠竹苑二期3号楼门口的路灯坏了四天，晚上看不见路。")
    page.wait_for_selector("[data-take='2']")
    page.wait_for_load_state("networkidle")


SCREENS = (
    Screen("home", "/"),
    Screen("home", "/", RESIDENT),
    Screen("home", "/", DISPATCHER),
    Screen("after-sign-in", "/home", HANDLER),
    Screen("home", "/", GRID),
    Screen("help", "/help"),
    Screen("how-it-runs", "/help/how-it-runs"),
    Screen("accessibility", "/help/accessibility"),
    Screen("about-the-platform", "/help/about-the-platform"),
    Screen("components", "/help/components"),
    Screen("speak", "/speak"),
    Screen("receipt", "/receipt", before=speak),
    Screen("receipt-gone", "/receipt", RESIDENT, status=410),
    Screen("mine", "/mine"),
    Screen("mine", "/mine", RESIDENT, before=speak),
    Screen("timeline", "/mine", RESIDENT, 'main a[href^="/mine/R"]', before=speak),
    Screen("judged", "/feedback/done?solved=no"),
    Screen("feedback-link", "/feedback"),
    Screen("me", "/me"),
    Screen("me", "/me", RESIDENT),
    Screen("account_login", "/sign-in"),
    Screen("account_logout", "/sign-out", RESIDENT),
    Screen("choose-post", "/post", OFFICE),
    Screen("mfa_index", "/me/sign-in", RESIDENT),
    Screen("mfa_index", "/me/sign-in", SYSTEM),
    Screen("account_change_password", "/me/password", RESIDENT),
    Screen("who-looked", "/me/readings", RESIDENT),
    Screen("operator", "/desk/operator", OPERATOR),
    Screen("dispatch", "/desk/dispatch", DISPATCHER),
    Screen("dispatch", "/desk/dispatch", DISPATCHER, 'main a[href*="case=C"]'),
    Screen("cases", "/cases", DISPATCHER),
    Screen("cases", "/cases?q=%E9%BE%99%E5%AE%AB", OFFICE),
    Screen("cases", "/cases?cols=tags,received,due&sort=due&status=open", DISPATCHER),
    Screen("bulk", "/desk/bulk?status=RECEIVED&all=1", DISPATCHER),
    Screen("bulk-plan", "/desk/bulk", DISPATCHER, 'main a[href^="/desk/bulk/"]', before=look_at_many),
    Screen("case", "/cases", DISPATCHER, 'main a[href^="/cases/C"]'),
    Screen("case", "/cases", OFFICE, 'main a[href^="/cases/C"]'),
    Screen("inbox", "/desk/inbox", HANDLER),
    Screen("inbox-case", "/desk/inbox", HANDLER, 'main a.t[href^="/desk/inbox/C"]'),
    Screen("review", "/desk/review", REVIEWER),
    Screen("feedback", "/desk/feedback", CALLER),
    Screen("grid-today", "/grid", GRID),
    Screen("grid-walk", "/grid/walk", GRID),
    Screen("grid-report", "/grid/report", GRID),
    Screen("grid-report", "/grid", GRID, 'main a[href*="done=1"]'),
    Screen("import", "/desk/import", OPERATOR),
    Screen("mediators", "/mediators"),
    Screen("mediations", "/desk/mediations", CHAIR),
    Screen("mediation-one", "/desk/mediations", CHAIR, 'main th a[href^="/desk/mediations/"]'),
    Screen("topic", "/topics", "", 'main h2 a[href^="/topics/"]'),
    Screen("topic-board", "/desk/topics", OFFICE),
    Screen("map", "/map"),
    Screen("desk-map", "/desk/map", DISPATCHER),
    Screen("my-grid", "/my-grid"),
    Screen("grid-sheet", "/grids/990181001002003"),
    Screen("residence", "/me/residence", RESIDENT),
    Screen("transitions", "/desk/transitions", OFFICE),
    Screen("duties", "/duties"),
    Screen("duty-item", "/duties", "", 'main a[href^="/duties/"]:not([href*="?"]):not([href$="whose"])'),
    Screen("whose", "/duties/whose"),
    Screen("desk-duties", "/desk/duties", OFFICE),
    Screen("desk-duties-edition", "/desk/duties", OFFICE, 'main a[href^="/desk/duties/"]:not([href$="import"])'),
    Screen("desk-duties-import", "/desk/duties/import", OFFICE),
    Screen("bodies", "/desk/bodies", SECURITY),
    Screen("bodies", "/desk/bodies", SECURITY, 'main a[href^="/desk/bodies/"]'),
    Screen("not-found", "/no-such-page", status=404),
    Screen("refused", "/desk/dispatch", HANDLER, status=403),
)
CASE = 'main a[href^="/cases/C"]'
EDITION = 'main a[href^="/desk/duties/"]:not([href$="import"])'
A_SEASON = f"/dry-run?from={datetime.now(UTC).date() - timedelta(days=90)}"
# Every other page of the rooms, the cheap way: in Chinese on a phone, in English at a desk; at night all four.
MORE = (
    Screen("refusals", "/help/refusals"),
    Screen("topics", "/topics"),
    Screen("public", "/public"),
    Screen("knowledge", "/knowledge"),
    Screen("knowledge-kept", "/desk/knowledge", HANDLER),
    Screen("auto-offers", "/desk/auto-offers", OFFICE),
    Screen("danger-rules", "/desk/dangers", OPERATOR),
    Screen("pairs", "/desk/pairs", DISPATCHER),
    Screen("open311", "/open311"),
    Screen("my-notices", "/me/notices", RESIDENT),
    Screen("my-notices", "/me/notices", HANDLER),
    Screen("case-trail", "/cases?sort=due", DISPATCHER, CASE, tail="?tab=trail"),
    Screen("case-handovers", "/cases?status=HANDLING", DISPATCHER, CASE, tail="?tab=handovers"),
    Screen("together", "/cases?status=HANDLING", DISPATCHER, CASE, tail="/together"),
    Screen("case-photos", "/cases", REVIEWER, CASE, tail="/photos"),
    Screen("case-unsealing", "/cases?status=HANDLING", SUPERVISOR, CASE, tail="/unsealing"),
    Screen("mediation", "/desk/inbox", STREET, 'main a.t[href^="/desk/inbox/C"]', tail="/mediation", swap="/cases/"),
    Screen("inbox-together", "/desk/together", STREET),
    Screen("errands", "/desk/errands", DISPATCHER),
    Screen("patrols", "/desk/patrols", DISPATCHER),
    Screen("patrol", "/desk/patrols", DISPATCHER, 'main a[href^="/desk/patrols/"]'),
    Screen("reminders", "/desk/reminders", HANDLER),
    Screen("stuck", "/desk/stuck", OFFICE),
    Screen("banked", "/desk/banked", OFFICE),
    Screen("second-look", "/desk/again", REVIEWER),
    Screen("home", "/", AUDITOR),
    Screen("home", "/", KEEPER),
    Screen("record", "/desk/record", AUDITOR),
    Screen("whistles", "/desk/whistles", OFFICE),
    Screen("unsealings", "/desk/unsealings", SUPERVISOR),
    Screen("exclusions", "/desk/exclusions", OFFICE),
    Screen("topic-one", "/desk/topics", OFFICE, 'main a[href^="/desk/topics/"]'),
    Screen("mediators-kept", "/desk/mediators", OFFICE),
    Screen("places", "/desk/ground", OFFICE),
    Screen("ground-years", "/desk/ground/years", OFFICE),
    Screen("ground-special", "/desk/ground/special", OFFICE),
    Screen("ground-divisions", "/desk/ground/divisions", OFFICE),
    Screen("ground-codes", "/desk/ground/codes", OFFICE),
    Screen("ground-imports", "/desk/ground/imports", OFFICE),
    Screen("walk-nets", "/desk/ground/ways", OFFICE),
    Screen("ground-import", "/desk/ground/imports", OFFICE, 'main a[href^="/desk/ground/imports/"]', bring_ground),
    Screen("gridplan", "/desk/plans", OFFICE),
    Screen("gridplan-notices", "/gridplans"),
    Screen("notices", "/desk/notices", OFFICE),
    Screen("dead-letters", "/desk/dead-letters", SYSTEM),
    Screen("operator-told", "/desk/operator", OPERATOR, after=type_a_call),
    Screen("import-report", "/desk/import", OPERATOR, 'main a[href^="/desk/import/"]', bring_messages),
    Screen("dry-run", "/desk/duties", OFFICE, EDITION, tail=A_SEASON),
    Screen("coverage", "/desk/duties", OFFICE, EDITION, tail="/coverage"),
)
AT_NIGHT = os.environ.get("JISHI_PROFILE") == "nightly"
LOOKS = (("zh-hans", PHONE), ("en", DESK), *((("zh-hans", DESK), ("en", PHONE)) if AT_NIGHT else ()))
MAIN = [s for s in SCREENS if (s.name, s.who) in {
    ("home", ""), ("speak", ""), ("timeline", RESIDENT), ("operator", OPERATOR), ("dispatch", DISPATCHER),
    ("case", DISPATCHER), ("inbox-case", HANDLER), ("map", ""),
}]  # fmt: skip


def called(screen: Screen) -> str:
    return f"{screen.name}{'-opened' if screen.link else ''}-{screen.who or 'anybody'}"


@pytest.fixture(scope="module")
def pages(house: Any) -> dict[tuple[str, str], Any]:
    return {}


@pytest.fixture
def at(house: Any, pages: dict[tuple[str, str], Any]) -> Callable[..., Any]:
    """Open a screen in the page of its person, kept over the file; gives page and status."""

    def go(screen: Screen, lang: str, **more: Any) -> tuple[Any, int]:
        key = (screen.who, lang, *sorted(more.items()))
        if key not in pages:
            pages[key] = house.page(screen.who, lang=lang, keep=True, **more)
        page = pages[key]
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        if screen.before is not None:
            screen.before(page)
        page.context.seen.forget()
        response = page.goto(screen.path)
        if screen.link:
            href = page.locator(screen.link).first.get_attribute("href")
            if screen.tail:
                href = re.sub("[?#].*", "", href)
                href = f"{screen.swap}{href.rsplit('/', 1)[1]}{screen.tail}" if screen.swap else href + screen.tail
            response = page.goto(re.sub("#.*", "", page.evaluate("h => new URL(h, location).href", href)))
        if screen.after is not None:
            screen.after(page)
        return page, response.status

    return go


def wider_than_the_screen(page: Any) -> list[str]:
    """Give what makes the page scroll sideways; nothing when it does not."""
    return page.evaluate(
        """() => {
            const wide = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= wide) return [];
            return [...document.querySelectorAll("body *")]
                .filter((e) => e.getBoundingClientRect().right > wide + 1)
                .slice(-5).map((e) => `${e.tagName}.${e.className} ${e.getBoundingClientRect().right}`);
        }"""
    ) or []


# A control that the bar of keys covers at the fold is as large as it is once the page has moved it into view.
JUDGED = """async rules => {
    const found = await axe.run(document, {runOnly: rules, resultTypes: ['violations']});
    for (const broken of found.violations.filter(v => v.id === 'target-size')) {
        const small = [];
        for (const node of broken.nodes) {
            const control = document.querySelector(node.target[0]);
            control.scrollIntoView({block: 'center', behavior: 'instant'});
            const again = await axe.run(control, {runOnly: ['target-size'], resultTypes: ['violations']});
            if (again.violations.length) small.push(node);
        }
        broken.nodes = small;
    }
    scrollTo({top: 0, behavior: 'instant'});
    return found;
}"""


def broken_rules(page: Any, axe: str) -> list[str]:
    """Run axe-core on the page as it stands; give each rule broken with where."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe)
    found = page.evaluate(JUDGED, RULES)
    return [
        f"{v['id']}: {n['html'][:160]} {n['any'][0]['message'] if n['any'] else ''}"
        for v in found["violations"]
        for n in v["nodes"][:3]
    ]


def ensure_nothing(found: dict[str, list[str]]) -> None:
    """Fail with every fact on a line of its own."""
    lines = [f"{what}: {fact}" for what, facts in found.items() for fact in facts]
    assert not lines, "\n".join(["", *lines])


def resize(page: Any, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def shot(page: Any, name: str) -> None:
    if folder := os.environ.get("JISHI_SHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("screen", SCREENS, ids=called)
def test_the_page_is_whole_in_both_languages_on_a_phone_and_at_a_desk(screen, lang, at, axe):
    page, status = at(screen, lang)

    assert status == screen.status
    assert page.locator("h1").count() == 1
    assert page.evaluate("() => document.documentElement.lang") == ("en" if lang == "en" else "zh-Hans")
    assert page.title().strip()
    found = {}
    for size in (PHONE, DESK) if not screen.for_residents else (SMALL, PHONE, DESK):
        resize(page, size)
        found[f"wider than {size[0]} px"] = wider_than_the_screen(page)
        if size != SMALL:
            found[f"axe at {size[0]} px"] = broken_rules(page, axe)
            shot(page, f"{called(screen)}-{lang}-{size[0]}")
    seen = page.context.seen
    found |= {"other hosts": seen.foreign, "console": _unexpected(seen.complaints, screen.status)}
    ensure_nothing(found)


@pytest.mark.parametrize("screen", MORE, ids=called)
def test_every_other_page_is_whole_in_chinese_on_a_phone_and_in_english_at_a_desk(screen, at, axe):
    found = {}
    for lang, size in LOOKS:
        page, status = at(screen, lang)
        resize(page, size)

        assert status == screen.status
        assert page.locator("h1").count() == 1
        found[f"{lang}: wider than {size[0]} px"] = wider_than_the_screen(page)
        found[f"{lang}: axe at {size[0]} px"] = broken_rules(page, axe)
        seen = page.context.seen
        found[f"{lang} at {size[0]} px: console"] = seen.foreign + _unexpected(seen.complaints, status)
        shot(page, f"{called(screen)}-{lang}-{size[0]}")
    ensure_nothing(found)


@pytest.mark.parametrize("look", ["dark", "elder", "forced-colors"])
@pytest.mark.parametrize("screen", MAIN, ids=called)
def test_the_main_pages_hold_in_the_dark_in_large_print_and_in_forced_colours(screen, look, at, axe):
    page, status = at(screen, "zh-hans", **({"color_scheme": "dark"} if look == "dark" else {}), **(
        {"forced_colors": "active"} if look == "forced-colors" else {}
    ))  # fmt: skip
    if look == "elder":
        page.context.add_cookies([{"name": "jishi_elder", "value": "1", "url": page.url}])
        page.reload()
        page.context.add_cookies([{"name": "jishi_elder", "value": "0", "url": page.url}])

    assert status == 200
    found = {}
    for size in (PHONE, DESK):
        resize(page, size)
        found[f"wider than {size[0]} px"] = wider_than_the_screen(page)
        found[f"axe at {size[0]} px"] = broken_rules(page, axe)
        shot(page, f"{called(screen)}-{look}-{size[0]}")
    ensure_nothing(found)


def _unexpected(complaints: list[str], status: int) -> list[str]:
    """The browser itself remarks a page that answers 4xx; that is what was asked for."""
    return [c for c in complaints if not (status >= 400 and f"status of {status}" in c)]
