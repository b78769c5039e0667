"""What a colleague may do with a case, each with its form and its one call.

The button asks the table; the verb insists.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jishi.cases.actions import (
    attending,
    consultation,
    correcting,
    dispatch,
    handling,
    handover,
    intake,
    publishing,
    reopening,
    ruling,
)
from jishi.cases.models import Case
from jishi.cases.policies import Stand
from jishi.cases.states import HandoverStatus, Status
from jishi.cases.web.desk import aside, belonging, kept, moving_time
from jishi.cases.web.desk.forms import (
    AgreedForm,
    ConsultForm,
    ContactForm,
    DeclineForm,
    DenyForm,
    MatterForm,
    OfferForm,
    PositionForm,
    ProgressForm,
    PublishForm,
    RulingForm,
    UrgencyForm,
    WhyForm,
    _Naming,
)  # fmt: skip
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor


@dataclass(frozen=True, slots=True)
class Doing:
    """One press: on which case as it was seen, by whom, when, with what in the form."""

    case_id: int
    version: int
    said: Mapping[str, Any]
    by: Actor
    now: datetime
    tenant_code: str

    @property
    def who(self) -> dict[str, Any]:
        return {"by": self.by, "now": self.now, "version": self.version}


@dataclass(frozen=True, slots=True)
class Act:
    """`move`: the row of the tables that opens it. `fits`: what must hold besides."""

    code: str
    move: str
    label: str | Promise
    press: str | Promise
    form: Callable[..., forms.Form]
    run: Callable[[Doing], object]
    fits: Callable[[Stand], bool] = lambda stand: True
    key: str = ""
    css: str = "go"
    hint: str | Promise = ""


def _why(label: str | Promise, *, required: bool = True) -> Callable[..., forms.Form]:
    def make(*args: Any, **kwargs: Any) -> forms.Form:
        return WhyForm(*args, label=label, required=required, **kwargs)

    return make


def _asked(stand: Stand) -> bool:
    return stand.lead is not None and stand.lead.status == HandoverStatus.RETURN_ASKED


def _not_asked(stand: Stand) -> bool:
    return not _asked(stand)


def _on_the_spot(stand: Stand) -> bool:
    """The book lets a grid worker settle this matter where it stands."""
    matter = duties.matter(stand.case.matter) if stand.case.matter else None
    return matter is not None and matter.spot


def _settle(do: Doing) -> object:
    return intake.settle_on_spot(do.case_id, text=do.said["words"], **do.who)


def _offer(do: Doing) -> object:
    said = do.said
    to = dispatch.Offer(said["body_id"], said["item_id"], said["instruction"], said["why"], part=said["part"])
    return dispatch.offer(do.case_id, to=to, **do.who)


def _take_back(do: Doing) -> object:
    return dispatch.take_back(do.case_id, reason=do.said["words"], **do.who)


def _consult(do: Doing) -> object:
    return consultation.open_(do.case_id, question=do.said["question"], invited=do.said["invited"], **do.who)


def _contest(do: Doing) -> object:
    return consultation.contest(do.case_id, question=do.said["words"], **do.who)


def _position(do: Doing) -> object:
    return consultation.state_position(do.case_id, text=do.said["text"], cited_item_id=do.said["item_id"], **do.who)


def _conclude(do: Doing) -> object:
    return consultation.conclude(do.case_id, agreed_body_id=do.said["body_id"], **do.who)


def _decline(do: Doing) -> object:
    said = do.said
    return intake.decline(do.case_id, ground=said["ground"], text=said["text"], channel=said["channel"], **do.who)


def _accept_objection(do: Doing) -> object:
    return intake.accept_after_objection(do.case_id, why=do.said["words"], **do.who)


def _accept_return(do: Doing) -> object:
    return handover.accept_return(do.case_id, words=do.said["words"], **do.who)


def _deny_return(do: Doing) -> object:
    return handover.deny_return(do.case_id, words=do.said["words"], cited_item_id=do.said["item_id"], **do.who)


def _reasons(do: Doing) -> ruling.Reasons:
    item = do.said["item_id"]
    return ruling.Reasons([item] if item else [], do.said["text"], precedent=do.said["precedent"])


def _rule(do: Doing) -> object:
    return ruling.rule(
        do.case_id, named_body_id=do.said["body_id"] or 0, why=_reasons(do), tenant_code=do.tenant_code, **do.who
    )


def _uphold(do: Doing) -> object:
    return ruling.uphold(do.case_id, why=_reasons(do), tenant_code=do.tenant_code, **do.who)


def _matter(do: Doing) -> object:
    return correcting.correct_matter(do.case_id, matter=do.said["matter"], **do.who)


def _urgency(do: Doing) -> object:
    return correcting.set_urgency(do.case_id, urgency=do.said["urgency"], why=do.said["words"], **do.who)


def _redispatch(do: Doing) -> object:
    return reopening.redispatch(do.case_id, why=do.said["words"], **do.who)


def _reopen(do: Doing) -> object:
    return reopening.reopen(do.case_id, why=do.said["words"], **do.who)


def _sign(do: Doing) -> object:
    return handover.sign(do.case_id, **do.who)


def _contact(do: Doing) -> object:
    said = do.said
    return handling.note_contact(
        do.case_id, how=said["how"], reached=said["reached"], gist=said["gist"], **do.who
    )


def _progress(do: Doing) -> object:
    said = do.said
    return handling.note_progress(
        do.case_id, text=said["text"], waiting_for=said["waiting_for"], until=said["until"], **do.who
    )


def _attended(do: Doing) -> object:
    return attending.attend(do.case_id, **do.who)


def _no_danger(do: Doing) -> object:
    return attending.attend(do.case_id, is_danger=False, **do.who)


def _publish(do: Doing) -> object:
    return publishing.open_(do.case_id, **do.who)


def _unpublish(do: Doing) -> object:
    return publishing.close(do.case_id, why=do.said["words"], **do.who)


class RuleForm(RulingForm):
    """裁定: the body must be named."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["named"].required = True


class UpholdForm(RulingForm):
    """裁定维持: the body is the one that signed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["named"]


ACTS: Sequence[Act] = (
    Act("settle", "intake.settle_on_spot", _("当场办好了"), _("记下，办结"), _why(_("怎么办好的")), _settle,
        _on_the_spot, hint=_("只限清单上当场能办的小事；说的人看得到这句话。"), key="s"),
    Act("offer", "dispatch.offer", _("派给谁"), _("派出"), OfferForm, _offer),
    Act("matter", "", _("说定是什么事项"), _("定事项，再判一次"), MatterForm, _matter,
        hint=_("定了事项，清单马上再判一次；承诺从收到那时起重算。"), key="w"),
    Act("urgency", "intake.set_urgency", _("说定有多急"), _("定紧急程度"), UrgencyForm, _urgency, css="",
        hint=_("险情：正在走的派单、首次联系时限马上按险情重新起算。"), key="e"),
    Act("accept-return", "handover.accept_return", _("同意退单，改派"), _("同意退单"),
        _why(_("写给对方的话"), required=False), _accept_return, _asked, key="y"),
    Act("deny-return", "handover.deny_return", _("不同意退单"), _("不同意"), DenyForm, _deny_return, _asked,
        css="", key="n"),
    Act("contest", "consultation.contest", _("转会商"), _("转会商"), _why(_("请各方说明什么")), _contest, _asked, "c",
        css=""),
    Act("rule", "ruling.rule", _("裁定由谁办"), _("作出裁定"), RuleForm, _rule, key="r",
        hint=_("裁定之后不能再退回。")),
    Act("uphold", "ruling.uphold", _("裁定原单位继续办"), _("裁定维持"), UpholdForm, _uphold, css="", key="v"),
    Act("position", "consultation.state_position", _("说本单位的意见"), _("交意见"), PositionForm, _position, key="i",
        hint=_("请来会商的单位、派单台和裁定的人都看得到；写进这件事的经过，不能改，可以再说。")),
    Act("conclude", "consultation.conclude", _("会商一致"), _("会商一致"), AgreedForm, _conclude, key="y"),
    Act("consult", "consultation.open_", _("两家会商"), _("发起会商"), ConsultForm, _consult, key="c", css="",
        hint=_("派单的时限停着，承诺照走。")),
    Act("take-back", "dispatch.take_back", _("收回派单"), _("收回"), _why(_("为什么收回")), _take_back, _not_asked,
        css="", key="b"),
    Act("accept-objection", "intake.accept_after_objection", _("申诉成立，重新受理"), _("重新受理"),
        _why(_("为什么改")), _accept_objection, key="y"),
    Act("redispatch", "reopening.redispatch", _("原单位不对，改派重办"), _("改派重办"), _why(_("为什么要换单位")),
        _redispatch, css="", key="b"),
    Act("reopen", "reopening.reopen", _("重办"), _("要求重办"), _why(_("哪里没解决，或有什么新情况")), _reopen,
        css="", key="o"),
    Act("sign", "handover.sign", _("签收"), _("签收"), forms.Form, _sign, _not_asked, "g"),
    Act("progress", "handling.note_contact", _("记进展"), _("记进展"), ProgressForm, _progress, key="p"),
    Act("contact", "handling.note_contact", _("记联系"), _("记联系"), ContactForm, _contact, css=""),
    Act("ask-extension", "clocks.ask_extension", _("申请延期"), _("申请延期"), moving_time.ExtensionForm,
        moving_time.ask_extension, css="",
        hint=_("到期前至少一个工作日提出，一件事总共最多 10 个工作日。由督办员审批。")),
    Act("ask-suspension", "clocks.ask_suspension", _("申请挂起"), _("申请挂起"), moving_time.PauseForm,
        moving_time.ask_suspension, css="", hint=_("由督办员审批。等资金、等立项不是挂起，走挂账。")),
    Act("ask-banking", "banking.ask", _("申请挂账"), _("申请挂账"), moving_time.BankForm, moving_time.ask_banking,
        css="", hint=_("现在办不了的事，写明等什么、哪天再看。由领导小组办公室审批。")),
    Act("suspend", "clocks.suspend", _("同意挂起"), _("同意挂起"), forms.Form, moving_time.suspend,
        hint=_("办理时限停下；写给诉求人的话，他马上看得到。")),
    Act("deny-suspension", "clocks.deny_suspension", _("不同意挂起"), _("不同意"), _why(_("为什么不同意")),
        moving_time.deny_suspension, css=""),
    Act("extend", "clocks.extend", _("同意延期"), _("同意延期"), forms.Form, moving_time.extend,
        hint=_("从原到期日往后数；答复日跟着移，理由告诉诉求人和受理中心。")),
    Act("deny-extension", "clocks.deny_extension", _("不同意延期"), _("不同意"), _why(_("为什么不同意")),
        moving_time.deny_extension, css=""),
    Act("bank", "banking.bank", _("同意挂账"), _("同意挂账"), forms.Form, moving_time.bank,
        hint=_("到复核日自动接着办；条件提前有了，每周提醒一次。")),
    Act("deny-banking", "banking.deny", _("不同意挂账"), _("不同意"), _why(_("为什么不同意")),
        moving_time.deny_banking, css=""),
    Act("resume", "clocks.resume", _("恢复办理"), _("恢复办理"), _why(_("等到了什么"), required=False),
        moving_time.resume, hint=_("停着的时限接着剩下的算。")),
    Act("take-up", "banking.take_up", _("挂账再办"), _("接着办"), _why(_("为什么现在办得了"), required=False),
        moving_time.take_up, hint=_("承办单位得到新的办理时间，承诺接着算。")),
    Act("came-true", "banking.note_came_true", _("条件有了"), _("记下，提醒办公室"), _why(_("什么条件有了")),
        moving_time.came_true, css=""),
    Act("answer-supervision", "supervision.answer", _("回复督办"), _("回复"), _why(_("做了什么、何时办完")),
        moving_time.answer, hint=_("20 到 2,000 字。")),
    Act("lift", "supervision.lift", _("解除督办"), _("解除"), _why(_("为什么解除")), moving_time.lift,
        hint=_("由提出督办的人解除。")),
    Act("open-again", "supervision.open_again", _("再次督办"), _("再次督办"), _why(_("还缺什么")),
        moving_time.open_again, css=""),
    Act("supervise", "supervision.open", _("督办"), _("督办"), moving_time.SupervisionForm, moving_time.supervise,
        css="", hint=_("对方 2 个工作日内回复；列入领导小组办公室卡住的事。")),
    Act("urge", "urging.urge", _("催办"), _("催一句"), _why(_("说一句")), moving_time.urge, key="u", css="",
        hint=_("一天一次；不改状态，不动时限。")),
    Act("ask-exclusion", "exclusion.ask", _("申请剔除"), _("申请剔除"), moving_time.ExclusionForm,
        moving_time.ask_exclusion, css="", hint=_("由本单位和上级以外的人审核；诉求人看得到，台账公开。")),
    Act("answer", "intake.answer_at_once", _("当场答复"), _("答复并办结"), kept.AnswerForm, kept.answer,
        kept.fits, css="", key="d"),
    Act("decline", "intake.decline", _("不予受理"), _("不予受理"), DeclineForm, _decline, css="stop",
        hint=_("居民会看到这条理由、该找哪里，并可以申诉一次，由另一位派单员看。"), key="n"),
    Act("absorb", "merging.absorb", _("并入另一件"), _("并入"), belonging.IntoForm, belonging.absorb, css="",
        hint=_("各人的答复日照旧，早的算数；办完了每个人都回访。随时可以撤销。")),
    Act("restore", "merging.restore", _("撤销归并"), _("拆回来"), _why(_("为什么拆回来"), required=False),
        belonging.restore, hint=_("还在那一件里的诉求回到这里，从待派开始；答复日从原来收到那天算。")),
    Act("leave", "merging.leave", _("分出一条诉求"), _("分出来"), belonging.MemberForm, belonging.leave, css=""),
    Act("split", "merging.split", _("拆成几件"), _("拆开"), belonging.SplitForm, belonging.split, css=""),
    Act("not-same", "choosing.refuse_pairs", _("不是同一件"), _("不是同一件"), belonging.OtherForm,
        belonging.not_same, css=""),
    Act("community", "merging.keep_as_community", _("留作社区件"), _("留下"), _why(_("为什么没有人要求了还要办")),
        belonging.community, lambda s: not s.case.community, css="",
        hint=_("有公共危险，或者别的单位还在办：诉求人都走了也接着办。")),
    Act("ask-termination", "handling.ask_termination", _("申请终止办理"), _("申请终止"), belonging.TerminationForm,
        belonging.ask_termination, belonging.not_asked_to_end, css="",
        hint=_("诉求人不给必需的配合，至少两天联系过；由另一个人审批。")),
    Act("terminate", "handling.terminate", _("同意终止办理"), _("同意终止"), forms.Form, belonging.terminate,
        belonging.asked_to_end, css="stop"),
    Act("deny-termination", "handling.deny_termination", _("不同意终止"), _("不同意"), _why(_("为什么不同意")),
        belonging.deny_termination, belonging.asked_to_end, css=""),
    Act("line", "recusing.say_line", _("登记上级回避"), _("登记这份名单"), aside.LineForm, aside.say_line,
        aside.accuses, css="", hint=_("回避的单位从此找不到这一件。写了又取消的，要写明由哪一级来办。")),
    Act("stand-aside", "recusing.stand_aside", _("我要回避"), _("我回避这一件"), aside.AsideForm, aside.stand_aside,
        css="stop", hint=_("跟当事人是亲属、有利害关系的，由本人提出。提出以后，您在这里再也找不到这一件。")),
    Act("let-back", "recusing.let_back", _("按错了回避"), _("改回来"), aside.BackForm, aside.let_back,
        aside.is_somebody_aside, css="",
        hint=_("有人按错了“我要回避”：核实以后，他又找得到这一件。谁改的、为什么，记录在案。")),
    # pressed where the danger is shown, and listed nowhere: no row of the tables opens them
    Act("attended", "attending.attend", _("险情已联系、已处置"), _("已联系 / 已处置"), forms.Form, _attended),
    Act("no-danger", "attending.attend", _("看过，不是险情"), _("不是险情"), forms.Form, _no_danger, css="text"),
    Act("publish", "publishing.open_", _("公开这件事"), _("公开"), PublishForm, _publish, css="",
        hint=_("公开以后，谁都看得到遮住个人信息的原话、大致地点和办到哪一步，外部程序也读得到。")),
    Act("unpublish", "publishing.close", _("不再公开"), _("不再公开"), _why(_("为什么不公开")), _unpublish, css="",
        hint=_("已经读走的程序会收到一次“已撤下”。")),
)  # fmt: skip
BY_CODE: Mapping[str, Act] = {act.code: act for act in ACTS}
MOVE_OF = {"consultation.open_": "consultation.open"}  # verbs whose function cannot bear their name


def form_of(act: Act, data: Any = None, *, now: datetime, lang: str, first: Any = ()) -> forms.Form:
    """Make the form of an act, bound or not."""
    more: dict[str, Any] = (
        {"now": now, "lang": lang, "first": first}
        if isinstance(act.form, type) and issubclass(act.form, _Naming)
        else {}
    )
    return act.form(data, auto_id=f"{act.code}_%s", **more)


def open_to(stand: Stand, moves: Mapping[str, Any], *, objected: bool = False) -> list[Act]:
    """Give the acts whose move is open to the actor and whose moment it is."""
    found = [a for a in ACTS if _is_open(a, stand, moves) and a.fits(stand)]
    return [a for a in found if a.code != "accept-objection" or objected]


def _is_open(act: Act, stand: Stand, moves: Mapping[str, Any]) -> bool:
    """The matter is said by whoever may place the case (spec 10 §5.1); all else is a row of the tables."""
    if act.code == "matter":
        return "dispatch.offer" in moves
    return MOVE_OF.get(act.move, act.move) in moves


def why_not(stand: Stand, by: Actor, *, contacted: bool) -> list[tuple[str | Promise, str | Promise]]:
    """Name what the body that holds the case cannot do yet, and what is missing."""
    case: Case = stand.case
    if stand.lead is None or not by.has("handler") or stand.lead.body_id not in by.body_ids:
        return []
    found: list[tuple[str | Promise, str | Promise]] = []
    if _asked(stand):
        found.append((_("签收和答复"), _("现在不能：退单还没有答复，先等派单台的决定")))
    elif case.status == Status.HANDLING and not contacted:
        found.append((_("写答复"), _("现在不能：还没有联系诉求人的记录")))
    if stand.lead.designated:
        found.append((_("退单"), _("不能：这件事已经裁定由你们办")))
    return found
