"""What a body or a desk may not do with a case at this moment, or not without saying why."""

from jishi.foundation.refusals import Refused


class GroundNeeded(Refused):
    code, status = "ground_needed", 422
    zh, en = "要写明{what}。", "Say {what_en}."
    next_zh, next_en = "写好再提交。", "Write it and send again."


class CitationNeeded(Refused):
    """A return without a cited duty item is refused (spec 10 §6, lesson H10)."""

    code, status = "citation_needed", 422
    zh, en = "退单要引用清单条目，没有引用不能退。", "A return must cite a duty item."
    next_zh, next_en = "在清单里找到依据的那一条，填上再退。", "Find the item it rests on, and cite it."


class ProposedBodyNeeded(Refused):
    code, status = "proposed_body_needed", 422
    zh, en = "说“不是本单位职责”，要写明应当是哪个单位。", "If it is not your duty, name the body whose it is."
    next_zh, next_en = "选一个建议单位。", "Choose the body you propose."


class ReturnWindowClosed(Refused):
    code, status = "return_window_closed", 409
    zh, en = "退单期限已过（{closed}）。", "The time to return it ended on {closed}."
    next_zh, next_en = "可以请派单台会商，或请其他单位协办。", "Ask the desk for a consultation, or ask for assistants."


class ReturnedBefore(Refused):
    code, status = "returned_before", 409
    zh, en = "你们退过这一件了，每件只能退一次。", "You returned this case once; that is the limit."
    next_zh, next_en = "可以请派单台会商。", "Ask the desk for a consultation."


class DesignatedMayNotReturn(Refused):
    """After a ruling the named body may not return (潍坊市12345条例 22)."""

    code, status = "designated_may_not_return", 409
    zh = "这件事已经裁定由你们办，不能再退（潍坊市12345条例 22）。"
    en = "A ruling named you; it may not be returned (潍坊市12345条例 22)."
    next_zh, next_en = "可以请其他单位协办。", "You may ask for assistants."


class ReturnPending(Refused):
    code, status = "return_pending", 409
    zh, en = "退单还没有答复，先等派单台的决定。", "Your return is not answered yet."
    next_zh, next_en = "到 {due} 没有答复，退单就成立。", "If there is no answer by {due}, the return stands."


class NoReturnAsked(Refused):
    code, status = "no_return_asked", 409
    zh, en = "没有待答复的退单。", "No return waits for an answer."
    next_zh, next_en = "看一下事件的经过。", "See the history of the case."


class ContactNeeded(Refused):
    code, status = "contact_needed", 409
    zh = "现在不能写答复：还没有联系诉求人的记录。"
    en = "You cannot answer yet: no contact with the caller is recorded."
    next_zh = "先记一次联系；三次不同时间联系不上也可以。"
    next_en = "Record a contact first; three dated attempts will do."


class PublicTextChanged(Refused):
    """Nothing is published that its sender has not seen as it will stand there."""

    code, status = "public_text_changed", 422
    zh = "公开的话里有不能公开的，盖住以后是：{shown}"
    en = "The public text names what strangers must not read; covered, it says: {shown}"
    next_zh = "看一遍盖住以后的话，改好或者照样再发一次。"
    next_en = "Read what is left of it; change it, or send it as it stands there."


class ReplyTooShort(Refused):
    code, status = "reply_too_short", 422
    zh = "给诉求人的答复要 20 到 4,000 字，现在 {length} 字。"
    en = "The answer must have 20 to 4,000 characters; it has {length}."
    next_zh = "写明什么时候、跟谁联系过、做了什么、何时做完。"
    next_en = "Say when, with whom, what was done, and by when."


class ElementsMissing(Refused):
    code, status = "elements_missing", 422
    zh, en = "审核四要素还缺：{missing}。", "Of the four elements these are missing: {missing}."
    next_zh, next_en = "缺哪一项就退回哪一项。", "Send it back, naming what is missing."


class NotSolvedNeedsReview(Refused):
    code, status = "not_solved_needs_agreement", 409
    zh = "第一次说没有解决，由审核人复核，不由回访台退回。"
    en = "The first 'not solved' is judged by a reviewer; the feedback desk does not send it back."
    next_zh, next_en = "等审核人复核。", "Wait for the reviewer."


class NotSolvedWaits(Refused):
    """What somebody calls not solved is not closed before another person has looked (spec 10 §5, row 21)."""

    code, status = "not_solved_waits", 409
    zh = "有人说没有解决，还没有复核，不能办结。"
    en = "Somebody says it is not solved and nobody has looked yet: it cannot be closed."
    next_zh = "轮到审核人：退回重办，或者写明为什么不退。"
    next_en = "It is the reviewer's turn: send it back, or say why not."


class NotSolvedAgain(Refused):
    """The second 'not solved' goes back without review (spec 10 §5, row 22)."""

    code, status = "not_solved_again", 409
    zh = "第二次说没有解决，不再复核，也不能办结。"
    en = "It is said not to be solved a second time: no second look, and no closing."
    next_zh = "轮到回访单位：退回重办；到时限没有退，平台退。"
    next_en = "It is the feedback body's turn: send it back; when its time is over the platform does."


class MayAnswerAgain(Refused):
    """Whoever was not agreed with has his time to answer again before anybody closes (rule `second_look`)."""

    code, status = "may_answer_again", 409
    zh = "复核没有退回，诉求人在 {until} 以前还可以再答，现在不能办结。"
    en = "A reviewer did not send it back; its caller may answer again until {until}, and it is not closed before."
    next_zh = "到那时再办结；再答了没有解决，由另一人复核。"
    next_en = "Close it then; if the caller says again that it is not solved, another person looks."


class NothingToLookAt(Refused):
    code, status = "nothing_to_look_at", 409
    zh = "这个回答不等复核：改过了，已经复核了，或者不是“没有解决”。"
    en = "This answer waits for no second look: it was changed, judged already, or does not say 'not solved'."
    next_zh, next_en = "看现在等着的是哪一位的。", "See whose answer waits now."


class ReopenWindowClosed(Refused):
    code, status = "reopen_window_closed", 409
    zh, en = "过了 {days} 天的重办期限。", "The {days} days for reopening have passed."
    next_zh, next_en = "可以再说一次，我们会连到原来这一件。", "Please say it again; we will link it to this case."


class ObjectedBefore(Refused):
    code, status = "objected_before", 409
    zh, en = "不予受理只能申诉一次。", "A decline can be objected to once."
    next_zh, next_en = "可以走告知里写明的渠道。", "Use the road named in the notice."


class BodyDoesNotExist(Refused):
    code, status = "no_such_body", 422
    zh, en = "{day}没有这个单位：{body}。", "There is no such body on {day}: {body}."
    next_zh, next_en = "从名录里选。", "Choose one from the list."


class TooFewBodies(Refused):
    code, status = "too_few_bodies", 422
    zh, en = "会商至少要两个单位。", "A consultation needs at least two bodies."
    next_zh, next_en = "再选一个。", "Choose one more."


class NoCallNow(Refused):
    code, status = "no_call_now", 422
    zh = "一个半天只打一次，8:30 到 20:00 之间打，最多三个半天。"
    en = "One call in a half day, between 8:30 and 20:00, in at most three half days."
    next_zh, next_en = "换一个半天再打；没有人可打了，就办结。", "Call in another half day; nobody left: close it."


class LinkIsOver(Refused):
    code, status = "link_is_over", 410
    zh, en = "这个链接已经用过，或过了期。", "This link was used, or its time is over."
    next_zh = "凭编号和口令打开“我的事”，还可以说。"
    next_en = "Open the matter with number and word; you can still answer."


class WhyNotTheList(Refused):
    code, status = "reason_missing", 422
    zh, en = "清单没有选这个单位；要派给它，请写理由。", "The list did not choose this body; say why you do."
    next_zh, next_en = "写一句理由，会留在经过里。", "One sentence; it stays in the record."


class TooFewAttempts(Refused):
    code, status = "too_few_attempts", 409
    zh = "终止要有至少 {least} 天写明日期的联系，没联系上或不愿意配合；现在有 {days} 天。"
    en = "Terminating needs contact notes of at least {least} days, refused or not reached; there are {days}."
    next_zh, next_en = "换一天再联系，记下来。", "Try again on another day, and note it."


class WhichBody(Refused):
    code, status = "which_body", 422
    zh, en = "解封要说清代表哪一个单位。", "Unsealing is done for one body."
    next_zh, next_en = "换到那个单位的岗位再做。", "Choose your post in that body, and do it again."


class HoldsTheCase(Refused):
    code, status = "holds_the_case", 409
    zh, en = "{body}正在办这一件，不能登记为回避。", "{body_en} works on this case and cannot be told to stand aside."
    next_zh = "先改派，或者等它办完，再登记回避。"
    next_en = "Let another body take it first, then say who stands aside."


class NoDangerWaits(Refused):
    code, status = "no_danger_waits", 409
    zh, en = "这一件没有等着处置的险情提示。", "No warning of danger waits on this case."
    next_zh, next_en = "可能已经有人处置过；看看经过。", "Somebody may have acted already; look at its record."
