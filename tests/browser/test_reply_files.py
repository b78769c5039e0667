"""A body sends files along with its reply; review opens them, and the caller on a telephone once it is approved."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser.test_outside_party import DRAWN
from tests.browser.test_pages import broken_rules
from tests.conftest import follow

pytestmark = pytest.mark.xdist_group("browser")

CALLER, DESK, BODY, REVIEWER = "jumin1", "paidan1", "paishui1", "shenhe1"
WIDE, PHONE = (1280, 800), (360, 720)
A_PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
WORDS = "今天上午已与您电话联系。雨水井已清掏，水能下去，两天后再看一次。"
ASK = """async ([path, body, version]) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID(), "X-CSRFToken": token };
  if (version) headers["If-Match"] = `"${version}"`;
  const answer = await fetch(`/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return [answer.status, await answer.text()];
}"""


def _asked(page: Any, path: str, body: dict[str, Any], version: int = 0) -> dict[str, Any]:
    status, said = page.evaluate(ASK, [path, body, version])
    assert status < 300, said
    found: dict[str, Any] = json.loads(said)
    return found


def _narrow(page: Any) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))


def _jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 400), "#5a8f5a").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture(scope="module")
def caller(house: Any) -> Any:
    page = house.page(CALLER, size=PHONE)
    page.goto("/mine")
    return page


def _handled(house: Any, caller: Any) -> tuple[dict[str, Any], Any]:
    """Bring a caller's matter to the page on which its body answers; gives the receipt and that page."""
    said = {"text": "翠竹苑3号楼前雨水井堵了，下雨就积水。", "channel": "web", "kind": "report"}
    receipt = _asked(caller, "/reports", said)
    route = next(s for s in receipt["suggestions"] if s["stage"] == "route")["candidates"][0]
    desk, body, at = house.page(DESK, size=WIDE), house.page(BODY, size=WIDE), f"/cases/{receipt['case']}"
    desk.goto("/desk/dispatch")
    offered = _asked(desk, f"{at}/offer", {"body": route["value"]}, 1)
    body.goto("/desk/inbox")
    signed = _asked(body, f"{at}/sign", {}, offered["version"])
    _asked(body, f"{at}/contacts", {"how": "phone", "reached": "yes"}, signed["version"])
    body.goto(f"/desk/inbox/{receipt['case']}")
    return receipt, body


def test_files_of_a_reply_go_from_the_body_through_review_to_the_caller(house, caller, axe, tmp_path: Path):
    receipt, body = _handled(house, caller)
    photo, paper, trap = tmp_path / "做完了.jpg", tmp_path / "验收.pdf", tmp_path / "坏的.jpg"
    for path, data in ((photo, _jpeg()), (paper, A_PDF), (trap, b"<html><script>1</script>")):
        path.write_bytes(data)
    reply, press = "form[action$='/reply']", "form[action$='/reply'] button[type=submit]"
    assert not broken_rules(body, axe)
    body.check(f"{reply} [name=outcome][value=solved]", force=True)
    body.fill(f"{reply} [name=what_was_done]", "清掏")
    body.fill(f"{reply} [name=text_for_caller]", WORDS)
    body.set_input_files(f"{reply} [name=files]", [str(trap)])
    body.click(press)
    body.wait_for_selector(f"{reply} [role=alert]")
    assert "坏的.jpg" in body.locator(f"{reply} [role=alert]").first.inner_text()
    assert body.input_value(f"{reply} [name=text_for_caller]") == WORDS
    body.set_input_files(f"{reply} [name=files]", [str(photo), str(paper)])
    body.click(press)
    body.wait_for_url("**/desk/inbox")

    caller.goto(f"/mine/{receipt['number']}")
    assert not caller.locator("form[action*=reply-files]").count(), "not before review"
    reviewer = house.page(REVIEWER, size=WIDE)
    reviewer.goto(f"/desk/review?case={receipt['case']}")
    folds = reviewer.locator("details:has(form[action*=reply-files])")
    assert folds.count() == 2
    folds.first.evaluate("fold => { fold.open = true; }")
    assert not broken_rules(reviewer, axe)
    reviewer.fill("form[action*=reply-files] [name=reason] >> nth=0", "审核前看")
    folds.first.locator("button").click()
    reviewer.wait_for_selector("img[src^='data:image/jpeg']")
    reviewer.wait_for_function(DRAWN, arg=600)
    reviewer.goto(f"/desk/review?case={receipt['case']}")
    for element in ("time_of_contact", "with_whom", "measures", "by_when"):
        reviewer.check(f"[name={element}]", force=True)
    follow(reviewer, reviewer.locator("button[name=verdict][value=approve]"))

    caller.goto(f"/mine/{receipt['number']}")
    assert caller.locator("form[action*=reply-files]").count() == 2
    assert _narrow(caller) and not broken_rules(caller, axe)
    caller.locator("form[action*=reply-files] button").first.click()
    caller.wait_for_selector("img[src^='data:image/jpeg']")
    assert _narrow(caller) and not broken_rules(caller, axe)
