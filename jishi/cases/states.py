"""The lives of this room, read from institutions/procedures/: what may follow what is written nowhere else."""

from django.db import models

from jishi.foundation import procedures

CASE = procedures.load("case")
HANDOVER = procedures.load("handover")
PART = procedures.load("part")
WHISTLE = procedures.load("whistle")
PARTICIPANT = procedures.load("participant")
SUPERVISION = procedures.load("supervision")
MEDIATION = procedures.load("mediation")
TOPIC = procedures.load("topic")  # hangs on no case
# Every table whose clocks and entries hang on a case.
UNSEALING = procedures.load("unsealing")
LIVES = (CASE, HANDOVER, SUPERVISION, PART, WHISTLE, PARTICIPANT, MEDIATION, UNSEALING)


class Status(models.TextChoices):
    RECEIVED = "RECEIVED", "待派"
    CONSULTING = "CONSULTING", "会商"
    OFFERED = "OFFERED", "待签收"
    HANDLING = "HANDLING", "办理中"
    REPLIED = "REPLIED", "待审核"
    FEEDBACK = "FEEDBACK", "待回访"
    SUSPENDED = "SUSPENDED", "挂起"
    BANKED = "BANKED", "挂账"
    CLOSED = "CLOSED", "办结"
    DECLINED = "DECLINED", "不予受理"
    WITHDRAWN = "WITHDRAWN", "撤回"
    ABSORBED = "ABSORBED", "已并入"


class HandoverStatus(models.TextChoices):
    OFFERED = "OFFERED", "待签收"
    SIGNED = "SIGNED", "已签收"
    RETURN_ASKED = "RETURN_ASKED", "申请退单"
    CONTESTED = "CONTESTED", "会商中"
    RETURNED = "RETURNED", "已退回"
    TAKEN_BACK = "TAKEN_BACK", "已收回"
    ENDED = "ENDED", "已结束"


class Channel(models.TextChoices):
    WEB = "web", "网上"
    PHONE = "phone", "电话"
    VISIT = "visit", "来访"
    GRID = "grid", "网格"
    IMPORT = "import", "导入"
    API = "api", "接口"
    PATROL = "patrol", "巡查"
    OPEN311 = "open311", "外部程序"
    TOPIC = "topic", "每月一题"


class Kind(models.TextChoices):
    REPORT = "report", "诉求"
    COMPLAINT = "complaint", "投诉"
    INQUIRY = "inquiry", "咨询"
    HELP = "help", "求助"
    SUGGESTION = "suggestion", "建议"
    PRAISE = "praise", "表扬"
    TIP_OFF = "tip_off", "举报"


class Voice(models.TextChoices):
    OPEN = "open", "可联系"
    CONFIDENTIAL = "confidential", "保密"
    ANONYMOUS = "anonymous", "匿名"


class Urgency(models.TextChoices):
    NORMAL = "normal", "一般"
    URGENT = "urgent", "紧急"
    EMERGENCY = "emergency", "险情"


class Visibility(models.TextChoices):
    """Who may read a case without being its party (spec 10 §2)."""

    PUBLIC = "public", "公开"
    PARTIES = "parties", "当事各方可见"
    CLOSED = "closed", "不公开"


class Role(models.TextChoices):
    LEAD = "lead", "主办"
    ASSIST = "assist", "协办"


class ReturnGround(models.TextChoices):
    NOT_OUR_DUTY = "not_our_duty", "不是本单位职责"
    WRONG_PLACE = "wrong_place", "不在本单位辖区"
    MISSING_FACTS = "missing_facts", "缺少必要信息"
    ALREADY_HANDLED = "already_handled", "已经办过"


class DeclineGround(models.TextChoices):
    """Grounds of spec 10 §5.2 (北京市接诉即办工作条例 11(3); other places map their own articles)."""

    EMERGENCY_LINE = "emergency_line", "应由110、119、120等紧急热线处置"
    OTHER_PROCEDURE = "other_procedure", "走其他法定程序"
    SAME_FACTS = "same_facts", "同一件事已经答复，没有新情况"
    SECRET_OR_PRIVATE = "secret_or_private", "涉及国家秘密、商业秘密或他人隐私"
    BEYOND_DUTY = "beyond_duty", "属于市场或社会自行解决的事"
    UNLAWFUL = "unlawful", "内容违法"


class NotBackGround(models.TextChoices):
    """Why a case that its caller calls not solved does not go back; each says something of the matter, none of him."""

    DONE_AS_SAID = "done_as_said", "核对过现场，答复里说的已经做到"
    PLANNED = "planned", "已列计划，答复里写的日子还没到"
    NOT_LAWFUL = "not_lawful", "想要的结果依法办不到，依据已经写明"
    ANOTHER_MATTER = "another_matter", "说的是另一件事，要另外登记"


class Outcome(models.TextChoices):
    SOLVED = "solved", "已解决"
    PARTLY = "partly", "部分解决"
    EXPLAINED = "explained", "已解释"
    PLANNED = "planned", "已列计划"
    NOT_TRUE = "not_true", "情况不实"


class Contacted(models.TextChoices):
    YES = "yes", "联系过"
    NO = "no", "没联系"
    UNCLEAR = "unclear", "记不清"
    NO_ANSWER = "no_answer", "没有回答"


class Solved(models.TextChoices):
    YES = "yes", "解决了"
    PARTLY = "partly", "解决了一部分"
    NO = "no", "没解决"
    UNCLEAR = "unclear", "说不清"
    NO_ANSWER = "no_answer", "没有回答"


class Satisfied(models.TextChoices):
    SATISFIED = "satisfied", "满意"
    BASICALLY = "basically", "基本满意"
    NOT = "not", "不满意"
    NO_ANSWER = "no_answer", "没有回答"


class HandoverEnd(models.TextChoices):
    REPLIED = "replied", "已答复"
    RETURNED = "returned", "已退回"
    ABSORBED = "absorbed", "已并入"
    SUPERSEDED = "superseded", "已改派"
    WITHDRAWN = "withdrawn", "已撤回"
    TERMINATED = "terminated", "已终止"


class MembershipEnd(models.TextChoices):
    """Why a report no longer belongs to a case."""

    ABSORBED = "absorbed", "并入别件"
    RESTORED = "restored", "拆回原件"
    LEFT = "left", "分出"
    SPLIT = "split", "一诉拆开"
    WITHDRAWN = "withdrawn", "撤回"


class Verdict(models.TextChoices):
    """What another person decided of a request; empty: nobody has yet."""

    APPROVED = "approved", "同意"
    DENIED = "denied", "不同意"


class SuspensionGround(models.TextChoices):
    """How long each may last stands in institutions/rules/moving_time.toml. Waiting for money is banking."""

    AWAITING_CALLER = "awaiting_caller", "等诉求人答复"
    WEATHER = "weather", "天气，以发布的为准"
    PROCEDURE_ELSEWHERE = "procedure_elsewhere", "别处的法定程序正在进行"
    CONSTRUCTION_WINDOW = "construction_window", "按施工计划要等的窗口期"


class SupervisionStatus(models.TextChoices):
    OPENED = "OPENED", "已督办"
    ANSWERED = "ANSWERED", "已回复"
    LIFTED = "LIFTED", "已解除"


class SupervisionGround(models.TextChoices):
    OVERDUE = "overdue", "逾期"
    SHIRKING = "shirking", "推诿"
    FAKED_RESULT = "faked_result", "虚假办结"
    PUBLIC_INTEREST = "public_interest", "涉及公共利益"


class ExclusionGround(models.TextChoices):
    """The public list of grounds (spec 10 §10); who said it how often is no ground."""

    LAWFUL_NO = "lawful_no", "依法不能满足，已经解释"
    IMPOSSIBLE_NOW = "impossible_now", "客观上暂时办不到，有写明日期的计划"
    NOT_TRUE = "not_true", "情况不实，有证据"
    OUTSIDE_REACH = "outside_reach", "不在政府职责范围内"
    SAME_FACTS = "same_facts", "同一件事已经答复，没有新情况"
    DISASTER = "disaster", "自然灾害等突发事件"


class PartStatus(models.TextChoices):
    ASKED = "ASKED", "待签收"
    SIGNED = "SIGNED", "在做"
    CONTESTED = "CONTESTED", "退回有争议"
    RETURNED = "RETURNED", "已退回"
    DONE = "DONE", "做完了"
    RELEASED = "RELEASED", "不用做了"


class WhistleKind(models.TextChoices):
    ENFORCEMENT = "enforcement", "综合执法"
    KEY_WORK = "key_work", "重点工作"
    EMERGENCY = "emergency", "应急处置"


class WhistleStatus(models.TextChoices):
    CALLED = "CALLED", "已吹哨"
    GATHERED = "GATHERED", "已集结"
    ACTING = "ACTING", "处置中"
    CONCLUDED = "CONCLUDED", "待评"
    RATED = "RATED", "已评"
    LAPSED = "LAPSED", "未应"
    CALLED_OFF = "CALLED_OFF", "已取消"


class ParticipantStatus(models.TextChoices):
    CALLED = "CALLED", "待应哨"
    ACCEPTED = "ACCEPTED", "已应哨"
    OBJECTED = "OBJECTED", "有异议"
    ARRIVED = "ARRIVED", "已到场"
    REPORTED = "REPORTED", "已写结果"
    ABSENT = "ABSENT", "没有来"
    RELEASED = "RELEASED", "不用来了"


class RatingSide(models.TextChoices):
    STREET = "street", "镇街评单位"
    BODY = "body", "单位评吹哨"


class YesPartlyNo(models.TextChoices):
    YES = "yes", "是"
    PARTLY = "partly", "部分"
    NO = "no", "否"


class RatingRuling(models.TextChoices):
    UPHELD = "upheld", "成立"
    DENIED = "denied", "不成立"


class MediationKind(models.TextChoices):
    """What a dispute is about; what is not mediated stands in institutions/rules/mediation.toml."""

    NEIGHBOURS = "neighbours", "邻里"
    PROPERTY = "property", "物业"
    FAMILY = "family", "家庭"
    LABOUR = "labour", "劳动"
    CONSUMER = "consumer", "消费"
    LAND = "land", "土地、相邻界"
    OTHER = "other", "其他"


class MediationStatus(models.TextChoices):
    PROPOSED = "PROPOSED", "等同意"
    SITTING = "SITTING", "调解中"
    AGREED = "AGREED", "谈成了"
    PERFORMED = "PERFORMED", "做到了"
    BROKEN = "BROKEN", "没有做到"
    ENDED = "ENDED", "不调了"


class MediationEnd(models.TextChoices):
    AGREED = "agreed", "书面谈成"
    ORAL_AGREED = "oral_agreed", "口头谈成"
    NOT_AGREED = "not_agreed", "没有谈成"
    WITHDRAWN = "withdrawn", "当事人退出"
    UNSUITABLE = "unsuitable", "不适合调解"


class RecusalGround(models.TextChoices):
    KIN = "kin", "与当事人是亲属"
    INTEREST = "interest", "与这件事有利害关系"
    OWN_BODY = "own_body", "所在单位被投诉"
    OTHER = "other", "其他可能影响公正的情形"


class AsideGround(models.TextChoices):
    INTEREST = "interest", "与这件事有利害关系"
    KIN = "kin", "与其中的人是亲属"
    OTHER = "other", "其他可能影响公正的情形"


class TopicStatus(models.TextChoices):
    NOMINATED = "NOMINATED", "提名"
    WORKING = "WORKING", "在治"
    ASSESSED = "ASSESSED", "评过了"
    CLOSED = "CLOSED", "已结题"
    PASSED_OVER = "PASSED_OVER", "没有选"


class TopicEvidence(models.TextChoices):
    """From what it is seen that one kind of matter wants work at its root."""

    CLUSTER = "cluster", "一类事反复出现"
    BANKED = "banked", "一批挂账"
    SEASON = "season", "季节性的事"
    ASSEMBLY = "assembly", "议事提出"


FOUND = (Channel.PATROL, Channel.TOPIC)  # found first; never counted as asked (spec 10 §12)


class ClockKind(models.TextChoices):
    PROMISE = "promise", "答复"
    DISPATCH = "dispatch", "派单"
    SIGN = "sign", "签收"
    RETURN_WINDOW = "return_window", "可退单"
    RETURN_ANSWER = "return_answer", "退单答复"
    CONTACT = "contact", "首次联系"
    HANDLING = "handling", "办理"
    CONSULT = "consult", "会商"
    RULING = "ruling", "裁定"
    REVIEW = "review", "审核"
    FEEDBACK = "feedback", "回访"
    RECHECK = "recheck", "复核"
    REOPEN = "reopen", "重办"
    PART_SIGN = "part_sign", "协办签收"
    PART = "part", "协办"
    PART_RULING = "part_ruling", "协办裁定"
    WHISTLE_ANSWER = "whistle_answer", "应哨"
    WHISTLE_ACT = "whistle_act", "处置"
    WHISTLE_RATE = "whistle_rate", "评哨"
    BODY_ANSWER = "body_answer", "本单位应哨"
    OBJECTION = "objection", "异议裁定"
    SUSPENSION = "suspension", "挂起"
    BANK_REVIEW = "bank_review", "挂账复核"
    SUPERVISION = "supervision", "督办"
    MED_CONSENT = "med_consent", "调解征求同意"
    MED_TERM = "med_term", "调解期限"
    MED_PERFORM = "med_perform", "协议约定的日子"
    MED_CONFIRM = "med_confirm", "可申请司法确认"


ENDS = frozenset(s for s in Status if s in CASE.ends)
OPEN = frozenset(Status) - ENDS
OWED = OPEN - {Status.FEEDBACK}  # the answer is still owed: who has it is asked, and no promise runs
PART_OPEN = frozenset(s for s in PartStatus if s in PART.open_states)
WHISTLE_OPEN = frozenset(s for s in WhistleStatus if s in WHISTLE.open_states)
WHISTLE_WORKING = WHISTLE_OPEN - {WhistleStatus.CONCLUDED}  # rating goes on when the work is over, and holds nobody up
MEDIATION_TALKING = frozenset({MediationStatus.PROPOSED, MediationStatus.SITTING})  # holds the answer up; terms do not
PARTICIPANT_OPEN = frozenset(s for s in ParticipantStatus if s in PARTICIPANT.open_states)


class BulkVerb(models.TextChoices):
    """What may be done to many cases at once; never a close, a reply, an exclusion, an unsealing (spec 10 §14)."""

    OFFER = "offer", "派单"
    TAKE_BACK = "take_back", "收回派单"
    TAG = "tag", "加标签、去标签"
    MATTER = "matter", "改事项"
    URGE = "urge", "催办"
    EXTEND = "extend", "同意延期"


class BulkState(models.TextChoices):
    """What has become of one row of a plan."""

    READY = "ready", "可以办"
    REFUSED = "refused", "不能办"
    DONE = "done", "办了"
    MOVED = "moved", "别人先动了"
    FAILED = "failed", "没办成"
    UNDONE = "undone", "撤回了"
    KEPT = "kept", "撤不回"


class PhotoBy(models.TextChoices):
    """Who sent a photo."""

    CALLER = "caller", "诉求人"
    DESK = "desk", "受理处"
    PROGRAM = "program", "外部程序"


class CoverGround(models.TextChoices):
    """Why something is covered before strangers see it; told to the reporter."""

    PERSON = "person", "能认出人的内容（姓名、电话、住处、人脸）"
    PLATE = "plate", "车牌"
    CHILD = "child", "未成年人"
    HEALTH = "health", "病情、伤情"
    SECRET = "secret", "国家秘密、商业秘密"
    UNLAWFUL = "unlawful", "违法或者侮辱性的内容"
    NOTHING = "nothing", "看过，没有要遮的"
    OWN_WISH = "own_wish", "诉求人自己改的"


class UnsealGround(models.TextChoices):
    """Why a confidential reporter's name must be seen."""

    VERIFY = "verify", "不问本人就无法核实"
    DANGER = "danger", "本人或者他人有危险"
    COURT = "court", "法院、检察院、监察机关依法调取"
    PROTECT = "protect", "保护举报人免受打击报复"


class UnsealingStatus(models.TextChoices):
    ASKED = "ASKED", "等另一单位批准"
    GRANTED = "GRANTED", "可以看"
    DENIED = "DENIED", "没有批准"
    ENDED = "ENDED", "已结束"
