"""Parts, whistles, ratings, links: what one body may not ask of another."""

from jishi.foundation.refusals import Refused


class NoTimeForAPart(Refused):
    code, status = "no_time_for_a_part", 422
    zh = "协办最晚到 {latest}：要在答复居民之前留半个工作日；写的是 {due}。"
    en = "A part is due by {latest} at the latest, half a day before the promise; you wrote {due}."
    next_zh, next_en = "把日子提前，或请他们只做来得及的一部分。", "Choose an earlier day, or ask for less."


class NotFromOneself(Refused):
    code, status = "not_from_oneself", 422
    zh, en = "{body}就是主办，不用请自己协办。", "{body} leads the case itself."
    next_zh, next_en = "选别的单位。", "Choose another body."


class TooShortOrLong(Refused):
    code, status = "words_too_short_or_long", 422
    zh = "{what}：要 {least} 到 {most} 字，现在 {length} 字。"
    en = "{what_en}: {least} to {most} characters, not {length}."
    next_zh, next_en = "改一改再交。", "Change it and send again."


class ContestedBefore(Refused):
    code, status = "contested_before", 409
    zh, en = "这份协办的退回已经裁定过，不再争议。", "The return of this part was ruled on before."
    next_zh, next_en = "可以请别的单位协办。", "Ask another body."


class StopNotAsked(Refused):
    code, status = "stop_not_asked", 409
    zh, en = "请协办的单位没有请求停做。", "Nobody has asked you to stop this part."
    next_zh, next_en = "做完，或者引用清单退回。", "Finish it, or return it with a citation."


class OnlyAStreetBlows(Refused):
    code, status = "only_a_street_blows", 403
    zh, en = "吹哨的是这个地方的镇街。", "Only the town or street of this place blows the whistle."
    next_zh, next_en = "请镇街吹哨，或者请有关单位协办。", "Ask the street, or ask bodies for parts."


class WhistleRuns(Refused):
    code, status = "whistle_runs", 409
    zh, en = "这件事上已经有一次吹哨没有了结。", "A whistle on this case has not ended yet."
    next_zh, next_en = "先结束或取消那一次，再吹。", "Conclude it or call it off, then blow again."


class WhyThisBody(Refused):
    code, status = "why_this_body", 422
    zh = "清单上没有写这件事归{body}；要叫它来，请写为什么。"
    en = "No list names {body} for this matter; say why it is called."
    next_zh, next_en = "写一句理由，或引用它的一条事项。", "One sentence, or cite an item of its list."


class QuorumUnclear(Refused):
    code, status = "quorum_unclear", 422
    zh = "要写明谁必须应哨：点名几个，或者叫来的 {called} 个里至少几个。"
    en = "Say who must answer: named bodies, or how many of the {called} called."
    next_zh, next_en = "二选一，不能超过叫来的单位。", "One of the two, and not more than are called."


class ComeFirst(Refused):
    code, status = "come_first", 409
    zh, en = "应急处置先来，异议在评哨时说。", "In an emergency come first, and object with your rating."
    next_zh, next_en = "先应哨。", "Answer the whistle."


class ResultsMissing(Refused):
    """Every participant has its own result or a recorded absence (spec 10 §8, §19.12)."""

    code, status = "results_missing", 409
    zh = "还不能结束，这些单位既没有结果，也没有记没来：{list_zh}。"
    en = "Not yet: neither a result nor a recorded absence from {list_en}."
    next_zh, next_en = "请它们写结果；没有来的，记一笔没有来。", "Ask them to write it, or record who did not come."


class RatedBefore(Refused):
    code, status = "rated_before", 409
    zh, en = "这一份已经评过，评了不改。", "This was rated before; a rating is not changed."
    next_zh, next_en = "对方可以提异议，由区级专班裁定。", "The other side may object; the district office rules."


class NothingToObject(Refused):
    code, status = "nothing_to_object", 409
    zh = "现在没有可以提异议的评价，或者已经提过。"
    en = "There is no rating to object to now, or it was objected to before."
    next_zh, next_en = "双方评完以后，被评的一方可以提一次。", "Once both have rated, the rated side may object once."


class OutsideLinkOver(Refused):
    """A link that was used, revoked, ran out, or whose case has ended (spec 10 §18)."""

    code, status = "outside_link_over", 410
    zh, en = "这个链接不能再用了：{why}。", "This link is over: {why_en}."
    next_zh = "还有话要说，请找把链接发给您的单位，请它再发一个。"
    next_en = "If you still have something to say, ask the body that sent it for another."
