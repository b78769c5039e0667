"""What a detector of personal data answers: a place in the folded text, a kind, a confidence, a mark."""

from typing import NamedTuple

MARKS = {
    "phone": "〔电话〕",
    "name": "〔姓名〕",
    "identity": "〔身份证号〕",
    "card": "〔银行卡号〕",
    "passport": "〔护照号〕",
    "plate": "〔车牌〕",
    "mail": "〔邮箱〕",
    "messenger": "〔社交账号〕",
    "address": "〔住址〕",
    "account": "〔账号〕",
    "health": "〔健康〕",
    "religion": "〔信仰〕",
    "ethnicity": "〔民族〕",
    "record": "〔前科〕",
}
KINDS = tuple(MARKS)


class Found(NamedTuple):
    """A half-open place in the folded text that is personal."""

    start: int
    end: int
    kind: str
    confidence: float
    mark: str


def found(start: int, end: int, kind: str, confidence: float) -> Found:
    """This will make a finding with the usual mark of its kind."""
    return Found(start, end, kind, confidence, MARKS[kind])
