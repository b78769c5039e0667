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


# Somebody copies the store, keys and all, before a code is set there: the keys are kept in this page.
COPIED = """async () => {
    const done = (r) => new Promise((yes, no) => { r.onsuccess = () => yes(r.result); r.onerror = () => no(r.error); });
    const { name } = (await indexedDB.databases()).find((d) => d.name.startsWith("jishi-pocket-"));
    const db = await done(indexedDB.open(name));
    window.copied = (await done(db.transaction("keys").objectStore("keys").getAll())).map((k) => k.key).filter(Boolean);
    db.close();
    return window.copied.length;
}"""
# ... and tries them later on every box that lies there then. `under`: how many keys the boxes lie under.
TRIED = """async () => {
    const done = (r) => new Promise((yes, no) => { r.onsuccess = () => yes(r.result); r.onerror = () => no(r.error); });
    const boxes = [];
    const walk = (v) => {
        if (v?.iv && v.data && v.key) boxes.push(v);
        else if (v && typeof v === "object" && !ArrayBuffer.isView(v)) Object.values(v).forEach(walk);
    };
    const { name } = (await indexedDB.databases()).find((d) => d.name.startsWith("jishi-pocket-"));
    const db = await done(indexedDB.open(name));
    for (const store of ["kept", "queue", "photos"]) {
        walk(await done(db.transaction(store).objectStore(store).getAll()));
    }
    const ids = await done(db.transaction("keys").objectStore("keys").getAllKeys());
    db.close();
    let opened = 0;
    for (const { iv, data } of boxes) for (const key of window.copied ?? []) {
        await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data).then(() => { opened += 1; }, () => {});
    }
    const keys = ids.filter((id) => !["device", "code", "again"].includes(id)).length;
    return { boxes: boxes.length, under: new Set(boxes.map((b) => b.key)).size, opened, keys };
}"""
GONE = """async () => {
    const done = (r) => new Promise((yes, no) => { r.onsuccess = () => yes(r.result); r.onerror = () => no(r.error); });
    const { name } = (await indexedDB.databases()).find((d) => d.name.startsWith("jishi-pocket-"));
    const db = await done(indexedDB.open(name)), store = db.transaction("keys", "readwrite").objectStore("keys");
    for (const id of await done(store.getAllKeys())) if (id !== "device") await done(store.delete(id));
    db.close();
}"""
CHANGED = "#code-offer [data-changing][hidden]"  # nothing is said of a key that is not changed yet


def renewed(page: Any, n: int = 1) -> None:
    """Wait until all that lies there lies under one key, and no other key is kept."""
    go(page, "queue")
    page.wait_for_selector(CHANGED, state="attached")
    page.wait_for_function(f"async () => {{ const t = await ({TRIED})(); return t.under === 1 && t.keys === {n}; }}")


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


class TestAnotherKey:
    """With a code comes another key: what was copied before opens nothing of what lies there after (decision 0018)."""

    def test_a_copy_of_before_the_code_opens_nothing_of_what_lies_there_after(self, phone: Any) -> None:
        page = phone()
        sealed(page)
        page.context.route("**/api/v1/sync", lambda route: route.abort())
        note(page, f"{MARK}设解锁码以前写的")
        assert page.evaluate(COPIED) == 1 and page.evaluate(TRIED)["opened"] > 2

        set_code(page)
        renewed(page)
        note(page, f"{MARK}设解锁码以后写的")

        after = page.evaluate(TRIED)
        assert after["opened"] == 0 and after["boxes"] > 3, after
        page.reload()
        page.wait_for_selector("#lock[open]")
        give(page, CODE)
        ready(page)
        count(page, WAITING, 2)

    @pytest.mark.parametrize("is_heard", [True, False])
    def test_survives_an_answer_that_is_lost_on_the_way(self, phone: Any, is_heard: bool) -> None:
        """The server has given it and nobody heard; or the request itself was lost. The next time makes it whole."""
        page = phone()
        sealed(page)
        page.context.route("**/api/v1/sync", lambda route: route.abort())
        note(page, f"{MARK}答复丢了也打得开{is_heard}")
        page.evaluate(COPIED)

        def lose(route: Any) -> None:
            if is_heard:
                route.fetch()
            route.abort()

        page.context.route("**/pocket/key/*", lose)
        set_code(page)
        page.locator("#code-offer [data-changing]", has_text="钥匙还没有换完").wait_for()
        assert page.evaluate(OPENED)["opened"] == 0, "sealed by the code in any case"
        page.context.set_offline(True)
        page.reload()
        page.wait_for_selector("#lock[open]")
        give(page, CODE)
        ready(page)
        count(page, WAITING, 1)

        page.context.unroute("**/pocket/key/*")
        page.context.set_offline(False)
        renewed(page)

        assert page.evaluate("window.copied") is None  # another life of the page
        assert f"{MARK}答复丢了也打得开{is_heard}" in page.text_content("#rows")

    def test_leaves_a_second_tab_that_was_open_its_rows(self, phone: Any) -> None:
        page = phone()
        sealed(page)
        page.context.route("**/api/v1/sync", lambda route: route.abort())
        second = page.context.new_page()
        second.goto("/pocket")
        ready(second)
        second.context.set_offline(True)  # it hears of nothing
        second.context.set_offline(False)
        second.route("**/pocket/start", lambda route: route.abort())
        set_code(page)
        page.locator("#code-offer [data-changing]", has_text="钥匙还没有换完").wait_for()

        note(second, f"{MARK}另一页里写的")
        count(second, WAITING, 1)
        second.close()
        page.locator("#again").click()
        renewed(page)
        page.reload()
        page.wait_for_selector("#lock[open]")
        give(page, CODE)
        ready(page)

        count(page, WAITING, 1)
        assert f"{MARK}另一页里写的" in page.text_content("#rows")


class TestWithoutAKey:
    """Thirty days without the server: no key is there. What is written then opens on no copy, and is sent later."""

    def test_what_is_written_opens_on_no_copy_and_is_sent_when_the_key_comes(self, phone: Any, site: Any) -> None:
        text = f"{MARK}没有钥匙时写的"
        page = phone()
        sealed(page)
        page.context.set_offline(True)
        page.evaluate(GONE)
        page.reload()
        ready(page)
        note(page, text)
        assert text in page.text_content("#rows"), "the page that wrote it shows it"
        page.reload()
        ready(page)
        go(page, "queue")
        page.locator("#rows", has_text="锁着").wait_for()

        copy = page.evaluate(OPENED)
        assert (copy["keys"], copy["opened"]) == (0, 0) and copy["boxes"] > 2, copy
        assert text not in page.evaluate(STORED)

        page.context.set_offline(False)
        count(page, SENT, 1)
        assert len(said(site, text)) == 1


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
