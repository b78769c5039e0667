"""What is kept as an answer, and what the rule may offer by itself, is refused where it would mislead."""

from jishi.foundation.refusals import Refused


class KnowledgeStale(Refused):
    code, status = "knowledge_stale", 409
    zh, en = "知识库第 {number} 条今天已经不算数了。", "Item {number} of the kept answers no longer holds today."
    next_zh, next_en = "用自己的话答，或者派给管的单位。", "Answer in your own words, or offer the case to its body."


class KnowledgeNamesAPerson(Refused):
    code, status = "knowledge_names_a_person", 422
    zh = "知识库人人看得到，不能写个人的手机号、证件号、卡号、住处。"
    en = "Everybody reads the kept answers: no person's mobile, identity or card number, no private address."
    next_zh, next_en = "写单位的固定电话和窗口地址。", "Give the body's own telephone and the address of its counter."


class ValidNoDay(Refused):
    code, status = "valid_no_day", 422
    zh, en = "到 {until} 就不算数，一天也没有算过。", "It ends on {until} and would hold on no day."
    next_zh, next_en = "写今天以后的日子，或者不写。", "Give a day after today, or none."


class KnowledgeThere(Refused):
    code, status = "knowledge_there", 409
    zh, en = "第 {number} 条已经答了这个问题。", "Item {number} answers this question already."
    next_zh, next_en = "改那一条，不要写两条。", "Change that one; two answers contradict each other one day."


class NotSureEnough(Refused):
    code, status = "not_sure_enough", 409
    zh = "这类事最近 {of} 件里规则会派对 {right} 件；要 {least} 件里对 {share} 才能自动派。"
    en = "Of the last {of} such cases the rule would have offered {right} rightly; it needs {share} of {least}."
    next_zh, next_en = "先由人派；够了再来启用。", "People offer them until it is as right as it must be."


class OffersAlready(Refused):
    code, status = "offers_already", 409
    zh, en = "“{matter}”已经由规则自动派。", "{matter} is offered by the rule already."
    next_zh, next_en = "要停，按“停用”。", "Press Stop to end it."


class GoldenFails(Refused):
    code, status = "golden_fails", 409
    zh = "这一版在例句上没有过：{missed} 句险情没认出，{alarmed} 句不是险情的报了警。"
    en = "This edition fails the golden sentences: {missed} of danger missed, {alarmed} without danger marked."
    next_zh, next_en = "看下面列出的句子，改了再提一版。", "Look at the sentences below, mend them and propose again."


class NoSuchDanger(Refused):
    code, status = "no_such_danger", 422
    zh = "没有“{danger}”这种险情，或者写法读不懂：{what}。"
    en = "No danger {danger}, or it cannot be read: {what}."
    next_zh = "每行一种说法；组与组用 + 连，词与词用、分。"
    next_en = "One way a line; groups joined by +, words by a list comma."
