"""The people of the journeys and what each of them does, with the pages and nothing else."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conftest import follow

DISPATCHER, REVIEWER, OTHER_REVIEWER, CALLER, RULER = "paidan1", "shenhe1", "shenhe2", "huifang1", "lingdao1"
UNFOLD = "f => { for (let d = f.closest('details'); d; d = d.parentElement.closest('details')) d.open = true }"


@dataclass
class People:
    """Everybody at a page of their own. A step ends when its answer is on the screen."""

    house: Any
    pages: dict[Any, Any] = field(default_factory=dict)

    def at(self, who: str, **more: Any) -> Any:
        """Give the page of somebody, always the same one. Nobody in particular gets a new one each time."""
        if not who:
            return self.house.page(**more)
        if who not in self.pages:
            self.pages[who] = self.house.page(who, keep=True, **more)
        return self.pages[who]

    # --- the resident ---------------------------------------------------------------------------------------

    def speak(self, page: Any, text: str, *, voice: str = "open", accused: str = "") -> tuple[str, str]:
        """Speak up without account; give number and word from the receipt."""
        page.goto("/speak")
        page.fill("textarea[name=text]", text)
        page.check(f"input[name=voice][value={voice}]")
        if accused:
            page.locator("details", has=page.locator("select[name=accused]")).last.locator("summary").click()
            page.select_option("select[name=accused]", label=accused)
        self.send_speech(page)
        return self.receipt(page)

    def send_speech(self, page: Any) -> None:
        """Press the button; where others said something like it, say that this is another matter."""
        follow(page, page.locator("#speak button[type=submit]"))
        other = page.locator("input[name=join][value=no]")
        if not page.url.endswith("/receipt") and other.count():
            other.check()
            page.locator("#speak button[type=submit]").click()
        page.wait_for_url("**/receipt")

    def receipt(self, page: Any) -> tuple[str, str]:
        return page.inner_text("#number").replace("\n", "").strip(), page.inner_text("#word").strip()

    def open_by_word(self, page: Any, number: str, word: str) -> None:
        page.goto("/mine")
        page.fill("input[name=number]", number)
        page.fill("input[name=word]", word)
        page.locator("form:has(input[name=word]) button[type=submit]").click()
        page.wait_for_url(f"**/mine/{number}")

    def judge(self, page: Any, number: str, **answers: str) -> None:
        """Give three answers from one's own timeline."""
        page.goto(f"/mine/{number}/feedback")
        for name, value in answers.items():
            page.check(f"input[name={name}][value={value}]")
        page.locator("main form button[type=submit]").last.click()
        page.wait_for_url("**/feedback/done*")

    # --- the desks ------------------------------------------------------------------------------------------

    def case_of(self, number: str) -> str:
        """Give the number of the case to which a report belongs, as the dispatcher finds it."""
        page = self.at(DISPATCHER)
        page.goto(f"/cases?q={number}")
        found = re.search(r"C9\d\w{12,}", page.url) or re.search(r"C9\d\w{12,}", page.inner_text("main"))
        assert found, page.inner_text("main")[:400]
        return found[0]

    def on_the_desk(self, case: str, queue: str = "waiting") -> Any:
        page = self.at(DISPATCHER)
        page.goto(f"/desk/dispatch?queue={queue}&case={case}")
        return page

    def offer(self, case: str, *, to: str = "", why: str = "") -> tuple[str, str]:
        """Say the matter if nobody has, then offer by the list or to the named body with the reason.

        Gives what the desk told of the lists, and the body.
        """
        page = self.on_the_desk(case)
        guess = page.locator("form[action$='/do/matter'] button[data-take='1']")
        if guess.count():
            follow(page, guess)
            ensure_done(page)
            page = self.on_the_desk(case)
        told = page.inner_text("section[aria-label='事件和判断经过']")
        form = page.locator("form[action$='/do/offer']")
        if to:
            form.locator("input[name=to][value=other]").check()
            form.locator("[name=other]").fill(to)
            form.locator("[name=why]").fill(why)
        else:
            first = form.locator("label:has(input[name=to]:not([value=other]))").first
            to = first.locator("strong").inner_text()
            first.click()
        follow(page, form.locator("button[type=submit]"))
        ensure_done(page)
        return told, to

    def of(self, body: str) -> str:
        """Give who signs in for a body."""
        from jishi.portal.demo import town

        made = town()
        code = next(b.code for b in made.bodies if b.name == body)
        return next(p.username for p in made.people if p.body == code and "handler" in p.roles)

    def press(self, page: Any, ends: str, **fields: str) -> None:
        """Fill the form whose address ends so, folded or not, and send it."""
        form = page.locator(f"form[action$='{ends}']")
        assert form.count(), f"no form {ends} on {page.url}: {page.inner_text('main')[:600]}"
        form = form.first
        form.evaluate(UNFOLD)
        for name, value in fields.items():
            spot = form.locator(f"[name={name}]")
            kind = spot.first.get_attribute("type")
            if kind == "radio":
                form.locator(f"[name={name}][value={value}]").check()
            elif kind == "checkbox":
                spot.check()
            else:
                spot.fill(value)
        follow(page, form.locator("button[type=submit]").first)
        ensure_done(page)

    def inbox(self, who: str, case: str) -> Any:
        page = self.at(who)
        page.goto(f"/desk/inbox/{case}")
        return page

    def return_(self, who: str, case: str, *, words: str, item: str, to: str) -> None:
        """Ask to return a case: not our duty, by this item, it is theirs."""
        page = self.inbox(who, case)
        self.press(page, f"{case}/return", ground="not_our_duty", words=words, cited=item, proposed=to)

    def reply(self, who: str, case: str, text: str) -> None:
        page = self.inbox(who, case)
        done = {"outcome": "solved", "contacted_how": "phone", "what_was_done": "清掏雨水井，冲洗管道，放水试过。"}
        self.press(page, f"{case}/reply", text_for_caller=text, **done)

    def review(self, who: str, case: str, *, holds: tuple[str, ...], approve: bool, why: str = "") -> None:
        """Tick which of the four elements the reply holds; approve it or send it back."""
        page = self.at(who)
        page.goto(f"/desk/review?case={case}")
        for name in ("time_of_contact", "with_whom", "measures", "by_when"):
            page.set_checked(f"input[name={name}]", name in holds)
        if why:
            page.fill("[name=why]", why)
        follow(page, page.locator(f"button[name=verdict][value={'approve' if approve else 'send_back'}]"))
        ensure_done(page)


def ensure_done(page: Any) -> None:
    """Fail with the page's own words when a press was refused."""
    alerts = [a for a in page.locator("[role=alert]").all_inner_texts() if a.strip()]
    errors = [e for e in page.locator(".err").all_inner_texts() if e.strip()]
    assert not alerts + errors, f"{page.url}: {alerts + errors}"


@pytest.fixture(scope="module")
def people(house: Any) -> People:
    return People(house)


@pytest.fixture
def complaints(house: Any) -> Callable[[Any], list[str]]:
    """Give what a page's context complained of so far."""
    return lambda page: page.context.seen.complaints + page.context.seen.foreign + page.context.seen.broken
