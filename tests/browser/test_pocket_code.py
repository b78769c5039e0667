"""The unlock code of the grid worker's pocket, in a real browser: what a copy of its store opens (spec 90 §2 A4)."""

from typing import Any

import pytest

from jishi.portal.founding import PASSWORD
from tests.browser.test_pocket import MARK, OTHER, RULES, SENT, STORED, WAITING, count, go, note, phone, ready, said
from tests.browser.test_pocket_photos import sealed

__all__ = ["phone"]  # a fixture
pytestmark = pytest.mark.xdist_group("browser")
CODE = "楼道7号灯亮了ok"

# What somebody does who has a copy of the whole store, keys and all: each key that lies there on each box.
OPENED = """async () => {
    const done = (r) => new Promise((yes, no) => { r.onsuccess = () => yes(r.result); r.onerror = () => no(r.error); });
    const keys = [], boxes = [];
    const walk = (v) => {
        if (v instanceof CryptoKey) keys.push(v);
        else if (v?.iv && v.data) boxes.push(v);
        else if (v && typeof v === "object" && !ArrayBuffer.isView(v)) Object.values(v).forEach(walk);
    };
    for (const { name } of await indexedDB.databases()) {
        const db = await done(indexedDB.open(name));
        for (const store of db.objectStoreNames) walk(await done(db.transaction(store).objectStore(store).getAll()));
        db.close();
    }
    let opened = 0;
    for (const { iv, data } of boxes) for (const key of keys) {
        await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data).then(() => { opened += 1; }, () => {});
    }
    return { keys: keys.length, boxes: boxes.length, opened };
}"""


def set_code(page: Any, words: str = CODE) -> None:
    sealed(page)
    go(page, "queue")
    page.locator("#code-offer button:visible").first.click()
    page.fill("#new-code", words)
    page.fill("#new-code-2", words)
    page.locator("#code-set button[type=submit]").click()
    page.locator("#noted", has_text="解锁码设好了").wait_for()


def give(page: Any, words: str) -> None:
    page.fill("#lock-code", words)
    page.locator("#lock button[type=submit]").click()


class TestACopy:
    def test_of_the_store_opens_nothing_without_the_code_and_everything_where_none_was_set(self, phone: Any) -> None:
        page = phone()
        sealed(page)
        page.context.set_offline(True)
        note(page, f"{MARK}拷走也打不开")
        before = page.evaluate(OPENED)
        page.context.set_offline(False)
        set_code(page)
        page.context.set_offline(True)
        note(page, f"{MARK}设了以后写的")

        after = page.evaluate(OPENED)

        assert before["keys"] == 1 and before["opened"] == before["boxes"] > 0, before
        assert (after["keys"], after["opened"]) == (0, 0) and after["boxes"] > 2, after
        assert CODE not in page.evaluate(STORED) and "设了以后写的" not in page.evaluate(STORED)


class TestTheCode:
    def test_is_asked_before_anything_is_shown_and_opens_without_network(self, phone: Any, axe: str) -> None:
        page = phone()
        set_code(page)
        page.context.set_offline(True)
        note(page, f"{MARK}锁着的一条")
        page.reload()
        page.wait_for_selector("#lock[open]")
        page.evaluate(axe)
        told = page.evaluate("r => axe.run(document, {runOnly: r, resultTypes: ['violations']})", RULES)

        assert [v["id"] for v in told["violations"]] == []
        assert f"{MARK}锁着的一条" not in page.content() and not page.locator("[data-ready]").count()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.wait_for_selector("#lock[open]")
        give(page, "123456a")
        page.locator("#lock [data-told]", has_text="还能输 4 次").wait_for()
        give(page, CODE)
        ready(page)

        count(page, WAITING, 1)
        assert f"{MARK}锁着的一条" in page.text_content("#rows")

    def test_that_everybody_guesses_first_is_not_taken(self, phone: Any) -> None:
        page = phone()
        go(page, "queue")
        page.locator("#code-offer button:visible").first.click()
        for words in ("12345", "123456", "aaaaaa", "121212"):
            page.fill("#new-code", words)
            page.fill("#new-code-2", f"{words}x")
            page.locator("#code-set button[type=submit]").click()
            page.locator("#code-set [data-told]", has_text="太容易猜").wait_for()
        page.fill("#new-code", CODE)
        page.locator("#code-set button[type=submit]").click()

        page.locator("#code-set [data-told]", has_text="两次输的不一样").wait_for()
        assert page.evaluate(OPENED)["keys"] == 1

    def test_tried_five_times_is_thrown_away_and_only_signing_in_again_opens_what_lies_here(
        self, phone: Any, site: Any
    ) -> None:
        text = f"{MARK}忘了解锁码以前写的"
        page = phone(OTHER)
        set_code(page)
        page.context.set_offline(True)
        note(page, text)
        page.reload()
        for left in (4, 3, 2, 1):
            page.wait_for_selector("#lock[open]")
            give(page, "不是这个")
            page.locator("#lock [data-told]", has_text=f"还能输 {left} 次").wait_for()
        give(page, "不是这个")
        ready(page)
        go(page, "queue")
        page.locator("#rows", has_text="锁着").wait_for()
        assert page.evaluate(OPENED)["opened"] == 0 and text not in page.content()

        page.context.set_offline(False)  # the session of before still runs: it is not enough
        page.locator("#net", has_text="解锁码作废了").wait_for()
        page.locator("#again").click()
        page.wait_for_timeout(300)
        assert text not in page.content() and said(site, text) == []
        page.locator("#net [data-net-link]").click()
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/pocket")
        ready(page)

        count(page, SENT, 1)
        assert len(said(site, text)) == 1

    def test_given_up_opens_nothing_by_a_sign_in_of_before(self, phone: Any) -> None:
        page = phone()
        set_code(page)
        note(page, f"{MARK}写了再忘")
        other = page.context.new_page()  # signed in anew for another page; the pocket was not opened since
        other.goto("/me/sign-in/again?next=/me")
        other.fill("[name=password]", PASSWORD)
        other.keyboard.press("Enter")
        other.wait_for_url(lambda url: "again" not in url)

        other.goto("/pocket")
        other.wait_for_selector("#lock[open]")
        other.locator("#lock [data-forgot]").click()

        other.locator("#net", has_text="解锁码作废了").wait_for()
        assert other.evaluate(OPENED)["opened"] == 0

    def test_is_taken_away_again_where_there_is_network(self, phone: Any) -> None:
        page = phone()
        set_code(page)
        page.locator("[data-code-drop]").click()
        page.locator("#noted", has_text="解锁码去掉了").wait_for()
        page.reload()
        ready(page)

        assert page.evaluate(OPENED)["keys"] == 1
