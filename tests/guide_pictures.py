"""Makes the pictures of docs/guide: the demonstration town on one Wednesday, seen by each post, in both languages.

`./dev pictures guide [ROLE]`. The clock of the town stands still, so that the same pages come out whenever it is run; a
picture is written anew only where it differs from the one that is there. Nobody's own data is touched: the town is
founded in a folder that is thrown away.
"""

import io
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs/guide/pictures"
FROZEN = datetime(2026, 3, 18, 2, 40, tzinfo=UTC)  # Wednesday, 10:40 at the town
PHONE, DESK = (360, 720), (1280, 800)
QUALITY, SAME = 30, 2.0  # of WebP; mean difference of two pictures, of 255, below which the old one stays
UNFOLD = "f => { for (let d = f.closest('details'); d; d = d.parentElement.closest('details')) d.open = true }"
SAID = "翠竹苑二期3号楼门口的路灯坏了四天，晚上看不见路。"


@dataclass(frozen=True)
class Scene:
    """One picture: `role` is the guide it belongs to; `do` what is done on the page before it is taken."""

    role: str
    name: str
    who: str
    path: str
    do: Callable[[Any], None] | None = None
    phone: bool = False
    link: str = ""

    @property
    def file(self) -> str:
        return f"{self.role}-{self.name}.webp"

CASE = 'main a[href^="/cases/C"]'
INBOX_CASE = 'main a.t[href^="/desk/inbox/C"]'
RUNNING_CASE = 'main #running a.t[href^="/desk/inbox/C"]'


# --- what is done on a page before its picture ------------------------------------------------------------------


def _type(**fields: str) -> Callable[[Any], None]:
    def do(page: Any) -> None:
        for name, words in fields.items():
            page.locator(f"[name={name}]").first.fill(words)

    return do


def _speak(page: Any) -> None:
    page.fill("textarea[name=text]", SAID)
    page.locator("#speak").scroll_into_view_if_needed()


def _send(page: Any) -> None:
    _speak(page)
    page.locator("#speak button[type=submit]").click()
    page.wait_for_load_state()
    if page.locator("input[name=join][value=no]").count():
        page.check("input[name=join][value=no]")
        page.locator("#speak button[type=submit]").click()
    page.wait_for_url("**/receipt")


def _call(page: Any) -> None:
    page.fill("textarea[name=text]", SAID)
    page.wait_for_selector("[data-take='2']")
    page.wait_for_load_state("networkidle")


def _unfold(selector: str) -> Callable[[Any], None]:
    """Open a fold and put it into the middle of the picture."""

    def do(page: Any) -> None:
        fold = page.locator(selector).first
        fold.evaluate(UNFOLD)
        fold.evaluate("f => f.scrollIntoView({ block: 'center' })")

    return do


def _into_view(selector: str) -> Callable[[Any], None]:
    def do(page: Any) -> None:
        page.locator(selector).first.evaluate("e => e.scrollIntoView({ block: 'start' })")

    return do


def _press(selector: str) -> Callable[[Any], None]:
    def do(page: Any) -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state("networkidle")

    return do


def _together(page: Any) -> None:
    _press('main a[href$="/together"]')(page)
    page.locator("#new-whistle").evaluate("f => { f.open = true; f.scrollIntoView({ block: 'start' }); }")


def _outside(page: Any) -> None:
    _press('main a[href$="/together"]')(page)
    page.locator("#new-link").evaluate("f => { f.open = true; f.scrollIntoView({ block: 'center' }); }")


def _drawn(page: Any) -> None:
    page.wait_for_timeout(4000)  # a map is drawn after the page has come to rest


def _keys(page: Any) -> None:
    page.keyboard.press("?")


def _choose_three(page: Any) -> None:
    for key in ("j", "x", "j", "x", "j", "x"):
        page.keyboard.press(key)


def _ticks(page: Any) -> None:
    for key in ("1", "2", "3"):
        page.keyboard.press(key)


def _answers(page: Any) -> None:
    for name, value in (("contacted", "yes"), ("solved", "yes"), ("satisfied", "basically")):
        page.locator(f"input[name={name}][value={value}]").first.check()


def _first_with(wanted: str, links: str) -> Callable[[Any], None]:
    """Go from a list to the first of its cases that shows `wanted`, unfolded and in the middle of the picture."""

    def do(page: Any) -> None:
        for href in page.eval_on_selector_all(links, "all => [...new Set(all.map((a) => a.href))]"):
            page.goto(href, wait_until="domcontentloaded")
            if page.locator(wanted).count():
                break
        _unfold(wanted)(page)

    return do


def _pocket(screen: str) -> Callable[[Any], None]:
    def do(page: Any) -> None:
        page.wait_for_selector("html[data-ready]")
        page.evaluate("screen => { location.hash = screen; }", screen)
        page.wait_for_selector(f"[data-screen={screen}]:not([hidden])")

    return do


SCENES: tuple[Scene, ...] = (
    Scene("every-post", "today", "paidan1", "/"),
    Scene("every-post", "cases", "paidan1", "/cases?status=open", _choose_three),
    Scene("every-post", "keys", "paidan1", "/desk/dispatch", _keys),
    Scene("every-post", "knowledge", "shuiwu1", "/desk/knowledge", _unfold("main details form")),
    Scene("resident", "speak", "", "/speak", _speak, phone=True),
    Scene("resident", "receipt", "", "/speak", _send, phone=True),
    Scene("resident", "follow", "", "/mine", phone=True),
    Scene("resident", "topics", "", "/topics", phone=True),
    Scene("operator", "console", "huawu1", "/desk/operator", _call),
    Scene("operator", "import", "huawu1", "/desk/import"),
    Scene("dispatcher", "desk", "paidan1", "/desk/dispatch", link='main a[href*="case=C"]'),
    Scene("dispatcher", "returns", "paidan1", "/desk/dispatch?queue=returns", _unfold("#act-accept-return form"),
          link='main a[href*="case=C"]'),
    Scene("dispatcher", "consulting", "paidan1", "/desk/dispatch?queue=consulting", link='main a[href*="case=C"]'),
    Scene("dispatcher", "merging", "paidan1", "/cases?status=open", _first_with("#alike", CASE)),
    Scene("dispatcher", "topics", "paidan1", "/desk/clusters", _drawn),
    Scene("dispatcher", "patrols", "paidan1", "/desk/patrols"),
    Scene("handler", "inbox", "hexi1", "/desk/inbox"),
    Scene("handler", "return", "hexi1", "/desk/inbox", _first_with("#return form", INBOX_CASE)),
    Scene("handler", "reply", "shuiwu1", "/desk/inbox", _into_view("#reply"), link=RUNNING_CASE),
    Scene("handler", "whistle", "hexi1", "/desk/inbox", _together, link=RUNNING_CASE),
    Scene("handler", "outside", "hexi1", "/desk/inbox", _outside, link=RUNNING_CASE),
    Scene("supervisor", "stuck", "duban1", "/desk/stuck"),
    Scene("supervisor", "unsealings", "duban1", "/desk/unsealings"),
    Scene("reviewer", "review", "shenhe1", "/desk/review", _ticks),
    Scene("feedback-caller", "desk", "huifang1", "/desk/feedback", _answers),
    Scene("feedback-caller", "sample", "huifang1", "/desk/feedback", _unfold("form[action$='/commit'] [name=value]")),
    Scene("grid-worker", "today", "wangge1", "/pocket", _pocket("today"), phone=True),
    Scene("grid-worker", "report", "wangge1", "/pocket", _pocket("report"), phone=True),
    Scene("grid-worker", "errands", "wangge1", "/pocket", _pocket("errands"), phone=True),
    Scene("grid-worker", "queue", "wangge1", "/pocket", _pocket("queue"), phone=True),
    Scene("mediator", "mine", "tiaojie1", "/desk/mediations", phone=True),
    Scene("mediator", "one", "tiaojie1", "/desk/mediations", phone=True, link='main th a[href^="/desk/mediations/"]'),
    Scene("leading-group-office", "stuck", "lingdao1", "/desk/stuck"),
    Scene("leading-group-office", "lists", "qingdan1", "/desk/duties"),
    Scene("leading-group-office", "plan", "lingdao1", "/desk/plans"),
    Scene("leading-group-office", "transitions", "lingdao1", "/desk/transitions", _unfold("main details form")),
    Scene("leading-group-office", "models", "lingdao1", "/desk/models"),
    Scene("leading-group-office", "names", "lingdao1", "/desk/ground/names"),
    Scene("leading-group-office", "topics", "lingdao1", "/desk/topics"),
    Scene("leading-group-office", "offers", "lingdao1", "/desk/auto-offers", _unfold("main details form")),
    Scene("leading-group-office", "dangers", "lingdao1", "/desk/dangers", _unfold("main details form")),
    Scene("leading-group-office", "pairs", "lingdao1", "/desk/pairs"),
    Scene("ruler", "ruling", "lingdao1", "/desk/dispatch?queue=consulting", _unfold("form[action$='/rule'] textarea"),
          link='main a[href*="case=C"]'),
    Scene("auditor", "trail", "shenji1", "/cases", _press('main a[href="?tab=trail"]'), link=CASE),
    Scene("system-administrator", "letters", "xitong1", "/desk/dead-letters"),
    Scene("system-administrator", "sign-in", "xitong1", "/me/sign-in"),
    Scene("security-administrator", "bodies", "anquan1", "/desk/bodies"),
    Scene("security-administrator", "one", "anquan1", "/desk/bodies", link='main a[href^="/desk/bodies/"]'),
)


# --- the town on its day ----------------------------------------------------------------------------------------


def stop_the_clock(at: datetime) -> None:
    """Let every reading of the clock in this process be `at`, a millisecond later each time."""
    from django.utils import timezone

    ticks = iter(range(1, 10**9))
    timezone.now = lambda: at + timedelta(milliseconds=next(ticks))  # type: ignore[assignment]


def found() -> None:
    """Found the town at the frozen moment: in a process of its own, with the owner's rights."""
    import django

    stop_the_clock(FROZEN)
    django.setup()
    from django.core.management import call_command

    call_command("found_demo", first=400)
    _sweep()


def _sweep() -> None:
    """Let the clocks act that the background process would have let act by now."""
    from django.utils import timezone

    from jishi.cases.actions import patrols, reminding, sweeping
    from jishi.foundation.actor import clock
    from jishi.foundation.tenants import Tenant
    from jishi.portal.founding import CODE

    by = clock(Tenant.objects.get(code=CODE).id, "guide")
    for act in (sweeping.sweep, patrols.sweep, reminding.remind):
        act(by=by, now=timezone.now())


@contextmanager
def town() -> Iterator[str]:
    """Found the town and serve it from this process; gives its address."""
    from config.cli.serving import _run, _schema_is_old, _stop_database
    from config.cli.standing import stand

    os.environ["JISHI_DEMO"] = "1"
    with tempfile.TemporaryDirectory(prefix="jishi-guide-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o711)
        folder = stand(made, django=False)
        try:
            _schema_is_old(folder)
            _run("manage", ["migrate", "--verbosity", "0"], folder, role="owner")
            env = {**os.environ, "JISHI_ROLE": "owner", "PYTHONPATH": str(ROOT)}
            subprocess.run([sys.executable, "-m", "tests.guide_pictures", "found"], env=env, cwd=ROOT, check=True)
            yield from _serve()
        finally:
            _stop_database()


def _serve() -> Iterator[str]:
    stop_the_clock(FROZEN + timedelta(minutes=1))
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    from config.wsgi import application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


# --- taking them ------------------------------------------------------------------------------------------------


def take(scenes: Sequence[Scene]) -> int:
    """Take every picture in both languages; gives how many were written."""
    from playwright.sync_api import sync_playwright

    from tests.conftest import BROWSERS, QUIET, House, Site, shutil

    found_at = next(path for name in BROWSERS if (path := shutil.which(name)))
    written, failed = 0, []
    with town() as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found_at, args=list(QUIET))
        house = House(Site(url, ROOT, None), browser, {})  # type: ignore[arg-type]
        for lang in ("zh-hans", "en"):
            for scene in scenes:
                context = house.context(
                    scene.who, size=PHONE if scene.phone else DESK, lang=lang, keep=True,
                    device_scale_factor=2 if scene.phone else 1, reduced_motion="reduce",
                )  # fmt: skip
                context.clock.set_fixed_time(FROZEN)
                try:
                    written += _keep(_shot(context.new_page(), scene), PICTURES / lang[:2] / scene.file)
                except Exception as no:  # noqa: BLE001 - the others are still taken; all are told at the end
                    failed.append(f"{lang} {scene.file}: {str(no)[:300]}")
                finally:
                    context.close()
        browser.close()
    if failed:
        raise SystemExit("\n".join(failed))
    return written


def _shot(page: Any, scene: Scene) -> bytes:
    answer = page.goto(scene.path)
    if scene.link:
        href = page.locator(scene.link).first.get_attribute("href")
        answer = page.goto(page.evaluate("h => new URL(h, location).href.replace(/#.*/, '')", href))
    assert answer.status < 400, f"{answer.status} {page.url}"
    page.wait_for_load_state("networkidle")
    if scene.do is not None:
        scene.do(page)
    page.wait_for_load_state("networkidle")
    return page.screenshot()


def _keep(shot: bytes, path: Path) -> int:
    """Write a picture as WebP, unless the one that is there shows the same."""
    from PIL import Image, ImageChops, ImageStat

    new = Image.open(io.BytesIO(shot)).convert("RGB")
    if new.width == 2 * PHONE[0]:
        new = new.resize((540, new.height * 540 // new.width), Image.Resampling.LANCZOS)
    if path.exists():
        old = Image.open(path).convert("RGB")
        if old.size == new.size and max(ImageStat.Stat(ImageChops.difference(old, new)).mean) < SAME:
            return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    new.save(path, "WEBP", quality=QUALITY, method=6)
    return 1


def unknown(words: Sequence[str]) -> list[str]:
    """Give those words with which no picture's file name begins."""
    return [word for word in words if not any(s.file.startswith(word) for s in SCENES)]


def main(argv: Sequence[str]) -> int:
    """Found the town, or take the pictures: all, or those whose file name begins with a word that is given."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if argv[:1] == ["found"]:
        found()
        return 0
    wanted = [s for s in SCENES if not argv or any(s.file.startswith(word) for word in argv)]
    sys.stdout.write(f"{take(wanted)} / {2 * len(wanted)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
