"""What the broker says no to. They travel as codes and are spoken by the site like any other refusal."""

from collections.abc import Mapping

from jishi.foundation.keys import DoesNotOpen, KeyEnded, KeyNotAvailable
from jishi.foundation.refusals import Refused


class SignatureNeeded(Refused):
    code, status = "signature_needed", 403
    zh = "要用通行密钥当场确认；刚才的确认没有、过时了，或者不是为这一件做的。"
    en = "A passkey must confirm this now: there was no confirmation, an old one, or one for something else."
    next_zh, next_en = "回到这一页，重新用通行密钥确认。", "Return to the page and confirm with your passkey again."


class NotOnTheList(Refused):
    code, status = "not_on_the_list", 403
    zh, en = "钥匙服务的名单里没有您的这把通行密钥。", "This passkey is not on the key service's own list."
    next_zh = "名单要两位批准人改；请找安全管理员。"
    next_en = "Two approvers change that list; ask the security administrator."


class NotTheReceivingBody(Refused):
    code, status = "not_the_receiving_body", 403
    zh = "这件保密诉求不是您的单位受理的；姓名只有受理它的单位能为核查而看。"
    en = "Your body did not receive this confidential report; the body that did is alone in opening the name to verify."
    next_zh, next_en = (
        "请受理单位核查；确有必要的，由承办或者督办岗位申请解封。",
        "Ask the receiving body to verify, or have the handling or supervising post ask for an unsealing.",
    )


class SecondPersonNeeded(Refused):
    code, status = "second_person_needed", 403
    zh = "钥匙服务没有收到另一单位另一个人的批准，或者过了 24 小时。"
    en = "The key service holds no approval by a second person of another body, or its 24 hours are over."
    next_zh, next_en = "请另一单位的人用通行密钥批准。", "Have somebody of another body approve it with a passkey."


class SamePersonTwice(Refused):
    code, status = "same_person_twice", 403
    zh, en = "这一步要另一个人来做。", "Another person must do this."
    next_zh, next_en = "请另一位批准人来做。", "Ask another approver."


class TooCostlyWait(Refused):
    code, status = "too_costly_wait", 429
    zh, en = "钥匙服务这会儿收到的请求太多。", "The key service is asked too often now."
    next_zh, next_en = "请过一会儿再试。", "Try again in a while."


class TooFewApprovers(Refused):
    code, status = "too_few_approvers", 409
    zh, en = "名单里至少要留两位批准人。", "Two approvers at least must stay on the list."
    next_zh, next_en = "先加一位，再去掉这一位。", "Add another one first."


class NotAskedLikeThat(Refused):
    code, status = "not_asked_like_that", 422
    zh, en = "钥匙服务听不懂：{what}。", "The key service does not understand: {what}."
    next_zh, next_en = "两边的程序版本可能不同。", "The two programs may be of different versions."


KNOWN: Mapping[str, type[Refused]] = {
    one.code: one
    for one in (
        SignatureNeeded, NotOnTheList, NotTheReceivingBody, SecondPersonNeeded, SamePersonTwice, TooCostlyWait,
        TooFewApprovers, NotAskedLikeThat, DoesNotOpen, KeyEnded, KeyNotAvailable,
    )
}  # fmt: skip
