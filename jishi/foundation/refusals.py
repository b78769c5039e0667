"""Saying no: a refusal is a named fact with a sentence and what to do next, in Chinese and English.

Rooms define theirs beside the verb that raises them. The edge speaks them once: `as_problem` for the API
(RFC 9457 problem+json), the refusal page for people.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils import translation

PLAIN = (str, int, float, bool, list, dict, type(None))  # what problem+json can say of a fact
CODE, HAN = re.compile(r"[\w.-]+", re.ASCII), re.compile(r"[\u4e00-\u9fff]")


class Refused(Exception):
    """A verb said no and changed nothing.

    Subclasses set `code`, `status`, and the two sentences with two hints; facts fill the braces.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    zh: ClassVar[str] = "这一步现在不能做。"
    en: ClassVar[str] = "This cannot be done now."
    next_zh: ClassVar[str] = ""
    next_en: ClassVar[str] = ""

    def __init__(self, **facts: Any) -> None:
        self.facts: Mapping[str, Any] = facts
        # What must be recorded although the refused transaction is rolled back; the edge calls it in a new one.
        self.afterwards: Callable[[], None] | None = None
        super().__init__(self.sentence("en"))

    def sentence(self, lang: str = "zh") -> str:
        """Say what happened, in `lang` (``zh`` or ``en``)."""
        return _fill(self.zh if lang.startswith("zh") else self.en, self.facts)

    def next_step(self, lang: str = "zh") -> str:
        """Say what the person can do now."""
        return _fill(self.next_zh if lang.startswith("zh") else self.next_en, self.facts)

    def as_problem(self, lang: str = "zh") -> dict[str, Any]:
        """Give the RFC 9457 body."""
        return {
            "type": f"/help/refusals#{self.code}",
            "title": self.sentence(lang),
            "status": self.status,
            "code": self.code,
            "next": self.next_step(lang),
            "facts": {k: v for k, v in self.facts.items() if isinstance(v, PLAIN)},
        }


@dataclass(frozen=True, slots=True)
class Said:
    """One code as the list of refusals shows it: sentences and next steps, each fact as `…`."""

    code: str
    status: int
    words: tuple[tuple[str, str], ...]


def every(lang: str) -> list[Said]:
    """Give every refusal that this process can speak, by code: `type` of a problem+json leads to its line."""
    found: dict[str, list[type[Refused]]] = {}
    waiting: list[type[Refused]] = [Refused]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if ".tests." not in kind.__module__ and kind.__module__.startswith(("jishi.", "config.")):
            found.setdefault(kind.code, []).append(kind)
    return [
        Said(code, min(k.status for k in kinds), tuple(dict.fromkeys(_without_facts(k, lang) for k in kinds)))
        for code, kinds in sorted(found.items())
    ]


def _without_facts(kind: type[Refused], lang: str) -> tuple[str, str]:
    told = (kind.zh, kind.next_zh) if lang.startswith("zh") else (kind.en, kind.next_en)
    what, now = (re.sub(r"\{[^}]*\}", "…", text).strip() for text in told)
    return what, "" if now == "…" else now


def _fill(text: str, facts: Mapping[str, Any]) -> str:
    class Known(dict[str, Any]):
        def __missing__(self, key: str) -> str:
            return "—"

    return text.format_map(Known(facts))


class SamePerson(Refused):
    """Two steps of one life that one person may not both take (spec 90 §4.2); `why` as its table says."""

    code, status = "same_person_twice", 403
    zh, en = "{why}", "{why_en}"
    next_zh, next_en = "请另一位同事来做。", "Ask a colleague."


class NotAllowed(Refused):
    code, status = "not_allowed", 403
    zh, en = "这件事不归您现在的岗位做。{why}", "Your present post may not do this. {why}"
    next_zh = "换一个岗位，或请有这项职责的同事来做。"
    next_en = "Change your post, or ask the colleague whose duty it is."

    def __init__(self, why: str = "", **facts: Any) -> None:
        super().__init__(why=why, **facts)

    def sentence(self, lang: str = "zh") -> str:
        """Say it with the reason in the reader's language; a reason that is a code of ours is for programs alone."""
        words = self.zh if lang.startswith("zh") else self.en
        return _fill(words, {**self.facts, "why": self.reason(lang)}).strip()

    def reason(self, lang: str = "zh") -> str:
        """Say why alone; empty where it is a code, or was never put into the reader's language."""
        why = str(self.facts["why"])
        if not why or CODE.fullmatch(why):
            return ""
        if lang.startswith("zh"):
            return why
        with translation.override("en"):
            told = translation.gettext(why)
        return "" if HAN.search(told) else told


class FreshSignInNeeded(Refused):
    code, status = "fresh_sign_in_needed", 403
    zh, en = "这一步要紧，请再确认一次是您。", "This matters: please show once more that it is you."
    next_zh = "用通行密钥或验证码确认，10 分钟内不再问。"
    next_en = "Confirm by passkey or code; for ten minutes you are not asked again."


class SignInNeeded(Refused):
    code, status = "sign_in_needed", 401
    zh, en = "需要先登录。", "Please sign in first."
    next_zh, next_en = "登录后会回到这一页。", "You will come back to this page."


class NotFound(Refused):
    """The thing is not there, or not for this actor: the two are told apart by nobody (spec 90 §4.2)."""

    code, status = "not_found", 404
    zh, en = "没有找到。", "Not found."
    next_zh, next_en = "请核对编号；或回首页查找。", "Check the number, or search from the home page."


class WrongMoment(Refused):
    code, status = "wrong_moment", 409
    zh, en = "现在不能这样做：它处在“{state_zh}”。", "Not at this moment: it is {state_en}."
    next_zh, next_en = "{open_zh}", "{open_en}"


class Stale(Refused):
    code, status = "stale", 412
    zh, en = "您看着的时候，有人先保存了。", "Somebody saved while you wrote."
    next_zh, next_en = "看一下哪里不同，再决定。", "Look at what differs, then decide."


class PreconditionMissing(Refused):
    code, status = "precondition_missing", 428
    zh, en = "缺少 If-Match：不知道您看到的是第几版。", "If-Match is missing: we cannot tell which version you saw."
    next_zh, next_en = "先读取一次，把 ETag 放进 If-Match 再发。", "Read it once and send its ETag as If-Match."


class Invalid(Refused):
    """What came in has the wrong shape. `errors` maps fields to sentences."""

    code, status = "invalid", 422
    zh, en = "有内容需要改：{detail}", "Something needs correcting: {detail}"
    next_zh, next_en = "已填写的都还在，改好再提交。", "What you typed is kept; correct it and send again."


class KeyReused(Refused):
    code, status = "key_reused", 409
    zh, en = "同一个 Idempotency-Key 带来了不同的内容。", "The same Idempotency-Key came with other content."
    next_zh, next_en = "新内容请用新的键。", "Use a new key for new content."


class KeyMissing(Refused):
    code, status = "key_missing", 400
    zh, en = "缺少 Idempotency-Key。", "Idempotency-Key is missing."
    next_zh = "为每次新建生成一个不重复的键，重发时用同一个。"
    next_en = "Make one key per creation; repeat it when you retry."


class StillRunning(Refused):
    code, status = "still_running", 409
    zh, en = "同一个请求还在办。", "The same request is still running."
    next_zh, next_en = "几秒后用同一个键再问一次。", "Ask again with the same key in a few seconds."


class NotAvailableNow(Refused):
    code, status = "not_available_now", 503
    zh, en = "{what_zh}暂时不可用。", "{what_en} is not available now."
    next_zh, next_en = "其他功能照常；请稍后再试。", "Everything else works; please try again later."
