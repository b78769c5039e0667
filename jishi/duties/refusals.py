"""What the verbs of the lists say no to."""

from jishi.duties.states import EN, MOVES, VERBS, ListState, open_verbs
from jishi.foundation.refusals import Refused, WrongMoment


class FileRefused(Refused):
    """A file with faults: nothing of it is taken. `faults` name row and column."""

    code, status = "file_refused", 422
    zh, en = "文件有 {count} 处要改，一行也没有导入。", "The file has {count} faults; nothing of it was taken in."
    next_zh, next_en = "按行号和列名改好，再导入一次。", "Correct the cells that are named and import it again."


class ItemsRefused(Refused):
    code, status = "items_refused", 422
    zh, en = "有 {count} 处要改，没有保存。", "{count} things need correcting; nothing was saved."
    next_zh, next_en = "按条目编号改好，再保存。", "Correct the items that are named and save again."


class HasBlockers(Refused):
    """Findings that must be gone first; `findings` holds them."""

    code, status = "list_has_blockers", 409
    zh, en = "还有 {count} 个问题挡着：{first}", "{count} findings block it: {first}"
    next_zh, next_en = "在检查结果里逐个解决，再来。", "Solve them one by one from the findings, then try again."


class Overlaps(Refused):
    code, status = "editions_overlap", 409
    zh, en = "生效时间重叠：{new} 与 {old}。", "Their days overlap: {new} and {old}."
    next_zh, next_en = "改生效日，或先撤回另一版的公布。", "Change the first day, or take the other edition back first."


class TooSoon(Refused):
    code, status = "day_too_soon", 409
    zh, en = "生效日是 {day}，最早从明天起。", "It would take effect on {day}; tomorrow is the earliest day."
    next_zh, next_en = "改一个以后的日子，让大家先看到。", "Choose a later day, so that people can see it first."


class DayHasCome(Refused):
    code, status = "day_has_come", 409
    zh, en = "这一版已经生效，不能撤回。", "This edition is in force and cannot be taken back."
    next_zh, next_en = "请起草新的一版。", "Draft a new edition."


class ConsultationRuns(Refused):
    code, status = "consultation_runs", 409
    zh, en = "征求意见要满 5 个工作日，到 {until} 为止。", "Consultation takes five working days, until {until}."
    next_zh, next_en = "到期以后再通过。", "Adopt it after that."


class UnansweredObjections(Refused):
    code, status = "unanswered_objections", 409
    zh, en = "还有 {count} 条异议没有答复：{numbers}", "{count} objections are not answered: {numbers}"
    next_zh, next_en = "逐条答复，再通过。", "Answer them one by one, then adopt."


class DocumentNumberMissing(Refused):
    code, status = "document_number_missing", 422
    zh, en = "通过要有文号。", "Adopting needs a document number."
    next_zh, next_en = "填上文号再提交。", "Fill in the document number."


class NotEmptyGround(Refused):
    code, status = "reasons_missing", 422
    zh, en = "要写理由。", "Reasons are needed."
    next_zh, next_en = "写清为什么，再提交。", "Say why, then send it."


class AlreadyObjected(Refused):
    code, status = "already_objected", 409
    zh, en = "你们对这一条已经提过异议。", "Your body has objected to this item already."
    next_zh = "等答复；有新情况请联系清单办公室。"
    next_en = "Wait for the answer, or speak to the office that keeps the lists."


class UnknownHolder(Refused):
    code, status = "unknown_holder", 422
    zh, en = "没有“{holder}”这样的清单持有者。", "Nobody called {holder} can hold a list."
    next_zh, next_en = "填单位代码，或 streets:区划代码。", "Give a body's code, or streets:<division code>."


class PeriodTooLong(Refused):
    code, status = "period_too_long", 422
    zh, en = "试算的时间段要在 {most} 天以内。", "A dry run covers at most {most} days."
    next_zh, next_en = "缩短时间段。", "Choose a shorter period."


def ensure_open(verb: str, state: str) -> None:
    """Insist that the verb may be said in this state. :raises WrongMoment: it may not; says what may."""
    if state in MOVES[verb]:
        return
    can = [VERBS[v] for v in open_verbs(state)]
    raise WrongMoment(
        state=state, state_zh=ListState(state).label, state_en=EN[state], open=open_verbs(state),
        open_zh="、".join(zh for zh, _ in can) or "没有", open_en=", ".join(en for _, en in can) or "nothing",
    )  # fmt: skip
