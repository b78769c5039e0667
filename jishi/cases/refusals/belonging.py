"""What may not be merged, parted or left alone."""

from jishi.foundation.refusals import Refused


class LivesOn(Refused):
    """The case was merged: what is done to it is done in the living one (lesson M02)."""

    code, status = "lives_on_elsewhere", 409
    zh, en = "这一件已经并入 {number}，在那一件上办。", "This case was merged into {number} and lives on there."
    next_zh, next_en = "打开 {number}，在那里写。", "Open {number} and do it there."


class OneAndTheSame(Refused):
    code, status = "one_and_the_same", 422
    zh, en = "一件不能并入它自己。", "A case is not merged into itself."
    next_zh, next_en = "写另一件的编号。", "Give the number of the other case."


class IntoHasEnded(Refused):
    code, status = "into_has_ended", 409
    zh, en = "{number} 已经{state}，不能再并进去。", "{number} has ended ({state_en}); nothing is merged into it."
    next_zh = "并入一件没办完的；已经答复过的，可以另行答复。"
    next_en = "Choose an open case, or answer this one by itself."


class StillRunning(Refused):
    """A part or a whistle runs beside the case: it is never closed from above, by no road (spec 10 §7, H01, H02)."""

    code, status = "parts_open", 409
    zh, en = "别的单位还在办，现在不能：{list_zh}。", "Other bodies are still at work: {list_en}."
    next_zh = "等它们做完或退回，或者说好不用做了；吹哨的，先结束或取消。"
    next_en = "Wait until they finish or return it, or agree to stop; conclude or call off a whistle."


class ConfidentialStandsAlone(Refused):
    code, status = "confidential_stands_alone", 409
    zh, en = "保密的诉求不和不保密的放在一起。", "A confidential report is not put together with others."
    next_zh, next_en = "各办各的，答复可以相同。", "Handle each by itself; the answers may be the same."


class AccusedDiffer(Refused):
    code, status = "accused_differ", 409
    zh = "两件投诉的单位不同，要回避的人也不同。"
    en = "They complain about different bodies, so different people must stand aside."
    next_zh, next_en = "各办各的。", "Handle each by itself."


class LessUrgent(Refused):
    code, status = "less_urgent", 409
    zh = "{number} 没有这一件急，并进去会慢下来。"
    en = "{number} is less urgent; merged into it this one would wait."
    next_zh = "反过来并，或者先说定那一件有多急。"
    next_en = "Merge the other way round, or say how urgent that one is."


class NothingAbsorbed(Refused):
    code, status = "nothing_absorbed", 409
    zh, en = "并进去的诉求都已经不在那一件里了。", "Nothing of what was merged is there any more."
    next_zh, next_en = "看每条诉求现在在哪一件。", "See where each report is now."


class LastReport(Refused):
    """The last report does not leave: the case is withdrawn, or kept as a community case (spec 10 §4)."""

    code, status = "last_report", 409
    zh = "{number} 只剩这一条诉求，拿走就没有人说过它了。"
    en = "This is the last report of {number}; without it nobody has said it."
    next_zh = "由诉求人撤回；事情还要办的，先留作社区件。"
    next_en = "The caller may withdraw it; if it must go on, keep it as a community case first."


class NotAMember(Refused):
    code, status = "not_a_member", 409
    zh, en = "{report} 现在不在 {number} 里。", "{report} does not belong to {number} now."
    next_zh, next_en = "看这条诉求现在在哪一件。", "See where the report is now."


class AlreadyAMember(Refused):
    code, status = "already_a_member", 409
    zh, en = "{report} 已经在 {number} 里了。", "{report} belongs to {number} already."
    next_zh, next_en = "不用再加。", "Nothing is to be done."


class TooFewParts(Refused):
    code, status = "too_few_parts", 422
    zh, en = "拆开至少要两部分，每部分写明是什么事。", "A split needs at least two parts, each in words."
    next_zh, next_en = "再写一部分。", "Write one more."


class CommunityAlready(Refused):
    code, status = "community_already", 409
    zh, en = "{number} 已经是社区件。", "{number} is a community case already."
    next_zh, next_en = "不用再定。", "Nothing is to be done."
