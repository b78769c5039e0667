"""Photos in the grid worker's pocket, and a device that was ended, in a real browser (spec 10 §12, 90 §2 A4)."""

import io
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from tests.browser.test_pocket import (
    DRAFT,
    MARK,
    OTHER,
    SENT,
    WAITING,
    count,
    go,
    note,
    phone,
    press,
    ready,
    said,
    until,
)

__all__ = ["phone"]  # a fixture
pytestmark = pytest.mark.xdist_group("browser")


SEALED = """async () => {
    const done = (r) => new Promise((yes, no) => { r.onsuccess = () => yes(r.result); r.onerror = () => no(r.error); });
    const { name } = (await indexedDB.databases()).find((d) => d.name.startsWith("jishi-pocket-"));
    const db = await done(indexedDB.open(name));
    const ids = await done(db.transaction("keys").objectStore("keys").getAllKeys());
    db.close();
    return ids.some((id) => !["device", "code", "again"].includes(id));
}"""
SLOW_TO_OPEN = """() => {
    const open = crypto.subtle.decrypt.bind(crypto.subtle);
    let opening = window.opened = 0;
    crypto.subtle.decrypt = async (...what) => {
        opening++;
        const found = await open(...what);
        await new Promise(go => setTimeout(go, 1000));
        setTimeout(() => { opening--; window.opened++; window.still = opening; }, 100);
        return found;
    };
}"""
STORE = "await import(performance.getEntriesByType('resource').find((e) => e.name.includes('/pocket/store')).name)"


def sealed(page: Any) -> None:
    """Wait until the server has met this device and given its key: only what that key seals is closed with it."""
    page.wait_for_function(SEALED)


def a_picture(colour: str = "red") -> dict[str, Any]:
    """A photo as a phone's camera gives it: large, with a place and a name planted in it."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0110] = "PLANTED-CAMERA"
    Image.new("RGB", (3000, 2000), colour).save(out, "JPEG", exif=exif)
    return {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def shoot(page: Any, n: int = 1) -> None:
    for i in range(n):
        page.set_input_files("#r-photo", a_picture(("red", "blue", "green")[i]))
        page.locator("[data-screen=report] [data-photo-list] canvas").nth(i).wait_for()


def photos_of(site: Any, text: str) -> list[str]:
    """Give how large each photo is that the platform holds beside a report with this text."""
    return site.run(
        "from jishi.foundation import scope; from jishi.foundation.actor import system;"
        "from jishi.foundation.tenants import Tenant; from jishi.cases.models import Photo\n"
        "with scope.work(system(Tenant.objects.get(code='990181').id)):\n"
        f"    rows = Photo.objects.filter(report__text_shown__contains={text!r}).select_related('file')\n"
        "    for p in rows.order_by('id'):\n"
        "        print(p.file.width, p.file.height)\n"
    ).splitlines()  # fmt: skip


class TestPhotos:
    def test_wait_with_their_row_through_a_killed_tab_are_made_smaller_here_and_follow_it_one_by_one(self, phone, site):
        text = f"{MARK}照片：单元门闭门器坏了"
        page = phone()
        page.context.set_offline(True)
        go(page, "report")
        page.fill("#r-text", text)
        page.fill("#r-where", "三号楼")
        shoot(page, 2)
        page.wait_for_function(DRAFT, arg="三号楼")
        with page.expect_event("crash"), suppress(Exception):  # the driver says that the page is dead
            page.goto("chrome://crash", timeout=5000)
        dead, page = page, page.context.new_page()
        dead.close()
        page.goto("/pocket#report")
        ready(page)
        page.locator("[data-screen=report] [data-photo-list] canvas").nth(1).wait_for()
        assert page.locator("[data-screen=report] [data-photo-list] canvas").count() == 2

        press(page)
        count(page, WAITING, 1)
        go(page, "queue")
        page.locator("#rows [data-shots]", has_text="2 张照片等着发").wait_for()
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url.rpartition("/")[2]) if "/photos/" in r.url else None)
        page.context.set_offline(False)

        page.locator("#rows [data-shots]", has_text="2 张照片已发").wait_for()
        assert asked == ["1", "2"] and photos_of(site, text) == ["1600 1067", "1600 1067"]

    def test_that_is_refused_is_shown_and_the_row_stands(self, phone, site):
        text = f"{MARK}照片没收下：门禁坏了"
        page = phone()
        page.route("**/photos/1", lambda route: route.fulfill(
            status=422, content_type="application/problem+json",
            body='{"code": "file_damaged", "title": "打不开：文件坏了", "next": "重新拍一张。"}',
        ))  # fmt: skip
        go(page, "report")
        page.fill("#r-text", text)
        shoot(page)
        press(page)
        count(page, SENT, 1)
        go(page, "queue")

        page.locator("#rows [data-why]", has_text="事情收下了，照片没有：打不开").wait_for()
        assert len(said(site, text)) == 1 and photos_of(site, text) == []
        page.unroute("**/photos/1")
        page.locator("#rows [data-acts] button").first.click()
        page.locator("#rows [data-shots]", has_text="1 张照片已发").wait_for()
        assert len(photos_of(site, text)) == 1

    def test_whose_answer_is_lost_comes_again_and_is_kept_once(self, phone, site):
        text = f"{MARK}照片慢网：路灯歪了"
        page = phone()
        lost: list[int] = []

        def lose(route: Any) -> None:
            lost.append(1)
            if len(lost) == 1:
                route.fetch()  # it arrives, and the answer is lost on the way
                route.abort()
            else:
                route.continue_()

        page.route("**/photos/1", lose)
        go(page, "report")
        page.fill("#r-text", text)
        shoot(page)
        press(page)
        count(page, SENT, 1)
        go(page, "queue")
        until(page, lambda: lost)
        page.locator("#again").click()

        page.locator("#rows [data-shots]", has_text="1 张照片已发").wait_for()
        assert len(lost) >= 2 and len(photos_of(site, text)) == 1

    def test_come_three_weeks_after_they_were_taken(self, phone, site):
        text = f"{MARK}照片三周：井盖裂了"
        page, now = phone(), datetime.now(UTC)
        page.context.set_offline(True)
        page.context.clock.set_fixed_time(now - timedelta(days=21))
        go(page, "report")
        page.fill("#r-text", text)
        shoot(page)
        press(page)
        count(page, WAITING, 1)
        page.context.clock.set_fixed_time(now)
        page.reload()
        ready(page)
        page.context.set_offline(False)

        go(page, "queue")
        page.locator("#rows [data-shots]", has_text="1 张照片已发").wait_for()
        assert len(photos_of(site, text)) == 1

    def test_on_a_full_device_it_is_said_and_nothing_typed_is_lost(self, phone):
        page = phone()
        page.context.set_offline(True)
        go(page, "report")
        page.fill("#r-text", "存满以前写的字")
        page.fill("#r-where", "三号楼")
        page.wait_for_function(DRAFT, arg="三号楼")
        page.evaluate(
            "() => { IDBObjectStore.prototype.add = () => { throw new DOMException('', 'QuotaExceededError'); }; }"
        )

        page.set_input_files("#r-photo", a_picture())
        page.locator("[data-screen=report] [data-photo-no]", has_text="存满了，照片没存下").wait_for()
        page.locator("#report-form button[type=submit]").click()
        page.locator("#report-form [data-full]").wait_for()

        assert page.input_value("#r-text") == "存满以前写的字"
        page.reload()
        ready(page)
        assert page.input_value("#r-text") == "存满以前写的字"

    def test_go_with_their_row_or_neither_does(self, phone):
        page = phone()
        page.context.set_offline(True)
        go(page, "report")
        page.fill("#r-text", f"{MARK}一起存")
        shoot(page, 2)
        page.evaluate(
            "() => { const put = IDBObjectStore.prototype.put; IDBObjectStore.prototype.put = function (...a) {"
            " if (this.name === 'photos') throw new DOMException('', 'QuotaExceededError');"
            " return put.apply(this, a); }; window.heal = () => { IDBObjectStore.prototype.put = put; }; }"
        )
        page.locator("#report-form button[type=submit]").click()
        page.locator("#report-form [data-full]").wait_for()
        page.evaluate("heal()")
        press(page)

        count(page, WAITING, 1)
        page.locator("#rows [data-shots]", has_text="2 张照片等着发").wait_for(state="attached")
        assert page.locator("[data-screen=report] [data-photo-list] canvas").count() == 0

    def test_of_a_row_to_be_mended_find_three_places_and_the_others_stay_with_it(self, phone):
        page = phone()
        page.route("**/api/v1/sync", lambda route: route.fulfill(
            status=200, content_type="application/json",
            body=json.dumps({"now": datetime.now(UTC).isoformat(), "rows": [
                {"state": "refused", "problem": {"code": "invalid", "title": "写得不全", "next": "补上。"}}
            ]}),
        ))  # fmt: skip
        go(page, "report")
        page.fill("#r-text", f"{MARK}要改的一条")
        shoot(page, 2)
        press(page)
        count(page, "#rows > li[data-state=refused]", 1)
        go(page, "report")
        shoot(page, 2)
        go(page, "queue")
        page.locator("#rows [data-acts] button").first.click()

        page.locator("[data-screen=report] [data-photo-no]", has_text="还有 1 张留在原处").wait_for()
        assert page.locator("[data-screen=report] [data-photo-list] canvas").count() == 3
        page.locator("#rows [data-shots]", has_text="1 张照片等着发").wait_for(state="attached")

    def test_what_is_no_photo_is_said_and_none_is_asked_for(self, phone):
        page = phone()
        page.context.set_offline(True)
        go(page, "report")

        page.set_input_files("#r-photo", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})

        page.locator("[data-screen=report] [data-photo-no]", has_text="打不开").wait_for()
        note(page, "没有照片的一条")
        count(page, WAITING, 1)


class TestADevice:
    def test_reads_what_it_held_after_the_server_gave_another_key(self, phone):
        page = phone()
        sealed(page)
        page.context.set_offline(True)

        held = page.evaluate(
            f"async () => {{ const store = {STORE}; await store.put('probe', 'before');"
            " for (const n of [1, 2]) await store.adopt({ id: `other-${n}`, no: n, key: new Uint8Array(32).fill(n) });"
            " return [await store.get('probe'), await store.get('start').then(Boolean)]; }"
        )

        assert held == ["before", True]

    def test_that_was_ended_is_closed_and_opens_again_after_signing_in_on_it(self, phone, house, site):
        page = phone(OTHER)
        sealed(page)
        house.kept.pop(OTHER)  # this session ends here
        page.context.set_offline(True)
        note(page, f"{MARK}停用以前没有发的")
        site.run(
            "from django.utils import timezone; from jishi.foundation import scope;"
            "from jishi.foundation.actor import system; from jishi.foundation.tenants import Tenant;"
            "from jishi.accounts.actions import signing_in\n"
            "by = system(Tenant.objects.get(code='990181').id)\n"
            "with scope.work(by):\n"
            f"    print(signing_in.end_lost({OTHER!r}, by=by, now=timezone.now()))\n"
        )
        page.evaluate(SLOW_TO_OPEN)  # a drawing that began before may not end after it
        page.evaluate("() => { dispatchEvent(new Event('offline')); }")
        page.context.set_offline(False)

        page.locator("#net", has_text="这台设备停用了").wait_for()
        page.wait_for_function("() => window.opened && !window.still")
        go(page, "queue")
        page.locator("#rows", has_text="锁着").wait_for()
        assert "停用以前没有发的" not in page.inner_text("#rows") and said(site, f"{MARK}停用以前") == []
        page.context.clear_cookies(name="jishi")
        page.context.add_cookies(house._state(OTHER)["cookies"])
        page.goto("/pocket")
        ready(page)

        count(page, SENT, 1)
        assert len(said(site, f"{MARK}停用以前没有发的")) == 1
