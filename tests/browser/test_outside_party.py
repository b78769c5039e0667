"""Somebody without an account answers a link on a telephone, with files; the desk sees them beside the words."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser.test_pages import broken_rules
from tests.conftest import follow

pytestmark = pytest.mark.xdist_group("browser")

DISPATCHER, PHONE = "paidan1", (360, 720)
CASE = 'main a[href^="/cases/C"]'
# a picture is unpacked after it is there
DRAWN = """wide => document.querySelector("img[src^='data:']").naturalWidth === wide"""
A_PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


@pytest.fixture(scope="module")
def desk(house: Any) -> Any:
    return house.page(DISPATCHER, size=(1280, 800))


def asked_of(desk: Any, question: str = "这根电杆是不是你们的？什么时候扶正？") -> tuple[str, str]:
    """Let the desk ask an outside party about the first case of which it may; gives the case's page and the link."""
    desk.goto("/cases?status=open")
    for href in desk.eval_on_selector_all(CASE, "all => [...new Set(all.map((a) => a.getAttribute('href')))]"):
        desk.goto(f"{href}/together")
        if not desk.locator("#new-link").count():
            continue
        desk.locator("#new-link").evaluate("fold => { fold.open = true; }")
        desk.fill("#new-link [name=to_name]", "城南管线公司")
        desk.fill("#new-link [name=question]", question)
        follow(desk, desk.locator("#new-link button[type=submit]"))
        if desk.locator("#h-path").count():
            return f"{href}/together", desk.locator("section.card.on p.no").first.inner_text()
    raise AssertionError("no case of which an outside party may be asked")


def _jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 400), "#5a8f5a").save(out, "JPEG")
    return out.getvalue()


def test_an_answer_with_files_arrives_from_a_telephone_and_opens_on_a_press(house, desk, axe, tmp_path: Path):
    case, link = asked_of(desk)
    photo, paper, trap = tmp_path / "电杆.jpg", tmp_path / "产权.pdf", tmp_path / "坏的.jpg"
    for path, data in ((photo, _jpeg()), (paper, A_PDF), (trap, b"<html><script>1</script>")):
        path.write_bytes(data)
    outside = house.page(size=PHONE)

    outside.goto(link)
    outside.wait_for_selector("[name=answer]")
    assert link.partition("#")[2] not in outside.url
    assert outside.evaluate("() => document.documentElement.scrollWidth") <= PHONE[0]
    assert not broken_rules(outside, axe)
    outside.check("[name=ours][value=yes]", force=True)
    outside.fill("[name=answer]", "是我们的，明天上午去扶正。")
    outside.set_input_files("[name=files]", [str(trap)])
    outside.click("form.card button[type=submit]")
    outside.wait_for_selector("[role=alert]")
    assert "坏的.jpg" in outside.locator("[role=alert]").first.inner_text()
    assert outside.input_value("[name=answer]") == "是我们的，明天上午去扶正。"
    outside.set_input_files("[name=files]", [str(photo), str(paper)])
    outside.click("form.card button[type=submit]")
    outside.wait_for_url("**/link/done")

    desk.goto(case)
    folds = desk.locator("#h-links ~ article").first.locator("details:has([name=reason])")
    assert folds.count() == 2
    assert not desk.locator("img[src^='data:']").count()
    folds.first.evaluate("fold => { fold.open = true; }")
    desk.locator("#h-links ~ article [name=reason]").first.fill("看是不是他们的杆")
    desk.locator("#h-links ~ article form:has([name=reason]) button").first.click()
    desk.wait_for_selector("img[src^='data:image/jpeg']")
    desk.wait_for_function(DRAWN, arg=600)
